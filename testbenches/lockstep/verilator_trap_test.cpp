// Holds Verilator to account: with our flags a circuit made of the shapes its bit-operation optimiser is
// known to get wrong agrees with C++ on random vectors, traced and not, and a failed assertion arrives as an
// exception in the model that failed, leaving others alone.
#include <Vbit_ops.h>
#include <Vbit_ops_careless.h>
#include <Vbit_ops_traced.h>

#include <catch2/catch.hpp>
#include <cstdint>
#include <random>
#include <string>

#include "tlm-bridges/own_context.hpp"
#include "tlm-bridges/rtl_report.hpp"

namespace {

using svasim::bridges::OwnContext;

constexpr unsigned kSeed = 20240607;
constexpr unsigned kVectors = 200000;

bool bit(std::uint64_t value, unsigned n) { return (value >> n & 1) != 0; }
bool parity(std::uint64_t value) { return __builtin_parityll(value) != 0; }

/// y_o of bit_ops.sv. The struct's fields are lo = a[10:0], mid = a[26:11], hi = a[31:27].
std::uint32_t expected(std::uint32_t a, std::uint64_t b) {
  const std::uint32_t lo = a & 0x7ff, mid = a >> 11 & 0xffff, hi = a >> 27;
  const std::uint32_t mixed = (mid & 31) ^ ((b >> 7 & 15) << 1 | 1);
  const bool first = !(bit(mixed, 4) && bit(b, 35));
  const bool third = bit(b, 54) && first;
  const bool y[12] = {
      bit(lo, 3) && !third,
      parity(b & 0x8000000180000101),
      !parity((hi << 16 | mid) & 0x108421),
      (mid & 0x00f0) != 0 && (mid & 0x0f00) == 0,
      ((lo | 0x7e5) == 0x7ff) != bit(lo, 1),
      false,
      bit(b, 31) != bit(b, 63),
      bit(mid, 0) ? bit(mid, 1) : bit(mid, 2),
      bit(b, 0) == !(bit(b, 33) != bit(lo, 10)),
      bit(b, 31) && !bit(b, 32) && bit(hi, 0) && !bit(hi, 1) && !first,
      parity(mixed) != (bit(mid, 0) == bit(b, 7)),
      true,
  };
  std::uint32_t value = 0;
  for (unsigned i = 0; i < 12; ++i) value |= static_cast<std::uint32_t>(y[i]) << i;
  return value;
}

/// The random vectors on which the circuit is wrong, and the first of them.
struct Wrong {
  unsigned vectors = 0;
  std::uint32_t a = 0, got = 0, bits = 0;
  std::uint64_t b = 0;
};

template <class Model>
Wrong compare() {
  OwnContext<Model> rtl;
  Model& pins = rtl.pins();
  std::mt19937_64 random(kSeed);
  Wrong wrong;
  for (unsigned n = 0; n < kVectors; ++n) {
    pins.a_i = static_cast<std::uint32_t>(random());
    pins.b_i = random();
    rtl.eval();
    const std::uint32_t difference = pins.y_o ^ expected(pins.a_i, pins.b_i);
    if (difference != 0 && wrong.vectors++ == 0) wrong = {1, pins.a_i, pins.y_o, 0, pins.b_i};
    wrong.bits |= difference;
  }
  return wrong;
}

template <class Model>
void require_right() {
  const Wrong wrong = compare<Model>();
  INFO("seed " << kSeed << " first wrong: a=" << wrong.a << " b=" << wrong.b << " got " << wrong.got
               << " expected " << expected(wrong.a, wrong.b) << " bits " << wrong.bits);
  REQUIRE(wrong.vectors == 0);
}

}  // namespace

TEST_CASE("Verilator computes bit operations right with our flags") {
  SECTION("untraced") { require_right<Vbit_ops>(); }
  SECTION("traced") { require_right<Vbit_ops_traced>(); }
}

TEST_CASE("The circuit is a trap: without our flags Verilator 5.006 falls into it") {
  const Wrong wrong = compare<Vbit_ops_careless>();
  INFO("wrong vectors " << wrong.vectors << " bits " << wrong.bits);
  if (std::string(Verilated::productVersion()).rfind("5.006", 0) == 0) REQUIRE(wrong.vectors > 0);
}

TEST_CASE("A failed assertion is an exception in its own model, and others go on") {
  OwnContext<Vbit_ops> failing, other;
  failing.edge();
  other.edge();
  failing.pins().fail_i = 1;
  REQUIRE_THROWS_AS(failing.edge(), svasim::bridges::RtlFailure);
  REQUIRE_NOTHROW(other.edge());
}
