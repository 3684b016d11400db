// SQL on a run.db, through SQLite itself: what the tests say about a run they read as any user would.
#pragma once

#include <sqlite3.h>

#include <cstdint>
#include <stdexcept>
#include <string>
#include <vector>

#include "models/probe/stage.hpp"

namespace svasim::test {

class Database {
 public:
  explicit Database(const std::string& path) {
    if (sqlite3_open_v2(path.c_str(), &handle_, SQLITE_OPEN_READONLY, nullptr) != SQLITE_OK) fail();
  }
  ~Database() { sqlite3_close(handle_); }
  Database(const Database&) = delete;

  /// Rows, each joined by '|'.
  std::vector<std::string> rows(const std::string& sql) const {
    std::vector<std::string> result;
    const auto row = [](void* rows, int columns, char** values, char**) {
      std::string text;
      for (int i = 0; i < columns; ++i) {
        text += (i == 0 ? "" : "|") + std::string(values[i] != nullptr ? values[i] : "null");
      }
      static_cast<std::vector<std::string>*>(rows)->push_back(text);
      return 0;
    };
    if (sqlite3_exec(handle_, sql.c_str(), row, &result, nullptr) != SQLITE_OK) fail();
    return result;
  }
  std::string text(const std::string& sql) const {
    const std::vector<std::string> all = rows(sql);
    return all.empty() ? "" : all.front();
  }
  std::int64_t number(const std::string& sql) const { return std::stoll(text(sql)); }
  std::int64_t counter(const std::string& block, const std::string& name) const {
    return number("SELECT value FROM counters WHERE block='" + block + "' AND name='" + name + "'");
  }

 private:
  [[noreturn]] void fail() const { throw std::runtime_error(sqlite3_errmsg(handle_)); }

  sqlite3* handle_ = nullptr;
};

/// "s_issue + s_atc + ...": the stage columns of a row.
inline std::string stage_sum() {
  std::string sum;
  for (const probe::StageInfo& stage : probe::kStages) {
    sum += (sum.empty() ? "s_" : " + s_") + std::string(stage.name);
  }
  return sum;
}

/// Which tables two runs differ in, with the first differing row of each; empty if in none. The table
/// `config` is not looked at: it is what was varied.
inline std::string differences(const std::string& a, const std::string& b,
                               const std::vector<std::string>& tables = {"transactions", "faults", "counters",
                                                                         "meta", "stages"}) {
  const Database database(a);
  database.rows("ATTACH '" + b + "' AS other");
  std::string found;
  for (const std::string& table : tables) {
    for (const auto& [one, two] : {std::pair(table, "other." + table), std::pair("other." + table, table)}) {
      const auto rows = database.rows("SELECT * FROM " + one + " EXCEPT SELECT * FROM " + two + " LIMIT 1");
      if (!rows.empty()) found += one + ": " + rows.front() + "\n";
    }
  }
  return found;
}

}  // namespace svasim::test
