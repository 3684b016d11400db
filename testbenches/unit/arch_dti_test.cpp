// DTI messages on the wire: positions written out by hand, every field in a place of its own, round trips,
// and what is no message. Source rule: AMBA DTI.
#include <array>
#include <catch2/catch.hpp>
#include <random>
#include <type_traits>

#include "models/arch/dti.hpp"

namespace svasim::arch::dti {
namespace {

/// A pattern from its highest word down, as one writes hexadecimal.
Frame pattern(unsigned bits, std::uint64_t w2, std::uint64_t w1, std::uint64_t w0) {
  return Frame{{w0, w1, w2}, bits};
}

/// Collects the bits that a layout names, and how many it names.
struct Places {
  Frame* all;
  unsigned* named;
  template <class T>
  void operator()(unsigned at, unsigned width, const T&, unsigned = 0) const {
    *named += width;
    for (unsigned i = at; i < at + width; ++i) all->words[i / 64] |= std::uint64_t{1} << (i % 64);
  }
};

/// Gives every field a random value.
struct Fill {
  std::mt19937_64* random;
  template <class T>
  void operator()(unsigned, unsigned width, T& member, unsigned member_bit = 0) const {
    const std::uint64_t others = static_cast<std::uint64_t>(member) & ~(mask(width) << member_bit);
    member = static_cast<T>(others | ((*random)() & mask(width)) << member_bit);
  }
};

/// All fields of two messages are equal: compared as lists of values, not as encodings.
struct Values {
  std::vector<std::uint64_t>* list;
  template <class T>
  void operator()(unsigned, unsigned, const T& member, unsigned = 0) const {
    list->push_back(static_cast<std::uint64_t>(member));
  }
};
template <class Message>
std::vector<std::uint64_t> values(Message message) {
  std::vector<std::uint64_t> list;
  message.layout(Values{&list});
  return list;
}

template <class Set, class Message>
void check_message(std::mt19937_64& random) {
  CAPTURE(int{Message::kCode}, unsigned{Message::kBits});
  Frame places;
  unsigned named = 4;  // the message type
  Message any;
  any.layout(Places{&places, &named});
  unsigned used = 4;
  for (unsigned i = 0; i < 192; ++i) {
    const bool place = bit(places.words[i / 64], i % 64);
    CHECK((!place || (i >= 4 && i < Message::kBits)));
    used += place ? 1 : 0;
  }
  CHECK(used == named);  // no bit twice
  for (int i = 0; i < 200; ++i) {
    Message sent;
    sent.layout(Fill{&random});
    const Frame frame = encode(sent);
    REQUIRE(frame.bits == Message::kBits);
    REQUIRE(frame.code() == Message::kCode);
    const auto received = decode<Set>(frame);
    REQUIRE(received);
    REQUIRE(std::holds_alternative<Message>(*received));
    REQUIRE(values(std::get<Message>(*received)) == values(sent));
    REQUIRE(encode(*received) == frame);
  }
}

template <class Set, std::size_t... I>
void check_set(std::mt19937_64& random, std::index_sequence<I...>) {
  (check_message<Set, std::variant_alternative_t<I, Set>>(random), ...);
}
template <class Set>
void check_set(std::mt19937_64& random) {
  check_set<Set>(random, std::make_index_sequence<std::variant_size_v<Set>>());
}

TEST_CASE("DTI: every field has bits of its own, and comes back as it was sent") {
  std::mt19937_64 random(5);
  check_set<tbu::Upstream>(random);
  check_set<tbu::Downstream>(random);
  check_set<ats::Upstream>(random);
  check_set<ats::Downstream>(random);
}

/// Bytes by message type, 0 where the direction has no such message.
template <class Set>
std::array<unsigned, 16> lengths() {
  std::array<unsigned, 16> bytes{};
  for (unsigned code = 0; code < bytes.size(); ++code) bytes[code] = length_of<Set>(code) / 8;
  return bytes;
}

// Messages of 8, 32, 128 and 160 bits, the extended response 192. Choices: the registers' (6 and 7 of
// DTI-TBU), PAGE_RESP (9 from the TCU) and INV_COMP (B).
TEST_CASE("DTI: the length of every message") {
  using Lengths = std::array<unsigned, 16>;
  CHECK(lengths<tbu::Upstream>() == Lengths{4, 0, 20, 0, 1, 1, 1, 8});
  CHECK(lengths<tbu::Downstream>() == Lengths{4, 4, 20, 24, 16, 1, 8, 4});
  CHECK(lengths<ats::Upstream>() == Lengths{4, 0, 20, 0, 0, 0, 0, 0, 16, 1, 0, 8, 1, 1});
  CHECK(lengths<ats::Downstream>() == Lengths{4, 4, 20, 0, 0, 0, 0, 0, 1, 12, 0, 0, 16, 1});
}

TEST_CASE("DTI: what the models' messages take on a link") {
  const auto up = [](Upstream::Kind kind) {
    Upstream message;
    message.kind = kind;
    return wire_bytes(message);
  };
  CHECK(up(Upstream::Kind::trans_req) == 20);
  CHECK(up(Upstream::Kind::sync_ack) == 1);
  CHECK(up(Upstream::Kind::page_req) == 16);
  CHECK(up(Upstream::Kind::inv_comp) == 8);
  CHECK(up(Upstream::Kind::inv_ack) == 1);
  const auto down = [](Downstream::Kind kind, AtsAnswer ats = {}) {
    Downstream message;
    message.kind = kind;
    message.ats = ats;
    return wire_bytes(message);
  };
  CHECK(down(Downstream::Kind::trans_resp) == 20);
  CHECK(down(Downstream::Kind::trans_fault) == 4);
  CHECK(down(Downstream::Kind::inv_req) == 16);
  CHECK(down(Downstream::Kind::sync_req) == 1);
  CHECK(down(Downstream::Kind::atc_inv) == 16);
  CHECK(down(Downstream::Kind::page_resp) == 12);
  // A translation is a TRANS_RESP; no access, Unsupported Request and Completer Abort are TRANS_FAULTs.
  AtsAnswer ats;
  CHECK(down(Downstream::Kind::ats_resp, ats) == 4);
  ats.translation.read = true;
  CHECK(down(Downstream::Kind::ats_resp, ats) == 20);
  for (const auto status : {AtsStatus::unsupported_request, AtsStatus::completer_abort}) {
    ats.status = status;
    CHECK(down(Downstream::Kind::ats_resp, ats) == 4);
  }
}

TEST_CASE("DTI: connection messages, bit by bit") {
  tbu::CondisReq request;
  request.connect = true;
  request.version = 3;
  request.translation_tokens = 0xA5C;
  request.invalidation_tokens = 7;
  request.stages = 2;
  // 31:28 tokens[11:8] A, 27:26 stages 2, 25 SPD, 24 SUP_REG, 23:20 inv 7, 19:12 tokens[7:0] 5C, 11:8 v3, 4
  // STATE
  CHECK(encode(request) == pattern(32, 0, 0, 0xA8'75'C3'10));
  request.connect = false;
  request.registers = request.spd = request.impdef = true;
  request.protocol = Protocol::ats;
  CHECK(encode(request) == pattern(32, 0, 0, 0xAB'75'C3'A0));

  tbu::CondisAck ack;
  ack.connected = true;
  ack.version = 2;
  ack.translation_tokens = 0x1FF;
  ack.oas = 5;  // 48 bits
  // 31:28 1, 24:21 OAS 5 (0101 -> bits 23 and 21), 20 NO_CACHE_INIT 0, 19:12 FF
  CHECK(encode(ack) == pattern(32, 0, 0, 0x10'AF'F2'10));
  ack.no_cache_init = true;
  CHECK(encode(ack) == pattern(32, 0, 0, 0x10'BF'F2'10));

  ats::CondisReq root_port;
  root_port.connect = root_port.no_trans = root_port.t = true;
  root_port.protocol = Protocol::ats;
  root_port.version = 1;
  CHECK(encode(root_port) == pattern(32, 0, 0, 0x03'00'01'30));
  ats::CondisAck pri;
  pri.connected = pri.pri = pri.t = true;
  CHECK(encode(pri) == pattern(32, 0, 0, 0x02'10'00'10));
}

TEST_CASE("DTI-TBU: translation messages, bit by bit") {
  tbu::TransReq request;
  request.qos = 0xF;
  request.id = 0x3A5;
  request.privileged = true;
  request.perm = tbu::Perm::read;  // PERM[0] is bit 19, PERM[1] bit 23
  request.ssv = true;
  request.flow = tbu::FlowCode::no_stall;  // FLOW[0] is bit 22, FLOW[1] bit 71
  request.sid = 0x12345678;
  request.mmu_valid = true;
  request.ssid = 0xABCDE;
  request.address = 0x0123'4567'89AB'CDEF;
  CHECK(encode(request) == pattern(160, 0x0123'4567, 0x89AB'CDEF'ABCDE'0A0, 0x12345678'30'2A'A5'F2));
  request = {};
  request.perm = tbu::Perm::speculative;
  request.flow = tbu::FlowCode::translated;
  request.instruction = request.response_extended = true;
  request.sec_sid = 2;
  CHECK(encode(request) == pattern(160, 0, 0x4, 0x04'CC'00'02));

  tbu::TransResp response;
  response.id = 0x3A5;
  response.privcfg = 3;
  response.instcfg = 2;
  response.vmid = 0x1111;
  response.asid = 0x2222;
  response.ur = response.pw = true;
  response.global = true;
  response.trans_range = 3;
  response.inval_range = 6;
  response.attr = 0xFF;
  response.sh = 3;
  response.page = 0xFE'DCBA'9876;  // OA[51:12]: bits 147:108
  // 127:108 A9876, 107:106 0, 105:104 3, 103:96 FF, 87:84 6, 83:80 3, 79:76 id[11:8] 3, 72 global, 68, 64
  CHECK(encode(response) == pattern(160, 0xFEDCB, 0xA9876'3'FF'00'63'31'11, 0x2222'1111'02'C0'0A52));
  response = {};
  response.bypass = response.do_not_cache = true;
  response.strw = 2;
  response.partid = 0x3C5;
  response.impdef = 1;
  // PARTID[3:0] at 151:148, [7:4] at 155:152, [8] at 91, [9] at 107
  CHECK(encode(response) == pattern(160, 0x1C500000, 0x0000'0800'0800'0000, 0x000B'0002));
  tbu::TransRespEx extended;
  extended.id = 0x012;
  extended.mecid = 0xBEEF;
  extended.partid_high = 3;
  CHECK(encode(extended) == pattern(192, 0x0003'BEEF'0000'0000, 0, 0x123));

  TransFault fault;
  fault.id = 0xABC;
  fault.type = static_cast<std::uint8_t>(tbu::FaultType::stream_disabled);
  CHECK(encode(fault) == pattern(32, 0, 0, 0xA004'0BC1));
  fault.do_not_cache = true;
  fault.cont = 0xF;
  CHECK(encode(fault) == pattern(32, 0, 0, 0xA005'FBC1));
}

TEST_CASE("DTI-TBU: invalidation, sync and register messages, bit by bit") {
  tbu::InvReq request;
  request.operation = 0x112;  // TLBI_NH_VA, Leaf
  request.ssid = 0x54321;
  request.sid = 0xAAAA'5555;
  request.range = 0x1F;
  request.page = 0xF'EDCB'A987'6543;
  CHECK(encode(request) == pattern(128, 0, 0xF'EDCB'A987'6543'05F, 0xAAAA'5555'54321'124));
  request = {};
  request.inc_aset1 = request.scale5 = true;
  CHECK(encode(request) == pattern(128, 0, 0xA0, 4));
  CHECK(encode(tbu::InvAck{}) == pattern(8, 0, 0, 0x04));
  CHECK(encode(tbu::SyncReq{}) == pattern(8, 0, 0, 0x05));
  CHECK(encode(tbu::SyncAck{}) == pattern(8, 0, 0, 0x05));
  CHECK(encode(tbu::RegWriteAck{}) == pattern(8, 0, 0, 0x06));
  CHECK(encode(tbu::RegReadData{0x89ABCDEF}) == pattern(64, 0, 0, 0x89ABCDEF'00000007));
  CHECK(encode(tbu::RegWrite{0xFEDCB, 0x89ABCDEF}) == pattern(64, 0, 0, 0x89ABCDEF'FEDCB006));
  CHECK(encode(tbu::RegRead{0xFEDCB}) == pattern(32, 0, 0, 0xFEDCB007));
}

TEST_CASE("DTI-ATS messages, bit by bit") {
  ats::TransReq request;
  request.id = 0x812;
  request.no_write = request.ssv = true;
  request.sid = 0x00000100;
  request.ssid = 1;
  request.address = 0xFFFF'0000'1234'5000;
  CHECK(encode(request) == pattern(160, 0xFFFF'0000, 0x1234'5000'00001'000, 0x00000100'80'29'12'02));

  ats::TransResp response;
  response.id = 0x812;
  response.read = response.global = true;
  response.trans_range = 4;
  response.page = 0x00'0000'0080;
  CHECK(encode(response) == pattern(160, 0, 0x00080'000'0004'81'01, 0x122));

  ats::InvReq invalidate;
  invalidate.operation = ats::InvOperation::pasid;
  invalidate.itag = 0x1F;
  invalidate.ssid = 0x7;
  invalidate.sid = 0x100;
  invalidate.range = 52;
  invalidate.page = 0x1;
  CHECK(encode(invalidate) == pattern(128, 0, 0x1'7F4, 0x00000100'00007'41'C));
  ats::InvComp completion;
  completion.itag = 0x15;
  completion.error = true;
  completion.sid = 0x100;
  CHECK(encode(completion) == pattern(64, 0, 0, 0x00000100'0000035B));
  CHECK(encode(ats::InvAck{}) == pattern(8, 0, 0, 0x0C));

  ats::PageReq page;
  page.ssv = page.read = page.last = true;
  page.ssid = 0xABCDE;
  page.sid = 0x100;
  page.group = 0x1FF;
  page.page = 0xF'FFFF'0000'0001;
  CHECK(encode(page) == pattern(128, 0, 0xF'FFFF'0000'0001'1FF, 0x00000100'ABCDE'298));
  ats::PageResp answer;
  answer.ssv = true;
  answer.response = ats::PageResponse::success;
  answer.ssid = 0xABCDE;
  answer.sid = 0x100;
  answer.group = 0x1FF;
  CHECK(encode(answer) == pattern(96, 0, 0x1FF, 0x00000100'ABCDE'099));
  CHECK(encode(ats::PageAck{}) == pattern(8, 0, 0, 0x08));
  CHECK(encode(ats::PageRespAck{}) == pattern(8, 0, 0, 0x09));
  CHECK(encode(ats::SyncReq{}) == pattern(8, 0, 0, 0x0D));
  ats::SyncAck ack;
  ack.error = true;
  CHECK(encode(ack) == pattern(8, 0, 0, 0x1D));
  TransFault fault;
  fault.id = 1;
  fault.type = static_cast<std::uint8_t>(ats::FaultType::unsupported_request);
  CHECK(encode(fault) == pattern(32, 0, 0, 0x0004'0011));
}

TEST_CASE("DTI: the type and direction tell the length; others are reserved") {
  const auto lengths = [](auto set) {
    std::vector<unsigned> all;
    for (unsigned code = 0; code < 16; ++code) all.push_back(length_of<decltype(set)>(code));
    return all;
  };
  using List = std::vector<unsigned>;
  CHECK(lengths(tbu::Upstream{}) == List{32, 0, 160, 0, 8, 8, 8, 64, 0, 0, 0, 0, 0, 0, 0, 0});
  CHECK(lengths(tbu::Downstream{}) == List{32, 32, 160, 192, 128, 8, 64, 32, 0, 0, 0, 0, 0, 0, 0, 0});
  CHECK(lengths(ats::Upstream{}) == List{32, 0, 160, 0, 0, 0, 0, 0, 128, 8, 0, 64, 8, 8, 0, 0});
  CHECK(lengths(ats::Downstream{}) == List{32, 32, 160, 0, 0, 0, 0, 0, 8, 96, 0, 0, 128, 8, 0, 0});
}

TEST_CASE("DTI: whatever the bits, decoding never fails otherwise than by saying so") {
  std::mt19937_64 random(6);
  for (int i = 0; i < 20000; ++i) {
    Frame frame;
    for (unsigned bytes = static_cast<unsigned>(random() % 25); bytes > 0; --bytes) {
      frame.append(static_cast<std::uint8_t>(random()));
    }
    const auto check = [&](auto set) {
      using Set = decltype(set);
      const auto message = decode<Set>(frame);
      const bool one = frame.bits != 0 && length_of<Set>(frame.code()) == frame.bits;
      REQUIRE(message.has_value() == one);
      if (!message) return;
      // Reserved bits apart, the encoding is the frame.
      const Frame again = encode(*message);
      for (unsigned word = 0; word < 3; ++word) REQUIRE((again.words[word] & ~frame.words[word]) == 0);
    };
    check(tbu::Upstream{});
    check(tbu::Downstream{});
    check(ats::Upstream{});
    check(ats::Downstream{});
  }
}

TEST_CASE("DTI: a frame takes no more bytes than the longest message has") {
  Frame frame;
  for (unsigned i = 0; i < Frame::kMaxBytes; ++i) REQUIRE(frame.append(static_cast<std::uint8_t>(i)));
  CHECK_FALSE(frame.append(0xFF));
  CHECK(frame.bytes() == 24);
  CHECK(frame.byte(23) == 23);
  CHECK(frame == pattern(192, 0x1716151413121110, 0x0F0E0D0C0B0A0908, 0x0706050403020100));
}

}  // namespace
}  // namespace svasim::arch::dti
