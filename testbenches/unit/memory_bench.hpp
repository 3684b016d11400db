// What the memory tests share: an initiator that sends what it is told when it is told and notes when each
// answer came, and a target that answers after a fixed time and notes when each request came.
#pragma once

#include <deque>
#include <map>
#include <systemc>
#include <vector>

#include "models/engine/at_socket.hpp"
#include "testbenches/systemc_test.hpp"

namespace svasim::test {

using engine::Calendar;
using engine::Clock;
using engine::Payload;
using engine::Picoseconds;
using probe::Stage;

class Initiator : public sc_core::sc_module {
 public:
  struct Access {
    tlm::tlm_command command = tlm::TLM_IGNORE_COMMAND;
    std::uint64_t address = 0;
    std::vector<std::uint8_t> data;  ///< to be written; as read
    engine::Swap swap;
    Picoseconds sent = 0;
    Picoseconds answered = 0;  ///< 0: not yet
    tlm::tlm_response_status status = tlm::TLM_INCOMPLETE_RESPONSE;
    probe::Transaction transaction;
    Picoseconds took() const { return answered - sent; }
    Picoseconds in(Stage stage) const { return transaction.timeline.sums()[static_cast<std::size_t>(stage)]; }
  };

  Initiator(sc_core::sc_module_name name, Calendar& calendar, Clock clock, unsigned width = 64)
      : sc_core::sc_module(name),
        calendar_(calendar),
        block_(calendar.add_block()),
        port("port", calendar, clock, {block_, 0}, width) {
    port.bind_response<&Initiator::respond>(this);
  }

  Access& read_at(Picoseconds when, std::uint64_t address, unsigned bytes) {
    return post(tlm::TLM_READ_COMMAND, address, std::vector<std::uint8_t>(bytes), when);
  }
  Access& write_at(Picoseconds when, std::uint64_t address, std::vector<std::uint8_t> data) {
    return post(tlm::TLM_WRITE_COMMAND, address, std::move(data), when);
  }
  /// A compare-and-swap of 8 bytes.
  Access& swap_at(Picoseconds when, std::uint64_t address, std::uint64_t expected, std::uint64_t desired) {
    Access& access = read_at(when, address, 8);
    access.swap = {true, false, expected, desired};
    return access;
  }
  const std::deque<Access>& accesses() const { return accesses_; }
  std::size_t leaked() const { return pool_.leaked(); }

 private:
  Calendar& calendar_;
  std::uint16_t block_;
  engine::PayloadPool pool_;
  std::deque<Access> accesses_;

 public:
  engine::AtInitiator port;

 private:
  Access& post(tlm::tlm_command command, std::uint64_t address, std::vector<std::uint8_t> data,
               Picoseconds when) {
    accesses_.emplace_back();
    accesses_.back().command = command;
    accesses_.back().address = address;
    accesses_.back().data = std::move(data);
    calendar_.post<&Initiator::send>(when, {block_, 1}, this, accesses_.size() - 1);
    return accesses_.back();
  }
  void send(std::uint64_t index) {
    Access& access = accesses_[index];
    const auto bytes = static_cast<std::uint32_t>(access.data.size());
    Payload& payload = pool_.make(access.command, access.address, bytes);
    std::copy(access.data.begin(), access.data.end(), payload.data());
    payload.user = index;
    payload.attributes.swap = access.swap;
    access.sent = calendar_.now();
    access.transaction.timeline.begin(access.sent, Stage::issue);
    payload.tag.transaction = &access.transaction;
    payload.tag.enter(Stage::interconnect, access.sent);
    port.send(payload);
  }
  void respond(Payload& payload) {
    Access& access = accesses_[payload.user];
    access.answered = calendar_.now();
    access.status = payload.get_response_status();
    access.swap = payload.attributes.swap;
    access.data.assign(payload.data(), payload.data() + payload.bytes());
    access.transaction.timeline.end(access.answered);
    payload.release();
  }
};

/// Answers `latency` after arrival, and frees the request's place then.
class Target : public sc_core::sc_module {
 public:
  struct Arrival {
    Picoseconds when;
    std::uint64_t address;
    bool write;
  };

  Target(sc_core::sc_module_name name, Calendar& calendar, Clock clock, Picoseconds latency,
         unsigned depth = 1024, unsigned width = 64)
      : sc_core::sc_module(name),
        calendar_(calendar),
        block_(calendar.add_block()),
        latency_(latency),
        port("port", calendar, clock, {block_, 0}, width, depth) {
    port.bind_request<&Target::request>(this);
  }
  std::vector<Arrival> arrivals;
  tlm::tlm_response_status status = tlm::TLM_OK_RESPONSE;

 private:
  Calendar& calendar_;
  std::uint16_t block_;
  Picoseconds latency_;

 public:
  engine::AtTarget port;

 private:
  void request(Payload& payload) {
    arrivals.push_back({calendar_.now(), payload.get_address(), payload.is_write()});
    calendar_.post<&Target::answer>(calendar_.now() + latency_, {block_, 1}, this,
                                    reinterpret_cast<std::uint64_t>(&payload));
  }
  void answer(std::uint64_t argument) {
    auto& payload = *reinterpret_cast<Payload*>(argument);
    payload.set_response_status(status);
    port.release();
    port.respond(payload);
  }
};

/// The counters of a block by name.
template <class Block>
std::map<std::string, std::uint64_t> counters(const Block& block) {
  std::map<std::string, std::uint64_t> all;
  block.counters([&](const char* name, std::uint64_t value) { all[name] = value; });
  return all;
}

/// Runs until nothing is left to do.
inline void run(Calendar& calendar) {
  while (!calendar.empty()) sc_core::sc_start(sc_core::sc_time(1, sc_core::SC_US));
}

}  // namespace svasim::test
