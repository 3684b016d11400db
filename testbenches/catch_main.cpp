// The main of every Catch2 test: SystemC warnings and errors become test failures.
#define CATCH_CONFIG_RUNNER
#include <catch2/catch.hpp>
#include <stdexcept>
#include <systemc>

namespace {

void fail_on_warning(const sc_core::sc_report& report, const sc_core::sc_actions& actions) {
  if (report.get_severity() >= sc_core::SC_WARNING) {
    throw std::runtime_error(std::string("SystemC: ") + report.get_msg_type() + ": " + report.get_msg());
  }
  sc_core::sc_report_handler::default_handler(report, actions);
}

}  // namespace

// SystemC's library brings a main() that calls sc_main; ours takes precedence, and sc_main is only there to
// link.
int sc_main(int, char**) { return 0; }

int main(int argc, char** argv) {
  sc_core::sc_report_handler::set_handler(fail_on_warning);
  return Catch::Session().run(argc, argv);
}
