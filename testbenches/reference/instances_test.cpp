// Several references at once: each has registers, features and memory of its own, also on threads of their
// own; and hardware updates with and without the callback.
#include <catch2/catch.hpp>
#include <cstring>
#include <map>
#include <memory>
#include <thread>
#include <vector>

#include "models/reference/svasim_reference.h"

namespace {

/// Words that were never written abort.
struct Memory {
  std::map<std::uint64_t, std::uint64_t> words;
  unsigned swaps = 0;

  static int read(void* user, std::uint64_t address, void* data, std::uint32_t bytes) {
    auto& words = static_cast<Memory*>(user)->words;
    for (std::uint32_t i = 0; i < bytes; i += 8) {
      const auto word = words.find(address + i);
      if (word == words.end()) return 0;
      std::memcpy(static_cast<char*>(data) + i, &word->second, 8);
    }
    return 1;
  }
  static int swap(void* user, std::uint64_t address, std::uint64_t expected, std::uint64_t desired,
                  std::uint64_t* observed) {
    auto& memory = *static_cast<Memory*>(user);
    ++memory.swaps;
    *observed = memory.words.at(address);
    if (*observed == expected) memory.words[address] = desired;
    return 1;
  }
};

struct Destroy {
  void operator()(svasim_reference* ref) const { svasim_reference_destroy(ref); }
};
using Reference = std::unique_ptr<svasim_reference, Destroy>;

/// Stream 0, stage 1: 64 KB pages, T0SZ = 28 (start level 2, one table), so 0x0 is entry 0 of level 2 and of
/// level 3.
Reference make(Memory& memory, std::uint64_t leaf, bool with_swap) {
  memory.words[0x0] = 0x100B;  // STE: V, Config = 101, CD at 0x1000
  for (std::uint64_t i = 1; i < 8; ++i) memory.words[8 * i] = 0;
  for (std::uint64_t i = 0; i < 8; ++i) memory.words[0x1000 + 8 * i] = 0;
  // A, R, HA, HD, AA64, IPS = 5, V, EPD1, TG0 = 64 KB, T0SZ = 28
  memory.words[0x1000] = 0x00006E05C000005C;
  memory.words[0x1008] = 0x4000;
  memory.words[0x4000] = 0x10003;
  memory.words[0x10000] = leaf;
  svasim_reference_config config;
  svasim_reference_default_config(&config);
  config.read = Memory::read;
  config.swap = with_swap ? Memory::swap : nullptr;
  config.user = &memory;
  Reference ref(svasim_reference_create(&config));
  svasim_reference_write(ref.get(), 0x20, 1, 4);
  return ref;
}

svasim_outcome translate(svasim_reference* ref, std::uint64_t address, bool write) {
  svasim_transaction t{};
  t.address = address;
  t.write = write;
  svasim_outcome outcome;
  REQUIRE(svasim_reference_translate(ref, &t, &outcome) == SVASIM_REFERENCE_OK);
  return outcome;
}

}  // namespace

TEST_CASE("instances share nothing") {
  Memory a, b;
  // AF, inner shareable, AP = 01
  const Reference first = make(a, 0x10000743, false), second = make(b, 0x20000743, false);
  CHECK(translate(first.get(), 0x1234, false).address == 0x10001234);
  CHECK(translate(second.get(), 0x1234, false).address == 0x20001234);
  svasim_reference_write(first.get(), 0x20, 0, 4);  // only the first is switched off
  CHECK(translate(first.get(), 0x1234, false).kind == SVASIM_BYPASS);
  CHECK(translate(second.get(), 0x1234, false).address == 0x20001234);
}

TEST_CASE("instances may live on threads of their own") {
  std::vector<std::thread> threads;
  std::vector<int> wrong(4, 0);
  for (unsigned i = 0; i < 4; ++i) {
    threads.emplace_back([i, &wrong] {
      Memory memory;
      const Reference ref = make(memory, 0x743 | std::uint64_t{i + 1} << 28, false);
      for (std::uint64_t address = 0; address < 2000; ++address) {
        svasim_transaction t{};
        svasim_outcome outcome;
        t.address = address;
        svasim_reference_translate(ref.get(), &t, &outcome);
        wrong[i] += outcome.address != (std::uint64_t{i + 1} << 28 | address);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  CHECK(wrong == std::vector<int>(4, 0));
}

TEST_CASE("hardware updates go through the callback, or are only imagined") {
  const std::uint64_t clean = 0x00080000000103C3;  // DBM, AF = 0, AP = 11 (read-only, users too)
  const std::uint64_t dirty = (clean | 0x400) & ~std::uint64_t{0x80};
  Memory real, imagined;
  const Reference updating = make(real, clean, true), looking = make(imagined, clean, false);
  for (const auto* ref : {&updating, &looking}) {
    const svasim_outcome outcome = translate(ref->get(), 0x10, true);
    CHECK(outcome.status == SVASIM_TRANSLATED_OK);
    CHECK(outcome.address == 0x10010);
    CHECK((outcome.permissions & SVASIM_UNPRIVILEGED_WRITE) != 0);
  }
  CHECK(real.swaps == 1);
  CHECK(real.words[0x10000] == dirty);
  CHECK(imagined.words[0x10000] == clean);
  CHECK(translate(updating.get(), 0x10, true).status == SVASIM_TRANSLATED_OK);
  CHECK(real.swaps == 1);  // nothing left to update
}
