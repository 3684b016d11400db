// AT sockets: registered arrival, beats, back-pressure with its exact times, and everything a foreign
// initiator or target of the base protocol may do.
#include <catch2/catch.hpp>

#include "testbenches/unit/memory_bench.hpp"

using namespace svasim::test;

namespace {

constexpr Picoseconds ns = 1000;

struct Pair {
  FreshKernel kernel;
  Calendar calendar{"calendar"};
  Clock clock{ns};
  Initiator initiator;
  Target target;
  explicit Pair(Picoseconds latency, unsigned depth = 1024, unsigned width = 64)
      : initiator("initiator", calendar, clock, width),
        target("target", calendar, clock, latency, depth, width) {
    initiator.port.socket.bind(target.port.socket);
  }
  std::vector<Picoseconds> arrivals() const {
    std::vector<Picoseconds> result;
    for (const auto& arrival : target.arrivals) result.push_back(arrival.when);
    return result;
  }
};

using Times = std::vector<Picoseconds>;

}  // namespace

TEST_CASE("sent at an edge, seen at the next; so is the response") {
  Pair pair(3 * ns);
  auto& read = pair.initiator.read_at(10 * ns, 0, 8);
  run(pair.calendar);
  CHECK(pair.arrivals() == Times{11 * ns});
  CHECK(read.answered == (11 + 3 + 1) * ns);
  CHECK(pair.initiator.leaked() == 0);
}

TEST_CASE("data takes a beat per width bytes on its channel, and holds back what follows") {
  Pair pair(0, 1024, 16);
  auto& write = pair.initiator.write_at(10 * ns, 0, std::vector<std::uint8_t>(64));  // 4 beats
  pair.initiator.read_at(10 * ns, 0, 64);
  pair.initiator.read_at(10 * ns, 0, 17);
  auto& last = pair.initiator.read_at(10 * ns, 0, 16);
  run(pair.calendar);
  CHECK(pair.arrivals() == Times{14 * ns, 15 * ns, 16 * ns, 17 * ns});
  CHECK(write.answered == 15 * ns);
  // Responses: 64 bytes begin at 15, 17 bytes at 19, 16 bytes at 21 and are seen at 22.
  CHECK(last.answered == 22 * ns);
}

TEST_CASE("a full target holds back END_REQ: with one place, one request per service") {
  Pair pair(5 * ns, 1);
  for (int i = 0; i < 3; ++i) pair.initiator.read_at(10 * ns, 0, 8);
  run(pair.calendar);
  // Places are freed at 16 and 22; the request waiting on the wire arrives at the edge after that.
  CHECK(pair.arrivals() == Times{11 * ns, 17 * ns, 23 * ns});
}

TEST_CASE("the depth is tight") {
  // A place is free again 6 cycles after its request was sent: six places never refuse, five do once.
  for (const unsigned depth : {5u, 6u}) {
    Pair pair(5 * ns, depth);
    for (int i = 0; i < 7; ++i) pair.initiator.read_at(10 * ns, 0, 8);
    run(pair.calendar);
    const Picoseconds delay = depth == 6 ? 0 : 1 * ns;
    CAPTURE(depth);
    CHECK(pair.arrivals() ==
          Times{11 * ns, 12 * ns, 13 * ns, 14 * ns, 15 * ns, 16 * ns + delay, 17 * ns + delay});
  }
}

TEST_CASE("crossing into a slower clock waits for its edge") {
  FreshKernel kernel;
  Calendar calendar("calendar");
  Initiator initiator("initiator", calendar, Clock(700));
  Target target("target", calendar, Clock(1000), 0);
  initiator.port.socket.bind(target.port.socket);
  auto& read = initiator.read_at(2100, 0, 8);
  run(calendar);
  REQUIRE(target.arrivals.size() == 1);
  CHECK(target.arrivals[0].when == 3000);
  CHECK(read.answered == 3500);  // the first multiple of 700 after 3000
}

TEST_CASE("between two clocks data moves at the pace of the slower, and nothing overtakes it") {
  struct Row {
    Picoseconds sender, receiver;
    Times arrivals;   ///< of 4 beats sent at 28 ns, and of one beat sent after them
    Times responses;  ///< to two reads sent at 1400 ns, of 4 beats and one
  };
  const Row rows[] = {
      // The receiver takes beats at 28 to 31 and the next request at 32, though that left at 30.8. The
      // responses
      // leave at 1401 to 1404 and at 1405.
      {700, 1000, {32000, 33000}, {1404200, 1405600}},
      // The sender's last beat leaves at 34 and is seen at 34.3. The responses leave at 1400.7 to 1402.8 and
      // at
      // 1403.5; the initiator takes their beats at 1402, 1404, 1406 and 1408, and at 1410.
      {2000, 700, {34300, 36400}, {1408000, 1410000}},
  };
  for (const Row& row : rows) {
    FreshKernel kernel;
    Calendar calendar("calendar");
    Initiator initiator("initiator", calendar, Clock(row.sender), 16);
    Target target("target", calendar, Clock(row.receiver), 0, 8, 16);
    initiator.port.socket.bind(target.port.socket);
    initiator.write_at(28 * ns, 0, std::vector<std::uint8_t>(64));
    initiator.read_at(28 * ns, 0, 8);
    auto& first = initiator.read_at(1400 * ns, 0, 64);
    auto& second = initiator.read_at(1400 * ns, 0, 8);
    run(calendar);
    REQUIRE(target.arrivals.size() == 4);
    CAPTURE(row.sender);
    CHECK(Times{target.arrivals[0].when, target.arrivals[1].when} == row.arrivals);
    CHECK(Times{first.answered, second.answered} == row.responses);
  }
}

namespace {

/// An initiator of somebody else's: plain payloads, all four phases, END_RESP when it likes.
struct ForeignInitiator : sc_core::sc_module, tlm::tlm_bw_transport_if<> {
  tlm::tlm_initiator_socket<> socket{"socket"};
  std::vector<std::pair<Picoseconds, tlm::tlm_phase>> seen;
  std::vector<tlm::tlm_generic_payload*> responses;
  explicit ForeignInitiator(sc_core::sc_module_name name) : sc_core::sc_module(name) { socket.bind(*this); }
  tlm::tlm_sync_enum begin(tlm::tlm_generic_payload& payload, tlm::tlm_phase& phase) {
    sc_core::sc_time delay = sc_core::SC_ZERO_TIME;
    phase = tlm::BEGIN_REQ;
    return socket->nb_transport_fw(payload, phase, delay);
  }
  tlm::tlm_sync_enum end(tlm::tlm_generic_payload& payload) {
    tlm::tlm_phase phase = tlm::END_RESP;
    sc_core::sc_time delay = sc_core::SC_ZERO_TIME;
    return socket->nb_transport_fw(payload, phase, delay);
  }
  tlm::tlm_sync_enum nb_transport_bw(tlm::tlm_generic_payload& payload, tlm::tlm_phase& phase,
                                     sc_core::sc_time& delay) override {
    seen.emplace_back(sc_core::sc_time_stamp().value() + delay.value(), phase);
    if (phase == tlm::BEGIN_RESP) responses.push_back(&payload);
    return tlm::TLM_ACCEPTED;
  }
  void invalidate_direct_mem_ptr(sc_dt::uint64, sc_dt::uint64) override {}
};

void prepare(tlm::tlm_generic_payload& payload, tlm::tlm_command command, std::uint8_t* data,
             unsigned bytes) {
  payload.set_command(command);
  payload.set_address(0x100);
  payload.set_data_ptr(data);
  payload.set_data_length(bytes);
  payload.set_streaming_width(bytes);
  payload.set_response_status(tlm::TLM_INCOMPLETE_RESPONSE);
}

}  // namespace

TEST_CASE("a foreign initiator with its own payloads and four explicit phases") {
  FreshKernel kernel;
  Calendar calendar("calendar");
  ForeignInitiator foreign("foreign");
  Target target("target", calendar, Clock(ns), 5 * ns, 1);
  foreign.socket.bind(target.port.socket);
  sc_core::sc_start(10, sc_core::SC_NS);

  std::array<std::uint8_t, 8> data{};
  tlm::tlm_generic_payload first, second;
  prepare(first, tlm::TLM_READ_COMMAND, data.data(), 8);
  prepare(second, tlm::TLM_WRITE_COMMAND, data.data(), 8);
  tlm::tlm_phase phase;
  CHECK(foreign.begin(first, phase) == tlm::TLM_UPDATED);
  CHECK(phase == tlm::END_REQ);
  CHECK(foreign.begin(second, phase) == tlm::TLM_ACCEPTED);  // no place: END_REQ comes later
  sc_core::sc_start(100, sc_core::SC_NS);

  using Seen = decltype(foreign.seen);
  // The first arrives at 11, is answered at 16, where its place is given to the second: at 17, answered
  // at 22.
  CHECK(foreign.seen == Seen{{16 * ns, tlm::END_REQ}, {16 * ns, tlm::BEGIN_RESP}});
  CHECK(first.is_response_ok());
  CHECK(second.get_response_status() == tlm::TLM_INCOMPLETE_RESPONSE);  // the channel is held by the first
  CHECK(foreign.end(first) == tlm::TLM_COMPLETED);                      // at 110
  sc_core::sc_start(100, sc_core::SC_NS);
  REQUIRE(foreign.seen.size() == 3);
  CHECK(foreign.seen[2] == std::make_pair(111 * ns, tlm::tlm_phase(tlm::BEGIN_RESP)));
  CHECK(second.is_response_ok());
  CHECK(foreign.end(second) == tlm::TLM_COMPLETED);
}

TEST_CASE("payloads no target takes are refused with the status of the standard") {
  FreshKernel kernel;
  Calendar calendar("calendar");
  ForeignInitiator foreign("foreign");
  Target target("target", calendar, Clock(ns), 0);
  foreign.socket.bind(target.port.socket);
  sc_core::sc_start(10, sc_core::SC_NS);
  std::vector<std::uint8_t> data(8192);
  tlm::tlm_generic_payload payload;
  tlm::tlm_phase phase;
  prepare(payload, tlm::TLM_READ_COMMAND, data.data(), 4097);
  CHECK(foreign.begin(payload, phase) == tlm::TLM_COMPLETED);
  CHECK(payload.get_response_status() == tlm::TLM_BURST_ERROR_RESPONSE);
  prepare(payload, tlm::TLM_READ_COMMAND, data.data(), 8);
  payload.set_byte_enable_ptr(data.data());
  CHECK(foreign.begin(payload, phase) == tlm::TLM_COMPLETED);
  CHECK(payload.get_response_status() == tlm::TLM_BYTE_ENABLE_ERROR_RESPONSE);
  prepare(payload, tlm::TLM_READ_COMMAND, data.data(), 8);
  payload.set_byte_enable_ptr(nullptr);
  payload.set_streaming_width(4);
  CHECK(foreign.begin(payload, phase) == tlm::TLM_COMPLETED);
  CHECK(payload.get_response_status() == tlm::TLM_BURST_ERROR_RESPONSE);
  CHECK(target.arrivals.empty());
}

namespace {

/// Targets of somebody else's, each with its own legal way through the base protocol.
struct ForeignTarget : sc_core::sc_module, tlm::tlm_fw_transport_if<> {
  enum class Way { completes, responds_on_return_path, ends_request_inside, four_phases };
  tlm::tlm_target_socket<> socket{"socket"};
  Way way;
  unsigned end_responses = 0;
  std::vector<Picoseconds> begins;
  tlm::tlm_generic_payload* pending = nullptr;
  sc_core::sc_event act;
  SC_HAS_PROCESS(ForeignTarget);
  ForeignTarget(sc_core::sc_module_name name, Way its_way) : sc_core::sc_module(name), way(its_way) {
    socket.bind(*this);
    SC_METHOD(respond);
    sensitive << act;
    dont_initialize();
  }
  tlm::tlm_sync_enum nb_transport_fw(tlm::tlm_generic_payload& payload, tlm::tlm_phase& phase,
                                     sc_core::sc_time& delay) override {
    if (phase == tlm::END_RESP) {
      ++end_responses;
      return tlm::TLM_COMPLETED;
    }
    begins.push_back(sc_core::sc_time_stamp().value());
    payload.set_response_status(tlm::TLM_OK_RESPONSE);
    if (way == Way::completes) {
      delay += sc_core::sc_time(2, sc_core::SC_NS);
      return tlm::TLM_COMPLETED;
    }
    if (way == Way::responds_on_return_path) {
      phase = tlm::BEGIN_RESP;
      return tlm::TLM_UPDATED;
    }
    pending = &payload;
    act.notify(10, sc_core::SC_NS);
    if (way == Way::ends_request_inside) call(tlm::END_REQ);
    return tlm::TLM_ACCEPTED;
  }
  void call(tlm::tlm_phase phase) {
    sc_core::sc_time delay = sc_core::SC_ZERO_TIME;
    socket->nb_transport_bw(*pending, phase, delay);
  }
  void respond() {
    if (way == Way::four_phases) call(tlm::END_REQ);
    call(tlm::BEGIN_RESP);
  }
  void b_transport(tlm::tlm_generic_payload&, sc_core::sc_time&) override {}
  bool get_direct_mem_ptr(tlm::tlm_generic_payload&, tlm::tlm_dmi&) override { return false; }
  unsigned transport_dbg(tlm::tlm_generic_payload&) override { return 0; }
};

}  // namespace

TEST_CASE("a foreign target may answer in any legal way") {
  using Way = ForeignTarget::Way;
  struct Row {
    Way way;
    Picoseconds answered;  ///< of a request sent at 20 ns
    unsigned end_responses;
  };
  for (const Row row : {Row{Way::completes, 23 * ns, 0}, Row{Way::responds_on_return_path, 21 * ns, 1},
                        Row{Way::ends_request_inside, 31 * ns, 0}, Row{Way::four_phases, 31 * ns, 0}}) {
    FreshKernel kernel;
    Calendar calendar("calendar");
    Initiator initiator("initiator", calendar, Clock(ns));
    ForeignTarget target("target", row.way);
    initiator.port.socket.bind(target.socket);
    auto& first = initiator.read_at(20 * ns, 0, 8);
    auto& second = initiator.read_at(100 * ns, 0, 8);
    sc_core::sc_start(1, sc_core::SC_US);
    CAPTURE(static_cast<int>(row.way));
    CHECK(first.answered == row.answered);
    CHECK(second.answered == row.answered + 80 * ns);
    CHECK(target.end_responses == 2 * row.end_responses);
    CHECK(initiator.leaked() == 0);
  }
}

namespace {

/// Sends one request whenever the channel is ready, with nothing queued in between.
struct Eager : sc_core::sc_module {
  Calendar& calendar;
  svasim::engine::PayloadPool pool;
  svasim::engine::AtInitiator port;
  std::vector<Picoseconds> ready_at;
  unsigned left = 4;
  Eager(sc_core::sc_module_name name, Calendar& c)
      : sc_core::sc_module(name), calendar(c), port("port", c, Clock(ns), {c.add_block(), 0}, 64) {
    port.bind_ready<&Eager::ready>(this);
    port.bind_response<&Eager::response>(this);
  }
  void send(std::uint64_t = 0) {
    CHECK(port.ready());
    port.send(pool.make(tlm::TLM_WRITE_COMMAND, 0, 128));
    CHECK(port.queued() == 0);
    CHECK_FALSE(port.ready());
    --left;
  }
  void ready() {
    ready_at.push_back(calendar.now());
    if (left != 0) send();
  }
  void response(Payload& payload) { payload.release(); }
};

}  // namespace

TEST_CASE("ready() tells the first edge at which a request would leave at once") {
  FreshKernel kernel;
  Calendar calendar("calendar");
  Eager eager("eager", calendar);
  Target target("target", calendar, Clock(ns), 5 * ns, 2);
  eager.port.socket.bind(target.port.socket);
  calendar.post<&Eager::send>(10 * ns, {0, 1}, &eager);
  run(calendar);
  // Two beats each. Sent at 10 and 12, arriving at 12 and 14; the third, sent at 14, has no place until the
  // first is answered at 17; the fourth, sent at 18, none until the second is at 19.
  CHECK(eager.ready_at == Times{12 * ns, 14 * ns, 18 * ns, 20 * ns});
  CHECK(eager.pool.leaked() == 0);
}
