// See line_source.hpp.
#include "models/trace/line_source.hpp"

#include <cstring>

namespace svasim::trace {

bool LineSource::next(std::string_view& line) {
  std::string_view window = bytes_->window();
  const void* end_of_line = window.empty() ? nullptr : std::memchr(window.data(), '\n', window.size());
  if (end_of_line == nullptr) {
    bytes_->ensure(kMaxLineBytes + 1);
    window = bytes_->window();
    if (window.empty()) return false;
    end_of_line = std::memchr(window.data(), '\n', window.size());
  }
  ++line_number_;
  const std::size_t length =
      end_of_line ? static_cast<std::size_t>(static_cast<const char*>(end_of_line) - window.data())
                  : window.size();
  if (length > kMaxLineBytes) fail(kMaxLineBytes, "line too long; expected at most 4096 characters");
  bytes_->consume(length + (end_of_line ? 1 : 0));
  line = window.substr(0, length);
  if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
  return true;
}

void LineSource::fail(std::size_t column, const std::string& message) const {
  throw TraceError(bytes_->name() + ":" + std::to_string(line_number_) + ":" + std::to_string(column + 1) +
                   ": " + message);
}

std::string quoted(std::string_view text) {
  constexpr std::size_t kShown = 24;
  std::string result = "'";
  for (const char c : text.substr(0, kShown)) result += c >= ' ' && c <= '~' ? c : '?';
  return result + (text.size() > kShown ? "...'" : "'");
}

}  // namespace svasim::trace
