// See notifier.hpp.
#include "models/host/notifier.hpp"

namespace svasim::host {

void Notifier::attach(TlbTag tag, const AtcTarget& target, bool atc) {
  tag_ = tag;
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
  const bool whole = bytes == kEverything || driver_.flushes_whole_space(bytes);
  if (whole) {
    driver_.invalidate_space(thread, tag_);
  } else {
    driver_.invalidate_range(thread, tag_, va, bytes);
  }
  if (atcs_.empty()) return;
  if (bytes == kEverything || (whole && linux_ == LinuxVersion::v6_1)) {
    driver_.invalidate_atc_all(thread, atcs_);
  } else {
    driver_.invalidate_atc(thread, atcs_, va, bytes);
  }
}

void RangeChange::add(std::uint64_t va, std::uint64_t bytes) {
  cover(va, bytes);
  if (!notifier_.told()) return;
  notifier_.begins(va, bytes);
  if (!parts_.empty() && parts_.back().first + parts_.back().second == va) {
    parts_.back().second += bytes;
  } else {
    parts_.emplace_back(va, bytes);
  }
}

void RangeChange::flush(Thread& thread) {
  if (empty()) return;
  notifier_.flush(thread, begin_, end_ - begin_);
  finish();
}

void RangeChange::flush_everything(Thread& thread) {
  if (empty()) return;
  notifier_.flush(thread, 0, Notifier::kEverything);
  finish();
}

void RangeChange::finish() {
  for (const auto& [va, bytes] : parts_) notifier_.ends(va, bytes);
  parts_.clear();
}

}  // namespace svasim::host
