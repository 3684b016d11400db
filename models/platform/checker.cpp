// See checker.hpp.
#include "models/platform/checker.hpp"

#include <algorithm>
#include <sstream>

#include "models/arch/ats.hpp"
#include "models/arch/tlb_scope.hpp"

namespace svasim::platform {
namespace {

constexpr std::uint64_t kMostPages = 1u << 16;  ///< of one unmap that are looked at

}  // namespace

Checker::Checker(System& system)
    : system_(system),
      reference_(system.smmu().context().state, system.smmu().context().features,
                 [&system](arch::Pa pa, void* out, unsigned bytes) {
                   return system.store().read(pa.value, out, bytes);
                 }) {
  for (std::size_t i = 0; i < system.smmu().tbus(); ++i) {
    system.smmu().tbu(i).on_use = [this](const smmu::TranslationUse& u) {
      if (u.attributes.address_type != arch::AddressType::untranslated) return;  // the ATC's use was checked
      use({Holder::tbu, u.attributes.stream, u.attributes.substream, u.va.value >> arch::kPageShift}, u.va,
          u.pa, {u.write, u.attributes.instruction, u.attributes.privileged});
    };
  }
  system.on_atc_use([this](arch::StreamId stream, arch::SubstreamId substream, arch::Va va, arch::Pa pa,
                           arch::Access access) {
    use({Holder::atc, stream, substream, va.value >> arch::kPageShift}, va, pa, access);
  });
  system.smmu().tcu().on_invalidate = [this](const arch::Command& command) { invalidate(command); };
  system.smmu().tcu().on_sync_complete = [this](const arch::Command&) { synced(); };
  system.host().on_unmap = [this](std::uint32_t pasid, std::uint64_t va, std::uint64_t bytes) {
    unmap_begins(pasid, va, bytes);
  };
  system.host().on_unmapped = [this](std::uint32_t pasid, std::uint64_t va, std::uint64_t bytes) {
    unmap_ends(pasid, va, bytes);
  };
}

std::optional<Checker::Mapping> Checker::now(const Key& key, arch::Access access) const {
  arch::ReferenceTranslator reference = reference_;
  reference.set_state(system_.smmu().context().state);
  const arch::Outcome outcome =
      reference.translate(key.stream, key.substream, arch::Va(key.page << arch::kPageShift), access);
  const auto* result = std::get_if<arch::TranslationResult>(&outcome);
  if (result == nullptr) return std::nullopt;
  return Mapping{result->pa.value >> arch::kPageShift, result->permissions, result->asid, result->vmid};
}

bool Checker::configured(const Key& key) const {
  arch::ReferenceTranslator reference = reference_;
  reference.set_state(system_.smmu().context().state);
  return std::holds_alternative<arch::StreamConfig>(reference.configuration(key.stream, key.substream));
}

void Checker::use(const Key& key, arch::Va va, arch::Pa pa, arch::Access access) {
  ++uses_;
  const std::uint64_t frame = pa.value >> arch::kPageShift;
  if (const auto current = now(key, access); current && current->serves(frame, access)) return;
  if (const auto old = forgiven_.find(key); old != forgiven_.end()) {
    const auto serves = [&](const Mapping& mapping) { return mapping.serves(frame, access); };
    if (std::any_of(old->second.begin(), old->second.end(), serves)) return;
  }
  std::ostringstream message;
  message << "checker: " << (key.holder == Holder::tbu ? "TBU" : "ATC") << " of stream 0x" << std::hex
          << raw(key.stream) << ", PASID " << std::dec << key.substream.value << ": "
          << (access.privileged ? "privileged " : "")
          << (access.write         ? "write"
              : access.instruction ? "fetch"
                                   : "read")
          << " of 0x" << std::hex << va.value << " used 0x" << pa.value << "; the tables say ";
  if (const auto current = now(key)) {
    message << "0x" << (current->frame << arch::kPageShift | va.offset(arch::kPageShift))
            << (current->permissions.allows(access) ? "" : " (not allowed)");
  } else {
    message << "there is no translation";
  }
  message << ", and no invalidation is outstanding for what it was";
  on_violation(message.str());
}

void Checker::unmap_begins(std::uint32_t pasid, std::uint64_t va, std::uint64_t bytes) {
  const std::uint64_t first = va >> arch::kPageShift;
  const std::uint64_t pages =
      std::min((va % arch::kPageSize + bytes + arch::kPageSize - 1) >> arch::kPageShift, kMostPages);
  for (std::uint64_t page = first; page < first + pages; ++page) ++changing_[{pasid, page}];
  for (const arch::StreamId stream : system_.streams()) {
    for (std::uint64_t page = first; page < first + pages; ++page) {
      for (const Holder holder : {Holder::tbu, Holder::atc}) {
        const Key key{holder, stream, {true, pasid}, page};
        const auto mapping = now(key);
        if (mapping || configured(key)) forgiven_[key].push_back(mapping.value_or(Mapping::on_its_way()));
      }
    }
  }
}

void Checker::unmap_ends(std::uint32_t pasid, std::uint64_t va, std::uint64_t bytes) {
  const std::uint64_t first = va >> arch::kPageShift, last = (va + (bytes - 1)) >> arch::kPageShift;
  for (auto page = changing_.lower_bound({pasid, first});
       page != changing_.end() && page->first.first == pasid && page->first.second <= last;) {
    page = --page->second == 0 ? changing_.erase(page) : std::next(page);
  }
  for (auto entry = forgiven_.begin(); entry != forgiven_.end();) {
    const Key& key = entry->first;
    const bool lost = key.substream.value == pasid && key.page >= first && key.page <= last &&
                      changing_.count({pasid, key.page}) == 0;
    entry = lost ? forgiven_.erase(entry) : std::next(entry);
  }
}

bool Checker::covers(const arch::Command& command, const Key& key, const Mapping& mapping) const {
  if (mapping.any) return false;
  if (command.opcode == arch::Opcode::atc_inv) {
    if (key.holder != Holder::atc || key.stream != command.stream) return false;
    if (command.substream.valid && !command.global && command.substream != key.substream) return false;
    const arch::AtsRange range = arch::atc_invalidate_range(command.address, command.size);
    return range.log2_size >= 64 ||
           (key.page << arch::kPageShift) >> range.log2_size == range.address >> range.log2_size;
  }
  if (key.holder != Holder::tbu || !arch::is_tlbi(command.opcode)) return false;
  arch::TlbTag tag;
  tag.asid = mapping.asid;
  tag.vmid = mapping.vmid;
  tag.address = key.page << arch::kPageShift;
  const smmu::Context& context = system_.smmu().context();
  return arch::invalidates(command, tag, context.state, context.features);
}

/// What it covers and the tables no longer say may not be used once it has completed.
void Checker::invalidate(const arch::Command& command) {
  for (auto& [key, mappings] : forgiven_) {
    for (Mapping& mapping : mappings) {
      if (mapping.invalidated || !covers(command, key, mapping)) continue;
      const auto current = now(key);
      mapping.invalidated = !current || !current->same(mapping);
    }
  }
}

void Checker::synced() {
  for (auto entry = forgiven_.begin(); entry != forgiven_.end();) {
    auto& mappings = entry->second;
    mappings.erase(std::remove_if(mappings.begin(), mappings.end(),
                                  [](const Mapping& mapping) { return mapping.invalidated; }),
                   mappings.end());
    entry = mappings.empty() ? forgiven_.erase(entry) : std::next(entry);
  }
}

}  // namespace svasim::platform
