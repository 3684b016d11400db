// DTI ports of a Verilated top, for RtlParty::attach. Pins are named by convention: a prefix for the stream
// towards the TCU and one for that from it, the standard's name in lower case, and a suffix for the RTL's
// inputs and one for its outputs, each of which may be empty:
//
//   SVASIM_DTI_TBU_PORT(TbuPort, dti_up_, dti_dn_, _i, _o);  // the RTL drives dti_up_tvalid_o, ...
//   SVASIM_DTI_TCU_PORT(TcuPort, s_axis_, m_axis_, , );      // the RTL takes s_axis_tvalid, drives
//   m_axis_...
//
// A stream the RTL receives may lack TKEEP, TLAST, TID, TDEST and TWAKEUP, one that it drives the last three.
#pragma once

#include "tlm-bridges/dti/dti_pins.hpp"
#include "tlm-bridges/rtl_party.hpp"

#define SVASIM_DTI_HAS(M, name) ::svasim::bridges::has_pin<M>(SVASIM_PIN(name))
#define SVASIM_DTI_MOVE_BEAT(move, m, b, P, S) \
  move(m, SVASIM_PIN(P##tdata##S), b.data);    \
  move(m, SVASIM_PIN(P##tkeep##S), b.keep);    \
  move(m, SVASIM_PIN(P##tlast##S), b.last);    \
  move(m, SVASIM_PIN(P##tid##S), b.id);        \
  move(m, SVASIM_PIN(P##tdest##S), b.dest)

/// Into the RTL, and out of it: a stream that it receives, and one that it drives.
#define SVASIM_DTI_WRITE_STREAM(m, channel, wakeup, P, I, O)                                                \
  static_assert(                                                                                            \
      SVASIM_DTI_HAS(M, P##tvalid##I) && SVASIM_DTI_HAS(M, P##tdata##I) && SVASIM_DTI_HAS(M, P##tready##O), \
      "the top lacks TVALID, TREADY or TDATA of a stream it receives");                                     \
  ::svasim::bridges::put_pin(m, SVASIM_PIN(P##tvalid##I), channel.valid);                                   \
  ::svasim::bridges::put_pin(m, SVASIM_PIN(P##twakeup##I), wakeup);                                         \
  SVASIM_DTI_MOVE_BEAT(::svasim::bridges::put_pin, m, channel.bits, P, I)
#define SVASIM_DTI_READ_STREAM(m, channel, wakeup, P, I, O)                                   \
  static_assert(SVASIM_DTI_HAS(M, P##tvalid##O) && SVASIM_DTI_HAS(M, P##tdata##O) &&          \
                    SVASIM_DTI_HAS(M, P##tkeep##O) && SVASIM_DTI_HAS(M, P##tlast##O) &&       \
                    SVASIM_DTI_HAS(M, P##tready##I),                                          \
                "the top lacks TVALID, TREADY, TDATA, TKEEP or TLAST of a stream it drives"); \
  ::svasim::bridges::get_pin(m, SVASIM_PIN(P##tvalid##O), channel.valid);                     \
  ::svasim::bridges::get_pin(m, SVASIM_PIN(P##twakeup##O), wakeup);                           \
  SVASIM_DTI_MOVE_BEAT(::svasim::bridges::get_pin, m, channel.bits, P, O)

#define SVASIM_DTI_TBU_PORT(Name, UP, DOWN, In, Out)                              \
  struct Name {                                                                   \
    template <class M>                                                            \
    static void write(M& m, const ::svasim::bridges::DtiPins& p) {                \
      SVASIM_DTI_WRITE_STREAM(m, p.down, p.down_wakeup, DOWN, In, Out);           \
      ::svasim::bridges::put_pin(m, SVASIM_PIN(UP##tready##In), p.up.ready);      \
    }                                                                             \
    template <class M>                                                            \
    static void read(M& m, ::svasim::bridges::DtiPins& p) {                       \
      SVASIM_DTI_READ_STREAM(m, p.up, p.up_wakeup, UP, In, Out);                  \
      ::svasim::bridges::get_pin(m, SVASIM_PIN(DOWN##tready##Out), p.down.ready); \
    }                                                                             \
  }
#define SVASIM_DTI_TCU_PORT(Name, UP, DOWN, In, Out)                             \
  struct Name {                                                                  \
    template <class M>                                                           \
    static void write(M& m, const ::svasim::bridges::DtiPins& p) {               \
      SVASIM_DTI_WRITE_STREAM(m, p.up, p.up_wakeup, UP, In, Out);                \
      ::svasim::bridges::put_pin(m, SVASIM_PIN(DOWN##tready##In), p.down.ready); \
    }                                                                            \
    template <class M>                                                           \
    static void read(M& m, ::svasim::bridges::DtiPins& p) {                      \
      SVASIM_DTI_READ_STREAM(m, p.down, p.down_wakeup, DOWN, In, Out);           \
      ::svasim::bridges::get_pin(m, SVASIM_PIN(UP##tready##Out), p.up.ready);    \
    }                                                                            \
  }
