// Objects named by small numbers, recycled: what a piece of hardware keeps in a table and identifies by tag.
// Contract: an index stays valid until it is freed; a reference only until the next take().
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace svasim::pcie {

inline constexpr std::uint32_t kNone = ~std::uint32_t{0};  ///< no index

/// T has a member `bool live`, which is false while an object is free.
template <class T>
class IndexPool {
 public:
  /// A fresh object.
  std::uint32_t take() {
    if (free_.empty()) {
      free_.push_back(static_cast<std::uint32_t>(all_.size()));
      all_.emplace_back();
    }
    const std::uint32_t index = free_.back();
    free_.pop_back();
    all_[index] = T{};
    all_[index].live = true;
    return index;
  }
  void free(std::uint32_t index) {
    all_[index].live = false;
    free_.push_back(index);
  }
  bool live(std::uint32_t index) const { return index < all_.size() && all_[index].live; }
  std::size_t in_use() const { return all_.size() - free_.size(); }

  T& operator[](std::uint32_t index) { return all_[index]; }
  const T& operator[](std::uint32_t index) const { return all_[index]; }

  /// `visit(index, T&)` for every live object, in order of index.
  template <class Visitor>
  void for_each(Visitor&& visit) {
    for (std::uint32_t i = 0; i < all_.size(); ++i) {
      if (all_[i].live) visit(i, all_[i]);
    }
  }

 private:
  std::vector<T> all_;
  std::vector<std::uint32_t> free_;
};

}  // namespace svasim::pcie
