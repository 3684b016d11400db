// The SMMU driver: bring-up, stream and context descriptor tables, invalidation, responses. Contract: it
// knows the SMMU by its registers, its tables and queues in memory, and its interrupts; nothing else. What
// the hardware does that it should not is reported by on_error and survived. Source rule: Linux arm-smmu-v3
// (the order of bring-up, of structure updates and of invalidation), SMMUv3.
#pragma once

#include <array>
#include <map>
#include <memory>

#include "models/arch/cd.hpp"
#include "models/arch/event.hpp"
#include "models/arch/features.hpp"
#include "models/arch/pri.hpp"
#include "models/arch/ste.hpp"
#include "models/host/command_queue.hpp"
#include "models/host/costs.hpp"
#include "models/host/device.hpp"
#include "models/host/irq.hpp"
#include "models/host/memory_window.hpp"
#include "models/host/output_queue.hpp"

namespace svasim::host {

/// Interrupt lines, which are the data of the MSIs.
enum class SmmuLine : std::uint32_t { event = 0, pri = 1, gerror = 2 };

/// A device with an STE.
struct Master {
  DeviceDescription device;
  unsigned ssid_bits = 0;  ///< PASIDs are below 2^ssid_bits
  bool two_level = false;  ///< of its CD table
  std::uint64_t cd_table = 0;
  std::vector<std::uint64_t> cd_leaves;  ///< of a two-level table; 0: not there yet
  unsigned contexts = 0;                 ///< context descriptors in use

  std::uint32_t max_pasids() const { return ssid_bits == 0 ? 0 : 1u << ssid_bits; }
};

/// Where an address space's translations may be cached in a device.
struct AtcTarget {
  arch::StreamId stream{};
  arch::SubstreamId substream;
};
inline bool operator==(const AtcTarget& a, const AtcTarget& b) {
  return a.stream == b.stream && a.substream == b.substream;
}

/// Under what TLBs keep an address space: an ASID, or the VMID of a virtual machine's memory.
struct TlbTag {
  std::uint16_t id = 0;
  bool stage2 = false;
};

class SmmuDriver {
 public:
  struct Handlers {
    std::function<void(Thread&, const arch::Event&)> stalled;             ///< a stalled transaction's fault
    std::function<void(Thread&, const arch::PageRequest&)> page_request;  ///< stop markers excluded
    std::function<void(Thread&)> requests_lost;  ///< the page-request queue overflowed
    std::function<void(const std::string&)> error;
  };

  SmmuDriver(std::uint64_t registers, std::uint64_t doorbell, MemoryWindow& tables, const HostConfig& config,
             InterruptController& interrupts, const Ledger& ledger, Costs& costs, Handlers handlers);

  /// False, and an error, if the SMMU cannot be used.
  bool bring_up(Thread& thread);
  /// Makes the device's STE, which bypasses translation. Null, and an error, if that is impossible. The
  /// master lives as long as the driver.
  Master* attach(Thread& thread, const DeviceDescription& device);
  /// Null if nothing is attached there.
  Master* find(arch::StreamId stream) const;
  /// May its faults stall?
  bool stalls(const Master& master) const {
    return !master.device.ats && (master.device.faults == FaultMode::stall || stall_forced());
  }
  bool stall_forced() const { return features_.stall_model == arch::StallModel::forced; }
  /// Installs `cd` for `substream` (below 2^ssid_bits; none: accesses without PASID) and points the STE at
  /// the table if it is the first. False: no memory.
  bool install_cd(Thread& thread, Master& master, arch::SubstreamId substream, const arch::Cd& cd);
  /// Rewrites `cd`, which is in use, so that every access under it faults; in 7.0 without event or stall.
  void quiet_cd(Thread& thread, Master& master, arch::SubstreamId substream, arch::Cd cd);
  void remove_cd(Thread& thread, Master& master, arch::SubstreamId substream);
  /// After that, and once ATCs have been invalidated: without contexts the STE bypasses translation again
  /// (7.0), without the one for accesses without PASID it does so for those.
  void leave_cd_table(Thread& thread, Master& master, arch::SubstreamId substream);

  /// The whole device is in a virtual machine whose memory stage-2 tables at `root` map; `stall`: its faults
  /// may. Undone by use_identity().
  void use_stage2(Thread& thread, Master& master, std::uint64_t root, std::uint16_t vmid, bool stall);
  /// Lets the STE bypass translation.
  void use_identity(Thread& thread, Master& master);

  /// Would invalidate_range() take too many commands for so many bytes?
  bool flushes_whole_space(std::uint64_t bytes) const;
  /// Removes what TLBs hold of an address space, walk caches included, and waits: everything, or `bytes` from
  /// `va` (4 KB aligned), by ranges if the SMMU can.
  void invalidate_space(Thread& thread, TlbTag tag);
  void invalidate_range(Thread& thread, TlbTag tag, std::uint64_t va, std::uint64_t bytes);
  /// Removes what ATCs hold: everything of the PASIDs, or the smallest power-of-two span that covers the
  /// range.
  void invalidate_atc_all(Thread& thread, const std::vector<AtcTarget>& targets);
  void invalidate_atc(Thread& thread, const std::vector<AtcTarget>& targets, std::uint64_t va,
                      std::uint64_t bytes);

  /// Responses: inserted, not synchronised.
  void resume(Thread& thread, arch::StreamId stream, std::uint16_t stag, bool retry);
  void respond(Thread& thread, const DeviceDescription& device, arch::SubstreamId substream,
               std::uint16_t prg_index, arch::PriResponse response);

  const arch::Features& features() const { return features_; }
  const CommandQueue& commands() const { return commands_; }
  const OutputQueue& events() const { return events_; }
  const OutputQueue& requests() const { return requests_; }
  /// Waits until what the SMMU has queued so far has been handled.
  void drain(Thread& thread);
  /// Records of accesses that have ended may still be on their way; then they are not.
  void settle(Thread& thread) { commands_.sync(thread); }
  std::uint64_t errors() const { return errors_; }
  std::uint64_t stop_markers() const { return stop_markers_; }

 private:
  std::uint64_t reg(std::uint32_t offset) const { return registers_ + offset; }
  bool write_and_wait(Thread& thread, std::uint32_t offset, std::uint32_t ack, std::uint32_t value);
  bool enable(Thread& thread, std::uint32_t cr0_bits);
  bool read_features(Thread& thread);
  bool set_up_stream_table(Thread& thread);
  bool set_up_command_queue(Thread& thread);
  void invalidate_everything(Thread& thread);
  bool set_up_output_queue(Thread& thread, OutputQueue& queue, std::uint32_t base_register,
                           unsigned log2_size, unsigned log2_entry);
  bool set_up_interrupts(Thread& thread);
  std::optional<arch::QueueBase> take_queue(unsigned log2_size, unsigned log2_entry);
  void connect_interrupts(InterruptController& interrupts);
  std::optional<std::uint64_t> ste_address(Thread& thread, arch::StreamId stream);
  std::optional<std::uint64_t> cd_address(Thread& thread, Master& master, std::uint32_t index);
  bool take_cd_table(Master& master);
  bool keeps_cd_table(const Master& master) const;
  arch::Ste stream_table_entry(const Master& master, bool whole_device) const;
  void use_cd_table(Thread& thread, Master& master, bool whole_device);
  void write_structure(Thread& thread, std::uint64_t address, const std::array<std::uint64_t, 8>& words,
                       const arch::Command& invalidate);
  void handle_event(Thread& thread, const std::uint8_t* entry);
  void handle_page_request(Thread& thread, const std::uint8_t* entry);
  void handle_gerror(Thread& thread);
  bool error(const std::string& what);  ///< false

  std::uint64_t registers_;
  std::uint64_t doorbell_;
  MemoryWindow& tables_;
  const HostConfig& config_;
  Ledger ledger_;
  Handlers handlers_;
  arch::Features features_;
  CommandQueue commands_;
  OutputQueue events_;
  OutputQueue requests_;
  Mutex streams_mutex_;  ///< of the list of masters
  std::uint32_t cr0_ = 0;
  bool two_level_streams_ = false;
  unsigned log2_streams_ = 0;
  std::uint64_t stream_table_ = 0;
  std::map<std::uint32_t, std::uint64_t> stream_leaves_;  ///< of a two-level stream table, by first index
  std::map<arch::StreamId, std::unique_ptr<Master>> masters_;
  std::uint64_t errors_ = 0, stop_markers_ = 0;
};

}  // namespace svasim::host
