// The pooled payload of the memory side of the machine: a TLM-2.0 generic payload, its data, and the only two
// extensions there are. Attributes is what the hardware carries beside address and data; Tag is
// instrumentation and way back.
#pragma once

#include <array>
#include <cstdint>
#include <cstring>
#include <memory>
#include <tlm>
#include <vector>

#include "models/arch/translation.hpp"
#include "models/arch/types.hpp"
#include "models/probe/recorder.hpp"

namespace svasim::engine {

/// An atomic compare-and-swap of 8 aligned bytes: a read that carries this. The read returns what was there;
/// a target that knows swaps also writes `desired` there in the same instant if that is `expected`, and says
/// it has performed. A target that does not know them has just read, and leaves it to the initiator to
/// notice.
struct Swap {
  bool asked = false;
  bool performed = false;  ///< response: the target compared, and wrote if equal
  std::uint64_t expected = 0, desired = 0;

  /// For the target, at the moment its bytes move: `found` are the 8 bytes there. True: write `desired`.
  bool perform(const std::uint8_t* found) {
    performed = true;
    return std::memcmp(found, &expected, sizeof expected) == 0;
  }
};

/// The side-band of an access, as a device or the SMMU puts it on the bus.
struct Attributes : tlm::tlm_extension<Attributes> {
  arch::StreamId stream{};
  arch::SubstreamId substream;
  bool privileged = false;
  bool instruction = false;
  bool non_secure = true;
  arch::AddressType address_type = arch::AddressType::untranslated;
  bool raz = false;  ///< response: terminated, reads as zero and writes ignored (TLM status stays OK)
  bool terminated = false;          ///< response: by the SMMU, with RAZ/WI or an abort; memory saw nothing
  arch::MemoryAttributes memory;    ///< behind the SMMU: what the translation says of the memory accessed
  Swap swap;

  tlm_extension_base* clone() const override { return new Attributes(*this); }
  void copy_from(const tlm_extension_base& other) override { *this = static_cast<const Attributes&>(other); }
};

/// Whose time this payload spends, and where each hop sends its response. A null transaction is charged to
/// nobody (a page walk's read: its transaction is in walk_memory meanwhile).
struct Tag : tlm::tlm_extension<Tag> {
  probe::Transaction* transaction = nullptr;
  std::array<std::uint16_t, 6> route{};  ///< stack of what the hops on the way need to find back
  std::uint8_t depth = 0;

  void push(std::uint16_t hop) { route[depth++] = hop; }
  std::uint16_t pop() { return route[--depth]; }
  /// Charges time from `now` to `stage`, if anybody's.
  void enter(probe::Stage stage, probe::Picoseconds now) {
    if (transaction != nullptr) transaction->timeline.enter(stage, now);
  }
  tlm_extension_base* clone() const override { return new Tag(*this); }
  void copy_from(const tlm_extension_base& other) override { *this = static_cast<const Tag&>(other); }
};

class PayloadPool;

class Payload final : public tlm::tlm_generic_payload {
 public:
  static constexpr unsigned kInlineBytes = 64;

  Attributes attributes;
  Tag tag;
  std::uint64_t last_beat = 0;  ///< of the sockets: when its last data left the sender that sent it last
  std::uint64_t user = 0;       ///< of the initiator that made it, untouched by everybody else

  std::uint64_t bytes() const { return get_data_length(); }
  /// Data that travels with the request: what is written, or a swap's two operands.
  std::uint64_t request_bytes() const {
    return is_write() ? bytes() : attributes.swap.asked ? 2 * sizeof attributes.swap.desired : 0;
  }
  std::uint8_t* data() { return get_data_ptr(); }
  bool ok() const { return is_response_ok(); }

 private:
  friend class PayloadPool;
  explicit Payload(tlm::tlm_mm_interface* pool);
  ~Payload() override;
  alignas(8) std::array<std::uint8_t, kInlineBytes> inline_{};
  std::unique_ptr<std::array<std::uint8_t, 4096>> large_;
};

/// Payloads of one owner. All must have come back when the pool ends: leaked() tells.
class PayloadPool : public tlm::tlm_mm_interface {
 public:
  PayloadPool() = default;
  ~PayloadPool() override;
  PayloadPool(const PayloadPool&) = delete;

  /// A payload with one reference, for `bytes` (1 to 4096) at `address`; data is whatever was there before.
  /// The holder calls release() when done.
  Payload& make(tlm::tlm_command command, std::uint64_t address, std::uint32_t bytes);
  std::size_t leaked() const { return all_.size() - free_.size(); }

 private:
  void free(tlm::tlm_generic_payload* payload) override;
  std::vector<std::unique_ptr<Payload, void (*)(Payload*)>> all_;
  std::vector<Payload*> free_;
};

}  // namespace svasim::engine
