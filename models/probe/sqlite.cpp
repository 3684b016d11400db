// Contract: sqlite.hpp.
#include "models/probe/sqlite.hpp"

#include <utility>

namespace svasim::probe {

Connection::Connection(std::string path, int flags) : path_(std::move(path)) {
  if (sqlite3_open_v2(path_.c_str(), &database_, flags, nullptr) == SQLITE_OK) return;
  const std::string message = database_ ? sqlite3_errmsg(database_) : "out of memory";
  sqlite3_close(database_);
  fail(message);
}

Connection::~Connection() { sqlite3_close(database_); }

void Connection::fail() const { fail(std::string(sqlite3_errmsg(database_))); }

void Connection::execute(const std::string& sql) {
  if (sqlite3_exec(database_, sql.c_str(), nullptr, nullptr, nullptr) != SQLITE_OK) fail();
}

Statement::Statement(Connection& connection, const std::string& sql) : connection_(connection) {
  check(
      sqlite3_prepare_v3(connection.get(), sql.c_str(), -1, SQLITE_PREPARE_PERSISTENT, &statement_, nullptr));
}

void Statement::bind(int parameter, std::uint64_t value) {
  check(sqlite3_bind_int64(statement_, parameter + 1, static_cast<sqlite3_int64>(value)));
}

void Statement::bind_null(int parameter) { check(sqlite3_bind_null(statement_, parameter + 1)); }

void Statement::bind(int parameter, std::string_view text) {
  check(sqlite3_bind_text(statement_, parameter + 1, text.data(), static_cast<int>(text.size()),
                          SQLITE_STATIC));
}

void Statement::bind(int parameter, const std::uint8_t* bytes, std::size_t size) {
  check(sqlite3_bind_blob(statement_, parameter + 1, bytes, static_cast<int>(size), SQLITE_STATIC));
}

bool Statement::step() {
  const int code = sqlite3_step(statement_);
  if (code == SQLITE_ROW) return true;
  const bool done = code == SQLITE_DONE;
  if (!done) {
    const std::string message = sqlite3_errmsg(connection_.get());
    sqlite3_reset(statement_);
    connection_.fail(message);
  }
  sqlite3_reset(statement_);
  return false;
}

std::string Statement::text(int column) const {
  const unsigned char* text = sqlite3_column_text(statement_, column);
  return text ? reinterpret_cast<const char*>(text) : "";
}

}  // namespace svasim::probe
