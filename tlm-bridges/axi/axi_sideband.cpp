// See axi_sideband.hpp.
#include "tlm-bridges/axi/axi_sideband.hpp"

namespace svasim::bridges {
namespace {

std::uint8_t cache_of(arch::MemoryAttributes memory) {
  if (memory.device()) return memory.type == 0 ? 0b0000 : 0b0001;
  if (memory.type == 0x44) return 0b0011;
  const unsigned outer = memory.type >> 4;
  const bool write_through = (outer & 0b1100) == 0b1000 || (outer & 0b1100) == 0b0000;
  return write_through ? 0b1110 : 0b1111;
}

arch::MemoryAttributes memory_of(std::uint8_t cache) {
  if ((cache & 0b1110) == 0) return {static_cast<std::uint8_t>(cache == 0 ? 0x00 : 0x04), 2};
  if ((cache & 0b1100) == 0) return {0x44, 2};
  return {static_cast<std::uint8_t>((cache & 1) != 0 ? 0xFF : 0xBB), 3};
}

}  // namespace

void put_sideband(const engine::Attributes& attributes, AxiUser user, AxiAddress& address) {
  address.prot = static_cast<std::uint8_t>(attributes.privileged | attributes.non_secure << 1 |
                                           attributes.instruction << 2);
  address.cache = cache_of(attributes.memory);
  address.user = 0;
  if (user == AxiUser::none) return;
  const std::uint64_t substream = attributes.substream.value & 0xF'FFFF;
  const std::uint64_t translated = attributes.address_type == arch::AddressType::translated;
  address.user = raw(attributes.stream) | substream << 32 | std::uint64_t{attributes.substream.valid} << 52 |
                 translated << 53 | std::uint64_t{attributes.memory.type} << 54 |
                 std::uint64_t{attributes.memory.shareability} << 62;
}

void get_sideband(const AxiAddress& address, AxiUser user, engine::Attributes& attributes) {
  attributes.privileged = address.prot & 1;
  attributes.non_secure = address.prot >> 1 & 1;
  attributes.instruction = address.prot >> 2 & 1;
  attributes.memory = memory_of(address.cache);
  if (user == AxiUser::none) return;
  attributes.stream = arch::StreamId{static_cast<std::uint32_t>(address.user)};
  attributes.substream = {(address.user >> 52 & 1) != 0,
                          static_cast<std::uint32_t>(address.user >> 32 & 0xF'FFFF)};
  const bool translated = address.user >> 53 & 1;
  attributes.address_type = translated ? arch::AddressType::translated : arch::AddressType::untranslated;
  attributes.memory = {static_cast<std::uint8_t>(address.user >> 54),
                       static_cast<std::uint8_t>(address.user >> 62)};
}

AxiResponse to_axi(tlm::tlm_response_status status) {
  if (status == tlm::TLM_OK_RESPONSE) return AxiResponse::okay;
  return status == tlm::TLM_ADDRESS_ERROR_RESPONSE ? AxiResponse::decerr : AxiResponse::slverr;
}

tlm::tlm_response_status to_tlm(AxiResponse response) {
  if (response == AxiResponse::decerr) return tlm::TLM_ADDRESS_ERROR_RESPONSE;
  return response == AxiResponse::slverr ? tlm::TLM_GENERIC_ERROR_RESPONSE : tlm::TLM_OK_RESPONSE;
}

}  // namespace svasim::bridges
