// A first-in first-out queue that keeps its memory: it grows to the peak and then allocates no more.
#pragma once

#include <cstddef>
#include <utility>
#include <vector>

namespace svasim::engine {

template <class T>
class Ring {
 public:
  bool empty() const { return size_ == 0; }
  std::size_t size() const { return size_; }
  std::size_t peak() const { return peak_; }
  T& front() { return slots_[first_]; }
  const T& front() const { return slots_[first_]; }
  T& operator[](std::size_t i) { return slots_[(first_ + i) & (slots_.size() - 1)]; }
  const T& operator[](std::size_t i) const { return slots_[(first_ + i) & (slots_.size() - 1)]; }

  void push_back(T value) {
    if (size_ == slots_.size()) grow();
    slots_[(first_ + size_) & (slots_.size() - 1)] = std::move(value);
    if (++size_ > peak_) peak_ = size_;
  }
  void push_front(T value) {
    if (size_ == slots_.size()) grow();
    first_ = (first_ - 1) & (slots_.size() - 1);
    slots_[first_] = std::move(value);
    if (++size_ > peak_) peak_ = size_;
  }
  T pop_front() {
    T value = std::move(slots_[first_]);
    first_ = (first_ + 1) & (slots_.size() - 1);
    --size_;
    return value;
  }
  void clear() {
    while (!empty()) pop_front();
  }

 private:
  void grow() {
    std::vector<T> larger(slots_.empty() ? 8 : 2 * slots_.size());
    for (std::size_t i = 0; i < size_; ++i) larger[i] = std::move((*this)[i]);
    slots_ = std::move(larger);
    first_ = 0;
  }

  std::vector<T> slots_;
  std::size_t first_ = 0;
  std::size_t size_ = 0;
  std::size_t peak_ = 0;
};

}  // namespace svasim::engine
