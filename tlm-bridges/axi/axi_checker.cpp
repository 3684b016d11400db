// See axi_checker.hpp.
#include "tlm-bridges/axi/axi_checker.hpp"

#include <algorithm>
#include <cstdio>
#include <tuple>
#include <utility>

#include "tlm-bridges/axi/axi_burst.hpp"

namespace svasim::bridges {
namespace {

std::string hex(std::uint64_t value) {
  char text[20];
  std::snprintf(text, sizeof text, "%#llx", static_cast<unsigned long long>(value));
  return text;
}

std::string words(const AxiAddress& a) {
  const char* const types[] = {"FIXED", "INCR", "WRAP", "0b11"};
  return "id " + std::to_string(a.id) + " address " + hex(a.addr) + ", " + std::to_string(a.beats()) +
         " beats of " + std::to_string(a.bytes()) + ", " + types[static_cast<unsigned>(a.burst) & 3];
}

std::string id(std::uint32_t value) { return "id " + std::to_string(value); }

}  // namespace

AxiChecker::AxiChecker(std::string name, PinClock& clock, const AxiPins& pins, const AxiWidths& widths,
                       Handler handler)
    : name_(std::move(name)),
      clock_(clock),
      pins_(pins),
      widths_(widths.checked()),
      handler_(std::move(handler)) {
  clock.join(*this);
}

void AxiChecker::report(AxiRule rule, const std::string& detail) {
  const AxiRuleText& text = text_of(rule);
  AxiViolation violation{rule, clock_.cycle(),
                         std::string("AXI4 ") + text.section + " " + text.name + ": " + text.text + " (" +
                             name_ + ", cycle " + std::to_string(clock_.cycle()) +
                             (detail.empty() ? "" : ", " + detail) + ")"};
  if (!handler_) throw AxiProtocolError(violation.text);
  handler_(violation);
}

/// Responses before what they answer, so that they see what was transferred at earlier edges only.
void AxiChecker::sample() {
  if (in_reset()) return;
  watch();
  check_exclusive_write();
  if (pins_.r.valid) check_read();
  if (pins_.b.valid) check_response();
  if (pins_.ar.fires()) {
    check_address(pins_.ar.bits);
    reads_.push_back({pins_.ar.bits, 0, false});
  }
  if (pins_.aw.fires()) {
    check_address(pins_.aw.bits);
    writes_.push_back({pins_.aw.bits, 0, false});
  }
  if (pins_.w.fires()) early_.push_back(pins_.w.bits);
  check_early_data();
  transfers_ += pins_.aw.fires() + pins_.w.fires() + pins_.b.fires() + pins_.ar.fires() + pins_.r.fires();
}

bool AxiChecker::in_reset() {
  const bool leaves = std::exchange(was_in_reset_, !pins_.reset_n) && pins_.reset_n;
  if ((leaves || !pins_.reset_n) && (pins_.aw.valid || pins_.w.valid || pins_.ar.valid)) {
    report(AxiRule::manager_reset);
  }
  if (pins_.reset_n) return false;
  if (pins_.b.valid || pins_.r.valid) report(AxiRule::subordinate_reset);
  aw_.reset(), w_.reset(), b_.reset(), ar_.reset(), r_.reset();
  reads_.clear(), writes_.clear(), early_.clear(), exclusives_.clear();
  exclusive_judged_ = false;
  return true;
}

void AxiChecker::watch() {
  const auto judge = [this](auto& channel_watch, const auto& channel, AxiRule held, AxiRule stable) {
    using Finding = typename std::remove_reference_t<decltype(channel_watch)>::Finding;
    const Finding finding = channel_watch.sample(channel);
    if (finding == Finding::valid_fell) report(held);
    if (finding == Finding::payload_changed) report(stable);
  };
  judge(aw_, pins_.aw, AxiRule::aw_valid_held, AxiRule::aw_stable);
  judge(w_, pins_.w, AxiRule::w_valid_held, AxiRule::w_stable);
  judge(b_, pins_.b, AxiRule::b_valid_held, AxiRule::b_stable);
  judge(ar_, pins_.ar, AxiRule::ar_valid_held, AxiRule::ar_stable);
  judge(r_, pins_.r, AxiRule::r_valid_held, AxiRule::r_stable);
}

/// Judged when it appears. One without a read before it is legal, and fails.
void AxiChecker::check_exclusive_write() {
  const AxiAddress& write = pins_.aw.bits;
  const bool judged = std::exchange(exclusive_judged_, pins_.aw.valid && !pins_.aw.ready);
  if (judged || !pins_.aw.valid || !write.lock) return;
  const bool early = std::any_of(reads_.begin(), reads_.end(), [&](const Outstanding& read) {
    return read.address.lock && read.address.id == write.id;
  });
  if (early) return report(AxiRule::exclusive_early, words(write));
  const auto read = std::find_if(exclusives_.begin(), exclusives_.end(),
                                 [&](const AxiAddress& a) { return a.id == write.id; });
  if (read == exclusives_.end()) return;
  const auto what = [](const AxiAddress& a) {
    return std::tie(a.addr, a.len, a.size, a.burst, a.cache, a.prot);
  };
  if (what(*read) != what(write)) report(AxiRule::exclusive_pair, words(write));
  exclusives_.erase(read);
}

/// Judged when it appears; counted when it is transferred.
void AxiChecker::check_read() {
  const AxiRead& beat = pins_.r.bits;
  const auto read = std::find_if(reads_.begin(), reads_.end(),
                                 [&](const Outstanding& o) { return o.address.id == beat.id; });
  const bool known = read != reads_.end();
  const bool last = known && read->beats + 1 == read->address.beats();
  if (!std::exchange(read_reported_, true)) {
    if (!known) report(AxiRule::r_unknown_id, id(beat.id));
    if (known && last != beat.last) report(AxiRule::rlast_position, words(read->address));
    if (known && beat.resp == AxiResponse::exokay && !read->address.lock)
      report(AxiRule::r_exokay, id(beat.id));
  }
  if (!pins_.r.ready) return;
  read_reported_ = false;
  if (known) ++read->beats;
  if (!last) return;
  if (read->address.lock) {
    const auto of_id = [&](const AxiAddress& a) { return a.id == beat.id; };
    exclusives_.erase(std::remove_if(exclusives_.begin(), exclusives_.end(), of_id), exclusives_.end());
    exclusives_.push_back(read->address);
  }
  reads_.erase(read);
}

void AxiChecker::check_response() {
  const AxiWriteResponse& response = pins_.b.bits;
  const auto write = std::find_if(writes_.begin(), writes_.end(),
                                  [&](const Outstanding& o) { return o.address.id == response.id; });
  const bool known = write != writes_.end();
  if (!std::exchange(response_reported_, true)) {
    const bool on_pins = pins_.aw.valid && pins_.aw.bits.id == response.id;
    if (!known) report(on_pins ? AxiRule::b_before_address : AxiRule::b_unknown_id, id(response.id));
    if (known && !write->complete) report(AxiRule::b_before_data, words(write->address));
    if (known && response.resp == AxiResponse::exokay && !write->address.lock) {
      report(AxiRule::b_exokay, id(response.id));
    }
  }
  if (!pins_.b.ready) return;
  response_reported_ = false;
  if (known && write->complete) writes_.erase(write);
}

void AxiChecker::check_address(const AxiAddress& address) {
  if (const auto rule = broken_burst_rule(address, widths_)) report(*rule, words(address));
  if (const auto rule = broken_attribute_rule(address)) report(*rule, words(address));
}

/// AXI4 has no write interleaving: data belong to addresses in order.
void AxiChecker::check_early_data() {
  while (!early_.empty()) {
    const auto write =
        std::find_if(writes_.begin(), writes_.end(), [](const Outstanding& o) { return !o.complete; });
    if (write == writes_.end()) return;
    check_data(*write, early_.front());
    early_.pop_front();
  }
}

void AxiChecker::check_data(Outstanding& write, const AxiWrite& beat) {
  const bool last = write.beats + 1 == write.address.beats();
  if (last != beat.last) report(AxiRule::wlast_position, words(write.address));
  if (!broken_burst_rule(write.address, widths_)) {
    const AxiLanes lanes = AxiBeats(write.address).lanes(write.beats, widths_.bytes());
    bool outside = false;
    for (unsigned lane = 0; lane < kAxiMaxBytes; ++lane) {
      outside |= beat.strb.test(lane) && (lane < lanes.first || lane > lanes.last);
    }
    if (outside) report(AxiRule::strobe_lanes, words(write.address));
  }
  ++write.beats;
  write.complete = last;
}

void AxiChecker::finish() {
  for (const Outstanding& read : reads_) report(AxiRule::read_unfinished, words(read.address));
  for (const Outstanding& write : writes_) report(AxiRule::write_unfinished, words(write.address));
  if (!early_.empty()) report(AxiRule::write_unfinished, "data without an address");
}

}  // namespace svasim::bridges
