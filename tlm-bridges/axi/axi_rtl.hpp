// AXI4 ports of a Verilated top, for RtlParty::attach. Pins are named by convention: prefix, the standard's
// name in lower case, and a suffix for the RTL's inputs and one for its outputs, each of which may be empty:
//
//   SVASIM_AXI_SUBORDINATE_PORT(MemoryPort, s_axi_, _i, _o);  // s_axi_awvalid_i, s_axi_awready_o, ...
//   SVASIM_AXI_MANAGER_PORT(WalkerPort, m_axi_, , );          // m_axi_arvalid, m_axi_arready, ...
//
// The port may lack the write or the read channels, and of each channel ID, LOCK, CACHE, PROT, QOS, REGION
// and USER: what the RTL does not have is ignored, what it does not drive is zero (a burst type that is not
// driven is INCR). A channel that lacks another pin does not compile.
#pragma once

#include "tlm-bridges/axi/axi_pins.hpp"
#include "tlm-bridges/rtl_party.hpp"

/// Moves each field of a struct by `move` (put_pin, get_pin) to or from P<name>S.
#define SVASIM_AXI_MOVE_ADDRESS(move, m, a, P, c, S) \
  move(m, SVASIM_PIN(P##c##id##S), a.id);            \
  move(m, SVASIM_PIN(P##c##addr##S), a.addr);        \
  move(m, SVASIM_PIN(P##c##len##S), a.len);          \
  move(m, SVASIM_PIN(P##c##size##S), a.size);        \
  move(m, SVASIM_PIN(P##c##burst##S), a.burst);      \
  move(m, SVASIM_PIN(P##c##lock##S), a.lock);        \
  move(m, SVASIM_PIN(P##c##cache##S), a.cache);      \
  move(m, SVASIM_PIN(P##c##prot##S), a.prot);        \
  move(m, SVASIM_PIN(P##c##qos##S), a.qos);          \
  move(m, SVASIM_PIN(P##c##region##S), a.region);    \
  move(m, SVASIM_PIN(P##c##user##S), a.user)
#define SVASIM_AXI_MOVE_W(move, m, w, P, S) \
  move(m, SVASIM_PIN(P##wdata##S), w.data); \
  move(m, SVASIM_PIN(P##wstrb##S), w.strb); \
  move(m, SVASIM_PIN(P##wlast##S), w.last); \
  move(m, SVASIM_PIN(P##wuser##S), w.user)
#define SVASIM_AXI_MOVE_B(move, m, b, P, S) \
  move(m, SVASIM_PIN(P##bid##S), b.id);     \
  move(m, SVASIM_PIN(P##bresp##S), b.resp); \
  move(m, SVASIM_PIN(P##buser##S), b.user)
#define SVASIM_AXI_MOVE_R(move, m, r, P, S) \
  move(m, SVASIM_PIN(P##rid##S), r.id);     \
  move(m, SVASIM_PIN(P##rdata##S), r.data); \
  move(m, SVASIM_PIN(P##rresp##S), r.resp); \
  move(m, SVASIM_PIN(P##rlast##S), r.last); \
  move(m, SVASIM_PIN(P##ruser##S), r.user)

#define SVASIM_AXI_HAS(M, name) ::svasim::bridges::has_pin<M>(SVASIM_PIN(name))
/// F: the suffix of what the manager drives, T: of what the subordinate drives.
#define SVASIM_AXI_REQUIRE(M, P, F, T)                                                                      \
  constexpr bool writes_ = SVASIM_AXI_HAS(M, P##awvalid##F), reads_ = SVASIM_AXI_HAS(M, P##arvalid##F);     \
  static_assert(writes_ || reads_, "the top has no AXI port by this name");                                 \
  constexpr bool aw_ = SVASIM_AXI_HAS(M, P##awready##T) && SVASIM_AXI_HAS(M, P##awaddr##F) &&               \
                       SVASIM_AXI_HAS(M, P##awlen##F) && SVASIM_AXI_HAS(M, P##awsize##F);                   \
  constexpr bool w_ = SVASIM_AXI_HAS(M, P##wvalid##F) && SVASIM_AXI_HAS(M, P##wready##T) &&                 \
                      SVASIM_AXI_HAS(M, P##wdata##F) && SVASIM_AXI_HAS(M, P##wstrb##F) &&                   \
                      SVASIM_AXI_HAS(M, P##wlast##F);                                                       \
  constexpr bool b_ =                                                                                       \
      SVASIM_AXI_HAS(M, P##bvalid##T) && SVASIM_AXI_HAS(M, P##bready##F) && SVASIM_AXI_HAS(M, P##bresp##T); \
  constexpr bool ar_ = SVASIM_AXI_HAS(M, P##arready##T) && SVASIM_AXI_HAS(M, P##araddr##F) &&               \
                       SVASIM_AXI_HAS(M, P##arlen##F) && SVASIM_AXI_HAS(M, P##arsize##F);                   \
  constexpr bool r_ = SVASIM_AXI_HAS(M, P##rvalid##T) && SVASIM_AXI_HAS(M, P##rready##F) &&                 \
                      SVASIM_AXI_HAS(M, P##rdata##T) && SVASIM_AXI_HAS(M, P##rresp##T) &&                   \
                      SVASIM_AXI_HAS(M, P##rlast##T);                                                       \
  static_assert(!writes_ || (aw_ && w_ && b_), "an AXI write channel lacks a pin");                         \
  static_assert(!reads_ || (ar_ && r_), "an AXI read channel lacks a pin")

/// What the manager drives, and what the subordinate drives, between the top and the struct.
#define SVASIM_AXI_MOVE_REQUESTS(move, m, p, P, F)       \
  using ::svasim::bridges::move;                         \
  move(m, SVASIM_PIN(P##awvalid##F), p.aw.valid);        \
  move(m, SVASIM_PIN(P##wvalid##F), p.w.valid);          \
  move(m, SVASIM_PIN(P##bready##F), p.b.ready);          \
  move(m, SVASIM_PIN(P##arvalid##F), p.ar.valid);        \
  move(m, SVASIM_PIN(P##rready##F), p.r.ready);          \
  SVASIM_AXI_MOVE_ADDRESS(move, m, p.aw.bits, P, aw, F); \
  SVASIM_AXI_MOVE_W(move, m, p.w.bits, P, F);            \
  SVASIM_AXI_MOVE_ADDRESS(move, m, p.ar.bits, P, ar, F)
#define SVASIM_AXI_MOVE_ANSWERS(move, m, p, P, T) \
  using ::svasim::bridges::move;                  \
  move(m, SVASIM_PIN(P##awready##T), p.aw.ready); \
  move(m, SVASIM_PIN(P##wready##T), p.w.ready);   \
  move(m, SVASIM_PIN(P##bvalid##T), p.b.valid);   \
  move(m, SVASIM_PIN(P##arready##T), p.ar.ready); \
  move(m, SVASIM_PIN(P##rvalid##T), p.r.valid);   \
  SVASIM_AXI_MOVE_B(move, m, p.b.bits, P, T);     \
  SVASIM_AXI_MOVE_R(move, m, p.r.bits, P, T)

#define SVASIM_AXI_SUBORDINATE_PORT(Name, P, In, Out)              \
  struct Name {                                                    \
    template <class M>                                             \
    static void write(M& m, const ::svasim::bridges::AxiPins& p) { \
      SVASIM_AXI_REQUIRE(M, P, In, Out);                           \
      SVASIM_AXI_MOVE_REQUESTS(put_pin, m, p, P, In);              \
    }                                                              \
    template <class M>                                             \
    static void read(M& m, ::svasim::bridges::AxiPins& p) {        \
      SVASIM_AXI_MOVE_ANSWERS(get_pin, m, p, P, Out);              \
    }                                                              \
  }
#define SVASIM_AXI_MANAGER_PORT(Name, P, In, Out)                  \
  struct Name {                                                    \
    template <class M>                                             \
    static void write(M& m, const ::svasim::bridges::AxiPins& p) { \
      SVASIM_AXI_REQUIRE(M, P, Out, In);                           \
      SVASIM_AXI_MOVE_ANSWERS(put_pin, m, p, P, In);               \
    }                                                              \
    template <class M>                                             \
    static void read(M& m, ::svasim::bridges::AxiPins& p) {        \
      SVASIM_AXI_MOVE_REQUESTS(get_pin, m, p, P, Out);             \
    }                                                              \
  }
