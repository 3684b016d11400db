// What the AXI tests share: a memory that answers after a random time, random TLM traffic that knows what
// each byte must be, and a pair of bridges between them.
#pragma once

#include <catch2/catch.hpp>
#include <deque>
#include <random>
#include <systemc>
#include <unordered_map>
#include <vector>

#include "models/engine/at_socket.hpp"
#include "testbenches/systemc_test.hpp"
#include "tlm-bridges/axi/axi_checker.hpp"
#include "tlm-bridges/axi/axi_manager_bridge.hpp"
#include "tlm-bridges/axi/axi_subordinate_bridge.hpp"

namespace svasim::test {

using namespace bridges;
using engine::Calendar;
using engine::Clock;
using engine::Payload;
using engine::Picoseconds;

constexpr Picoseconds kNs = 1000;

class Random {
 public:
  explicit Random(std::uint32_t seed) : engine_(seed) {}
  /// 0 to `n` - 1.
  unsigned below(unsigned n) { return static_cast<unsigned>(engine_() % n); }
  bool chance(unsigned percent) { return below(100) < percent; }
  template <class T>
  T one_of(std::initializer_list<T> values) {
    return *(values.begin() + below(static_cast<unsigned>(values.size())));
  }

 private:
  std::mt19937 engine_;
};

/// Byte-exact contents, zero until written, with pages that fail.
class Bytes {
 public:
  static tlm::tlm_response_status status(std::uint64_t address) {
    const std::uint64_t page = address >> 12 & 15;
    if (page == 5) return tlm::TLM_GENERIC_ERROR_RESPONSE;
    return page == 11 ? tlm::TLM_ADDRESS_ERROR_RESPONSE : tlm::TLM_OK_RESPONSE;
  }
  std::uint8_t read(std::uint64_t address) const {
    const auto found = bytes_.find(address);
    return found == bytes_.end() ? 0 : found->second;
  }
  void write(std::uint64_t address, std::uint8_t value) {
    if (status(address) == tlm::TLM_OK_RESPONSE) bytes_[address] = value;
  }
  const std::unordered_map<std::uint64_t, std::uint8_t>& all() const { return bytes_; }

 private:
  std::unordered_map<std::uint64_t, std::uint8_t> bytes_;
};

/// In effect at arrival, answered up to `slowest` cycles later, in any order.
class RandomMemory : public sc_core::sc_module {
 public:
  RandomMemory(sc_core::sc_module_name name, Calendar& calendar, Clock clock, std::uint32_t seed,
               unsigned slowest, bool byte_enables)
      : sc_core::sc_module(name),
        port("port", calendar, clock, {calendar.add_block(), 0}, 64, 4096),
        calendar_(calendar),
        clock_(clock),
        random_(seed),
        slowest_(slowest) {
    if (byte_enables) port.accept_byte_enables();
    port.bind_request<&RandomMemory::request>(this);
  }
  engine::AtTarget port;
  Bytes bytes;
  std::uint64_t accesses = 0;

 private:
  void request(Payload& payload) {
    ++accesses;
    const unsigned char* const enables = payload.get_byte_enable_ptr();
    for (std::uint64_t i = 0; i < payload.bytes(); ++i) {
      const std::uint64_t address = payload.get_address() + i;
      if (payload.is_read()) payload.data()[i] = bytes.read(address);
      else if (enables == nullptr || enables[i] != 0) bytes.write(address, payload.data()[i]);
    }
    payload.set_response_status(Bytes::status(payload.get_address()));
    port.release();
    calendar_.post<&RandomMemory::answer>(calendar_.now() + clock_.span(random_.below(slowest_)), {1000, 0},
                                          this, reinterpret_cast<std::uint64_t>(&payload));
  }
  void answer(std::uint64_t payload) { port.respond(*reinterpret_cast<Payload*>(payload)); }

  Calendar& calendar_;
  Clock clock_;
  Random random_;
  unsigned slowest_;
};

/// Random accesses of any size and alignment to 64 KB, with byte enables; what each must read is known when
/// it is sent, since accesses to the same bytes act in order.
class Traffic : public sc_core::sc_module {
 public:
  Traffic(sc_core::sc_module_name name, Calendar& calendar, Clock clock, std::uint32_t seed, unsigned count)
      : sc_core::sc_module(name),
        port("port", calendar, clock, {block_ = calendar.add_block(), 0}, 64),
        calendar_(calendar),
        clock_(clock),
        random_(seed),
        left_(count) {
    port.bind_response<&Traffic::response>(this);
    calendar.post<&Traffic::send>(0, {block_, 1}, this);
  }

 private:
  struct Access {
    std::uint64_t address = 0;
    std::vector<std::uint8_t> enables, expected;  ///< expected: of reads, after the answer
    tlm::tlm_response_status status = tlm::TLM_OK_RESPONSE;
  };
  std::uint16_t block_ = 0;

 public:
  engine::AtInitiator port;
  Bytes bytes;  ///< as they must be
  std::uint64_t answered = 0, overtaken = 0;
  std::vector<std::string> wrong;
  std::size_t leaked() const { return pool_.leaked(); }

 private:
  void send(std::uint64_t) {
    if (left_ == 0) return;
    --left_;
    const bool write = random_.chance(50);
    const unsigned bytes_wanted = 1 + random_.below(random_.one_of({8u, 8u, 64u, 200u, 4096u}));
    accesses_.emplace_back();
    Access& access = accesses_.back();
    access.address = random_.below(0x10000 - 4096);
    if (random_.chance(40)) access.address &= ~std::uint64_t{63};
    Payload& payload =
        pool_.make(write ? tlm::TLM_WRITE_COMMAND : tlm::TLM_READ_COMMAND, access.address, bytes_wanted);
    payload.user = accesses_.size() - 1;
    if (random_.chance(30)) {
      for (unsigned i = 0; i < 1 + random_.below(40); ++i)
        access.enables.push_back(random_.chance(60) ? 255 : 0);
      payload.set_byte_enable_ptr(access.enables.data());
      payload.set_byte_enable_length(static_cast<unsigned>(access.enables.size()));
    }
    for (unsigned i = 0; i < bytes_wanted; ++i) {
      const std::uint64_t address = access.address + i;
      const bool on = access.enables.empty() || access.enables[i % access.enables.size()] != 0;
      payload.data()[i] = static_cast<std::uint8_t>(random_.below(256));
      if (on || !write) note_status(access, address);
      if (write && on) bytes.write(address, payload.data()[i]);
      if (!write) access.expected.push_back(on ? bytes.read(address) : payload.data()[i]);
    }
    port.send(payload);
    const unsigned pause = random_.chance(90) ? random_.below(6) : 200;
    calendar_.post<&Traffic::send>(calendar_.now() + clock_.span(1 + pause), {block_, 1}, this);
  }
  static void note_status(Access& access, std::uint64_t address) {
    const auto status = Bytes::status(address);
    if (status == tlm::TLM_ADDRESS_ERROR_RESPONSE) access.status = status;
    else if (access.status == tlm::TLM_OK_RESPONSE) access.status = status;
  }
  void response(Payload& payload) {
    const Access& access = accesses_[payload.user];
    overtaken += payload.user != answered;
    ++answered;
    if (payload.get_response_status() != access.status)
      fail(payload, "status", payload.get_response_status());
    if (payload.is_read() && access.status == tlm::TLM_OK_RESPONSE) {
      for (std::size_t i = 0; i < access.expected.size(); ++i) {
        if (payload.data()[i] != access.expected[i]) {
          fail(payload, "byte", static_cast<int>(i));
          break;
        }
      }
    }
    payload.release();
  }
  void fail(const Payload& payload, const char* what, int detail) {
    if (wrong.size() < 5) {
      wrong.push_back(std::to_string(calendar_.now()) + " ps: " + (payload.is_read() ? "read " : "write ") +
                      std::to_string(payload.get_address()) + "+" +
                      std::to_string(payload.get_data_length()) + " " + what + " " + std::to_string(detail));
    }
  }

  Calendar& calendar_;
  Clock clock_;
  Random random_;
  unsigned left_;
  engine::PayloadPool pool_;
  std::deque<Access> accesses_;
};

/// Notes every transfer and its cycle.
struct PinLog : PinParty {
  template <class Bits>
  using Log = std::vector<std::pair<engine::Cycles, Bits>>;

  PinLog(PinClock& its_clock, const AxiPins& its_pins) : clock_of(its_clock), pins(its_pins) {
    its_clock.join(*this);
  }
  PinClock& clock_of;
  const AxiPins& pins;
  Log<AxiAddress> aw, ar;
  Log<AxiWrite> w;
  Log<AxiWriteResponse> b;
  Log<AxiRead> r;
  void sample() override {
    note(aw, pins.aw), note(w, pins.w), note(b, pins.b), note(ar, pins.ar), note(r, pins.r);
  }

 private:
  template <class Bits>
  void note(Log<Bits>& log, const Channel<Bits>& channel) {
    if (channel.fires()) log.push_back({clock_of.cycle(), channel.bits});
  }
};

/// A manager of pins by script: what is queued for a channel goes out in order, one transfer an edge, from
/// its edge on. All responses are taken.
struct PinManager : PinParty {
  template <class Bits>
  using Queue = std::deque<std::pair<engine::Cycles, Bits>>;

  PinManager(PinClock& its_clock, AxiPins& its_pins) : clock_of(its_clock), pins(its_pins) {
    pins.r.ready = pins.b.ready = true;
    its_clock.join(*this);
    its_clock.wake();
  }
  PinClock& clock_of;
  AxiPins& pins;
  Queue<AxiAddress> aw, ar;
  Queue<AxiWrite> w;
  void sample() override { aw_end.sample(), w_end.sample(), ar_end.sample(); }
  void drive() override { next(aw_end, aw), next(w_end, w), next(ar_end, ar); }
  bool busy() const override {
    return aw_end.pending() || w_end.pending() || ar_end.pending() || !aw.empty() || !w.empty() ||
           !ar.empty();
  }

 private:
  template <class Bits>
  void next(Sender<Bits>& end, Queue<Bits>& queue) {
    if (!end.open() || queue.empty() || clock_of.cycle() < queue.front().first) return;
    end.load(queue.front().second);
    queue.pop_front();
  }
  Sender<AxiAddress> aw_end{pins.aw}, ar_end{pins.ar};
  Sender<AxiWrite> w_end{pins.w};
};

inline AxiAddress axi_burst(AxiBurst type, std::uint64_t address, unsigned beats, unsigned bytes,
                            std::uint32_t id = 0) {
  AxiAddress a;
  a.id = id;
  a.addr = address;
  a.len = static_cast<std::uint8_t>(beats - 1);
  while (a.bytes() < bytes) ++a.size;
  a.burst = type;
  return a;
}

/// Random back-pressure on every channel.
inline AxiStalls random_stalls(Random& random) {
  const auto share = [&] { return random.one_of({0u, 0u, 64u, 200u}); };
  return {random.below(1 << 30), share(), share(), share(), share(), share()};
}

inline void run_all(Calendar& calendar, unsigned max_us = 2000) {
  for (unsigned us = 0; !calendar.empty() && us < max_us; ++us) sc_core::sc_start(1, sc_core::SC_US);
  REQUIRE(calendar.empty());
}

}  // namespace svasim::test
