// Contract: story.hpp.
#include "models/probe/story.hpp"

#include <algorithm>
#include <array>
#include <cstdio>
#include <set>
#include <vector>

#include "models/probe/format.hpp"
#include "models/probe/run_store.hpp"
#include "models/probe/story_codec.hpp"

namespace svasim::probe {
namespace {

constexpr unsigned kColumns = 120;
constexpr unsigned kStart = 15, kDuration = 15, kLane = 16, kStageName = 16;
constexpr unsigned kText =
    2 + kStart + kDuration + 2 + kLane + 2 + kStageName + 1;  ///< where the text begins

struct StoredTransaction {
  std::uint64_t id, device, pasid, va, size, issue, done, failures;
  std::string operation, outcome;
  Picoseconds fault_latency, columns_sum;
  std::vector<Segment> segments;
};

std::string hex(std::uint64_t value) {
  std::array<char, 32> text;
  std::snprintf(text.data(), text.size(), "0x%llx", static_cast<unsigned long long>(value));
  return text.data();
}

std::string plural(std::uint64_t count, const std::string& noun) {
  return grouped(count) + " " + noun + (count == 1 ? "" : "s");
}

/// A story names stages by their position.
bool same_stages(Connection& connection) {
  Statement row(connection, "SELECT name FROM stages ORDER BY rowid");
  std::size_t count = 0;
  while (row.step()) {
    if (count == kStageCount || row.text(0) != kStages[count].name) return false;
    ++count;
  }
  return count == kStageCount;
}

/// A rollback journal that an interrupted run has left can only be played back by a connection that may
/// write.
std::unique_ptr<Connection> open_run(const std::string& path) {
  std::unique_ptr<Connection> connection;
  try {
    connection = std::make_unique<Connection>(path, SQLITE_OPEN_READWRITE);
  } catch (const DatabaseError&) {
    connection = std::make_unique<Connection>(path, SQLITE_OPEN_READONLY);
  }
  sqlite3_busy_timeout(connection->get(), 5000);
  Statement version(*connection, "PRAGMA user_version");
  const bool known = version.step() && version.number(0) == kSchemaVersion && same_stages(*connection);
  if (!known) connection->fail("not a run database of this version of svasim");
  return connection;
}

std::string count_of_transactions(Connection& connection) {
  Statement last(connection, "SELECT count(*), max(id) FROM transactions");
  last.step();
  if (last.number(0) == 0) return "it has none";
  return "it has " + grouped(last.number(0)) + ", the last is " + std::to_string(last.number(1));
}

/// The sum of the stage columns, which a story must agree with.
std::string sum_of_stages() {
  std::string sum = stage_columns().substr(2);
  for (std::size_t at = 0; (at = sum.find(',', at)) != std::string::npos;) sum[at] = '+';
  return sum;
}

StoredTransaction read_transaction(Connection& connection, std::uint64_t id) {
  Statement row(connection,
                "SELECT device, pasid, va, size, issue_ps, done_ps, faults, op, outcome, fault_ps, story, " +
                    sum_of_stages() + " FROM transactions WHERE id = ?");
  row.bind(0, id);
  if (!row.step()) {
    connection.fail("there is no transaction " + std::to_string(id) + "; " +
                    count_of_transactions(connection));
  }
  auto segments = decode_story(row.blob(10), row.size(10));
  if (!segments) connection.fail("the story of transaction " + std::to_string(id) + " is damaged");
  return {id,
          row.number(0),
          row.number(1),
          row.number(2),
          row.number(3),
          row.number(4),
          row.number(5),
          row.number(6),
          row.text(7),
          row.text(8),
          row.number(9),
          row.number(11),
          std::move(*segments)};
}

void print_header(const StoredTransaction& transaction, std::ostream& out) {
  out << "Transaction " << transaction.id << ": device " << transaction.device << ", PASID "
      << transaction.pasid << ", " << transaction.operation << " of " << plural(transaction.size, "byte")
      << " at " << hex(transaction.va) << "\n"
      << "  issued  " << right(exact_ns(transaction.issue), 20) << " ns\n"
      << "  done    " << right(exact_ns(transaction.done), 20) << " ns   outcome " << transaction.outcome
      << "\n"
      << "  latency " << right(exact_ns(transaction.done - transaction.issue), 20) << " ns   "
      << human_time(transaction.done - transaction.issue);
  if (transaction.failures != 0) {
    out << ", of which faulting " << human_time(transaction.fault_latency) << " ("
        << plural(transaction.failures, "failed translation") << ")";
  }
  out << "\n\n";
}

std::string cause_of(const Segment& segment) {
  const std::string id = std::to_string(segment.cause.id);
  switch (segment.cause.kind) {
    case Cause::Kind::none: return "";
    case Cause::Kind::fault: return "fault " + id;
    case Cause::Kind::transaction: break;
  }
  return "behind transaction " + id + (segment.stage == Stage::hazard ? "'s walk" : "");
}

/// `text` from column kText on, in lines that end before kColumns; the first is already begun.
void print_wrapped(const std::string& text, std::ostream& out) {
  constexpr std::size_t kWidth = kColumns - kText;
  std::size_t begin = 0;
  while (text.size() - begin > kWidth) {
    const std::size_t space = text.rfind(' ', begin + kWidth);
    const std::size_t end = space == std::string::npos || space <= begin ? begin + kWidth : space;
    out << text.substr(begin, end - begin) << "\n" << std::string(kText, ' ');
    begin = text[end] == ' ' ? end + 1 : end;
  }
  out << text.substr(begin) << "\n";
}

/// The story's table; returns the sum of the durations printed.
Picoseconds print_segments(const StoredTransaction& transaction, std::ostream& out) {
  out << "  " << right("start/ns", kStart) << right("time/ns", kDuration) << "  " << left("", kLane) << "  "
      << left("stage", kStageName) << " what happens, because of whom\n";
  std::set<Stage> told;
  std::uint16_t round = 0;
  Picoseconds start = 0;
  for (const Segment& segment : transaction.segments) {
    if (segment.round != round) {
      round = segment.round;
      const std::string title = "── translation failed; round " + std::to_string(round + 1) + " ";
      out << "  " << title << repeat("─", kColumns - title.size() + 2) << "\n";
    }
    // A stage is described when it comes for the first time.
    std::string text(told.insert(segment.stage).second ? info(segment.stage).doc : std::string_view());
    const std::string cause = cause_of(segment);
    if (!cause.empty()) text += (text.empty() ? "[" : " [") + cause + "]";
    const Picoseconds end = start + segment.duration;
    out << "  " << right(exact_ns(start), kStart) << right(exact_ns(segment.duration), kDuration) << "  "
        << lane(start, end, transaction.done - transaction.issue, kLane) << "  "
        << left(std::string(info(segment.stage).name), kStageName) << " ";
    print_wrapped(text, out);
    start = end;
  }
  return start;
}

void print_sum(const StoredTransaction& transaction, Picoseconds sum, std::ostream& out) {
  const bool adds_up = sum == transaction.done - transaction.issue && sum == transaction.columns_sum;
  out << "  " << right("sum", kStart) << right(exact_ns(sum), kDuration) << "  ";
  if (adds_up) {
    out << "= done - issued: the " << plural(transaction.segments.size(), "stay")
        << " add up, no time is lost\n";
  } else {
    out << "DOES NOT ADD UP: done - issued is " << exact_ns(transaction.done - transaction.issue)
        << " ns, the columns sum to " << exact_ns(transaction.columns_sum) << " ns\n";
  }
}

/// As the database names kinds of faults, in words.
std::string_view in_words(std::string_view kind) {
  if (kind == kFaultKinds[static_cast<std::size_t>(FaultKind::pri)]) return "page request";
  if (kind == kFaultKinds[static_cast<std::size_t>(FaultKind::device)]) return "device-managed fault";
  return kind;
}

void print_fault(Connection& connection, std::uint64_t id, std::ostream& out) {
  Statement row(
      connection,
      "SELECT device, pasid, va, kind, begin_ps, end_ps, outcome, followers FROM faults WHERE id = ?");
  row.bind(0, id);
  out << "Fault " << id << ": ";
  if (!row.step()) {
    out << "had not ended when the database was written\n";
    return;
  }
  const std::uint64_t page = row.number(2) & ~std::uint64_t{0xfff};
  out << in_words(row.text(3)) << " of device " << row.number(0) << ", PASID " << row.number(1) << ", page "
      << hex(page) << ", " << row.text(6) << ", served " << plural(row.number(7), "transaction")
      << "\n  from " << exact_ns(row.number(4)) << " ns to " << exact_ns(row.number(5))
      << " ns: " << human_time(row.number(5) - row.number(4)) << "\n";
}

}  // namespace

void explain(const std::string& directory, std::uint64_t id, std::ostream& out) {
  const auto connection = open_run(directory + "/run.db");
  const StoredTransaction transaction = read_transaction(*connection, id);
  print_header(transaction, out);
  print_sum(transaction, print_segments(transaction, out), out);
  std::set<std::uint64_t> faults;
  for (const Segment& segment : transaction.segments) {
    if (segment.cause.kind == Cause::Kind::fault) faults.insert(segment.cause.id);
  }
  if (!faults.empty()) out << "\n";
  for (const std::uint64_t fault : faults) print_fault(*connection, fault, out);
}

}  // namespace svasim::probe
