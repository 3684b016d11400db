// What the control records of a trace ask of the host, call by call.
// Contract: every control record is one call of Host, whose reply is passed on as it is. Source rule:
// host.hpp and models/trace/README.md, "Control records".
#pragma once

#include "models/host/host.hpp"
#include "models/trace/record.hpp"

namespace svasim::platform {

/// Carries out a record that is no access. `stream` is that of its device.
void call_host(host::Host& host, const trace::Record& record, arch::StreamId stream, host::Host::Reply reply);

}  // namespace svasim::platform
