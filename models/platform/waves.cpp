// See waves.hpp.
#include "models/platform/waves.hpp"

#include <algorithm>
#include <array>
#include <filesystem>

#include "models/platform/settings.hpp"
#include "models/platform/system.hpp"
#include "tlm-bridges/fst_file.hpp"

namespace svasim::platform {

using engine::Picoseconds;

Waves::Waves(engine::Calendar& calendar, Picoseconds rtl_period, const WavesConfig& config)
    : calendar_(calendar),
      directory_(config.directory),
      windows_(config.windows),
      rtl_([&calendar] { return calendar.now(); }, rtl_period) {}

Waves::~Waves() = default;

void Waves::watch(const System& system, const probe::Recorder& recorder, bool has_rtl) {
  system_ = &system;
  recorder_ = &recorder;
  has_rtl_ = has_rtl;
  visit_all(Pass::names, 0);
  for (const WaveWindow& window : windows_) {
    for (const std::string& name : window.blocks) {
      if (std::find(names_.begin(), names_.end(), name) == names_.end()) {
        throw ConfigError("--wave: no block '" + name + "'; there are " + detail::join(names_));
      }
    }
  }
  calendar_.observe<&Waves::look>(windows_.front().from, this);
}

/// What stands now has stood since `since`.
void Waves::look(Picoseconds since) { show(since, calendar_.now()); }

/// What stands now has stood since `since` and will until `until`.
void Waves::show(Picoseconds since, Picoseconds until) {
  while (window_ < windows_.size() && windows_[window_].from < until) {
    const WaveWindow& window = windows_[window_];
    const Picoseconds at = std::max(since, window.from);
    if (file_ == nullptr) open();
    else visit_all(Pass::change, at);
    if (window.to >= until) break;
    close(window.to);
  }
  const Picoseconds next = window_ < windows_.size() ? windows_[window_].from : engine::Calendar::kNever;
  calendar_.observe<&Waves::look>(next, this);
}

void Waves::finish() {
  const Picoseconds end = calendar_.now();
  show(end, end + 1);
  if (file_ != nullptr) close(end);
  calendar_.observe<&Waves::look>(engine::Calendar::kNever, this);
}

std::vector<std::string> Waves::unreached() const {
  std::vector<std::string> names;
  for (std::size_t i = window_; i < windows_.size(); ++i) names.push_back(windows_[i].name);
  return names;
}

void Waves::open() {
  std::filesystem::create_directories(directory_);
  const WaveWindow& window = windows_[window_];
  const std::string path = directory_ + "/" + window.name;
  file_ = std::make_unique<bridges::FstFile>(path + ".fst");
  if (has_rtl_) rtl_.open(path + ".pwc.fst", window.from);
  signals_.clear();
  file_->enter("svasim");
  visit_all(Pass::declare, window.from);
  if (in_block_) file_->leave();
  in_block_ = false;
  file_->leave();
  visit_all(Pass::first, window.from);
}

void Waves::close(Picoseconds end) {
  file_->at(end);
  file_.reset();
  if (rtl_.recording()) rtl_.close(end);
  ++window_;
}

void Waves::visit_all(Pass pass, Picoseconds at) {
  pass_ = pass;
  next_ = 0;
  if (pass == Pass::first || pass == Pass::change) file_->at(at);
  visit_transactions(at);
  system_->signals(*this);
}

/// The window's transaction, and how many are in each stage.
void Waves::visit_transactions(Picoseconds at) {
  std::array<std::uint64_t, probe::kStageCount> stages{};
  const std::uint64_t id = window_ < windows_.size() ? windows_[window_].transaction : 0;
  const probe::Transaction* shown = nullptr;
  recorder_->for_each_live([&](const probe::Transaction& transaction) {
    ++stages[static_cast<std::size_t>(transaction.timeline.stage_at(at))];
    if (transaction.id == id) shown = &transaction;
  });
  block("transaction");
  if (id != 0) {
    const std::string_view idle = recorder_->opened() < id ? "not issued" : "done";
    (*this)("stage", shown != nullptr ? probe::info(shown->timeline.stage_at(at)).name : idle);
    (*this)("failed_translations", 16, shown != nullptr ? shown->timeline.rounds() : 0);
  }
  block("stages");
  for (std::size_t i = 0; i < stages.size(); ++i) (*this)(probe::kStages[i].name, 17, stages[i]);
}

void Waves::block(std::string_view name) {
  if (pass_ == Pass::names) {
    names_.emplace_back(name);
    return;
  }
  const std::vector<std::string>& wanted = windows_[window_].blocks;
  selected_ = wanted.empty() || std::find(wanted.begin(), wanted.end(), name) != wanted.end();
  if (pass_ != Pass::declare) return;
  if (in_block_) file_->leave();
  in_block_ = selected_;
  if (selected_) file_->enter(name);
}

void Waves::operator()(std::string_view name, unsigned bits, std::uint64_t value) {
  if (pass_ == Pass::names || !selected_) return;
  if (pass_ == Pass::declare) {
    signals_.push_back({file_->add(name, bits), 0, ""});
    return;
  }
  Signal& signal = signals_[next_++];
  if (pass_ == Pass::change && signal.value == value) return;
  signal.value = value;
  file_->set(signal.handle, bits, value);
}

void Waves::operator()(std::string_view name, std::string_view text) {
  if (pass_ == Pass::names || !selected_) return;
  if (pass_ == Pass::declare) {
    signals_.push_back({file_->add_text(name), 0, ""});
    return;
  }
  Signal& signal = signals_[next_++];
  if (pass_ == Pass::change && signal.text == text) return;
  signal.text = text;
  file_->set(signal.handle, text);
}

}  // namespace svasim::platform
