// Merges consecutive accesses inside one aligned block into one, as a device that moves whole bursts would
// issue them.
// Contract: ReadOptions::coalesce; everything else passes unchanged and in order.
// Source rule: none.
#pragma once

#include <memory>

#include "models/trace/codec.hpp"

namespace svasim::trace {

class Coalescer final : public Decoder {
 public:
  /// `block_bytes` is a power of two.
  Coalescer(std::unique_ptr<Decoder> decoder, std::uint64_t block_bytes)
      : decoder_(std::move(decoder)), block_bytes_(block_bytes) {}

  bool next(Record& record) override {
    if (!holds_ && !read_ahead()) return false;
    record = held_;
    while (read_ahead() && mergeable(record, held_)) {
      const std::uint64_t last = std::max(record.last(), held_.last());
      record.va = std::min(record.va, held_.va);
      record.size = last - record.va + 1;
    }
    return true;
  }

 private:
  bool read_ahead() {
    holds_ = !at_end_ && decoder_->next(held_);
    at_end_ = !holds_;
    return holds_;
  }

  bool mergeable(const Record& a, const Record& b) const {
    const auto block = [this](std::uint64_t va) { return va / block_bytes_; };
    return a.kind == Kind::access && b.kind == Kind::access && a.write == b.write && a.execute == b.execute &&
           a.privileged == b.privileged && a.device == b.device && a.pasid == b.pasid &&
           block(a.va) == block(a.last()) && block(b.va) == block(b.last()) && block(a.va) == block(b.va);
  }

  std::unique_ptr<Decoder> decoder_;
  std::uint64_t block_bytes_;
  Record held_;  ///< read ahead, not yet delivered
  bool holds_ = false;
  bool at_end_ = false;
};

}  // namespace svasim::trace
