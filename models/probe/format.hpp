// Numbers for people: times, counts and bars of the reports. Contract: text is UTF-8; a bar is padded to its
// width in columns, which bytes do not tell. Source rule: a report is read on a terminal of 100 columns.
#pragma once

#include <cstdint>
#include <string>

#include "models/probe/timeline.hpp"

namespace svasim::probe {

/// Four significant digits and the unit that fits: "850 ps", "12.35 us", "1.200 s".
std::string human_time(Picoseconds time);
/// Exact, in nanoseconds: "50,123.456".
std::string exact_ns(Picoseconds time);
/// With separators: "1,234,567".
std::string grouped(std::uint64_t number);
/// part/whole as "12.3%"; "-" when `whole` is 0.
std::string percent(double part, double whole);
/// `fraction` (0 to 1) of `width` columns, in eighths of a column; anything above 0 shows.
std::string bar(double fraction, unsigned width);
/// The span [begin, end] of [0, total] on a line of `width` columns.
std::string lane(Picoseconds begin, Picoseconds end, Picoseconds total, unsigned width);
/// Right-aligned, left-aligned ASCII text in `width` columns.
std::string right(const std::string& text, unsigned width);
std::string left(const std::string& text, unsigned width);
/// `text` repeated `count` times.
std::string repeat(const char* text, std::size_t count);

}  // namespace svasim::probe
