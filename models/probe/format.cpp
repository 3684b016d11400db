// Numbers for people. Contract: format.hpp.
#include "models/probe/format.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>

namespace svasim::probe {
namespace {

std::string decimals(double value, int digits) {
  std::array<char, 64> text;
  std::snprintf(text.data(), text.size(), "%.*f", digits, value);
  return text.data();
}

}  // namespace

std::string human_time(Picoseconds time) {
  if (time < 1000) return std::to_string(time) + " ps";
  constexpr std::array<const char*, 4> kUnits = {" ns", " us", " ms", " s"};
  double value = static_cast<double>(time) / 1000;
  std::size_t unit = 0;
  // 999.95 would be printed as 1000.0.
  while (value >= 999.95 && unit + 1 < kUnits.size()) {
    value /= 1000;
    ++unit;
  }
  const int digits = value < 9.9995 ? 3 : value < 99.995 ? 2 : value < 999.95 ? 1 : 0;
  return decimals(value, digits) + kUnits[unit];
}

std::string exact_ns(Picoseconds time) {
  std::array<char, 8> fraction;
  std::snprintf(fraction.data(), fraction.size(), ".%03u", static_cast<unsigned>(time % 1000));
  return grouped(time / 1000) + fraction.data();
}

std::string grouped(std::uint64_t number) {
  std::string text = std::to_string(number);
  for (std::size_t i = text.size(); i > 3; i -= 3) text.insert(i - 3, ",");
  return text;
}

std::string percent(double part, double whole) {
  return whole > 0 ? decimals(100 * part / whole, 1) + "%" : std::string("-");
}

std::string bar(double fraction, unsigned width) {
  constexpr std::array<const char*, 8> kEighths = {" ", "▏", "▎", "▍", "▌", "▋", "▊", "▉"};
  const unsigned most = 8 * width;
  unsigned eighths = static_cast<unsigned>(std::lround(std::clamp(fraction, 0.0, 1.0) * most));
  if (fraction > 0) eighths = std::max(eighths, 1u);
  std::string text = repeat("█", eighths / 8);
  if (eighths % 8) text += kEighths[eighths % 8];
  return text + std::string(width - (eighths + 7) / 8, ' ');
}

std::string lane(Picoseconds begin, Picoseconds end, Picoseconds total, unsigned width) {
  const double scale = total ? static_cast<double>(width) / static_cast<double>(total) : 0;
  const auto column = [&](Picoseconds time) {
    return static_cast<unsigned>(std::min<double>(std::round(static_cast<double>(time) * scale), width));
  };
  const unsigned first = std::min(column(begin), width - 1);
  const unsigned filled = std::max(column(end), first + 1) - first;
  return repeat("·", first) + (begin == end ? "▏" : repeat("█", filled)) +
         repeat("·", width - first - filled);
}

std::string right(const std::string& text, unsigned width) {
  return text.size() < width ? std::string(width - text.size(), ' ') + text : text;
}

std::string left(const std::string& text, unsigned width) {
  return text.size() < width ? text + std::string(width - text.size(), ' ') : text;
}

std::string repeat(const char* text, std::size_t count) {
  std::string line;
  while (count-- > 0) line += text;
  return line;
}

}  // namespace svasim::probe
