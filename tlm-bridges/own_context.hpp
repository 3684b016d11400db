// A Verilated model in a context of its own. Verilated code finds its context through the thread, not the
// model: construction, failing assertions and destruction act on whichever is current. So each of them makes
// its own current for as long as it takes, and gives back what was.
#pragma once

#include <verilated.h>

#include <memory>

namespace svasim::bridges {

/// `Model` is a Verilated top with a clock `clk_i`.
template <class Model>
class OwnContext {
 public:
  OwnContext() {
    const Current current(*this);
    context_ = std::make_unique<VerilatedContext>();
    pins_ = std::make_unique<Model>(context_.get());
  }
  ~OwnContext() {
    const Current current(*this);
    pins_.reset();
  }

  Model& pins() { return *pins_; }
  VerilatedContext& context() { return *context_; }

  /// Throws RtlFailure if an assertion fails.
  void eval() {
    const Current current(*this);
    pins_->eval();
  }

  /// Half a cycle: `clk_i` goes high or low, with the inputs as they stand.
  void half_edge(bool high) {
    const Current current(*this);
    pins_->clk_i = high;
    pins_->eval();
  }

  /// A rising edge of `clk_i`, with the inputs as they stand: the falling evaluation before it arms the edge
  /// detector.
  void edge() {
    const Current current(*this);
    pins_->clk_i = 0;
    pins_->eval();
    pins_->clk_i = 1;
    pins_->eval();
  }

 private:
  class Current {
   public:
    explicit Current(const OwnContext& own) { Verilated::threadContextp(own.context_.get()); }
    ~Current() { Verilated::threadContextp(previous_); }
    Current(const Current&) = delete;

   private:
    VerilatedContext* const previous_ = Verilated::threadContextp();
  };

  std::unique_ptr<VerilatedContext> context_;
  std::unique_ptr<Model> pins_;
};

}  // namespace svasim::bridges
