// A guest on the SMMU bench: memory it knows by IPAs, translated by stage 2, in which its CD and its stage-1
// tables lie. An IPA is the physical address plus a constant, so that tests can name both.
#pragma once

#include "testbenches/unit/smmu_bench.hpp"

namespace svasim::test {

struct Guest {
  static constexpr std::uint64_t kIpaOffset = 0x100000000;
  static constexpr std::uint64_t ipa(std::uint64_t pa) { return pa + kIpaOffset; }
  static constexpr std::uint64_t pa(std::uint64_t ipa) { return ipa - kIpaOffset; }

  SmmuBench& bench;
  arch::Stage2Leaf leaf;  ///< how take() and map() map pages
  std::uint64_t stage2_root;
  std::uint64_t root = 0;  ///< PA of the stage-1 root table
  std::uint64_t cd = 0;    ///< PA

  explicit Guest(SmmuBench& b, arch::Stage2Leaf s2 = {})
      : bench(b), leaf(s2), stage2_root(b.tables.make_root()) {
    root = take();
    cd = take();
  }

  void map(std::uint64_t at_ipa, std::uint64_t at_pa) {
    leaf.address = at_pa;
    bench.memory.set(stage2_slot(at_ipa), encode(leaf));
  }
  std::uint64_t stage2_slot(std::uint64_t at_ipa) { return bench.tables.slot(stage2_root, at_ipa); }
  std::uint64_t stage2_word(std::uint64_t at_ipa) { return bench.memory.word(stage2_slot(at_ipa)); }
  /// A zeroed guest page: its PA.
  std::uint64_t take() {
    const std::uint64_t page = bench.tables.take(arch::kPageSize);
    map(ipa(page), page);
    return page;
  }

  /// PA of the stage-1 descriptor of `va` at `level`; makes the tables above it.
  std::uint64_t slot(std::uint64_t va, unsigned level = 3) {
    std::uint64_t table = root;
    for (unsigned l = 0;; ++l) {
      const std::uint64_t at = table + (va >> arch::level_shift(arch::Granule::k4, l) & 511) * 8;
      if (l == level) return at;
      if (bench.memory.word(at) == 0) bench.memory.set(at, arch::table_descriptor(ipa(take())));
      table = pa(bench.memory.word(at) & 0xFFFFFFFFF000);
    }
  }
  void map_stage1(std::uint64_t va, std::uint64_t to_ipa, arch::Stage1Leaf stage1 = {}) {
    stage1.address = to_ipa;
    bench.memory.set(slot(va), encode(stage1));
  }

  /// Stage 2 of 48 bits in 4 KB pages.
  arch::Ste stage2_ste(arch::SteConfig config, std::uint16_t vmid = 1) const {
    arch::Ste ste;
    ste.config = config;
    ste.s1_context_ptr = ipa(cd);
    ste.s2_vmid = vmid;
    ste.s2_t0sz = 16;
    ste.s2_sl0 = 2;
    ste.s2_ps = 5;
    ste.s2_aa64 = true;
    ste.s2_r = true;
    ste.s2_ttb = stage2_root;
    return ste;
  }
  /// The stream goes through both stages.
  void attach(arch::Cd stage1, const arch::Ste& ste, arch::StreamId stream = arch::StreamId{1}) {
    stage1.half[0].ttb = ipa(root);
    bench.tables.write(cd, encode(stage1));
    bench.set_ste(stream, ste);
  }
};

}  // namespace svasim::test
