// Hardware update of access flag and dirty state: when an update is asked for, what it writes, and lost
// races.
#include <catch2/catch.hpp>

#include "testbenches/unit/arch_helpers.hpp"

using namespace arch_test;

namespace {

constexpr std::uint64_t kAf = 1u << 10, kUser = 1u << 6, kRo = 1u << 7, kDbm = 1ull << 51;
constexpr std::uint64_t kLeaf = 0x8000'0000 | kUser | 1;  ///< a 1 GB block, not accessed
constexpr std::uint64_t kTable = 0x100000;

StreamConfig updating(bool dirty) {
  StreamConfig config = stage1_config();
  config.s1.half[0].input_bits = 39;
  config.s1.ha = true;
  config.s1.hd = dirty;
  return config;
}

TableWalk run(Memory& memory, const StreamConfig& config, Access access) {
  TableWalk walk(config, Va(0x1234), access);
  memory.run(walk);
  return walk;
}

}  // namespace

TEST_CASE("Stage 1: access flag and dirty state in one update") {
  struct Row {
    std::uint64_t before;
    bool dirty_enabled, write;
    std::uint64_t after;
    bool ok;
  };
  const Row rows[] = {
      {kLeaf, false, false, kLeaf | kAf, true},
      {kLeaf, false, true, kLeaf | kAf, true},
      {kLeaf | kRo | kDbm, true, false, kLeaf | kRo | kDbm | kAf, true},  // a read leaves it clean
      {kLeaf | kRo | kDbm, true, true, kLeaf | kDbm | kAf, true},
      {kLeaf | kAf | kRo | kDbm, true, true, kLeaf | kAf | kDbm, true},
      {kLeaf | kRo | kDbm, false, true, kLeaf | kRo | kDbm, false},  // without HD, DBM means nothing
      {kLeaf | kRo, true, true, kLeaf | kRo, false}};
  for (const Row& row : rows) {
    Memory memory;
    memory[kTable] = row.before;
    const TableWalk walk = run(memory, updating(row.dirty_enabled), row.write ? kWrite : kRead);
    INFO("before " << std::hex << row.before << " write " << row.write);
    CHECK((walk.status() == TableWalk::Status::done) == row.ok);
    if (!row.ok) CHECK(walk.fault().id == EventId::f_permission);
    CHECK(memory[kTable] == row.after);
    // The result tells what is so now: a clean page is not writable until a write has made it dirty.
    if (row.ok) CHECK(walk.result().allows(kWrite) == ((row.after & kRo) == 0));
    if (row.ok) CHECK(walk.fill()->descriptor == row.after);
  }
}

TEST_CASE("What may be executed does not depend on whether a page has been written") {
  for (const std::uint64_t dirt : {kRo, std::uint64_t{0}}) {
    Memory memory;
    memory[kTable] = kLeaf | kAf | kDbm | dirt;
    // What users can write, or make writable by writing, privileged code never executes.
    CHECK(run(memory, updating(true), kPrivFetch).status() == TableWalk::Status::fault);
    CHECK(run(memory, updating(true), kFetch).status() == TableWalk::Status::done);
    StreamConfig wxn = updating(true);
    wxn.s1.wxn = true;
    CHECK(run(memory, wxn, kFetch).status() == TableWalk::Status::fault);
  }
  Memory memory;
  memory[kTable] = kLeaf | kAf | kDbm | kRo;  // without HD it stays read-only
  CHECK(run(memory, updating(false), kPrivFetch).status() == TableWalk::Status::done);
}

TEST_CASE("A lost race is walked with what was found") {
  StreamConfig config = updating(false);
  Memory memory;
  memory[kTable] = kLeaf;
  TableWalk walk(config, Va(0x1234), kRead);
  std::uint8_t bytes[8];
  store_le64(bytes, kLeaf);
  walk.supply(bytes);
  REQUIRE(walk.status() == TableWalk::Status::update);
  CHECK(walk.update().address == Pa(kTable));
  CHECK(walk.update().expected == kLeaf);
  CHECK(walk.update().desired == (kLeaf | kAf));
  TableWalk gone = walk, moved = walk, aborted = walk;
  gone.supply_update(0);
  CHECK(gone.fault().id == EventId::f_translation);
  moved.supply_update(0xC000'0000 | kUser | kAf | 1);
  CHECK(moved.result().pa == Pa(0xC000'1234));
  aborted.supply_abort();
  CHECK(aborted.fault().id == EventId::f_walk_eabt);
  CHECK(aborted.fault().fetch_address == Pa(kTable));
}

TEST_CASE("Stage 2 updates, and a stage-1 update that needs write permission at stage 2") {
  constexpr std::uint64_t kS2 = 0x300000, kS2Base = kAf | 1u << 6 | 0xFu << 2 | 1, kS2Write = 1u << 7;
  StreamConfig config = updating(false);
  config.kind = ConfigKind::both;
  config.s2.start_level = 1;
  config.s2.input_bits = 39;
  config.s2.ttb = kS2;
  Memory memory;
  memory[kTable] = kLeaf;
  memory[kS2] = kS2Base;  // IPA 0..1 GB, where the stage-1 table is: read-only, identity
  memory[kS2 + 16] = 0x8000'0000 | kS2Base | kS2Write;
  TableWalk walk = run(memory, config, kRead);
  CHECK(walk.fault().id == EventId::f_permission);
  CHECK(walk.fault().stage2);
  CHECK(walk.fault().fault_class == FaultClass::tt);
  CHECK_FALSE(walk.fault().ttrnw);
  CHECK(memory[kTable] == kLeaf);
  memory[kS2] |= kS2Write;
  CHECK(run(memory, config, kRead).status() == TableWalk::Status::done);
  CHECK(memory[kTable] == (kLeaf | kAf));

  config.s2.ha = config.s2.hd = true;
  memory[kS2 + 16] = 0x8000'0000 | (kS2Base & ~kAf) | kDbm;
  walk = run(memory, config, kRead);
  CHECK(memory[kS2 + 16] == (0x8000'0000 | kS2Base | kDbm));
  CHECK_FALSE(walk.result().allows(kWrite));
  walk = run(memory, config, kWrite);
  CHECK(memory[kS2 + 16] == (0x8000'0000 | kS2Base | kS2Write | kDbm));
  CHECK(walk.result().allows(kWrite));
  memory[kTable] = kLeaf;  // the stage-1 update itself makes its table's page dirty
  memory[kS2] = kS2Base | kDbm;
  CHECK(run(memory, config, kRead).status() == TableWalk::Status::done);
  CHECK(memory[kS2] == (kS2Base | kS2Write | kDbm));
}
