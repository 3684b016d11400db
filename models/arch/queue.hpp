// Queue index arithmetic (SMMUv3, queues): an index register holds LOG2SIZE index bits and, above them, a
// wrap bit that flips on each pass, so that empty and full differ and every entry is usable. Higher bits are
// ignored, except the overflow flag in bit 31 of output queues.
#pragma once

#include <cstdint>

#include "models/arch/bit_fields.hpp"

namespace svasim::arch {

/// A queue's base and size, as its BASE register says.
struct QueueBase {
  Pa address;
  std::uint8_t log2_size = 0;  ///< entries, 0..19

  /// `max_log2_size` is what IDR1 allows: a larger size acts as that. The base is aligned to the queue, at
  /// least 32 bytes.
  static QueueBase decode(std::uint64_t base, unsigned log2_entry_bytes, unsigned max_log2_size = 19) {
    QueueBase queue;
    const auto wanted = static_cast<unsigned>(bits(base, 4, 0));
    queue.log2_size = static_cast<std::uint8_t>(wanted < max_log2_size ? wanted : max_log2_size);
    const unsigned log2_bytes = queue.log2_size + log2_entry_bytes;
    queue.address = Pa(base & (mask(47) << 5)).aligned(log2_bytes < 5 ? 5 : log2_bytes);
    return queue;
  }
  /// The BASE register for this queue, without allocation hints.
  std::uint64_t encode() const { return (address.value & (mask(47) << 5)) | log2_size; }
  Pa entry(std::uint32_t index, unsigned log2_entry_bytes) const {
    return address + ((index & mask(log2_size)) << log2_entry_bytes);
  }
};

inline constexpr unsigned kLog2CommandBytes = 4;
inline constexpr unsigned kLog2EventBytes = 5;
inline constexpr unsigned kLog2PageRequestBytes = 4;
inline constexpr std::uint32_t kQueueOverflow = 1u << 31;  ///< OVFLG of PROD, OVACKFLG of CONS

/// Arithmetic on index values (wrap bit included) of a queue of 2^log2_size entries. Stray high bits are
/// ignored.
class QueueIndex {
 public:
  explicit constexpr QueueIndex(unsigned log2_size) : log2_size_(log2_size) {}

  constexpr std::uint32_t index(std::uint32_t value) const { return value & ((1u << log2_size_) - 1); }
  constexpr std::uint32_t with_wrap(std::uint32_t value) const { return value & ((2u << log2_size_) - 1); }
  constexpr std::uint32_t next(std::uint32_t value) const { return with_wrap(value + 1); }
  constexpr bool empty(std::uint32_t prod, std::uint32_t cons) const {
    return with_wrap(prod) == with_wrap(cons);
  }
  constexpr bool full(std::uint32_t prod, std::uint32_t cons) const { return count(prod, cons) >= size(); }
  /// Entries between consumer and producer; more than size() means the indices are inconsistent (and full()
  /// says true).
  constexpr std::uint32_t count(std::uint32_t prod, std::uint32_t cons) const {
    return with_wrap(prod - cons);
  }
  constexpr std::uint32_t size() const { return 1u << log2_size_; }

 private:
  unsigned log2_size_;
};

}  // namespace svasim::arch
