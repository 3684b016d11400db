// See axi_rules.hpp.
#include "tlm-bridges/axi/axi_rules.hpp"

#include "tlm-bridges/axi/axi_burst.hpp"

namespace svasim::bridges {
namespace {

using R = AxiRule;
constexpr AxiRuleText kTexts[kAxiRules] = {
    {R::aw_valid_held, "aw_valid_held", "A3.2.1", "AWVALID fell before AWREADY"},
    {R::w_valid_held, "w_valid_held", "A3.2.1", "WVALID fell before WREADY"},
    {R::b_valid_held, "b_valid_held", "A3.2.1", "BVALID fell before BREADY"},
    {R::ar_valid_held, "ar_valid_held", "A3.2.1", "ARVALID fell before ARREADY"},
    {R::r_valid_held, "r_valid_held", "A3.2.1", "RVALID fell before RREADY"},
    {R::aw_stable, "aw_stable", "A3.2.1", "a write address changed while it waited for AWREADY"},
    {R::w_stable, "w_stable", "A3.2.1", "write data changed while they waited for WREADY"},
    {R::b_stable, "b_stable", "A3.2.1", "a write response changed while it waited for BREADY"},
    {R::ar_stable, "ar_stable", "A3.2.1", "a read address changed while it waited for ARREADY"},
    {R::r_stable, "r_stable", "A3.2.1", "read data changed while they waited for RREADY"},
    {R::manager_reset, "manager_reset", "A3.1.2",
     "the manager drives a VALID high in reset, or at the edge that ends it"},
    {R::subordinate_reset, "subordinate_reset", "A3.1.2", "the subordinate drives a VALID high in reset"},
    {R::burst_type, "burst_type", "A3.4.1", "burst type 0b11 is reserved"},
    {R::beat_size, "beat_size", "A3.4.1", "a beat is wider than the data bus"},
    {R::crosses_4kb, "crosses_4kb", "A3.4.1", "the burst crosses a 4 KB boundary"},
    {R::fixed_length, "fixed_length", "A3.4.1", "a FIXED burst has more than 16 beats"},
    {R::wrap_length, "wrap_length", "A3.4.1", "a WRAP burst has not 2, 4, 8 or 16 beats"},
    {R::wrap_alignment, "wrap_alignment", "A3.4.1", "a WRAP burst starts unaligned to its beats"},
    {R::cache_encoding, "cache_encoding", "A4.4", "AxCACHE allocates without being modifiable"},
    {R::exclusive_length, "exclusive_length", "A7.2.4", "an exclusive access has more than 16 beats"},
    {R::exclusive_size, "exclusive_size", "A7.2.4",
     "an exclusive access moves a number of bytes that is no power of two up to 128"},
    {R::exclusive_alignment, "exclusive_alignment", "A7.2.4",
     "an exclusive access is unaligned to the bytes it moves"},
    {R::exclusive_early, "exclusive_early", "A7.2.1",
     "an exclusive write begins before the exclusive read of its ID is complete"},
    {R::exclusive_pair, "exclusive_pair", "A7.2.4",
     "an exclusive write differs from the exclusive read of its ID before it"},
    {R::wlast_position, "wlast_position", "A3.2.2",
     "WLAST is not at the last beat that AWLEN tells, or only there"},
    {R::strobe_lanes, "strobe_lanes", "A3.4.3", "a write strobe lies outside the lanes of its beat"},
    {R::b_before_address, "b_before_address", "A3.3.1", "BVALID before the write's address was taken"},
    {R::b_before_data, "b_before_data", "A3.3.1", "BVALID before the write's last data were taken"},
    {R::b_unknown_id, "b_unknown_id", "A5.3", "BID of no write under way"},
    {R::b_exokay, "b_exokay", "A7.2", "EXOKAY to a write that is not exclusive"},
    {R::r_unknown_id, "r_unknown_id", "A5.3", "RID of no read under way"},
    {R::r_exokay, "r_exokay", "A7.2", "EXOKAY to a read that is not exclusive"},
    {R::rlast_position, "rlast_position", "A3.2.2",
     "RLAST is not at the last beat that ARLEN tells, or only there"},
    {R::read_unfinished, "read_unfinished", "A3.4.1", "a read was not answered wholly"},
    {R::write_unfinished, "write_unfinished", "A3.4.1", "a write has data or a response missing"},
};

constexpr bool power_of_two(std::uint64_t value) { return value != 0 && (value & (value - 1)) == 0; }

constexpr bool in_order() {
  for (std::size_t i = 0; i < kAxiRules; ++i) {
    if (static_cast<std::size_t>(kTexts[i].rule) != i) return false;
  }
  return true;
}
static_assert(in_order());

}  // namespace

const AxiRuleText& text_of(AxiRule rule) { return kTexts[static_cast<std::size_t>(rule)]; }

std::optional<AxiRule> broken_burst_rule(const AxiAddress& address, const AxiWidths& widths) {
  if (address.burst == AxiBurst::reserved) return R::burst_type;
  if (address.bytes() > widths.bytes()) return R::beat_size;
  if (address.burst == AxiBurst::fixed) {
    return address.beats() > 16 ? std::optional(R::fixed_length) : std::nullopt;
  }
  if (address.burst == AxiBurst::wrap) {
    const bool right = power_of_two(address.beats()) && address.beats() >= 2 && address.beats() <= 16;
    if (!right) return R::wrap_length;
    return address.addr % address.bytes() != 0 ? std::optional(R::wrap_alignment) : std::nullopt;
  }
  const AxiBeats beats(address);
  return address.addr % 4096 + beats.span() > 4096 ? std::optional(R::crosses_4kb) : std::nullopt;
}

std::optional<AxiRule> broken_attribute_rule(const AxiAddress& address) {
  if ((address.cache & 0b0010) == 0 && (address.cache & 0b1100) != 0) return R::cache_encoding;
  if (!address.lock) return std::nullopt;
  const std::uint64_t total = AxiBeats(address).total();
  if (address.beats() > 16) return R::exclusive_length;
  if (!power_of_two(total) || total > 128) return R::exclusive_size;
  return address.addr % total != 0 ? std::optional(R::exclusive_alignment) : std::nullopt;
}

}  // namespace svasim::bridges
