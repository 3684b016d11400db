// The TCU's IPA cache: stage-2 leaves by VMID and IPA, for the pages a stage-2-only stream uses, and in
// nested walks for the CD, each stage-1 table and the page. Only TLBIs of stage 2 remove them.
#pragma once

#include "models/arch/stage2_walk.hpp"
#include "models/arch/tlb_scope.hpp"
#include "models/smmu/config.hpp"
#include "models/smmu/page_cache.hpp"

namespace svasim::smmu {

class IpaCache {
 public:
  IpaCache(unsigned sets, unsigned ways) : entries_(sets, ways) {}

  bool enabled() const { return entries_.enabled(); }
  unsigned sizes_in_use() const { return entries_.sizes_in_use(); }
  const arch::Stage2Entry* lookup(std::uint16_t vmid, arch::Ipa ipa) {
    const Entry* entry = entries_.find(vmid, ipa.value);
    return entry == nullptr ? nullptr : &entry->leaf;
  }
  void insert(const arch::Stage2Entry& leaf) {
    entries_.insert({{leaf.vmid, leaf.ipa.value, leaf.log2_size}, leaf});
  }
  void invalidate(const arch::Command& command, const Context& context) {
    entries_.remove_if([&](const Entry& entry) {
      arch::TlbTag tag;
      tag.kind = arch::TranslationKind::stage2;
      tag.vmid = entry.leaf.vmid;
      tag.address = entry.leaf.ipa.value;
      tag.log2_size = entry.leaf.log2_size;
      tag.level = entry.leaf.level;
      tag.log2_granule = static_cast<std::uint8_t>(arch::page_shift(entry.leaf.granule));
      return arch::invalidates(command, tag, context.state, context.features);
    });
  }

 private:
  struct Entry : PageTag {
    Entry() = default;
    Entry(const PageTag& tag, const arch::Stage2Entry& of) : PageTag(tag), leaf(of) {}
    arch::Stage2Entry leaf;
  };
  PageCache<Entry> entries_;
};

}  // namespace svasim::smmu
