// Contract: kinds.hpp. Source rule: the default geometry of ATC (64 x 4), micro-TLB (32), TLB (64 x 4) and
// page-walk cache (1 x 4, 4 x 4, 16 x 4, 64 x 4).
#include "testbenches/bench/kinds.hpp"

#include <sstream>

#include "models/trace/writer.hpp"

namespace svasim::bench {
namespace {

constexpr std::uint64_t kPage = 4096, kLine = 64;
constexpr std::uint64_t kBase = std::uint64_t{1} << 30;

/// Few enough pages for every ATC and micro-TLB.
constexpr std::uint64_t kHotPages = 16;
/// In turn, more pages than the TLB and the walk cache's leaves hold, under four tables of the last level.
constexpr std::uint64_t kShortWalkPages = 2048;
/// In turn, pages that differ in the index of every level, more than each level of the walk cache holds.
constexpr std::uint64_t kColdWalkPages = 512;

std::uint64_t cold_page(std::uint64_t i) {
  const std::uint64_t level0 = i % 64, level1 = i / 64, level2 = i, level3 = i;
  return level0 << 39 | level1 << 30 | level2 << 21 | level3 << 12;
}

/// The address of the i-th access. A page has one line of its own, or, if hot, all its lines in turn.
std::uint64_t address(Kind kind, std::uint64_t i) {
  const auto line_of = [](std::uint64_t page) { return page % (kPage / kLine) * kLine; };
  switch (kind) {
    case Kind::atc_hit:
    case Kind::tlb_hit: return kBase + i % kHotPages * kPage + line_of(i / kHotPages);
    case Kind::short_walk: return kBase + i % kShortWalkPages * kPage + line_of(i % kShortWalkPages);
    case Kind::cold_walk: return cold_page(i % kColdWalkPages) + line_of(i % kColdWalkPages);
    case Kind::pri_fault:
    case Kind::stall_fault: return kBase + i * kPage + line_of(i);
  }
  return 0;
}

/// Accesses until every page is mapped, every cache in its steady state and most pools as large as they get.
std::uint64_t warm_up(Kind kind) {
  switch (kind) {
    case Kind::atc_hit:
    case Kind::tlb_hit: return 10'000;
    case Kind::short_walk: return 4 * kShortWalkPages;
    case Kind::cold_walk: return 4 * kColdWalkPages;
    case Kind::pri_fault:
    case Kind::stall_fault: return 1000;
  }
  return 0;
}

}  // namespace

std::string make_trace(Kind kind, std::uint64_t transactions) {
  std::ostringstream out;
  const auto writer = trace::Writer::open(out, "bench");
  trace::Record record;
  record.size = kLine;
  for (std::uint64_t i = 0; i < warm_up(kind) + transactions; ++i) {
    record.va = address(kind, i);
    writer->write(record);
  }
  writer->finish();
  return out.str();
}

}  // namespace svasim::bench
