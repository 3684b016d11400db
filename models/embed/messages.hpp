// The messages between the PCIe functions behind a device port and the SMMU that are no accesses: ATC
// invalidations and page requests. Calls never block; the SMMU calls its function at the simulated time the
// message arrives, inside an SC_METHOD, so the function may answer at once but not wait.
#pragma once

#include <cstdint>
#include <systemc>

#include "models/arch/ats.hpp"
#include "models/arch/pri.hpp"
#include "models/arch/types.hpp"

namespace svasim::embed {

/// An ATS Invalidate Request.
struct Invalidation {
  std::uint16_t itag = 0;  ///< to be given back with the completion
  arch::StreamId stream{};
  arch::SubstreamId substream;
  arch::AtsRange range;
  bool global = false;  ///< whatever the PASID
};

/// A PRG Response.
struct PageResponse {
  arch::StreamId stream{};
  arch::SubstreamId substream;  ///< as the response carries it
  std::uint16_t prg_index = 0;
  arch::PrgResponseCode code = arch::PrgResponseCode::success;
};

/// Towards the SMMU: a device port provides it.
class ToSmmu : public virtual sc_core::sc_interface {
 public:
  virtual void page_request(const arch::PageRequest&) = 0;
  /// All translations the invalidation names are gone, and accesses that used them are on their way to
  /// memory. `timed_out`: the function never answered; the next CMD_SYNC ends with CERROR_ATC_INV_SYNC.
  virtual void invalidation_complete(std::uint16_t itag, bool timed_out = false) = 0;
};

/// Towards the functions: bind one to a device port to hear of these; if none is bound, invalidations
/// complete at once and responses are ignored.
class ToFunction : public virtual sc_core::sc_interface {
 public:
  virtual void invalidate(const Invalidation&) = 0;
  virtual void page_response(const PageResponse&) = 0;
};

}  // namespace svasim::embed
