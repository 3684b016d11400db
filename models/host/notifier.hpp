// The MMU notifier of one address space: what the kernel changes in its page tables is taken out of SMMU TLBs
// and device ATCs before it goes on. Contract: TLBI of the ASID and CMD_SYNC first, then ATC_INV for every
// device it is attached to and CMD_SYNC; nothing while it is attached nowhere. Source rule: Linux
// arm-smmu-v3-sva, invalidate_secondary_tlbs.
#pragma once

#include <algorithm>
#include <functional>
#include <vector>

#include "models/host/costs.hpp"
#include "models/host/smmu_driver.hpp"

namespace svasim::host {

class Notifier {
 public:
  /// An address range of the process: translations in it are about to change; they have changed everywhere.
  using Hook = std::function<void(std::uint64_t va, std::uint64_t bytes)>;
  static constexpr std::uint64_t kEverything = ~std::uint64_t{0};

  Notifier(SmmuDriver& driver, Costs& costs, LinuxVersion linux_version)
      : driver_(driver), costs_(costs), linux_(linux_version) {}

  /// A context descriptor, or an STE, refers to the address space under `tag`; `target` if the device has an
  /// ATC.
  void attach(TlbTag tag, const AtcTarget& target, bool atc);
  void detach(const AtcTarget& target, bool atc);
  bool attached() const { return attachments_ > 0; }

  /// Called before an entry changes; each has its ends().
  void begins(std::uint64_t va, std::uint64_t bytes) {
    if (on_begin && attached()) on_begin(va, bytes);
  }
  /// Invalidates, and waits: `bytes` from `va` (whole pages), or, with kEverything, all.
  void flush(Thread& thread, std::uint64_t va, std::uint64_t bytes);
  void ends(std::uint64_t va, std::uint64_t bytes) {
    if (on_end && attached()) on_end(va, bytes);
  }

  bool told() const { return on_begin && attached(); }

  Hook on_begin, on_end;
  std::uint64_t flushes() const { return flushes_; }

 private:
  SmmuDriver& driver_;
  Costs& costs_;
  LinuxVersion linux_;
  TlbTag tag_;
  unsigned attachments_ = 0;
  std::vector<AtcTarget> atcs_;
  std::uint64_t flushes_ = 0;
};

/// A change of several entries that is invalidated once, over the range they span.
class RangeChange {
 public:
  explicit RangeChange(Notifier& notifier) : notifier_(notifier) {}

  /// Before an entry changes.
  void add(std::uint64_t va, std::uint64_t bytes);
  /// A table goes that led to `va` and what follows.
  void add_table(std::uint64_t va) { cover(va, arch::kPageSize); }
  bool empty() const { return end_ == 0; }
  /// Invalidates what was added, or everything, if anything was; the change is over.
  void flush(Thread& thread);
  void flush_everything(Thread& thread);
  /// It is over: somebody else has invalidated.
  void finish();

 private:
  void cover(std::uint64_t va, std::uint64_t bytes) {
    begin_ = std::min(begin_, va);
    end_ = std::max(end_, va + bytes);
  }

  Notifier& notifier_;
  std::uint64_t begin_ = ~std::uint64_t{0};
  std::uint64_t end_ = 0;
  std::vector<std::pair<std::uint64_t, std::uint64_t>> parts_;  ///< for who is told: address, bytes
};

}  // namespace svasim::host
