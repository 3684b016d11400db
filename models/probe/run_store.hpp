// The open run.db: its schema and how a record becomes a row. Contract: one thread at a time; errors are
// thrown as DatabaseError. Private to this folder. Source rules: one list of columns makes both the table and
// the INSERT; a rollback journal without fsync survives a killed process.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "models/probe/run_database.hpp"
#include "models/probe/sqlite.hpp"

namespace svasim::probe {

/// A closed transaction or fault, without its segments.
struct Record {
  std::uint64_t id, va, begin, end;
  Picoseconds fault_latency;  ///< of a transaction
  std::size_t segments;
  std::uint32_t device, pasid;
  std::uint32_t size;       ///< of a transaction
  FaultKey key;             ///< of a fault
  std::uint32_t followers;  ///< of a fault
  std::uint16_t rounds;     ///< of a transaction
  Operation operation;      ///< of a transaction
  Outcome outcome;
  bool is_fault;
};

struct Batch {
  std::vector<Record> records;
  std::vector<Segment> segments;  ///< of all records, in order

  void add(const Record& record, const std::vector<Segment>& stays) {
    records.push_back(record);
    segments.insert(segments.end(), stays.begin(), stays.end());
  }
  void clear() {
    records.clear();
    segments.clear();
  }
};

/// The names of the stage columns, each after a comma, in the order of the stages.
std::string stage_columns();

class Store {
 public:
  /// Creates `path` afresh, with its schema.
  explicit Store(const std::string& path);
  ~Store();

  /// Inserts; commits when enough has come together, by its number alone.
  void write(const Batch& batch);
  void write_config(std::string_view key, std::string_view value, bool is_default);
  void write_meta(std::string_view key, std::string_view value);
  void write_counter(const Counters::Value& counter);
  void commit();

 private:
  struct Inserts;
  void begin();
  void write_transaction(const Record& record, const Segment* segments);
  void write_fault(const Record& record, const Segment* segments);

  Connection connection_;
  std::unique_ptr<Inserts> inserts_;
  bool open_ = false;                            ///< a transaction of SQLite's
  std::size_t committed_ = 0, uncommitted_ = 0;  ///< transactions and faults
};

}  // namespace svasim::probe
