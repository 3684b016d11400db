// See tag_array.hpp.
#include "models/memory/tag_array.hpp"

namespace svasim::memory {

TagArray::TagArray(unsigned sets, unsigned ways, Replacement policy)
    : sets_(sets), ways_(ways), policy_(policy), lines_(std::size_t{sets} * ways), trees_(sets) {}

TagArray::Line* TagArray::find(std::uint64_t number) {
  Line* const set = set_of(number);
  for (unsigned way = 0; way < ways_; ++way) {
    if (set[way].valid && set[way].number == number) return &set[way];
  }
  return nullptr;
}

TagArray::Line* TagArray::victim(std::uint64_t number) {
  Line* const set = set_of(number);
  Line* least = nullptr;
  for (unsigned way = 0; way < ways_; ++way) {
    Line& line = set[way];
    if (!line.valid) return &line;
    if (!line.pending && (least == nullptr || line.last_use < least->last_use)) least = &line;
  }
  if (policy_ == Replacement::lru || least == nullptr) return least;
  Line& choice = set[tree_choice(trees_[number & (sets_ - 1)])];
  return choice.pending ? least : &choice;  // the tree knows nothing of pending lines
}

unsigned TagArray::tree_choice(std::uint64_t tree) const {
  unsigned node = 1;
  while (node < ways_) node = 2 * node + static_cast<unsigned>(tree >> node & 1);
  return node - ways_;
}

void TagArray::touch(Line& line) {
  line.last_use = ++uses_;
  if (policy_ == Replacement::lru) return;
  std::uint64_t& tree = trees_[line.number & (sets_ - 1)];
  auto node = static_cast<unsigned>(&line - set_of(line.number)) + ways_;
  for (; node > 1; node /= 2) {
    const std::uint64_t parent = std::uint64_t{1} << (node / 2);
    tree = node % 2 != 0 ? tree & ~parent : tree | parent;  // away from this line
  }
}

}  // namespace svasim::memory
