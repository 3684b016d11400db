// Numbers as users write them, in text traces and in the options of generators.
// Contract: each takes the whole text and says false if it is not of that form or too large.
// Source rule: README.md, "Text".
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace svasim::trace {

/// Decimal, or hexadecimal after 0x; takes the digits off `text`. False without digits or beyond 64 bits.
bool take_number(std::string_view& text, std::uint64_t& value);
bool parse_u32(std::string_view text, std::uint32_t& value);
/// A number and K, M, G or nothing.
bool parse_size(std::string_view text, std::uint64_t& bytes);
/// A whole or decimal number and a unit, a whole number of picoseconds in all.
bool parse_time(std::string_view text, std::uint64_t& ps);

void append_number(std::string& out, std::uint64_t value, int base = 10);
/// A time in the largest unit that keeps it whole, such as "123ns".
std::string print_time(std::uint64_t ps);

}  // namespace svasim::trace
