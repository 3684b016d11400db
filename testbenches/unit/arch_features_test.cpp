// What an SMMU implements: ID register bits, the keys it is configured with, combinations that cannot be.
#include <catch2/catch.hpp>
#include <initializer_list>
#include <random>
#include <set>
#include <string>

#include "models/arch/features.hpp"
#include "models/arch/register_map.hpp"
#include "models/arch/registers.hpp"

using namespace svasim::arch;

namespace {

constexpr std::uint32_t b(unsigned n) { return 1u << n; }

/// Sets every field to the most it may be, and remembers the keys.
struct Most {
  std::set<std::string> keys;
  template <class T>
  void field(const std::string& key, T& value, const std::string&, double, double max,
             const std::string& meaning) {
    CHECK(keys.insert(key).second);
    CHECK_FALSE(meaning.empty());
    value = static_cast<T>(max);
  }
  template <class Enum>
  void choice(const std::string& key, Enum& value, std::initializer_list<const char*> names,
              const std::string&) {
    CHECK(keys.insert(key).second);
    value = static_cast<Enum>(names.size() - 1);
  }
};

Features stage1_only() {
  Features f;
  f.s2p = f.hyp = f.vmw = false;
  return f;
}

}  // namespace

TEST_CASE("Each feature has its bit") {
  struct Row {
    const char* what;
    void (*set)(Features&);
    std::uint32_t idr0, idr1, idr3, idr5;
  };
  Features none;
  Most most;
  none.describe(most);  // every field at its most ...
  const Row rows[] = {
      {"s1p", [](Features& f) { f.s1p = false; }, b(1), 0, 0, 0},
      {"s2p", [](Features& f) { f.s2p = false; }, b(0), 0, 0, 0},
      {"cohacc", [](Features& f) { f.cohacc = false; }, b(4), 0, 0, 0},
      {"httu", [](Features& f) { f.httu = Httu::none; }, 3 * b(6), 0, 0, 0},
      {"hyp", [](Features& f) { f.hyp = false; }, b(9), 0, 0, 0},
      {"ats", [](Features& f) { f.ats = false; }, b(10), 0, 0, 0},
      {"ns1ats", [](Features& f) { f.ns1ats = false; }, b(11), 0, 0, 0},
      {"asid16", [](Features& f) { f.asid16 = false; }, b(12), 0, 0, 0},
      {"msi", [](Features& f) { f.msi = false; }, b(13), 0, 0, 0},
      {"sev", [](Features& f) { f.sev = false; }, b(14), 0, 0, 0},
      {"pri", [](Features& f) { f.pri = false; }, b(16), 0, 0, 0},
      {"vmw", [](Features& f) { f.vmw = false; }, b(17), 0, 0, 0},
      {"vmid16", [](Features& f) { f.vmid16 = false; }, b(18), 0, 0, 0},
      {"cd2l", [](Features& f) { f.cd2l = false; }, b(19), 0, 0, 0},
      {"atsrecerr", [](Features& f) { f.atsrecerr = false; }, b(23), 0, 0, 0},
      {"stall_model", [](Features& f) { f.stall_model = StallModel::selectable; }, 2 * b(24), 0, 0, 0},
      {"term_model", [](Features& f) { f.term_model = false; }, b(26), 0, 0, 0},
      {"st_level", [](Features& f) { f.st_level = false; }, b(27), 0, 0, 0},
      {"sidsize", [](Features& f) { f.sidsize = 0; }, 0, 32, 0, 0},
      {"ssidsize", [](Features& f) { f.ssidsize = 0; }, 0, 20 * b(6), 0, 0},
      {"priqs", [](Features& f) { f.priqs = 0; }, 0, 19 * b(11), 0, 0},
      {"eventqs", [](Features& f) { f.eventqs = 0; }, 0, 19 * b(16), 0, 0},
      {"cmdqs", [](Features& f) { f.cmdqs = 0; }, 0, 19 * b(21), 0, 0},
      {"attr_perms_ovr", [](Features& f) { f.attr_perms_ovr = false; }, 0, b(26), 0, 0},
      {"attr_types_ovr", [](Features& f) { f.attr_types_ovr = false; }, 0, b(27), 0, 0},
      {"had", [](Features& f) { f.had = false; }, 0, 0, b(2), 0},
      {"pbha", [](Features& f) { f.pbha = false; }, 0, 0, b(3), 0},
      {"xnx", [](Features& f) { f.xnx = false; }, 0, 0, b(4), 0},
      {"pps", [](Features& f) { f.pps = false; }, 0, 0, b(5), 0},
      {"fwb", [](Features& f) { f.fwb = false; }, 0, 0, b(8), 0},
      {"stt", [](Features& f) { f.stt = false; }, 0, 0, b(9), 0},
      {"ril", [](Features& f) { f.ril = false; }, 0, 0, b(10), 0},
      {"bbml", [](Features& f) { f.bbml = 0; }, 0, 0, 2 * b(11), 0},
      {"e0pd", [](Features& f) { f.e0pd = false; }, 0, 0, b(13), 0},
      {"ptwnnc", [](Features& f) { f.ptwnnc = false; }, 0, 0, b(14), 0},
      {"pasidtt", [](Features& f) { f.pasidtt = false; }, 0, 0, b(16), 0},
      {"epan", [](Features& f) { f.epan = false; }, 0, 0, b(17), 0},
      {"oas", [](Features& f) { f.oas = 0; }, 0, 0, 0, 6},
      {"gran4k", [](Features& f) { f.gran4k = false; }, 0, 0, 0, b(4)},
      {"gran16k", [](Features& f) { f.gran16k = false; }, 0, 0, 0, b(5)},
      {"gran64k", [](Features& f) { f.gran64k = false; }, 0, 0, 0, b(6)},
      {"ds", [](Features& f) { f.ds = false; }, 0, 0, 0, b(7)},
      {"vax", [](Features& f) { f.vax = 0; }, 0, 0, 0, b(10)}};
  const IdRegisters all = encode(none);
  for (const Row& row : rows) {  // ... and one taken away
    INFO(row.what);
    CHECK(most.keys.count(row.what) == 1);
    Features f = none;
    row.set(f);
    const IdRegisters id = encode(f);
    CHECK((all.idr0 & ~id.idr0) == row.idr0);
    CHECK((all.idr1 & ~id.idr1) == row.idr1);
    CHECK((all.idr3 & ~id.idr3) == row.idr3);
    CHECK((all.idr5 & ~id.idr5) == row.idr5);
    const IdRegisters again = encode(decode_features(id));
    CHECK(again.idr0 == id.idr0);
    CHECK(again.idr1 == id.idr1);
    CHECK(again.idr3 == id.idr3);
    CHECK(again.idr5 == id.idr5);
  }
  // AArch64 little-endian tables only, and none of ATOS, VATOS, RME, ECMDQ, MPAM, DPT, D128.
  CHECK((all.idr0 >> 2 & 3) == 2);
  CHECK((all.idr0 >> 21 & 3) == 2);
  CHECK((all.idr0 & (b(15) | b(20) | b(30))) == 0);
  CHECK((all.idr1 & b(31)) == 0);
  CHECK((all.idr3 & (b(7) | b(15))) == 0);
  CHECK((all.idr5 & b(8)) == 0);
}

TEST_CASE("Combinations that cannot be are named") {
  CHECK(Features{}.check().empty());
  CHECK(stage1_only().check().empty());
  struct Row {
    const char* key;
    void (*set)(Features&);
  };
  const Row rows[] = {{"s1p", [](Features& f) { f.s1p = f.s2p = f.hyp = f.vmw = f.cd2l = false; }},
                      {"gran4k", [](Features& f) { f.gran4k = f.gran16k = f.gran64k = false; }},
                      {"hyp", [](Features& f) { f.s1p = f.cd2l = false; }},
                      {"vmw", [](Features& f) { f.s2p = f.hyp = false; }},
                      {"pri", [](Features& f) { f.ats = f.atsrecerr = false; }},
                      {"atsrecerr", [](Features& f) { f.ats = f.pri = false; }},
                      {"cd2l", [](Features& f) { f.ssidsize = 0; }},
                      {"stall_model", [](Features& f) { f.stall_model = StallModel::forced; }},
                      {"ds", [](Features& f) { f.ds = true; }},
                      {"vax", [](Features& f) { f.vax = 1, f.gran64k = false; }},
                      {"oas", [](Features& f) { f.oas = 6, f.gran64k = false; }},
                      {"sidsize", [](Features& f) { f.sidsize = 32, f.st_level = false; }},
                      {"ssidsize", [](Features& f) { f.ssidsize = 21; }},
                      {"btm", [](Features& f) { f.btm = true; }}};
  for (const Row& row : rows) {
    Features f;
    row.set(f);
    const auto errors = f.check();
    INFO(row.key);
    REQUIRE(errors.size() == 1);
    CHECK(errors[0].substr(0, std::string(row.key).size()) == row.key);
  }
  Features wide;
  wide.oas = 6, wide.ds = true, wide.vax = 1;
  CHECK(wide.check().empty());
}

TEST_CASE("CR0.VMW exists only with IDR0.VMW, and its reserved values do nothing") {
  Features f;
  CHECK((writable_bits(reg::kCr0, f, {}) & 0x1C0) == 0x1C0);
  f.vmw = false;
  CHECK((writable_bits(reg::kCr0, f, {}) & 0x1C0) == 0);
  const unsigned ignored[8] = {0, 1, 2, 3, 4, 0, 0, 0};
  for (unsigned vmw = 0; vmw < 8; ++vmw) CHECK(cr0::vmw(vmw << 6 | 0x1F) == ignored[vmw]);
}
