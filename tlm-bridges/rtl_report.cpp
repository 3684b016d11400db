// Verilator's hooks (VL_USER_STOP, VL_USER_FATAL, VL_USER_FINISH), which replace its own that abort the
// process. They serve every Verilated model linked into the program, so they name where the RTL stopped.
#include "tlm-bridges/rtl_report.hpp"

#include <verilated.h>

namespace {

[[noreturn]] void report(const char* what, const char* file, int line, const char* scope) {
  throw svasim::bridges::RtlFailure(std::string(what) + " in " +
                                    (scope != nullptr && *scope ? scope : "RTL") + " (" +
                                    (file != nullptr ? file : "?") + ":" + std::to_string(line) + ")");
}

}  // namespace

void vl_stop(const char* file, int line, const char* scope) VL_MT_UNSAFE {
  report("assertion or $stop", file, line, scope);
}

void vl_fatal(const char* file, int line, const char* scope, const char* message) VL_MT_UNSAFE {
  report(message != nullptr && *message ? message : "$fatal", file, line, scope);
}

void vl_finish(const char* file, int line, const char* scope) VL_MT_UNSAFE {
  report("$finish", file, line, scope);
}
