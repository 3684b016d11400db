// run.db: every transaction and fault of a run in SQLite, for `svasim explain`, `compare` and anybody's SQL.
// Contract: a sink costs the simulation a copy; a thread writes; memory is flat; same calls, same bytes; what
// an interrupted run had committed can be read. Source rule: the schema is documented in README.md.
#pragma once

#include <cstdint>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "models/probe/counters.hpp"
#include "models/probe/recorder.hpp"

namespace svasim::probe {

inline constexpr std::uint64_t kSchemaVersion = 1;

/// A database that cannot be created, written or read. what() names the file and says why.
class DatabaseError : public std::runtime_error {
 public:
  DatabaseError(std::string path, const std::string& message)
      : std::runtime_error(path + ": " + message), path_(std::move(path)) {}
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

class RunDatabase : public Sink {
 public:
  /// Creates the file `path` and replaces one that is there. Throws DatabaseError.
  explicit RunDatabase(const std::string& path);
  /// Commits what it was given, if it can, but leaves the run marked as incomplete unless finish() was
  /// called.
  ~RunDatabase() override;

  /// Sinks never throw: after a failed write what follows is dropped, failed() tells and finish() throws.
  void transaction(const Transaction&) override;
  void fault(const Fault&) override;
  bool failed() const;

  /// These throw DatabaseError. One row each; `key` is not checked to be new.
  void write_config(std::string_view key, std::string_view value, bool is_default);
  void write_meta(std::string_view key, std::string_view value);
  void write_counters(const std::vector<Counters::Value>& counters);

  /// Commits all so far. Throws DatabaseError if anything could not be written.
  void flush();
  /// Commits all, marks the run as complete and closes the file; nothing may be written after. Throws as
  /// flush().
  void finish();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace svasim::probe
