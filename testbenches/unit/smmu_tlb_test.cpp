// The TBU's TLBs: entries of every size, what each command removes, and how long it takes.
#include <catch2/catch.hpp>

#include <random>

#include "models/smmu/tlb.hpp"
#include "testbenches/unit/smmu_guest.hpp"

using namespace svasim;
using namespace svasim::test;

namespace {

constexpr std::uint64_t kVa = 0x123456789000, kPage = kBase + 0x3000000;
const std::uint64_t kSource = smmu::tlb_source(arch::StreamId{1}, {true, 7}, arch::AddressType::untranslated);

/// A stage-1 translation VA -> VA + 2^44.
smmu::TlbEntry entry(std::uint64_t va, unsigned log2_size, std::uint16_t asid = 1, std::uint16_t vmid = 0,
                     std::uint64_t source = kSource) {
  arch::TranslationResult result;
  result.kind = arch::TranslationKind::stage1;
  result.log2_size = result.log2_leaf = static_cast<std::uint8_t>(log2_size);
  result.pa = arch::Pa(va + (std::uint64_t{1} << 44));
  result.asid = asid;
  result.vmid = vmid;
  return {source, va, result, {}};
}

}  // namespace

TEST_CASE("entries of every size cover exactly their region, and translate each byte of it") {
  const unsigned sets = GENERATE(1u, 16u);
  const unsigned log2_size = GENERATE(12u, 14u, 16u, 21u, 25u, 29u, 30u, 36u, 39u, 42u);
  CAPTURE(sets, log2_size);
  smmu::Tlb tlb(sets, 4);
  const std::uint64_t size = std::uint64_t{1} << log2_size, first = (std::uint64_t{5} << 43) + 3 * size;
  tlb.insert(entry(first + size / 2 + 0x123, log2_size));
  for (const std::uint64_t va : {first, first + size / 2, first + size - 1}) {
    const smmu::TlbEntry* found = tlb.find(kSource, va);
    REQUIRE(found != nullptr);
    CHECK(found->translate(va).value == va + (std::uint64_t{1} << 44));
  }
  CHECK(tlb.find(kSource, first - 1) == nullptr);
  CHECK(tlb.find(kSource, first + size) == nullptr);
  const std::uint64_t others[] = {
      smmu::tlb_source(arch::StreamId{2}, {true, 7}, arch::AddressType::untranslated),
      smmu::tlb_source(arch::StreamId{1}, {true, 6}, arch::AddressType::untranslated),
      smmu::tlb_source(arch::StreamId{1}, {}, arch::AddressType::untranslated),
      smmu::tlb_source(arch::StreamId{1}, {true, 7}, arch::AddressType::translated)};
  for (const std::uint64_t source : others) CHECK(tlb.find(source, first) == nullptr);
}

TEST_CASE("the sizes in use are those of the entries, whatever comes and goes") {
  const unsigned seed = GENERATE(1u, 2u, 3u);
  CAPTURE(seed);
  std::mt19937 random(seed);
  smmu::Tlb tlb(4, 2);
  const unsigned sizes[] = {12, 16, 21, 30};
  for (unsigned step = 0; step < 2000; ++step) {
    if (random() % 8 == 0) {
      const std::uint64_t page = random() % 64;
      tlb.remove_if([&](const smmu::TlbEntry& e) { return e.page % 64 == page; });
    } else {
      tlb.insert(entry(std::uint64_t{random()} << 12, sizes[random() % 4]));
    }
    std::set<unsigned> there;
    tlb.remove_if([&](const smmu::TlbEntry& e) {
      there.insert(e.log2_size);
      return false;
    });
    std::set<unsigned> told;
    for (unsigned size = tlb.next_size(0); size != 0; size = tlb.next_size(size)) told.insert(size);
    REQUIRE(told == there);
    REQUIRE(tlb.sizes_in_use() == there.size());
  }
}

TEST_CASE("TLBI by address and by range removes what it meets, and nothing else") {
  smmu::Context context;
  constexpr std::uint64_t kMega = 0x40000000;
  const auto after = [&](const arch::Command& command) {
    smmu::Tlb tlb(16, 4);
    tlb.insert(entry(0x1000, 12));
    tlb.insert(entry(0x2000, 12));
    tlb.insert(entry(kMega, 21));
    smmu::TlbEntry global = entry(0x3000, 12, 2);
    global.result.global = true;
    tlb.insert(global);
    tlb.insert(entry(0x4000, 12, 1, 5));  // another VMID
    tlb.invalidate(command, context);
    std::string held;
    for (const std::uint64_t va : {std::uint64_t{0x1000}, std::uint64_t{0x2000}, kMega, std::uint64_t{0x3000},
                                   std::uint64_t{0x4000}}) {
      held += tlb.find(kSource, va) != nullptr ? '#' : '.';
    }
    return held;
  };
  using arch::Opcode;
  const auto by = [](Opcode opcode, std::uint64_t va, std::uint16_t asid = 1, std::uint16_t vmid = 0) {
    arch::Command c = SmmuBench::make(opcode);
    c.address = va;
    c.asid = asid;
    c.vmid = vmid;
    return c;
  };
  CHECK(after(by(Opcode::tlbi_nh_va, 0x1000)) == ".####");
  CHECK(after(by(Opcode::tlbi_nh_va, 0x1000, 9)) == "#####");
  CHECK(after(by(Opcode::tlbi_nh_va, 0x3000, 9)) == "###.#");  // global: any ASID
  CHECK(after(by(Opcode::tlbi_nh_vaa, 0x2000, 9)) == "#.###");
  CHECK(after(by(Opcode::tlbi_nh_va, kMega + 0x1FF000)) == "##.##");
  CHECK(after(by(Opcode::tlbi_nh_va, 0x4000)) == "#####");
  CHECK(after(by(Opcode::tlbi_nh_va, 0x4000, 1, 5)) == "####.");
  arch::Command range = by(Opcode::tlbi_nh_va, 0x1000);
  range.tg = 1, range.num = 2;     // three pages
  CHECK(after(range) == "..#.#");  // the third is global
  CHECK(after(by(Opcode::tlbi_nh_asid, 0)) == "...##");
  CHECK(after(by(Opcode::tlbi_nh_all, 0)) == "....#");
  CHECK(after(by(Opcode::tlbi_s2_ipa, 0x1000)) == "#####");
  CHECK(after(by(Opcode::tlbi_el2_all, 0)) == "#####");
  CHECK(after(by(Opcode::tlbi_nsnh_all, 0)) == ".....");
}

TEST_CASE("CFGI removes the entries of the streams it names") {
  smmu::Context context;
  smmu::Tlb tlb(16, 4);
  const auto source = [](std::uint32_t stream) {
    return smmu::tlb_source(arch::StreamId{stream}, {}, arch::AddressType::untranslated);
  };
  for (const std::uint32_t stream : {4u, 5u, 6u, 8u}) tlb.insert(entry(kVa, 12, 1, 0, source(stream)));
  arch::Command command = SmmuBench::make(arch::Opcode::cfgi_ste);
  command.stream = arch::StreamId{5};
  tlb.invalidate(command, context);
  CHECK(tlb.find(source(4), kVa) != nullptr);
  CHECK(tlb.find(source(5), kVa) == nullptr);
  command.opcode = arch::Opcode::cfgi_ste_range;
  command.range = 1;  // streams 4 to 7
  tlb.invalidate(command, context);
  CHECK(tlb.find(source(4), kVa) == nullptr);
  CHECK(tlb.find(source(6), kVa) == nullptr);
  CHECK(tlb.find(source(8), kVa) != nullptr);
}

TEST_CASE("nested: the entry is what both stages have in common") {
  SmmuBench b;
  Guest guest(b);
  constexpr std::uint64_t kBlockVa = 0x40000000, kBlockPa = kBase + 0x2000000;
  arch::Stage1Leaf block;
  block.page = false;
  block.address = Guest::ipa(kBlockPa);
  b.memory.set(guest.slot(kBlockVa, 2), encode(block));
  // Stage 2 maps the block's pages one by one, not in order.
  for (unsigned i = 0; i < 4; ++i) guest.map(Guest::ipa(kBlockPa) + i * 0x1000, kPage + (3 - i) * 0x1000);
  guest.attach(SmmuBench::stage1_cd(0), guest.stage2_ste(arch::SteConfig::both));
  REQUIRE(b.bring_up());
  for (unsigned i = 0; i < 4; ++i) {
    BenchDevice::Record& r = b.devices[0]->send({kBlockVa + i * 0x1000 + 8});
    b.settle();
    CHECK(r.pa == kPage + (3 - i) * 0x1000 + 8);
  }
}

TEST_CASE("a miss that waited for a slot finds what came meanwhile") {
  smmu::SmmuConfig c;
  c.tbu.slots = 1;
  SmmuBench b(c);
  const std::uint64_t root = b.attach();
  constexpr std::uint64_t kBlockVa = 0x40000000;
  arch::Stage1Leaf block;
  block.page = false;
  block.address = kBase + 0x2000000;
  b.memory.set(b.tables.slot(root, kBlockVa, 2), encode(block));
  REQUIRE(b.bring_up());
  // Two pages of one block: not the same 4 KB, so not merged; the second has no slot.
  b.devices[0]->send({kBlockVa});
  b.devices[0]->send({kBlockVa + 0x5000});
  b.settle();
  CHECK(b.devices[0]->records[1].pa == kBase + 0x2005000);
  std::map<std::string, std::uint64_t> count;
  b.smmu.tbu(0).counters([&](const char* name, std::uint64_t value) { count[name] = value; });
  CHECK(count["translation_requests"] == 1);
  CHECK(count["tlb_hits_with_slot"] == 1);
}

TEST_CASE("EATS = split: a Translated address goes through stage 2 in the TBU, and TLBI by IPA removes it") {
  SmmuBench b;
  Guest guest(b);
  arch::Ste ste = guest.stage2_ste(arch::SteConfig::both);
  ste.eats = arch::Eats::split;
  ste.s2_s = false;
  guest.map(Guest::ipa(kPage), kPage);
  guest.attach(SmmuBench::stage1_cd(0), ste);
  REQUIRE(b.bring_up(SmmuBench::kAllOn | arch::cr0::kAtsChk));
  const auto access = [&] {
    DeviceAccess a{Guest::ipa(kPage) + 16};
    a.type = arch::AddressType::translated;
    BenchDevice::Record& r = b.devices[0]->send(a);
    b.settle();
    return r;
  };
  CHECK(access().pa == kPage + 16);
  guest.map(Guest::ipa(kPage), kPage + 0x1000);
  CHECK(access().pa == kPage + 16);  // kept
  arch::Command command = SmmuBench::make(arch::Opcode::tlbi_s2_ipa);
  command.vmid = 1;
  command.address = Guest::ipa(kPage);
  REQUIRE(b.submit({command, SmmuBench::sync()}));
  CHECK(access().pa == kPage + 0x1010);
}

TEST_CASE("StreamWorlds: EL2 and EL2-E2H streams are kept apart, and only their own TLBIs remove them") {
  const bool e2h = GENERATE(false, true);
  CAPTURE(e2h);
  SmmuBench b;
  const std::uint64_t root = b.tables.make_root();
  b.tables.map(root, kVa, kPage);
  arch::Ste ste;
  ste.strw = 2;
  b.attach(arch::StreamId{1}, SmmuBench::stage1_cd(root), ste);
  b.write(arch::reg::kCr2, e2h ? arch::cr2::kE2h : 0);
  REQUIRE(b.bring_up());
  const auto access = [&] {
    DeviceAccess a{kVa};
    a.privileged = true;
    BenchDevice::Record& r = b.devices[0]->send(a);
    b.settle();
    return r.pa;
  };
  const auto tlbi = [&](arch::Opcode opcode, std::uint16_t asid) {
    arch::Command command = SmmuBench::make(opcode);
    command.address = kVa;
    command.asid = asid;
    REQUIRE(b.submit({command, SmmuBench::sync()}));
    b.settle();
  };
  CHECK(access() == kPage);
  b.tables.map(root, kVa, kPage + 0x1000);
  tlbi(arch::Opcode::tlbi_nh_va, 1);
  tlbi(arch::Opcode::tlbi_nsnh_all, 0);
  CHECK(access() == kPage);
  if (e2h) tlbi(arch::Opcode::tlbi_el2_va, 2);  // another ASID
  CHECK(access() == kPage);
  tlbi(arch::Opcode::tlbi_el2_va, 1);
  CHECK(access() == kPage + 0x1000);
}

TEST_CASE("the access goes on with the attributes and overrides of its translation") {
  SmmuBench b;
  const std::uint64_t root = b.tables.make_root();
  arch::Stage1Leaf leaf;
  leaf.attr_index = 1;
  b.tables.map(root, kVa, kPage, leaf);
  arch::Cd cd = SmmuBench::stage1_cd(root);
  cd.mair = 0x44FF;  // index 1: Normal, not cacheable, which is outer shareable
  arch::Ste ste;
  ste.priv_cfg = 3;
  b.attach(arch::StreamId{1}, cd, ste);
  REQUIRE(b.bring_up());
  BenchDevice::Record& r = b.devices[0]->send({kVa});
  b.settle();
  REQUIRE(r.ok);
  CHECK(r.attributes.memory.type == 0x44);
  CHECK(r.attributes.memory.shareability == 2);
  CHECK(r.attributes.privileged);
}

TEST_CASE("the contiguous hint: a group of 16 pages is one entry, and goes with any of its pages") {
  smmu::SmmuConfig c;
  c.tbu.tlb_contiguous = GENERATE(true, false);
  CAPTURE(c.tbu.tlb_contiguous);
  SmmuBench b(c);
  const std::uint64_t root = b.attach();
  constexpr std::uint64_t kGroup = 0x40010000, kTo = kBase + 0x2010000;
  for (unsigned i = 0; i < 16; ++i) {
    b.tables.map(root, kGroup + i * 0x1000, kTo + i * 0x1000);
    const std::uint64_t slot = b.tables.slot(root, kGroup + i * 0x1000);
    b.memory.set(slot, b.memory.word(slot) | arch::Descriptor::kContiguous);
  }
  REQUIRE(b.bring_up());
  const auto requests = [&](unsigned page) {
    std::map<std::string, std::uint64_t> count;
    const auto take = [&](const char* name, std::uint64_t value) { count[name] = value; };
    b.smmu.tbu(0).counters(take);
    const std::uint64_t before = count["translation_requests"];
    BenchDevice::Record& r = b.devices[0]->send({kGroup + page * 0x1000 + 24});
    b.settle();
    CHECK(r.pa == kTo + page * 0x1000 + 24);
    b.smmu.tbu(0).counters(take);
    return count["translation_requests"] - before;
  };
  CHECK(requests(5) == 1);
  CHECK(requests(15) == (c.tbu.tlb_contiguous ? 0 : 1));
  REQUIRE(b.submit({SmmuBench::tlbi_va(kGroup + 0x9000), SmmuBench::sync()}));
  b.settle();
  CHECK(requests(15) == (c.tbu.tlb_contiguous ? 1 : 0));
}
