// Event queue records (32 bytes), SMMUv3 event records.
#pragma once

#include <array>
#include <cstdint>

#include "models/arch/translation.hpp"
#include "models/arch/types.hpp"

namespace svasim::arch {

enum class EventId : std::uint8_t {
  none = 0,  ///< nothing to record: silent aborts
  f_uut = 0x01,
  c_bad_streamid = 0x02,
  f_ste_fetch = 0x03,
  c_bad_ste = 0x04,
  f_bad_ats_treq = 0x05,
  f_stream_disabled = 0x06,
  f_transl_forbidden = 0x07,
  c_bad_substreamid = 0x08,
  f_cd_fetch = 0x09,
  c_bad_cd = 0x0A,
  f_walk_eabt = 0x0B,
  f_translation = 0x10,
  f_addr_size = 0x11,
  f_access = 0x12,
  f_permission = 0x13,
  f_tlb_conflict = 0x20,
  f_cfg_conflict = 0x21,
  e_page_request = 0x24,
  f_vms_fetch = 0x25,
};

/// "F_TRANSLATION" and so on; "?" for unknown values.
const char* name(EventId);
/// The four faults that A, R and S govern and that may stall.
constexpr bool stallable(EventId id) { return id >= EventId::f_translation && id <= EventId::f_permission; }

/// What the faulting address was for.
enum class FaultClass : std::uint8_t { cd = 0, tt = 1, in = 2 };

/// All events in one struct; fields an event does not have are not encoded and decode as their defaults.
struct Event {
  EventId id = EventId::none;
  StreamId stream{};
  SubstreamId substream;
  std::uint16_t stag = 0;
  bool stall = false;
  bool privileged = false;   ///< PnU
  bool instruction = false;  ///< InD
  bool read = false;         ///< RnW
  bool nsipa = false;
  bool stage2 = false;  ///< S2
  FaultClass fault_class = FaultClass::cd;
  bool ttrnw = false;
  Va input_address;
  std::uint64_t address = 0;  ///< dw3: FetchAddr or IPA, by event
  std::uint16_t reason = 0;   ///< implementation defined, of F_UUT, aborted fetches and conflicts
  std::uint8_t span = 0;      ///< F_BAD_ATS_TREQ: STUs asked for; E_PAGE_REQUEST: 4 KB pages
  /// What was asked for. F_BAD_ATS_TREQ has one set, of the privilege it asked with (`privileged`).
  PrivilegedPermissions wanted;
};

using EventWords = std::array<std::uint64_t, 4>;

EventWords encode(const Event&);
Event decode_event(const EventWords&);

/// May `later` be left out because `earlier`, not yet consumed by software, says the same? Stalls never;
/// others if the STE allows it (`mev`), and those that do not know an STE always. Where the event says so,
/// the offset inside 4 KB does not count.
bool may_merge(const Event& earlier, const Event& later, bool mev);
/// While `pending`'s stall is unanswered, does `later` need no record of its own? Same page, privilege, kind
/// of access and SubstreamID, and also a stall.
bool suppressed_by(const Event& later, const Event& pending);

}  // namespace svasim::arch
