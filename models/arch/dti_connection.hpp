// What DTI-TBU and DTI-ATS share on the wire: the fields of their connection messages, the fault message, and
// messages without fields. Members are as on the wire: numbers of tokens are minus 1.
//
// Source rule: AMBA DTI, connection messages.
#pragma once

#include <cstdint>

#include "models/arch/dti_frame.hpp"

namespace svasim::arch::dti {

enum class Protocol : std::uint8_t { tbu = 0, ats = 1 };

/// A message of its type alone.
template <std::uint8_t Code>
struct Short {
  static constexpr std::uint8_t kCode = Code;
  static constexpr unsigned kBits = 8;
  template <class F>
  void layout(const F&) {}
};

struct CondisReqFields {
  static constexpr std::uint8_t kCode = 0x0;
  static constexpr unsigned kBits = 32;
  bool connect = false;  ///< STATE
  Protocol protocol = Protocol::tbu;
  bool impdef = false;
  std::uint8_t version = 0;              ///< the highest the sender knows
  std::uint16_t translation_tokens = 0;  ///< TOK_TRANS_REQ: wanted, minus 1
  std::uint8_t invalidation_tokens = 0;  ///< TOK_INV_GNT: invalidations it accepts at a time, minus 1

  template <class F>
  void layout(const F& f) {
    f(4, 1, connect), f(5, 1, protocol), f(7, 1, impdef), f(8, 4, version);
    f(12, 8, translation_tokens), f(28, 4, translation_tokens, 8);
    f(20, 4, invalidation_tokens);
  }
};

struct CondisAckFields {
  static constexpr std::uint8_t kCode = 0x0;
  static constexpr unsigned kBits = 32;
  bool connected = false;  ///< STATE
  bool impdef = false;
  std::uint8_t version = 0;              ///< accepted
  std::uint16_t translation_tokens = 0;  ///< TOK_TRANS_GNT: granted, minus 1
  std::uint8_t oas = 0;                  ///< as SMMU_IDR5.OAS

  template <class F>
  void layout(const F& f) {
    f(4, 1, connected), f(7, 1, impdef), f(8, 4, version);
    f(12, 8, translation_tokens), f(28, 4, translation_tokens, 8);
    f(21, 4, oas);
  }
};

/// Answers no request but a translation request, which it ends: the type is per protocol.
struct TransFault {
  static constexpr std::uint8_t kCode = 0x1;
  static constexpr unsigned kBits = 32;
  std::uint16_t id = 0;
  bool do_not_cache = false;
  std::uint8_t cont = 0;
  std::uint8_t type = 0;

  template <class F>
  void layout(const F& f) {
    f(4, 8, id), f(28, 4, id, 8);
    f(12, 1, do_not_cache), f(13, 4, cont), f(17, 3, type);
  }
};

}  // namespace svasim::arch::dti
