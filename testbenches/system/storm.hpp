// Storms: several devices access several processes' memory at random, faster than faults are served, and some
// of it is not there to be had. And what must be true of any such run.
#pragma once

#include <catch2/catch.hpp>
#include <random>

#include "testbenches/system/conserved.hpp"
#include "testbenches/system/machine.hpp"

namespace svasim::test {

struct Storm {
  unsigned seed = 1;
  unsigned accesses = 2000;
  unsigned devices = 4;
  unsigned processes = 3;
  unsigned apart_ns = 100;  ///< on average

  static constexpr std::uint64_t kBase = 0x7f12'3440'0000;
  // Of each process, in pages: may be written, may be read, not mapped.
  static constexpr unsigned kWritable = 400, kReadable = 8, kHole = 8;
  static constexpr std::uint64_t kEnd = kBase + (kWritable + kReadable + kHole) * trace::kPageBytes;

  std::string trace() const;
  /// Creates the processes and maps their memory; settings must have host.premapped=off.
  void map(host::Host& host) const;
  /// Must the access end well, or badly, whatever else is going on?
  static bool allowed(const probe::Transaction& t) { return page(t) < kWritable; }
  static bool forbidden(const probe::Transaction& t) {
    return page(t) >= kWritable + (t.operation == probe::Operation::read ? kReadable : 0);
  }

 private:
  static std::uint64_t page(const probe::Transaction& t) { return (t.va - kBase) / trace::kPageBytes; }
};

inline std::string Storm::trace() const {
  std::mt19937 random(seed);
  std::ostringstream text;
  std::uint64_t time = 1'000'000;
  for (unsigned i = 0; i < accesses; ++i) {
    time += random() % (2 * apart_ns);
    const bool allowed = random() % 8 != 0;
    const std::uint64_t page = allowed ? random() % kWritable : kWritable + random() % (kReadable + kHole);
    text << (random() % 2 == 0 ? "R" : "W") << " 0x" << std::hex
         << kBase + page * trace::kPageBytes + random() % 63 * 64 << std::dec
         << " 64 dev=" << random() % devices << " pasid=" << 1 + random() % processes << " t=" << time
         << "ns\n";
  }
  return text.str();
}

inline void Storm::map(host::Host& host) const {
  const auto ignore = [](host::Status) {};
  for (unsigned process = 1; process <= processes; ++process) {
    host::Mapping writable, readable;
    writable.va = kBase;
    writable.bytes = kWritable * trace::kPageBytes;
    readable.va = kBase + writable.bytes;
    readable.bytes = kReadable * trace::kPageBytes;
    readable.protection.write = false;
    host.create(process, ignore);
    host.mmap(process, writable, ignore);
    host.mmap(process, readable, ignore);
  }
}

inline void check_conserved(const platform::RunResult& result) {
  for (const std::string& law :
       broken_laws([&](const char*block, const char*name) { return value_of(result, block, name); }))
    FAIL_CHECK(law);
}

}  // namespace svasim::test
