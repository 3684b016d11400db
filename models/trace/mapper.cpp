// See mapper.hpp.
#include "models/trace/mapper.hpp"

namespace svasim::trace {
namespace {

constexpr std::uint64_t kHugeBytes = std::uint64_t{2} << 20;
constexpr std::uint64_t kMappedPages = kMappedBelow / kPageBytes;

Record control_record(Kind kind, std::uint32_t pasid) {
  Record record;
  record.kind = kind;
  record.pasid = pasid;
  return record;
}

}  // namespace

// --- sets of pages

void PageRanges::add(std::uint64_t first, std::uint64_t last) {
  if (hit_first_ <= first && last <= hit_last_) return;
  auto next = ranges_.upper_bound(first);
  if (next != ranges_.begin() && std::prev(next)->second + 1 >= first) {
    --next;
    first = next->first;
  }
  while (next != ranges_.end() && next->first <= last + 1) {
    last = std::max(last, next->second);
    next = ranges_.erase(next);
  }
  ranges_.emplace_hint(next, first, last);
  hit_first_ = first;
  hit_last_ = last;
}

bool PageRanges::overlap(std::uint64_t first, std::uint64_t last) const {
  const auto next = ranges_.upper_bound(last);
  return next != ranges_.begin() && std::prev(next)->second >= first;
}

// --- the trace

void Mapper::add(const Record& record) {
  ++number_;
  if (record.kind == Kind::access) access(record);
  else control(record);
}

/// An access makes a process that never was, and none of one that has ended.
void Mapper::access(const Record& record) {
  if (processes_.count(record.pasid) == 0) begin(record);
  const Process& process = processes_[record.pasid];
  if (process.dead || process.life == kNone) return;
  Life& life = lives_[process.life];
  const std::uint64_t last = record.last() / kPageBytes;
  for (std::uint64_t page = record.va / kPageBytes; page <= last; ++page) {
    if (process.own.overlap(page, page)) continue;
    life.accessed.add(page, page);
    if (record.execute) life.executed.add(page, page);
  }
}

/// A record with a time acts nobody knows where in the trace: it begins nothing, and the process goes on
/// until it is created again.
void Mapper::control(const Record& record) {
  const auto found = processes_.find(record.pasid);
  const bool alive = found != processes_.end() && !found->second.dead;
  if (record.kind == Kind::fork) return alive ? fork(record) : void();
  if (record.has_time) {
    if (record.kind == Kind::exit && alive) found->second.ending = true;
    return;
  }
  switch (record.kind) {
    case Kind::create: return alive && !found->second.ending ? void() : begin(record);
    case Kind::bind: return alive ? void() : begin(record);
    case Kind::exit: return alive ? void(found->second.dead = true) : void();
    case Kind::mmap: return alive ? mmap(record, found->second) : void();
    default: return;
  }
}

/// Domains and virtual machines get nothing: nobody brings what they lack.
void Mapper::begin(const Record& record) {
  Process process;
  if (record.kind != Kind::create || record.control.as == As::standard) {
    process.life = number_;
    lives_[number_].pasid = record.pasid;
    lives_[number_].created = record.kind != Kind::access;
  }
  processes_[record.pasid] = process;
}

/// The child inherits what its parent has mapped, so what it accesses is mapped there.
void Mapper::fork(const Record& record) {
  Process& child =
      processes_.try_emplace(record.control.number, Process{true, false, kNone, {}}).first->second;
  if (child.dead) child = processes_[record.pasid];
}

void Mapper::mmap(const Record& record, Process& process) {
  const std::uint64_t unit = record.control.backing == Backing::hugetlb ? kHugeBytes : kPageBytes;
  if (record.va % unit != 0) return;  // refused
  const std::uint64_t units = (record.size - 1) / unit + 1;
  process.own.add(record.va / kPageBytes, record.va / kPageBytes + units * (unit / kPageBytes) - 1);
}

// --- what to insert

Mapper::Plan Mapper::plan(std::uint64_t gap) const {
  Plan plan;
  for (const auto& [number, life] : lives_) {
    std::vector<Record> maps;
    std::uint64_t before = 0;
    for (auto [first, last] : life.accessed.all()) {
      const std::uint64_t end = std::min(last + 1, kMappedPages);
      plan.left_out += last + 1 - std::max(first, end);
      if (first >= end) continue;
      const bool joins = !maps.empty() && (first - before) <= gap / kPageBytes;
      if (!joins) {
        maps.push_back(control_record(Kind::mmap, life.pasid));
        maps.back().va = first * kPageBytes;
      }
      maps.back().size = end * kPageBytes - maps.back().va;
      if (life.executed.overlap(first, end - 1)) maps.back().control.protection |= kExecute;
      before = end;
    }
    if (maps.empty()) continue;
    plan.areas += maps.size();
    for (const Record& map : maps) plan.pages += map.size / kPageBytes;
    if (!life.created) maps.insert(maps.begin(), control_record(Kind::create, life.pasid));
    (life.created ? plan.behind : plan.before)[number] = std::move(maps);
  }
  return plan;
}

}  // namespace svasim::trace
