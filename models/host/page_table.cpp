// See page_table.hpp.
#include "models/host/page_table.hpp"

namespace svasim::host {

PageTable::PageTable(Frames& frames, TableFormat format) : frames_(frames), format_(format) {}

PageTable::~PageTable() = default;

bool PageTable::create() {
  const auto frame = frames_.table();
  if (frame) root_ = std::make_unique<Table>(*frame, 0);
  return frame.has_value();
}

std::uint64_t PageTable::root() const { return root_->pa; }

std::uint64_t PageTable::in_memory(std::uint64_t word, unsigned level) const {
  if (format_ == TableFormat::stage1 || !pte::present(word)) return word;
  arch::Stage2Leaf leaf;
  leaf.address = pte::frame(word);
  leaf.page = level == pte::kPageLevel;
  leaf.writable = pte::writable(word);
  leaf.young = pte::young(word);
  return arch::encode(leaf);
}

void PageTable::store(Thread& thread, Table& table, unsigned index, unsigned level, std::uint64_t word) {
  table.entries[index] = word;
  thread.write64(table.pa + 8 * index, in_memory(word, level));
}

PageTable::Slot PageTable::find(std::uint64_t va) const {
  Table* table = root_.get();
  for (unsigned level = 0;; ++level) {
    const unsigned index = index_of(va, level);
    if (level == pte::kPageLevel || !table->children[index]) {
      if (level < pte::kBlockLevel) return {};
      return {table, level, index, va >> shift_of(level) << shift_of(level)};
    }
    table = table->children[index].get();
  }
}

PageTable::Table* PageTable::next_table(Thread& thread, Table& table, unsigned level, std::uint64_t va) {
  const unsigned index = index_of(va, level);
  auto& child = table.children[index];
  if (child) return child.get();
  if (table.entries[index] != 0) return nullptr;  // a block
  const auto frame = frames_.table();
  if (!frame) return nullptr;
  child = std::make_unique<Table>(*frame, level + 1);
  Table* made = child.get();
  table.entries[index] = arch::table_descriptor(*frame);
  thread.write64(table.pa + 8 * index, table.entries[index]);
  return made;
}

PageTable::Slot PageTable::make(Thread& thread, std::uint64_t va, unsigned level) {
  Table* table = root_.get();
  for (unsigned at = 0; at < level && table != nullptr; ++at) table = next_table(thread, *table, at, va);
  if (table == nullptr) return {};
  return {table, level, index_of(va, level), va >> shift_of(level) << shift_of(level)};
}

void PageTable::set(Thread& thread, const Slot& slot, std::uint64_t word) {
  store(thread, *slot.table, slot.index, slot.level, word);
}

bool PageTable::split(Thread& thread, const Slot& slot) {
  const auto frame = frames_.table();
  if (!frame) return false;
  const std::uint64_t block = slot.word();
  auto pages = std::make_unique<Table>(*frame, pte::kPageLevel);
  for (unsigned i = 0; i < kEntries; ++i) {
    std::uint64_t page = block + i * arch::kPageSize;
    if (pte::present(block)) page |= 3;  // a page descriptor's type
    store(thread, *pages, i, pte::kPageLevel, page);
  }
  frames_.split_block(pte::frame(block));
  Table& table = *slot.table;
  table.children[slot.index] = std::move(pages);
  table.entries[slot.index] = arch::table_descriptor(*frame);
  thread.write64(table.pa + 8 * slot.index, table.entries[slot.index]);
  return true;
}

void PageTable::remove_tables(Thread& thread, std::uint64_t first, std::uint64_t last, Removed& removed) {
  remove_below(thread, *root_, 0, 0, first, last, removed);
}

void PageTable::remove_below(Thread& thread, Table& table, unsigned level, std::uint64_t base,
                             std::uint64_t first, std::uint64_t last, Removed& removed) {
  const std::uint64_t size = std::uint64_t{1} << shift_of(level);
  const unsigned low = first > base ? index_of(first, level) : 0;
  const unsigned high = last < base + kEntries * size - 1 ? index_of(last, level) : kEntries - 1;
  for (unsigned index = low; level < pte::kPageLevel && index <= high; ++index) {
    if (!table.children[index]) continue;
    const std::uint64_t at = base + index * size;
    remove_below(thread, *table.children[index], level + 1, at, first, last, removed);
    if (first > at || last < at + size - 1) continue;
    removed.emplace_back(at, std::move(table.children[index]));
    store(thread, table, index, level, 0);
  }
}

void PageTable::free(Removed& removed) {
  for (const auto& [va, table] : removed) frames_.free_table(table->pa);
  removed.clear();
}

}  // namespace svasim::host
