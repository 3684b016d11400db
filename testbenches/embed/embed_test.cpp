// What embedders are promised: see models/embed/README.md.
#include <tlm_utils/simple_target_socket.h>

#include <ctime>
#include <limits>
#include <set>
#include <stdexcept>

#include "models/memory/dram.hpp"
#include "models/memory/llc.hpp"
#include "testbenches/embed/embed_bench.hpp"

using namespace svasim;
using namespace svasim::test;
using arch::AddressType;
using arch::StreamId;
using embed::Result;

// Exceptions come first: after SystemC has run threads, AddressSanitizer mistakes the stack they pass
// through.
TEST_CASE("configurations without hardware are refused in words") {
  FreshKernel kernel;
  embed::SmmuConfig config;
  config.smmu.tbu.tlb_sets = 3;
  CHECK_THROWS_WITH(embed::Smmu("a", config), "tbu.tlb_sets: 3 is no power of two");
  config = {};
  config.smmu.tbu.slots = 5000;
  CHECK_THROWS_WITH(embed::Smmu("b", config), "tbu.slots: 5000 is out of range");
  config = {};
  config.smmu.features.s1p = config.smmu.features.s2p = false;
  CHECK_THROWS_WITH(embed::Smmu("d", config), Catch::StartsWith("idr.s1p, s2p: an SMMU has at least"));
  config = {};
  config.devices.clear();
  CHECK_THROWS_WITH(embed::Smmu("c", config), "devices: expected 1 to 62 ports");
}

TEST_CASE("what a user's memory throws comes out of sc_start") {
  struct Throwing : sc_core::sc_module, tlm::tlm_fw_transport_if<> {
    tlm::tlm_target_socket<> socket{"socket"};
    explicit Throwing(sc_core::sc_module_name name) : sc_core::sc_module(name) { socket.bind(*this); }
    tlm::tlm_sync_enum nb_transport_fw(tlm::tlm_generic_payload&, tlm::tlm_phase&,
                                       sc_core::sc_time&) override {
      throw std::runtime_error("not today");
    }
    void b_transport(tlm::tlm_generic_payload&, sc_core::sc_time&) override {}
    bool get_direct_mem_ptr(tlm::tlm_generic_payload&, tlm::tlm_dmi&) override { return false; }
    unsigned transport_dbg(tlm::tlm_generic_payload&) override { return 0; }
  };
  EmbedBench b(embed::SmmuConfig(), false);
  Throwing throwing("throwing");
  b.smmu.memory().bind(throwing.socket);
  Initiator unused("unused");
  unused.socket.bind(b.ram.port());
  std::uint64_t data = 0;
  tlm::tlm_generic_payload payload;
  Initiator::prepare(payload, false, 0x1000, &data, 8);
  tlm::tlm_phase phase = tlm::BEGIN_REQ;
  sc_core::sc_time delay = sc_core::SC_ZERO_TIME;
  b.device.socket->nb_transport_fw(payload, phase, delay);
  const auto handler = sc_core::sc_report_handler::set_handler(sc_core::sc_report_handler::default_handler);
  CHECK_THROWS_WITH(sc_core::sc_start(), Catch::Contains("not today"));
  sc_core::sc_report_handler::set_handler(handler);
}

TEST_CASE("registers: both pages, 32 and 64 bits, absent ones read as zero and ignore writes") {
  EmbedBench b;
  const bool ended = b.run([&] {
    b.write(reg::kStrtabBase, 0x1234'5678'0000, 8);
    CHECK(b.read(reg::kStrtabBase, 8) == 0x1234'5678'0000);
    CHECK(b.read(reg::kStrtabBase + 4) == 0x1234);
    b.write(reg::kEventqCons, 5);
    CHECK(b.read(reg::kEventqCons) == 5);
    for (const std::uint32_t absent : {0x200u, 0x5000u, 0xFFF8u, 0x10000u, 0x1FFF8u}) {
      b.write(absent, ~std::uint64_t{0}, 8);
      CHECK(b.read(absent, 8) == 0);
    }
    const sc_core::sc_time before = sc_core::sc_time_stamp();
    b.read(reg::kIdr0);
    CHECK(sc_core::sc_time_stamp() > before);
  });
  CHECK(ended);
}

TEST_CASE("ID registers are each instance's own") {
  FreshKernel kernel;
  embed::SmmuConfig narrow, wide;
  narrow.smmu.features.sidsize = 8;
  narrow.smmu.features.ats = narrow.smmu.features.pri = narrow.smmu.features.atsrecerr = false;
  wide.smmu.features.sidsize = 20;
  embed::Smmu first("first", narrow), second("second", wide);
  memory::Ram ram("ram", first.calendar(), first.clock(), {0, 1 << 20, 2});
  Initiator cpus[] = {Initiator("cpu0"), Initiator("cpu1")}, devices[] = {Initiator("d0"), Initiator("d1")};
  cpus[0].socket.bind(first.programming);
  cpus[1].socket.bind(second.programming);
  devices[0].socket.bind(first.device(0).socket);
  devices[1].socket.bind(second.device(0).socket);
  first.memory().bind(ram.port(0));
  second.memory().bind(ram.port(1));  // on a calendar of its own
  Threads threads("threads");
  unsigned done = 0;
  const unsigned sidsize[] = {8, 20};
  for (unsigned i = 0; i < 2; ++i) {
    threads.add([&, i] {
      std::uint32_t idr0 = 0, idr1 = 0;
      cpus[i].transfer(false, reg::kIdr0, &idr0, 4);
      cpus[i].transfer(false, reg::kIdr1, &idr1, 4);
      CHECK((idr0 >> 10 & 1) == i);  // ATS
      CHECK((idr1 & 63) == sidsize[i]);
      // Off after reset: both bypass, into the same memory.
      std::uint64_t data = 0x1111 * (i + 1);
      embed::Attributes a = of_stream(3);
      CHECK(devices[i].transfer(true, 0x100 + 8 * i, &data, 8, &a) == tlm::TLM_OK_RESPONSE);
      CHECK(a.physical.value == 0x100 + 8 * i);
      ++done;
    });
  }
  sc_core::sc_start(sc_core::sc_time(1, sc_core::SC_US));
  CHECK(done == 2);
  std::uint64_t words[2] = {};
  ram.store().read(0x100, words, sizeof words);
  CHECK(words[0] == 0x1111);
  CHECK(words[1] == 0x2222);
}

TEST_CASE("an access of any size inside a page; the answer says where it went, how, and when") {
  EmbedBench b;
  const bool ended = b.run([&] {
    const std::uint64_t root = b.attach(StreamId{5});
    b.map(root, 0x7000'3000, EmbedBench::kRam + 0x50'0000);
    b.bring_up();
    std::vector<std::uint8_t> out(4096), in(4096);
    for (std::size_t i = 0; i < out.size(); ++i) out[i] = static_cast<std::uint8_t>(i * 7 + 1);
    for (const unsigned bytes : {1u, 3u, 8u, 64u, 65u, 100u, 4095u, 4096u}) {
      const unsigned offset = 4096 - bytes;
      const embed::Attributes a = b.access(true, 0x7000'3000 + offset, out.data(), bytes, of_stream(5));
      CHECK(a.result == Result::ok);
      CHECK(a.physical.value == EmbedBench::kRam + 0x50'0000 + offset);
      CHECK(a.memory == arch::MemoryAttributes{0xFF, 3});  // MAIR 0; leaves are inner shareable
      CHECK(b.access(false, 0x7000'3000 + offset, in.data(), bytes, of_stream(5)).result == Result::ok);
      CHECK(std::equal(out.begin(), out.begin() + bytes, in.begin()));
      std::uint64_t sum = 0;
      for (const std::uint64_t stage : a.stages) sum += stage;
      CHECK(sum == a.latency_ps);
      CHECK(a.latency_ps > 0);
    }
  });
  CHECK(ended);
}

TEST_CASE("what no port takes is refused at once") {
  EmbedBench b;
  const bool ended = b.run([&] {
    std::vector<std::uint8_t> data(8192), enables(1, 0xFF);
    CHECK(b.device.transfer(false, 0x1000, data.data(), 0) == tlm::TLM_BURST_ERROR_RESPONSE);
    CHECK(b.device.transfer(false, 0x1001, data.data(), 4096) == tlm::TLM_BURST_ERROR_RESPONSE);
    CHECK(b.device.transfer(false, 0x1000, data.data(), 8192) == tlm::TLM_BURST_ERROR_RESPONSE);
    tlm::tlm_generic_payload payload;
    sc_core::sc_time delay = sc_core::SC_ZERO_TIME;
    Initiator::prepare(payload, false, 0, data.data(), 1);
    payload.set_byte_enable_ptr(enables.data());
    b.device.socket->b_transport(payload, delay);
    CHECK(payload.get_response_status() == tlm::TLM_BYTE_ENABLE_ERROR_RESPONSE);
    Initiator::prepare(payload, false, 0, data.data(), 1);
    payload.set_byte_enable_ptr(nullptr);
    payload.set_command(tlm::TLM_IGNORE_COMMAND);
    b.device.socket->b_transport(payload, delay);
    CHECK(payload.get_response_status() == tlm::TLM_COMMAND_ERROR_RESPONSE);
    CHECK(sc_core::sc_time_stamp() == sc_core::SC_ZERO_TIME);
  });
  CHECK(ended);
}

TEST_CASE("OK, abort, RAZ and an error of memory are told apart") {
  embed::SmmuConfig config;
  config.smmu.features.term_model = false;
  EmbedBench b(config);
  const bool ended = b.run([&] {
    const std::uint64_t aborting = b.attach(StreamId{1});
    b.map(aborting, 0x1000, 0x1000);  // below the RAM
    arch::Cd cd;
    cd.half[0].ttb = b.take(4096);
    cd.asid = 2;
    cd.a = false;  // terminated faults read as zero
    arch::Ste ste;
    ste.config = arch::SteConfig::stage1;
    ste.s1_context_ptr = b.take(64);
    b.put(ste.s1_context_ptr, encode(cd));
    b.set_ste(StreamId{2}, ste);
    b.bring_up();
    std::uint64_t data = ~std::uint64_t{0};
    embed::Attributes a = of_stream(1);
    CHECK(b.device.transfer(false, 0x1000, &data, 8, &a) == tlm::TLM_ADDRESS_ERROR_RESPONSE);
    CHECK(a.result == Result::memory_error);
    CHECK(a.physical.value == 0x1000);
    CHECK(b.device.transfer(false, 0x2000, &data, 8, &a) == tlm::TLM_GENERIC_ERROR_RESPONSE);
    CHECK(a.result == Result::abort);
    a = of_stream(2);
    CHECK(b.device.transfer(false, 0x1000, &data, 8, &a) == tlm::TLM_OK_RESPONSE);
    CHECK(a.result == Result::raz_wi);
    CHECK(data == 0);
    b.sync();
    CHECK(b.event(0).id == arch::EventId::f_translation);
    CHECK(b.event(1).id == arch::EventId::f_translation);
  });
  CHECK(ended);
}

TEST_CASE("StreamIDs and SubstreamIDs choose the configuration") {
  embed::SmmuConfig config;
  config.smmu.features.sidsize = 20;
  EmbedBench b(config);
  const bool ended = b.run([&] {
    arch::Cd cd;
    cd.half[0].ttb = b.take(4096);
    arch::Ste ste;
    ste.config = arch::SteConfig::stage1;
    ste.s1_cd_max = 4;
    ste.s1_context_ptr = b.take(1024);
    b.put(ste.s1_context_ptr + 9 * 64, encode(cd));
    b.map(cd.half[0].ttb, 0x1000, EmbedBench::kRam + 0x60'0000);
    // Two levels: the STE of 0x5'4321 in its own leaf.
    const std::uint64_t leaf = b.take(64 * 64), first = b.take(8 << 14);
    b.put(leaf + 0x21 * 64, encode(ste));
    b.put<1>(first + (0x5'4321 >> 6) * 8, {arch::encode(arch::L1Std{7, leaf})});
    b.bring_up(arch::cr0::kEventqEn | arch::cr0::kCmdqEn);
    b.write(reg::kStrtabBase, first, 8);
    b.write(reg::kStrtabBaseCfg, arch::strtab::config(20, 6, true));
    b.write(reg::kCr0, arch::cr0::kEventqEn | arch::cr0::kCmdqEn | arch::cr0::kSmmuEn);
    while ((b.read(reg::kCr0Ack) & arch::cr0::kSmmuEn) == 0) continue;
    embed::Attributes a = of_stream(0x5'4321);
    a.substream = {true, 9};
    CHECK(b.read8(0x1000, a).result == Result::ok);
    a.substream = {true, 3};
    CHECK(b.read8(0x1000, a).result == Result::abort);
    a.substream = {true, 16};
    CHECK(b.read8(0x1000, a).result == Result::abort);
    b.sync();
    CHECK(b.event(0).id == arch::EventId::c_bad_cd);
    CHECK(b.event(1).id == arch::EventId::c_bad_substreamid);
    CHECK(b.event(1).substream.value == 16);
    CHECK(raw(b.event(1).stream) == 0x5'4321);
  });
  CHECK(ended);
}

namespace {

/// A user's memory that knows b_transport only, and adds `delay` to each access.
struct PlainMemory : sc_core::sc_module {
  tlm_utils::simple_target_socket<PlainMemory> socket{"socket"};
  memory::Store& store;
  sc_core::sc_time delay;
  unsigned accesses = 0;
  PlainMemory(sc_core::sc_module_name name, memory::Store& bytes, sc_core::sc_time d)
      : sc_core::sc_module(name), store(bytes), delay(d) {
    socket.register_b_transport(this, &PlainMemory::transport);
  }
  void transport(tlm::tlm_generic_payload& payload, sc_core::sc_time& time) {
    ++accesses;
    const bool ok =
        payload.is_write()
            ? store.write(payload.get_address(), payload.get_data_ptr(), payload.get_data_length())
            : store.read(payload.get_address(), payload.get_data_ptr(), payload.get_data_length());
    payload.set_response_status(ok ? tlm::TLM_OK_RESPONSE : tlm::TLM_ADDRESS_ERROR_RESPONSE);
    time += delay;
  }
};

/// The latency of a cold access to a memory with `delay`, and how many memory accesses it took.
std::pair<std::uint64_t, unsigned> cold_access(unsigned delay_ns) {
  EmbedBench b(embed::SmmuConfig(), false);
  PlainMemory plain("plain", b.ram.store(), sc_core::sc_time(delay_ns, sc_core::SC_NS));
  b.smmu.memory().bind(plain.socket);
  Initiator unused("unused");
  unused.socket.bind(b.ram.port());
  std::pair<std::uint64_t, unsigned> result;
  const bool ended = b.run([&] {
    b.map(b.attach(StreamId{5}), 0x1000, EmbedBench::kRam + 0x50'0000);
    b.bring_up();
    const embed::Attributes a = b.read8(0x1000, of_stream(5));
    CHECK(a.result == Result::ok);
    result = {a.latency_ps, plain.accesses};
  });
  CHECK(ended);
  return result;
}

}  // namespace

TEST_CASE("a memory with b_transport alone serves, and its delay is the accesses' time") {
  const auto [slow, accesses] = cold_access(130);
  const auto [fast, same] = cold_access(30);
  CHECK(accesses == 2 + 4 + 1);  // STE, CD; four levels; the access
  CHECK(same == accesses);
  CHECK(slow - fast == accesses * 100'000);
}

TEST_CASE("svasim's own memory system behind it") {
  EmbedBench b(embed::SmmuConfig(), false);
  memory::Store& store = b.ram.store();
  engine::Calendar& calendar = b.smmu.calendar();
  memory::Interconnect interconnect("interconnect", calendar, b.smmu.clock(), {}, 1, 1,
                                    {{EmbedBench::kRam, std::uint64_t{8} << 30, 0}});
  memory::Llc llc("llc", calendar, b.smmu.clock(), {}, store);
  memory::Dram dram("dram", calendar, engine::Clock(625), {});
  b.smmu.memory().bind(interconnect.port(0).socket);
  interconnect.output(0).socket.bind(llc.port.socket);
  llc.dram.socket.bind(dram.port.socket);
  Initiator unused("unused");
  unused.socket.bind(b.ram.port());
  const bool ended = b.run([&] {
    b.map(b.attach(StreamId{5}), 0x1000, EmbedBench::kRam + 0x50'0000);
    b.bring_up();
    const embed::Attributes cold = b.read8(0x1000, of_stream(5)), warm = b.read8(0x1000, of_stream(5));
    CHECK(cold.result == Result::ok);
    CHECK(warm.result == Result::ok);
    CHECK(cold.latency_ps > warm.latency_ps);
    CHECK(cold.stages[static_cast<std::size_t>(probe::Stage::dram)] > 0);
    CHECK(warm.stages[static_cast<std::size_t>(probe::Stage::llc)] > 0);
    CHECK(b.read8(0x2000, of_stream(5)).result == Result::abort);
  });
  CHECK(ended);
}

TEST_CASE("sockets of their own for the TCU and each TBU") {
  embed::SmmuConfig config;
  config.shared_memory_socket = false;
  config.devices = {{{StreamId{0}, StreamId{9}}}, {{StreamId{10}, StreamId{19}}}};
  FreshKernel kernel;
  embed::Smmu smmu("smmu", config);
  memory::Ram ram("ram", smmu.calendar(), smmu.clock(), {0, 1 << 20, 3});
  Initiator cpu("cpu"), first("first"), second("second");
  cpu.socket.bind(smmu.programming);
  first.socket.bind(smmu.device(0).socket);
  second.socket.bind(smmu.device(1).socket);
  for (unsigned i = 0; i < 3; ++i) smmu.memory(i).bind(ram.port(i));
  Threads threads("threads");
  unsigned done = 0;
  for (Initiator* device : {&first, &second}) {
    threads.add([&, device] {
      std::uint64_t data = 7;
      CHECK(device->transfer(true, 0x40, &data, 8) == tlm::TLM_OK_RESPONSE);
      ++done;
    });
  }
  sc_core::sc_start(sc_core::sc_time(1, sc_core::SC_US));
  CHECK(done == 2);
}

TEST_CASE("nb_transport: many outstanding, four phases, stalled ones overtaken") {
  EmbedBench b;
  std::vector<std::unique_ptr<tlm::tlm_generic_payload>> payloads;
  std::vector<embed::Attributes> attributes(8, of_stream(5));
  std::vector<std::uint64_t> data(8);
  std::vector<std::size_t> order;
  sc_core::sc_event may_send, all;
  b.device.on_phase = [&](tlm::tlm_generic_payload& payload, tlm::tlm_phase& phase) {
    if (phase == tlm::END_REQ) {
      may_send.notify();
      return tlm::TLM_ACCEPTED;
    }
    CHECK(phase == tlm::BEGIN_RESP);
    order.push_back((payload.get_address() >> 12) - 1);
    if (order.size() == 8) all.notify();
    phase = tlm::END_RESP;
    return tlm::TLM_UPDATED;
  };
  const bool ended = b.run([&] {
    const std::uint64_t root = b.attach(StreamId{5}, true);
    for (unsigned i = 1; i < 8; ++i) b.map(root, 0x1000 * (i + 1), EmbedBench::kRam + 0x1000 * i);
    b.bring_up();
    for (unsigned i = 0; i < 8; ++i) {
      payloads.push_back(std::make_unique<tlm::tlm_generic_payload>());
      Initiator::prepare(*payloads[i], false, 0x1000 * (i + 1), &data[i], 8);
      payloads[i]->set_extension(&attributes[i]);
      tlm::tlm_phase phase = tlm::BEGIN_REQ;
      sc_core::sc_time delay(i, sc_core::SC_PS);
      if (b.device.socket->nb_transport_fw(*payloads[i], phase, delay) == tlm::TLM_ACCEPTED) wait(may_send);
    }
    wait(b.smmu.event_queue_irq.posedge_event());
    CHECK(b.smmu.device(0).outstanding() >= 1);
    b.map(root, 0x1000, EmbedBench::kRam);
    arch::Command resume;
    resume.opcode = arch::Opcode::resume;
    resume.stream = StreamId{5};
    resume.stag = b.event(0).stag;
    resume.action = arch::ResumeAction::retry;
    b.submit(resume);
    while (order.size() < 8) wait(all);
    CHECK(order.back() == 0);
    CHECK(std::set<std::size_t>(order.begin(), order.end()).size() == 8);
    CHECK(b.smmu.device(0).outstanding() == 0);
    for (unsigned i = 0; i < 8; ++i) {
      CHECK(attributes[i].result == Result::ok);
      payloads[i]->clear_extension(&attributes[i]);
    }
  });
  CHECK(ended);
}

namespace {

struct Function : embed::ToFunction {
  std::vector<embed::Invalidation> invalidations;
  std::vector<embed::PageResponse> responses;
  sc_core::sc_event heard;
  void invalidate(const embed::Invalidation& i) override {
    invalidations.push_back(i);
    heard.notify();
  }
  void page_response(const embed::PageResponse& r) override {
    responses.push_back(r);
    heard.notify();
  }
};

}  // namespace

TEST_CASE("ATS: completions, translated accesses, invalidations that CMD_SYNC waits for") {
  EmbedBench b;
  Function function;
  b.smmu.device(0).to_function.bind(function);
  const bool ended = b.run([&] {
    arch::Ste ste;
    ste.eats = arch::Eats::full;
    const std::uint64_t root = b.attach(StreamId{5}, false, ste);
    arch::Stage1Leaf leaf;
    leaf.writable = false;
    b.map(root, 0x1000, EmbedBench::kRam + 0x5000, leaf);
    b.attach(StreamId{6});  // EATS = 0
    b.bring_up();
    embed::Attributes request = of_stream(5);
    request.address_type = AddressType::translation_request;
    embed::Attributes a = b.read8(0x1000, request);
    CHECK(a.result == Result::ok);
    CHECK(a.ats.status == arch::AtsStatus::success);
    CHECK(a.ats.translation.address == EmbedBench::kRam + 0x5000);
    CHECK(a.ats.translation.log2_size == 12);
    CHECK(a.ats.translation.read);
    CHECK(!a.ats.translation.write);
    CHECK(b.read8(0x2000, request).ats.translation.any_access() == false);  // success without permission
    request.stream = StreamId{6};
    a = b.read8(0x1000, request);
    CHECK(a.result == Result::abort);
    CHECK(a.ats.status == arch::AtsStatus::unsupported_request);

    embed::Attributes translated = of_stream(5);
    translated.address_type = AddressType::translated;
    CHECK(b.read8(EmbedBench::kRam + 0x5000, translated).physical.value == EmbedBench::kRam + 0x5000);

    arch::Command invalidate;
    invalidate.opcode = arch::Opcode::atc_inv;
    invalidate.stream = StreamId{5};
    invalidate.address = 0x4000;
    invalidate.size = 2;
    b.submit(invalidate);
    if (function.invalidations.empty()) wait(function.heard);
    CHECK(function.invalidations[0].range.address == 0x4000);
    CHECK(function.invalidations[0].range.log2_size == 14);
    sc_core::sc_time answered;
    b.threads.add([&] {
      sc_core::wait(sc_core::sc_time(3, sc_core::SC_US));
      answered = sc_core::sc_time_stamp();
      b.smmu.device(0).to_smmu->invalidation_complete(function.invalidations[0].itag);
    });
    b.sync();
    CHECK(sc_core::sc_time_stamp() > answered);
    CHECK(answered > sc_core::SC_ZERO_TIME);
  });
  CHECK(ended);
}

TEST_CASE("PRI: a page request becomes a record, a command its response") {
  EmbedBench b;
  Function function;
  b.smmu.device(0).to_function.bind(function);
  const bool ended = b.run([&] {
    b.attach(StreamId{5});
    b.bring_up();
    arch::PageRequest request;
    request.stream = StreamId{5};
    request.substream = {true, 7};
    request.read = request.last = true;
    request.prg_index = 0x123;
    request.page = arch::Va(0x9000);
    b.smmu.device(0).to_smmu->page_request(request);
    wait(b.smmu.page_request_queue_irq.posedge_event());
    arch::PageRequestWords words{};
    b.ram.store().read(EmbedBench::kPageRequests, words.data(), sizeof words);
    CHECK(words == encode(request));
    arch::Command answer;
    answer.opcode = arch::Opcode::pri_resp;
    answer.stream = StreamId{5};
    answer.prg_index = 0x123;
    answer.response = arch::PriResponse::success;
    b.submit(answer);
    if (function.responses.empty()) wait(function.heard);
    CHECK(function.responses[0].prg_index == 0x123);
    CHECK(function.responses[0].code == arch::PrgResponseCode::success);
  });
  CHECK(ended);
}

TEST_CASE("interrupts are pulses on wires, and MSIs writes to memory") {
  EmbedBench b;
  unsigned rises = 0;
  const bool ended = b.run([&] {
    sc_core::sc_event over;
    bool counting = true;
    b.threads.add([&] {
      while (counting) {
        wait(b.smmu.command_sync_irq.posedge_event() | over);
        rises += counting;
      }
    });
    b.bring_up();
    arch::Command sync;
    sync.signal = arch::SyncSignal::irq;
    for (unsigned i = 0; i < 3; ++i) b.submit(sync);
    CHECK(rises == 3);
    sync.msi_address = EmbedBench::kFree;
    sync.msi_data = 0xCAFE;
    b.submit(sync);
    CHECK(b.word(EmbedBench::kFree) == 0xCAFE);
    CHECK(rises == 3);
    CHECK(!b.smmu.command_sync_irq.read());
    counting = false;
    over.notify();
    wait(sc_core::sc_time(1, sc_core::SC_NS));
  });
  CHECK(ended);
}

TEST_CASE("RAM: sparse, an address error outside, and bytes of one's own") {
  FreshKernel kernel;
  engine::Calendar calendar("calendar");
  alignas(4096) static std::array<std::uint64_t, 1024> mine{};
  const auto base = reinterpret_cast<std::uint64_t>(mine.data());
  memory::HostMemory host(base, mine.data());
  memory::Ram sparse("sparse", calendar, engine::Clock(1000), {0, std::uint64_t{1} << 40, 1, 20});
  memory::Ram own("own", calendar, engine::Clock(1000), {base, sizeof mine}, &host);
  Initiator a("a"), b("b");
  a.socket.bind(sparse.port());
  b.socket.bind(own.port());
  Threads threads("threads");
  bool done = false;
  threads.add([&] {
    std::uint64_t value = 5, back = 0;
    CHECK(a.transfer(true, (std::uint64_t{1} << 40) - 8, &value, 8) == tlm::TLM_OK_RESPONSE);
    CHECK(a.transfer(false, (std::uint64_t{1} << 40) - 8, &back, 8) == tlm::TLM_OK_RESPONSE);
    CHECK(back == 5);
    // Seen a cycle after each is sent, and answered 20 cycles after that.
    CHECK(sc_core::sc_time_stamp() == sc_core::sc_time(2 * (1 + 20 + 1), sc_core::SC_NS));
    CHECK(a.transfer(true, (std::uint64_t{1} << 40) - 4, &value, 8) == tlm::TLM_ADDRESS_ERROR_RESPONSE);
    CHECK(sparse.store().chunks() == 1);
    CHECK(b.transfer(true, base + 16, &value, 8) == tlm::TLM_OK_RESPONSE);
    CHECK(mine[2] == 5);
    CHECK(b.transfer(true, base + sizeof mine, &value, 8) == tlm::TLM_ADDRESS_ERROR_RESPONSE);
    sparse.reset();
    CHECK(sparse.store().chunks() == 0);
    CHECK(a.transfer(false, (std::uint64_t{1} << 40) - 8, &back, 8) == tlm::TLM_OK_RESPONSE);
    CHECK(back == 0);
    done = true;
  });
  sc_core::sc_start(sc_core::sc_time(1, sc_core::SC_US));
  CHECK(done);
}

TEST_CASE("a fresh system costs less than 50 ms of a processor") {
  std::clock_t best = std::numeric_limits<std::clock_t>::max();
  for (unsigned round = 0; round < 5; ++round) {
    const std::clock_t begin = std::clock();
    {
      EmbedBench b;
      b.ram.store().write(EmbedBench::kRam + (std::uint64_t{7} << 30), &begin, sizeof begin);
      const bool ended = b.run([&] { CHECK(b.read8(EmbedBench::kRam, of_stream(1)).result == Result::ok); });
      CHECK(ended);
    }
    best = std::min(best, std::clock() - begin);
  }
  INFO("took " << best * 1e3 / CLOCKS_PER_SEC << " ms");
  CHECK(best * 1e3 / CLOCKS_PER_SEC < 50);
}

TEST_CASE("reset in place: as new, and at no cost") {
  EmbedBench b;
  const bool ended = b.run([&] {
    for (unsigned round = 0; round < 3; ++round) {
      CHECK(b.read(reg::kCr0Ack) == 0);
      CHECK(b.read(reg::kStrtabBase, 8) == 0);
      CHECK(b.read(reg::kEventqProd) == 0);
      CHECK(b.word(EmbedBench::kEvents) == 0);
      CHECK(b.read8(EmbedBench::kRam, of_stream(5)).physical.value == EmbedBench::kRam);  // bypass
      b.map(b.attach(StreamId{5}, true), 0x1000, EmbedBench::kRam + 0x1000 * (round + 1));
      b.bring_up();
      CHECK(b.read8(0x1000, of_stream(5)).physical.value == EmbedBench::kRam + 0x1000 * (round + 1));
      bool aborted = false;
      b.threads.add([&] {
        CHECK(b.read8(0x2000, of_stream(5)).result == Result::abort);
        aborted = true;
      });
      wait(b.smmu.event_queue_irq.posedge_event());
      CHECK(!b.smmu.reset());  // an access is stalled
      b.write(reg::kCr0, 0);
      while (b.read(reg::kCr0Ack) != 0) continue;
      CHECK(aborted);
      wait(sc_core::sc_time(1, sc_core::SC_US));
      const std::clock_t begin = std::clock();
      CHECK(b.smmu.reset());
      b.ram.reset();
      CHECK((std::clock() - begin) * 1e3 / CLOCKS_PER_SEC < 50);
      b.commands = 0;
      b.next = EmbedBench::kFree;
    }
  });
  CHECK(ended);
}
