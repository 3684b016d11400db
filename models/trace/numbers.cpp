// See numbers.hpp.
#include "models/trace/numbers.hpp"

#include <charconv>

namespace svasim::trace {
namespace {

struct Unit {
  std::string_view name;
  std::uint64_t factor;
};
constexpr Unit kTimeUnits[] = {{"ms", 1'000'000'000}, {"us", 1'000'000}, {"ns", 1'000}, {"ps", 1}};
constexpr Unit kSizeUnits[] = {{"", 1}, {"K", 1 << 10}, {"M", 1 << 20}, {"G", 1 << 30}};

bool multiply(std::uint64_t& value, std::uint64_t factor) {
  return !__builtin_mul_overflow(value, factor, &value);
}

template <std::size_t N>
const Unit* find_unit(const Unit (&units)[N], std::string_view name) {
  for (const Unit& unit : units)
    if (unit.name == name) return &unit;
  return nullptr;
}

}  // namespace

bool take_number(std::string_view& text, std::uint64_t& value) {
  const int base = text.substr(0, 2) == "0x" ? 16 : 10;
  if (base == 16) text.remove_prefix(2);
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, base);
  if (error != std::errc()) return false;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  return true;
}

bool parse_size(std::string_view text, std::uint64_t& bytes) {
  if (!take_number(text, bytes)) return false;
  const Unit* const unit = find_unit(kSizeUnits, text);
  return unit && multiply(bytes, unit->factor);
}

bool parse_time(std::string_view text, std::uint64_t& ps) {
  if (!take_number(text, ps)) return false;
  std::string_view digits;
  if (!text.empty() && text[0] == '.') {
    text.remove_prefix(1);
    digits = text.substr(0, text.find_first_not_of("0123456789"));
    text.remove_prefix(digits.size());
    if (digits.empty()) return false;
  }
  const Unit* const unit = find_unit(kTimeUnits, text);
  if (!unit || !multiply(ps, unit->factor)) return false;
  std::uint64_t weight = unit->factor;
  for (const char digit : digits) {
    weight /= 10;
    if (weight == 0 && digit != '0') return false;
    if (__builtin_add_overflow(ps, weight * static_cast<std::uint64_t>(digit - '0'), &ps)) return false;
  }
  return true;
}

bool parse_u32(std::string_view text, std::uint32_t& value) {
  std::uint64_t wide = 0;
  if (!take_number(text, wide) || !text.empty() || wide > 0xffffffff) return false;
  value = static_cast<std::uint32_t>(wide);
  return true;
}

void append_number(std::string& out, std::uint64_t value, int base) {
  char digits[24];
  out.append(digits, std::to_chars(digits, digits + sizeof digits, value, base).ptr);
}

std::string print_time(std::uint64_t ps) {
  std::string text;
  for (const Unit& unit : kTimeUnits) {
    if (unit.factor != 1 && (ps == 0 || ps % unit.factor != 0)) continue;
    append_number(text, ps / unit.factor);
    text.append(unit.name);
    break;
  }
  return text;
}

}  // namespace svasim::trace
