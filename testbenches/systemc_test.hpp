// A fresh SystemC kernel for one test case: names may be used again and time starts at zero.
#pragma once

#include <systemc>

namespace svasim::test {

class FreshKernel {
 public:
  FreshKernel() {
    sc_core::sc_curr_simcontext = sc_core::sc_default_global_context = new sc_core::sc_simcontext();
  }
  ~FreshKernel() {
    delete sc_core::sc_curr_simcontext;
    sc_core::sc_curr_simcontext = sc_core::sc_default_global_context = nullptr;
  }
  FreshKernel(const FreshKernel&) = delete;
};

}  // namespace svasim::test
