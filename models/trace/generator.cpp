// See generator.hpp.
#include "models/trace/generator.hpp"

#include <deque>
#include <random>
#include <vector>

namespace svasim::trace {
namespace {

class Random {
 public:
  explicit Random(std::uint64_t seed) : engine_(seed) {}
  /// 0 to n - 1, all alike but for less than n / 2^64.
  std::uint64_t below(std::uint64_t n) { return engine_() % n; }

 private:
  std::mt19937_64 engine_;
};

/// True for exactly `percent` of every hundred draws, in random order.
class Share {
 public:
  explicit Share(std::uint64_t percent) : percent_(percent) {}
  bool draw(Random& random) {
    if (left_ == 0) left_ = 100, yes_ = percent_;
    const bool yes = random.below(left_) < yes_;
    --left_;
    yes_ -= yes;
    return yes;
  }

 private:
  std::uint64_t percent_;
  std::uint64_t left_ = 0, yes_ = 0;  ///< of this hundred
};

/// What all patterns share: whose turn it is, when, and what is read or written.
class Turns {
 public:
  explicit Turns(const Pattern& pattern)
      : pattern_(pattern), random_(pattern.seed), writes_(pattern.writes) {}

 protected:
  Record access(std::uint64_t turn, std::uint64_t va, std::uint64_t size) {
    Record record;
    record.write = writes_.draw(random_);
    record.device = device(turn);
    record.pasid = pasid(turn);
    record.va = va;
    record.size = size;
    record.has_time = pattern_.interval != 0;
    record.time_ps = turn * pattern_.interval;
    return record;
  }
  std::uint32_t device(std::uint64_t turn) const {
    return static_cast<std::uint32_t>(turn % pattern_.devices);
  }
  std::uint32_t pasid(std::uint64_t turn) const {
    return static_cast<std::uint32_t>(1 + turn / pattern_.devices % pattern_.pasids);
  }

  const Pattern pattern_;
  Random random_;

 private:
  Share writes_;
};

/// Access n of a stream, for those patterns whose accesses are alike.
class AccessGenerator final : public Decoder, private Turns {
 public:
  explicit AccessGenerator(const Pattern& pattern) : Turns(pattern), hot_(pattern.hot) {
    if (pattern.kind == Pattern::Kind::chase) make_cycle();
  }

  bool next(Record& record) override {
    if (turn_ == pattern_.count) return false;
    record = access(turn_, pattern_.base + offset(), pattern_.size);
    ++turn_;
    return true;
  }

 private:
  std::uint64_t offset() {
    const std::uint64_t n = turn_ / pattern_.streams(), size = pattern_.size, span = pattern_.span;
    switch (pattern_.kind) {
      case Pattern::Kind::random:
        return random_.below((hot_.draw(random_) ? pattern_.hot_span : span) / size) * size;
      case Pattern::Kind::strided: {
        const std::uint64_t rows = span / pattern_.stride, columns = pattern_.stride / size;
        return n % rows * pattern_.stride + n / rows % columns * size;
      }
      case Pattern::Kind::chase: return chase(turn_ % pattern_.streams());
      default: return n % (span / size) * size;
    }
  }

  /// Sattolo's shuffle: a permutation that is one cycle. Each page's element lies anywhere in it.
  void make_cycle() {
    const std::uint64_t pages = pattern_.span / kPageBytes;
    for (std::uint64_t page = 0; page < pages; ++page) next_.push_back(static_cast<std::uint32_t>(page));
    for (std::uint64_t last = pages - 1; last > 0; --last) std::swap(next_[last], next_[random_.below(last)]);
    at_.assign(pattern_.streams(), 0);
    for (std::uint64_t page = 0; page < pages; ++page)
      element_.push_back(
          static_cast<std::uint16_t>(random_.below(kPageBytes / pattern_.size) * pattern_.size));
  }
  std::uint64_t chase(std::uint64_t stream) {
    const std::uint32_t page = at_[stream];
    at_[stream] = next_[page];
    return page * kPageBytes + element_[page];
  }

  Share hot_;
  std::uint64_t turn_ = 0;
  std::vector<std::uint32_t> next_;     ///< chase: the page behind each page
  std::vector<std::uint16_t> element_;  ///< chase: where in the page
  std::vector<std::uint32_t> at_;       ///< chase: where each stream is
};

/// Rings of buffers, one per stream, each in its own range of the process.
class RingGenerator final : public Decoder, private Turns {
 public:
  explicit RingGenerator(const Pattern& pattern)
      : Turns(pattern),
        buffer_((pattern.packet + kPageBytes - 1) / kPageBytes * kPageBytes),
        accesses_((pattern.packet + pattern.size - 1) / pattern.size) {
    for (std::uint64_t process = 0; process < pattern.pasids; ++process)
      records_.push_back(control(Kind::create, process * pattern.devices));
    for (std::uint64_t stream = 0; stream < pattern.streams(); ++stream)
      records_.push_back(control(Kind::bind, stream));
  }

  bool next(Record& record) override {
    if (records_.empty() && packet_ < pattern_.count) make_packet(packet_++);
    if (records_.empty()) return false;
    record = records_.front();
    records_.pop_front();
    return true;
  }

 private:
  Record control(Kind kind, std::uint64_t turn) const {
    Record record;
    record.kind = kind;
    record.device = kind == Kind::bind ? device(turn) : 0;
    record.pasid = pasid(turn);
    return record;
  }
  Record control(Kind kind, std::uint64_t turn, std::uint64_t va) const {
    Record record = control(kind, turn);
    record.va = va;
    record.size = buffer_;
    return record;
  }

  void make_packet(std::uint64_t turn) {
    const std::uint64_t round = turn / pattern_.streams(), ring = turn % pattern_.devices;
    const std::uint64_t va = pattern_.base + (ring * pattern_.depth + round % pattern_.depth) * buffer_;
    if (round >= pattern_.depth) {
      // The driver takes back the oldest packet of this ring; all that were issued after it may be under way.
      Record munmap = control(Kind::munmap, turn, va);
      munmap.control.in_flight =
          static_cast<std::uint32_t>((pattern_.depth * pattern_.streams() - 1) * accesses_);
      records_.push_back(munmap);
    }
    records_.push_back(control(Kind::mmap, turn, va));
    if (pattern_.fill != 0) {
      records_.push_back(control(Kind::touch, turn, va));
      records_.back().write = true;
    }
    for (std::uint64_t done = 0; done < pattern_.packet; done += pattern_.size)
      records_.push_back(access(turn, va + done, std::min(pattern_.size, pattern_.packet - done)));
  }

  const std::uint64_t buffer_;    ///< bytes
  const std::uint64_t accesses_;  ///< of a packet
  std::uint64_t packet_ = 0;
  std::deque<Record> records_;  ///< made, not yet delivered
};

}  // namespace

std::unique_ptr<Decoder> make_generator(const Pattern& pattern) {
  if (pattern.kind == Pattern::Kind::ring) return std::make_unique<RingGenerator>(pattern);
  return std::make_unique<AccessGenerator>(pattern);
}

}  // namespace svasim::trace
