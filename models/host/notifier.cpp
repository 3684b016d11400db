// See notifier.hpp.
#include "models/host/notifier.hpp"

namespace svasim::host {

void Notifier::attach(std::uint16_t asid, const AtcTarget& target, bool atc) {
  asid_ = asid;
  ++attachments_;
  if (atc) atcs_.push_back(target);
}

void Notifier::detach(const AtcTarget& target, bool atc) {
  --attachments_;
  if (atc) atcs_.erase(std::find(atcs_.begin(), atcs_.end(), target));
}

void Notifier::flush(Thread& thread, std::uint64_t va, std::uint64_t bytes) {
  if (!attached()) return;
  ++flushes_;
  thread.barrier();
  thread.run(costs_.draw(Cost::notifier));
  const bool whole = bytes == kEverything || driver_.flushes_whole_asid(bytes);
  if (whole) {
    driver_.invalidate_asid(thread, asid_);
  } else {
    driver_.invalidate_range(thread, asid_, va, bytes);
  }
  if (atcs_.empty()) return;
  if (bytes == kEverything || (whole && linux_ == LinuxVersion::v6_1)) {
    driver_.invalidate_atc_all(thread, atcs_);
  } else {
    driver_.invalidate_atc(thread, atcs_, va, bytes);
  }
}

}  // namespace svasim::host
