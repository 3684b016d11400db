// Contract: run_store.hpp.
#include "models/probe/run_store.hpp"

#include <unistd.h>

#include <algorithm>

#include "models/probe/story_codec.hpp"

namespace svasim::probe {
namespace {

/// Transactions that end late are rows in the middle of the table: the more rows share a commit, the fewer
/// pages are written twice. A run that is killed early has half of its rows all the same.
constexpr std::size_t kCommitRecords = 32768;
constexpr int kBusyMilliseconds = 60000;  ///< a reader may look while the run goes on

constexpr const char* kTransactions =
    "id, device, pasid, op, va, size, issue_ps, done_ps, outcome, faults, fault_ps, fault_id";
constexpr const char* kFaults =
    "id, device, pasid, va, kind, stream, token, begin_ps, end_ps, outcome, followers";
constexpr const char* kCounters = "block, name, value";
constexpr const char* kConfig = "key, value, is_default";
constexpr const char* kMeta = "key, value";

/// Columns have no type but the key: numbers stay numbers, and a row costs a tenth less.
std::string create(const char* table, const std::string& columns) {
  const std::string key =
      columns.rfind("id,", 0) == 0 ? "id INTEGER PRIMARY KEY" + columns.substr(2) : columns;
  return "CREATE TABLE " + std::string(table) + "(" + key + ");";
}

std::string insert(const char* table, const std::string& columns) {
  std::string marks = "?";
  for (char c : columns) marks += c == ',' ? ", ?" : "";
  return "INSERT INTO " + std::string(table) + "(" + columns + ") VALUES(" + marks + ")";
}

std::string schema() {
  std::string sql =
      "PRAGMA page_size = 4096; PRAGMA journal_mode = DELETE; PRAGMA synchronous = OFF; PRAGMA cache_size = "
      "-32768;"
      "PRAGMA application_id = 0x73766173; PRAGMA user_version = " +
      std::to_string(kSchemaVersion) + "; BEGIN;" +
      create("transactions", kTransactions + stage_columns() + ", story") +
      create("faults", kFaults + stage_columns() + ", story") + create("counters", kCounters) +
      create("config", kConfig) + create("meta", kMeta) + create("stages", "name, doc");
  for (const StageInfo& stage : kStages) {
    char* row = sqlite3_mprintf("INSERT INTO stages VALUES(%Q, %Q);", std::string(stage.name).c_str(),
                                std::string(stage.doc).c_str());
    sql += row;
    sqlite3_free(row);
  }
  return sql + "COMMIT;";
}

/// Removes what an earlier run left at `path`.
const std::string& fresh(const std::string& path) {
  for (const char* suffix : {"", "-journal", "-wal", "-shm"}) unlink((path + suffix).c_str());
  return path;
}

/// The fault that served a transaction last, for joins; 0 if none did.
std::uint64_t last_fault(const Segment* segments, std::size_t count) {
  while (count-- > 0) {
    if (segments[count].cause.kind == Cause::Kind::fault) return segments[count].cause.id;
  }
  return 0;
}

/// An INSERT whose last columns are the stages and the story. Most stages are 0 in most rows, and a parameter
/// keeps its value from row to row: only those are bound that change.
class StageInsert {
 public:
  StageInsert(Connection& connection, const char* table, const std::string& columns)
      : statement_(connection, insert(table, columns + stage_columns() + ", story")),
        first_stage_(static_cast<int>(std::count(columns.begin(), columns.end(), ',') + 1)) {
    static_assert(kStageCount <= 64, "a bit for each stage");
    for (std::size_t i = 0; i < kStageCount; ++i) statement_.bind(first_stage_ + static_cast<int>(i), 0);
  }
  Statement& columns() { return statement_; }
  /// Binds the stages and the story, and inserts the row.
  void row(const Segment* segments, std::size_t count) {
    std::uint64_t changed = bound_;
    bound_ = 0;
    for (const Segment* segment = segments; segment != segments + count; ++segment) {
      const auto stage = static_cast<std::size_t>(segment->stage);
      sums_[stage] += segment->duration;
      bound_ |= std::uint64_t{1} << stage;
    }
    for (changed |= bound_; changed != 0; changed &= changed - 1) {
      const int stage = __builtin_ctzll(changed);
      Picoseconds& sum = sums_[static_cast<std::size_t>(stage)];
      statement_.bind(first_stage_ + stage, sum);
      sum = 0;
    }
    story_.clear();
    encode_story(segments, count, story_);
    statement_.bind(first_stage_ + static_cast<int>(kStageCount), story_.data(), story_.size());
    statement_.step();
  }

 private:
  Statement statement_;
  int first_stage_;
  std::uint64_t bound_ = 0;  ///< stages whose parameter may not be 0
  std::array<Picoseconds, kStageCount> sums_{};
  std::vector<std::uint8_t> story_;
};

}  // namespace

std::string stage_columns() {
  std::string columns;
  for (const StageInfo& stage : kStages) columns += ", s_" + std::string(stage.name);
  return columns;
}

struct Store::Inserts {
  explicit Inserts(Connection& connection)
      : transactions(connection, "transactions", kTransactions),
        faults(connection, "faults", kFaults),
        counters(connection, insert("counters", kCounters)),
        config(connection, insert("config", kConfig)),
        meta(connection, insert("meta", kMeta)) {}
  StageInsert transactions, faults;
  Statement counters, config, meta;
};

Store::Store(const std::string& path)
    : connection_(fresh(path), SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX) {
  sqlite3_busy_timeout(connection_.get(), kBusyMilliseconds);
  connection_.execute(schema());
  inserts_ = std::make_unique<Inserts>(connection_);
}

Store::~Store() = default;

void Store::write(const Batch& batch) {
  begin();
  const Segment* segments = batch.segments.data();
  for (const Record& record : batch.records) {
    record.is_fault ? write_fault(record, segments) : write_transaction(record, segments);
    segments += record.segments;
  }
  uncommitted_ += batch.records.size();
  if (uncommitted_ >= std::min(kCommitRecords, committed_)) commit();
}

void Store::write_config(std::string_view key, std::string_view value, bool is_default) {
  begin();
  inserts_->config.run(key, value, is_default);
}

void Store::write_meta(std::string_view key, std::string_view value) {
  begin();
  inserts_->meta.run(key, value);
}

void Store::write_counter(const Counters::Value& counter) {
  begin();
  inserts_->counters.run(counter.block, counter.name, counter.value);
}

void Store::commit() {
  if (open_) connection_.execute("COMMIT");
  open_ = false;
  committed_ += uncommitted_;
  uncommitted_ = 0;
}

void Store::begin() {
  if (!open_) connection_.execute("BEGIN");
  open_ = true;
}

void Store::write_transaction(const Record& record, const Segment* segments) {
  Statement& row = inserts_->transactions.columns();
  row.bind_all(record.id, record.device, record.pasid, name(record.operation), record.va, record.size,
               record.begin, record.end, name(record.outcome), record.rounds, record.fault_latency);
  constexpr int kFaultId = 11;
  const std::uint64_t fault = last_fault(segments, record.segments);
  fault ? row.bind(kFaultId, fault) : row.bind_null(kFaultId);
  inserts_->transactions.row(segments, record.segments);
}

void Store::write_fault(const Record& record, const Segment* segments) {
  inserts_->faults.columns().bind_all(record.id, record.device, record.pasid, record.va,
                                      name(record.key.kind), record.key.stream, record.key.token,
                                      record.begin, record.end, name(record.outcome), record.followers);
  inserts_->faults.row(segments, record.segments);
}

}  // namespace svasim::probe
