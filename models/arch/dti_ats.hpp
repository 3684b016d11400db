// The messages of DTI-ATS as they are on the wire: type, length and position of every field.
//
// Source rule: AMBA DTI, DTI-ATS message groups. Choice, where no public source tells: every position but
// those of the connection messages, and the lengths of PageResp and InvComp (the fewest 32-bit words that
// hold their fields). Messages with a DTI-TBU twin have their fields where that has them; to move one is to
// edit its line.
#pragma once

#include <cstdint>
#include <variant>

#include "models/arch/dti_connection.hpp"

namespace svasim::arch::dti::ats {

struct CondisReq : CondisReqFields {
  bool no_trans = false;
  bool t = false;  ///< SUP_T
  template <class F>
  void layout(const F& f) {
    CondisReqFields::layout(f);
    f(24, 1, no_trans), f(25, 1, t);
  }
};

struct CondisAck : CondisAckFields {
  bool pri = false;  ///< SUP_PRI
  bool t = false;    ///< SUP_T
  template <class F>
  void layout(const F& f) {
    CondisAckFields::layout(f);
    f(20, 1, pri), f(25, 1, t);
  }
};

/// TransFault::type.
enum class FaultType : std::uint8_t { invalid_translation, completer_abort, unsupported_request };

struct TransReq {
  static constexpr std::uint8_t kCode = 0x2;
  static constexpr unsigned kBits = 160;
  std::uint16_t id = 0;
  Protocol protocol = Protocol::ats;
  bool privileged = false, instruction = false, no_write = false;
  bool ssv = false, t = false;
  std::uint32_t sid = 0, ssid = 0;
  std::uint64_t address = 0;

  template <class F>
  void layout(const F& f) {
    f(8, 8, id), f(28, 4, id, 8), f(16, 1, protocol);
    f(17, 1, privileged), f(18, 1, instruction), f(19, 1, no_write), f(21, 1, ssv), f(22, 1, t);
    f(32, 32, sid), f(76, 20, ssid), f(96, 64, address);
  }
};

struct TransResp {
  static constexpr std::uint8_t kCode = 0x2;
  static constexpr unsigned kBits = 160;
  std::uint16_t id = 0;
  std::uint8_t cont = 0;
  bool bypass = false;
  bool read = false, write = false, execute = false, privileged = false;
  bool untranslated_only = false, no_snoop = false, global = false;
  std::uint8_t trans_range = 0;
  std::uint64_t page = 0;  ///< OA[51:12]

  template <class F>
  void layout(const F& f) {
    f(4, 8, id), f(76, 4, id, 8), f(12, 4, cont), f(17, 1, bypass);
    f(64, 1, read), f(65, 1, write), f(66, 1, execute), f(67, 1, privileged);
    f(68, 1, untranslated_only), f(69, 1, no_snoop), f(72, 1, global);
    f(80, 4, trans_range), f(108, 40, page);
  }
};

/// InvReq::operation, in the PCIe message's terms.
enum class InvOperation : std::uint8_t { no_pasid = 0x40, pasid = 0x41, pasid_global = 0x42 };

struct InvReq {
  static constexpr std::uint8_t kCode = 0xC;
  static constexpr unsigned kBits = 128;
  InvOperation operation = InvOperation::no_pasid;
  std::uint8_t itag = 0;
  bool t = false;
  std::uint32_t ssid = 0, sid = 0;
  std::uint8_t range = 0;  ///< 4096 * 2^range bytes; 52: everything
  std::uint64_t page = 0;

  template <class F>
  void layout(const F& f) {
    f(4, 8, operation), f(12, 20, ssid), f(32, 32, sid), f(64, 6, range), f(70, 5, itag), f(75, 1, t);
    f(76, 52, page);
  }
};

struct InvComp {
  static constexpr std::uint8_t kCode = 0xB;
  static constexpr unsigned kBits = 64;
  std::uint8_t itag = 0;
  bool error = false;
  std::uint32_t sid = 0;

  template <class F>
  void layout(const F& f) {
    f(4, 5, itag), f(9, 1, error), f(32, 32, sid);
  }
};

struct PageReq {
  static constexpr std::uint8_t kCode = 0x8;
  static constexpr unsigned kBits = 128;
  bool ssv = false, privileged = false, instruction = false, read = false, write = false, last = false;
  bool t = false;
  std::uint32_t ssid = 0, sid = 0;
  std::uint16_t group = 0;  ///< 9 bits
  std::uint64_t page = 0;

  template <class F>
  void layout(const F& f) {
    f(4, 1, ssv), f(5, 1, privileged), f(6, 1, instruction), f(7, 1, read), f(8, 1, write), f(9, 1, last);
    f(10, 1, t), f(12, 20, ssid), f(32, 32, sid), f(64, 9, group), f(76, 52, page);
  }
};

/// PageResp::response.
enum class PageResponse : std::uint8_t { failure, invalid, success };

struct PageResp {
  static constexpr std::uint8_t kCode = 0x9;
  static constexpr unsigned kBits = 96;
  bool ssv = false, t = false;
  PageResponse response = PageResponse::failure;
  std::uint32_t ssid = 0, sid = 0;
  std::uint16_t group = 0;

  template <class F>
  void layout(const F& f) {
    f(4, 1, ssv), f(5, 1, t), f(6, 2, response), f(12, 20, ssid), f(32, 32, sid), f(64, 9, group);
  }
};

using PageAck = Short<0x8>;
using PageRespAck = Short<0x9>;
using InvAck = Short<0xC>;
using SyncReq = Short<0xD>;
struct SyncAck {
  static constexpr std::uint8_t kCode = 0xD;
  static constexpr unsigned kBits = 8;
  bool error = false;
  template <class F>
  void layout(const F& f) {
    f(4, 1, error);
  }
};

using Upstream = std::variant<CondisReq, TransReq, PageReq, PageRespAck, InvComp, InvAck, SyncAck>;
using Downstream = std::variant<CondisAck, TransFault, TransResp, PageAck, PageResp, InvReq, SyncReq>;

}  // namespace svasim::arch::dti::ats
