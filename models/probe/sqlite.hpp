// The little of SQLite's C interface that the run database needs, with its errors as DatabaseError. Contract:
// one thread at a time may use a connection and its statements. Private to this folder.
#pragma once

#include <sqlite3.h>

#include <cstdint>
#include <string>
#include <string_view>

#include "models/probe/run_database.hpp"

namespace svasim::probe {

class Connection {
 public:
  /// `flags` of sqlite3_open_v2.
  Connection(std::string path, int flags);
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  void execute(const std::string& sql);
  [[noreturn]] void fail() const;
  [[noreturn]] void fail(const std::string& message) const { throw DatabaseError(path_, message); }
  sqlite3* get() const { return database_; }
  const std::string& path() const { return path_; }

 private:
  std::string path_;
  sqlite3* database_ = nullptr;
};

/// A prepared statement. Columns and parameters count from 0.
class Statement {
 public:
  Statement(Connection& connection, const std::string& sql);
  ~Statement() { sqlite3_finalize(statement_); }
  Statement(const Statement&) = delete;
  Statement& operator=(const Statement&) = delete;

  /// Numbers above 2^63-1 are stored as their two's complement.
  void bind(int parameter, std::uint64_t value);
  void bind_null(int parameter);
  /// `text` is not copied: it must live until the next bind or the end of the statement.
  void bind(int parameter, std::string_view text);
  void bind(int parameter, const std::uint8_t* bytes, std::size_t size);

  /// Binds the first parameters, in order; text as bind().
  template <class... Values>
  void bind_all(const Values&... values) {
    int parameter = 0;
    (bind(parameter++, values), ...);
  }
  /// Binds and runs a statement that has no result.
  template <class... Values>
  void run(const Values&... values) {
    bind_all(values...);
    step();
  }

  /// True if there is a row; after the last one the statement may be run again, its parameters as they were.
  bool step();
  std::uint64_t number(int column) const {
    return static_cast<std::uint64_t>(sqlite3_column_int64(statement_, column));
  }
  bool is_null(int column) const { return sqlite3_column_type(statement_, column) == SQLITE_NULL; }
  std::string text(int column) const;
  const std::uint8_t* blob(int column) const {
    return static_cast<const std::uint8_t*>(sqlite3_column_blob(statement_, column));
  }
  std::size_t size(int column) const {
    return static_cast<std::size_t>(sqlite3_column_bytes(statement_, column));
  }

 private:
  void check(int code) const {
    if (code != SQLITE_OK) connection_.fail();
  }

  Connection& connection_;
  sqlite3_stmt* statement_ = nullptr;
};

}  // namespace svasim::probe
