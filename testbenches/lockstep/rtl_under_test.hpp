// A Verilated page-walk cache of any parameter set as RtlUnderTest. Include the Verilated header first.
#pragma once

#include <verilated.h>

#include <memory>
#include <stdexcept>
#include <string>

#include "testbenches/lockstep/rtl_set.hpp"
#include "tlm-bridges/pwc_pins.hpp"
#if VM_TRACE_FST
#include <verilated_fst_c.h>
#endif
#if VM_COVERAGE
#include <verilated_cov.h>
#endif

namespace svasim::lockstep {

/// The pins, with a dump after each evaluation while a wave is open: two units of time a cycle.
template <class Model>
class WavedPins final : public bridges::PwcPins<Model> {
 public:
#if VM_TRACE_FST
  void open(const std::string& file) {
    this->rtl().context().traceEverOn(true);
    wave_ = std::make_unique<VerilatedFstC>();
    this->rtl().pins().trace(wave_.get(), 99);
    wave_->open(file.c_str());
  }
  void close() {
    if (wave_ != nullptr) wave_->close();
  }
#else
  void open(const std::string&) { throw std::runtime_error("this RTL was built without waves"); }
  void close() {}
#endif
  void write_coverage(const std::string& file) {
#if VM_COVERAGE
    this->rtl().context().coveragep()->write(file.c_str());
#else
    throw std::runtime_error(file + ": this RTL was built without coverage");
#endif
  }

 protected:
  void edge() override {
#if VM_TRACE_FST
    if (wave_ != nullptr) {
      for (const bool high : {false, true}) {
        this->rtl().pins().clk_i = high;
        this->rtl().eval();
        wave_->dump(2 * cycle_ + high);
      }
      ++cycle_;
      return;
    }
    ++cycle_;
#endif
    bridges::PwcPins<Model>::edge();
  }

#if VM_TRACE_FST
 private:
  std::unique_ptr<VerilatedFstC> wave_;
  std::uint64_t cycle_ = 0;
#endif
};

template <class Model>
class RtlOf final : public RtlUnderTest {
 public:
  static std::unique_ptr<RtlUnderTest> make() { return std::make_unique<RtlOf>(); }

  const arch::WalkCacheOutputs& cycle(const arch::WalkCacheInputs& in) override { return pins_.cycle(in); }
  const arch::WalkCacheOutputs& outputs() const override { return pins_.outputs(); }
  void open_wave(const std::string& file) override { pins_.open(file); }
  void close_wave() override { pins_.close(); }
  void write_coverage(const std::string& file) override { pins_.write_coverage(file); }

 private:
  WavedPins<Model> pins_;
};

}  // namespace svasim::lockstep
