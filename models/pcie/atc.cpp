// See atc.hpp.
#include "models/pcie/atc.hpp"

namespace svasim::pcie {

Atc::Atc(unsigned sets, unsigned ways) : sets_(sets), ways_(ways), table_(std::size_t{sets} * ways) {}

bool Atc::matches(const Entry& entry, AtcTag tag, std::uint64_t page, unsigned log2_size) {
  return entry.valid && entry.page == page && entry.translation.log2_size == log2_size &&
         entry.tag.privileged == tag.privileged && (entry.translation.global || entry.tag.pasid == tag.pasid);
}

const arch::AtsTranslation* Atc::lookup(AtcTag tag, arch::Va va, bool write, bool execute) {
  ++clock_;
  for (std::uint64_t sizes = sizes_; sizes != 0; sizes &= sizes - 1) {
    const auto log2_size = static_cast<unsigned>(__builtin_ctzll(sizes));
    const std::uint64_t page = va.value >> log2_size;
    Entry* set = set_of(page);
    for (unsigned way = 0; way < ways_; ++way) {
      Entry& entry = set[way];
      if (!matches(entry, tag, page, log2_size)) continue;
      if (!grants(entry.translation, write, execute)) continue;
      entry.used = clock_;
      return &entry.translation;
    }
  }
  return nullptr;
}

void Atc::insert(AtcTag tag, arch::Va va, const arch::AtsTranslation& translation) {
  if (!translation.any_access()) return;
  const std::uint8_t log2_size = page_size(translation);
  const std::uint64_t page = va.value >> log2_size;
  Entry* const set = set_of(page);
  Entry* place = set;
  for (Entry* entry = set; entry != set + ways_; ++entry) {
    if (matches(*entry, tag, page, log2_size)) drop(*entry);
    if (!entry->valid ? place->valid : place->valid && entry->used < place->used) place = entry;
  }
  if (place->valid) drop(*place);
  *place = Entry{true, tag, page, ++clock_, translation};
  place->translation.log2_size = log2_size;
  ++entries_;
  ++of_size_[log2_size];
  sizes_ |= std::uint64_t{1} << log2_size;
}

unsigned Atc::invalidate(const AtcInvalidation& invalidation) {
  const unsigned before = entries_;
  for (std::uint64_t sizes = sizes_; sizes != 0; sizes &= sizes - 1) {
    const auto log2_size = static_cast<unsigned>(__builtin_ctzll(sizes));
    const std::uint64_t first = invalidation.first() >> log2_size;
    const std::uint64_t last = invalidation.last() >> log2_size;
    if (last - first >= sets_ - 1) {
      for (unsigned set = 0; set < sets_; ++set)
        invalidate_set(&table_[std::size_t{set} * ways_], invalidation);
      break;
    }
    for (std::uint64_t page = first; page <= last; ++page) invalidate_set(set_of(page), invalidation);
  }
  return before - entries_;
}

void Atc::invalidate_set(Entry* set, const AtcInvalidation& invalidation) {
  for (Entry* entry = set; entry != set + ways_; ++entry) {
    if (!entry->valid) continue;
    const unsigned log2_size = entry->translation.log2_size;
    const std::uint64_t first = entry->page << log2_size;
    if (!invalidation.overlaps(first, first + ((std::uint64_t{1} << log2_size) - 1))) continue;
    // An entry valid for every PASID is used by the PASID named, too.
    if (entry->translation.global || invalidation.concerns(entry->tag.pasid)) drop(*entry);
  }
}

void Atc::drop(Entry& entry) {
  entry.valid = false;
  --entries_;
  const unsigned log2_size = entry.translation.log2_size;
  if (--of_size_[log2_size] == 0) sizes_ &= ~(std::uint64_t{1} << log2_size);
}

}  // namespace svasim::pcie
