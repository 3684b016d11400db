// See wave_options.hpp.
#include "testbenches/sim/wave_options.hpp"

#include <algorithm>
#include <sstream>

#include "models/platform/transaction_finder.hpp"
#include "testbenches/sim/commands.hpp"

namespace svasim::sim {
namespace {

using engine::Picoseconds;

constexpr double kLongest = 1e18;                ///< picoseconds
constexpr Picoseconds kDefaultMargin = 100'000;  ///< around a transaction

struct Request {
  std::string text;
  platform::WaveWindow window;
  Picoseconds margin = kDefaultMargin;
  bool has_from = false, has_to = false, has_margin = false;
};

[[noreturn]] void bad(const std::string& request, const std::string& what) {
  throw UsageError("--wave " + request + ": " + what +
                   "; expected from=TIME,to=TIME or tx=N[,margin=TIME], then [,blocks=NAME,...]");
}

std::uint64_t number(const std::string& key, const std::string& text, const std::string& unit) {
  const double value = platform::detail::parse_number("--wave " + key, text, unit, true);
  if (value < 0 || value > kLongest) platform::detail::out_of_range("--wave " + key, text, "0 to 1e18");
  return static_cast<std::uint64_t>(value);
}

Request parse(const std::string& text) {
  Request request{text, {}, kDefaultMargin, false, false, false};
  platform::WaveWindow& window = request.window;
  std::istringstream words(text);
  bool blocks = false;
  for (std::string word; std::getline(words, word, ',');) {
    const std::size_t equals = word.find('=');
    const std::string key = word.substr(0, equals);
    const std::string value = equals == std::string::npos ? "" : word.substr(equals + 1);
    if (equals == std::string::npos && blocks) {
      window.blocks.push_back(word);
      continue;
    }
    if (value.empty()) bad(text, "'" + word + "' has no value");
    blocks = key == "blocks";
    if (key == "tx") window.transaction = number(key, value, "");
    else if (key == "margin") request.margin = number(key, value, "ps"), request.has_margin = true;
    else if (key == "from") window.from = number(key, value, "ps"), request.has_from = true;
    else if (key == "to") window.to = number(key, value, "ps"), request.has_to = true;
    else if (blocks) window.blocks.push_back(value);
    else bad(text, "no key '" + key + "'");
  }
  return request;
}

Request checked(const std::string& text) {
  Request request = parse(text);
  const platform::WaveWindow& window = request.window;
  const bool span = request.has_from || request.has_to;
  if (window.transaction != 0 ? span : !span || request.has_margin) bad(text, "a time or a transaction");
  if (window.from > window.to) bad(text, "it ends before it begins");
  return request;
}

std::string text(Picoseconds time) { return std::to_string(time) + "ps"; }

void locate(std::vector<Request>& requests, const platform::Config& config,
            const std::function<std::unique_ptr<trace::Reader>()>& open) {
  std::set<std::uint64_t> ids;
  for (const Request& request : requests) {
    if (request.window.transaction != 0) ids.insert(request.window.transaction);
  }
  if (ids.empty()) return;
  const auto spans = platform::find_transactions(config, *open(), ids);
  for (Request& request : requests) {
    platform::WaveWindow& window = request.window;
    if (window.transaction == 0) continue;
    const auto span = spans.find(window.transaction);
    if (span == spans.end()) {
      throw UsageError("--wave " + request.text + ": the run issues no transaction " +
                       std::to_string(window.transaction));
    }
    const auto [issued, done] = span->second;
    window.from = issued - std::min(issued, request.margin);
    window.to = done == engine::Calendar::kNever ? done : done + request.margin;
  }
}

}  // namespace

std::vector<platform::WaveWindow> wave_windows(const std::vector<std::string>& texts,
                                               const platform::Config& config,
                                               const std::function<std::unique_ptr<trace::Reader>()>& open) {
  std::vector<Request> requests;
  for (const std::string& text : texts) requests.push_back(checked(text));
  locate(requests, config, open);
  std::vector<platform::WaveWindow> windows;
  for (const Request& request : requests) {
    windows.push_back(request.window);
    platform::WaveWindow& window = windows.back();
    const std::string end = window.to == engine::Calendar::kNever ? "end" : text(window.to);
    window.name =
        window.transaction != 0 ? "tx" + std::to_string(window.transaction) : text(window.from) + "-" + end;
  }
  std::sort(windows.begin(), windows.end(), [](const auto& a, const auto& b) { return a.from < b.from; });
  for (std::size_t i = 1; i < windows.size(); ++i) {
    if (windows[i].from <= windows[i - 1].to) {
      throw UsageError("--wave: " + windows[i - 1].name + " and " + windows[i].name + " overlap");
    }
  }
  return windows;
}

}  // namespace svasim::sim
