// Runs a script line by line: one operation a line, one line of JSON for each operation that yields
// something. The format is documented in testbenches/scripts/README.md.
#pragma once

#include <iosfwd>
#include <map>
#include <memory>
#include <string>

#include "models/arch/command.hpp"
#include "testbenches/sim/script/fields.hpp"
#include "testbenches/sim/script/machine.hpp"

namespace svasim::script {

class Interpreter {
 public:
  /// `file` is how messages name the script; results go to `out`, expectations that failed to `err`.
  Interpreter(std::string file, std::ostream& out, std::ostream& err);
  ~Interpreter();

  /// Reads and runs all lines. Throws ScriptError at the first line that is malformed.
  void run(std::istream& lines);
  /// Expectations that failed.
  unsigned failures() const { return failures_; }

 private:
  struct Operation;
  struct Outstanding;
  static const Operation kOperations[];

  void resolve(Json& value, const std::string& where) const;
  void execute(Fields& fields);
  Machine& machine();

  void configure(Fields&);
  void write_memory(Fields&);
  void read_memory(Fields&);
  void fill_memory(Fields&);
  void write_register(Fields&);
  void read_register(Fields&);
  void poll_register(Fields&);
  void command(Fields&);
  void access(Fields&);
  void translate(Fields&);
  void wait(Fields&);
  void request_page(Fields&);
  void complete_invalidation(Fields&);
  void advance(Fields&);
  void idle(Fields&);
  void reset(Fields&);
  void dump_events(Fields&);
  void dump_page_requests(Fields&);
  void dump_interrupts(Fields&);
  void dump_messages(Fields&);
  void expect(Fields&);

  /// A result under way.
  struct Result {
    Json json;
    std::string where;
    std::string id;
    Json expected;  ///< null: nothing
  };
  Result begin(Fields&);
  void emit(Result&&);
  void check(const std::string& where, const Json& pattern, const Json& found);
  void fail(const std::string& where, const std::string& message);

  void make_machine(MachineConfig);
  void read_request(Fields&, Outstanding&);
  void launch(Fields&, std::unique_ptr<Outstanding>);
  void report(Result&&, Outstanding&);
  Json take_events(const Outstanding&);
  bool push_command(const arch::CommandWords&);
  struct QueueRegisters {
    std::uint32_t base, prod, cons;
    unsigned max_log2_size;
  };
  template <class Words>
  void dump_queue(Fields&, const char* what, const QueueRegisters&);

  std::string file_;
  std::ostream& out_;
  std::ostream& err_;
  unsigned line_ = 0;
  unsigned failures_ = 0;
  std::unique_ptr<Machine> machine_;
  std::vector<std::unique_ptr<Outstanding>> outstanding_;
  std::uint32_t pushed_commands_ = 0;    ///< in the queue, and PROD not yet written
  std::map<std::string, Json> results_;  ///< by id
  Json last_;
};

}  // namespace svasim::script
