// What a request to the host's software returns: 0 or a Linux error number, negative.
#pragma once

namespace svasim::host {

enum class Status : int {
  ok = 0,
  no_such_process = -3,  ///< ESRCH
  no_memory = -12,       ///< ENOMEM
  bad_address = -14,     ///< EFAULT
  busy = -16,            ///< EBUSY
  exists = -17,          ///< EEXIST
  no_device = -19,       ///< ENODEV
  invalid = -22,         ///< EINVAL
  no_space = -28,        ///< ENOSPC
  overflow = -75,        ///< EOVERFLOW
  not_supported = -95,   ///< EOPNOTSUPP
};

/// "EINVAL" and so on; "ok".
constexpr const char* name(Status status) {
  switch (status) {
    case Status::ok: return "ok";
    case Status::no_such_process: return "ESRCH";
    case Status::no_memory: return "ENOMEM";
    case Status::bad_address: return "EFAULT";
    case Status::busy: return "EBUSY";
    case Status::exists: return "EEXIST";
    case Status::no_device: return "ENODEV";
    case Status::invalid: return "EINVAL";
    case Status::no_space: return "ENOSPC";
    case Status::overflow: return "EOVERFLOW";
    case Status::not_supported: return "EOPNOTSUPP";
  }
  return "?";
}

}  // namespace svasim::host
