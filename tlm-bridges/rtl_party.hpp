// A Verilated top on a PinClock, with any number of ports bound to pin structs. Include it beside the
// Verilated header only.
//
// The clock pin is clk_i, clk or aclk; the reset, low when active, is rst_ni, rst_n or aresetn: whichever the
// top has. Pins bound to no port are the user's to set through model(), followed by PinClock::wake().
#pragma once

#include <verilated.h>

#include <cstring>
#include <functional>
#include <type_traits>
#include <utility>
#include <vector>

#include "tlm-bridges/own_context.hpp"
#include "tlm-bridges/pin_clock.hpp"

/// A pin of a Verilated top by name, for put_pin(), get_pin() and has_pin: a top need not have it.
#define SVASIM_PIN(name) [](auto& model_) -> decltype((model_.name)) { return (model_.name); }

namespace svasim::bridges {

template <class Model, class Pin>
constexpr bool has_pin(Pin) {
  return std::is_invocable_v<Pin, Model&>;
}

/// The bytes of a pin, least significant first: an integer's, or a wide pin's words.
template <class T>
std::uint8_t* pin_bytes(T& pin) {
  if constexpr (std::is_integral_v<T>) return reinterpret_cast<std::uint8_t*>(&pin);
  else return reinterpret_cast<std::uint8_t*>(pin.data());
}

/// Sets the pin to an integer or, from the first bytes of an array at least as wide, to bytes. No such pin:
/// nothing.
template <class Model, class Pin, class Value>
void put_pin(Model& model, Pin pin, const Value& value) {
  if constexpr (std::is_invocable_v<Pin, Model&>) {
    auto& target = pin(model);
    if constexpr (std::is_integral_v<Value> || std::is_enum_v<Value>) {
      target = static_cast<std::remove_reference_t<decltype(target)>>(value);
    } else {
      static_assert(sizeof target <= sizeof value, "the pin is wider than the struct's field");
      std::memcpy(pin_bytes(target), value.data(), sizeof target);
    }
  }
}

/// The other way; without such a pin the value stays what it is.
template <class Model, class Pin, class Value>
void get_pin(Model& model, Pin pin, Value& value) {
  if constexpr (std::is_invocable_v<Pin, Model&>) {
    auto& source = pin(model);
    if constexpr (std::is_integral_v<Value> || std::is_enum_v<Value>) {
      value = static_cast<Value>(source);
    } else {
      static_assert(sizeof source <= sizeof value, "the pin is wider than the struct's field");
      std::memcpy(value.data(), pin_bytes(source), sizeof source);
    }
  }
}

template <class Model>
class RtlParty : public PinParty {
 public:
  using Busy = std::function<bool(Model&)>;

  /// The RTL after two edges in reset. `busy` tells whether it would do anything at an edge without input; by
  /// default its pin busy_o does, and RTL without one is clocked for ever.
  explicit RtlParty(PinClock& clock, Busy busy = Busy()) : busy_(std::move(busy)) {
    static_assert(has_pin<Model>(SVASIM_PIN(clk_i)) + has_pin<Model>(SVASIM_PIN(clk)) +
                          has_pin<Model>(SVASIM_PIN(aclk)) ==
                      1,
                  "the top has no clock by a known name");
    reset(0);
    level(0), level(1), level(0), level(1);
    reset(1);
    clock.join(*this);
    clock.wake();
  }

  /// `Port` has write(Model&, const Pins&) for the inputs of the RTL and read(Model&, Pins&) for its outputs.
  template <class Port, class Pins>
  void attach(Pins& pins) {
    ports_.push_back({&pins, [](Model& m, void* p) { Port::write(m, *static_cast<const Pins*>(p)); },
                      [](Model& m, void* p) { Port::read(m, *static_cast<Pins*>(p)); }});
    Port::read(model(), pins);
  }

  Model& model() { return rtl_.pins(); }
  VerilatedContext& context() { return rtl_.context(); }

  void settle() override {
    write();
    level(0);
    read();
  }
  /// Again: what another top settled after this one is what its registers take.
  void sample() override { write(); }
  void clock() override {
    level(1);
    read();
  }
  bool busy() const override {
    Model& m = rtl_.pins();
    if (busy_) return busy_(m);
    bool is_busy = true;
    get_pin(m, SVASIM_PIN(busy_o), is_busy);
    return is_busy;
  }

 private:
  struct Bound {
    void* pins;
    void (*write)(Model&, void*);
    void (*read)(Model&, void*);
  };

  void level(unsigned high) {
    put_pin(model(), SVASIM_PIN(clk_i), high);
    put_pin(model(), SVASIM_PIN(clk), high);
    put_pin(model(), SVASIM_PIN(aclk), high);
    rtl_.eval();
  }
  void reset(unsigned released) {
    put_pin(model(), SVASIM_PIN(rst_ni), released);
    put_pin(model(), SVASIM_PIN(rst_n), released);
    put_pin(model(), SVASIM_PIN(aresetn), released);
  }
  void write() {
    for (const Bound& port : ports_) port.write(model(), port.pins);
  }
  void read() {
    for (const Bound& port : ports_) port.read(model(), port.pins);
  }

  mutable OwnContext<Model> rtl_;
  Busy busy_;
  std::vector<Bound> ports_;
};

}  // namespace svasim::bridges
