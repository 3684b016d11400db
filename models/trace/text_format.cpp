// See text_format.hpp.
#include "models/trace/text_format.hpp"

#include <charconv>

#include "models/trace/line_source.hpp"

namespace svasim::trace {
namespace {

struct Unit {
  std::string_view name;
  std::uint64_t factor;
};
constexpr Unit kTimeUnits[] = {{"ms", 1'000'000'000}, {"us", 1'000'000}, {"ns", 1'000}, {"ps", 1}};
constexpr Unit kSizeUnits[] = {{"", 1}, {"K", 1 << 10}, {"M", 1 << 20}, {"G", 1 << 30}};

/// Decimal, or hexadecimal after 0x; takes the digits off `text`. False without digits or beyond 64 bits.
bool take_number(std::string_view& text, std::uint64_t& value) {
  const int base = text.substr(0, 2) == "0x" ? 16 : 10;
  if (base == 16) text.remove_prefix(2);
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, base);
  if (error != std::errc()) return false;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  return true;
}

bool multiply(std::uint64_t& value, std::uint64_t factor) {
  return !__builtin_mul_overflow(value, factor, &value);
}

template <std::size_t N>
const Unit* find_unit(const Unit (&units)[N], std::string_view name) {
  for (const Unit& unit : units)
    if (unit.name == name) return &unit;
  return nullptr;
}

bool parse_size(std::string_view text, std::uint64_t& bytes) {
  if (!take_number(text, bytes)) return false;
  const Unit* const unit = find_unit(kSizeUnits, text);
  return unit && multiply(bytes, unit->factor);
}

/// A whole or decimal number and a unit, a whole number of picoseconds in all.
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

class TextDecoder final : public Decoder {
 public:
  explicit TextDecoder(std::unique_ptr<ByteSource> bytes) : lines_(std::move(bytes)) {
    lines_.next(line_);
    const std::string_view header = line_.substr(0, line_.find_last_not_of(" \t") + 1);
    if (header != kTextHeader)
      lines_.fail(0, "unsupported header " + quoted(line_) + "; expected '" + std::string(kTextHeader) + "'");
  }

  bool next(Record& record) override {
    while (lines_.next(line_)) {
      at_ = 0;
      if (!next_word()) continue;
      parse(record);
      return true;
    }
    return false;
  }

 private:
  /// Steps to the next word of the line; false, with an empty word, at its end or at a comment.
  bool next_word() {
    const auto blank = [](char c) { return c == ' ' || c == '\t'; };
    while (at_ < line_.size() && blank(line_[at_])) ++at_;
    column_ = at_;
    while (at_ < line_.size() && !blank(line_[at_]) && line_[at_] != '#') ++at_;
    word_ = line_.substr(column_, at_ - column_);
    return !word_.empty();
  }

  [[noreturn]] void fail_word(const char* expected) const {
    lines_.fail(column_, (word_.empty() ? "line ends early" : "cannot read " + quoted(word_)) +
                             "; expected " + expected);
  }

  void parse(Record& record) {
    record = Record{};
    if (word_ == "W") record.write = true;
    else if (word_ == "unmap") record.kind = Kind::unmap;
    else if (word_ != "R") fail_word("R, W or unmap, as in 'R 0x7fff1000 64 dev=0 pasid=1 t=123ns'");
    next_word();
    const std::size_t address_column = column_;
    if (std::string_view text = word_; !take_number(text, record.va) || !text.empty())
      fail_word("an address of at most 64 bits, as 0x7fff1000");
    next_word();
    if (!parse_size(word_, record.size)) fail_word("a size in bytes, as 64 or 4K");
    while (next_word()) parse_option(record);
    if (const char* why = check(record)) lines_.fail(address_column, why);
  }

  void parse_option(Record& record) {
    const auto value_of = [&](std::string_view key, std::string_view& value) {
      if (word_.substr(0, key.size()) != key) return false;
      value = word_.substr(key.size());
      return true;
    };
    std::string_view value;
    if (value_of("dev=", value)) {
      if (!parse_u32(value, record.device)) fail_word("a device number, as dev=0");
    } else if (value_of("pasid=", value)) {
      if (!parse_u32(value, record.pasid)) fail_word("a PASID of at most 20 bits, as pasid=1");
    } else if (value_of("t=", value)) {
      record.has_time = true;
      if (!parse_time(value, record.time_ps))
        fail_word("a time in whole ps with its unit ps, ns, us or ms, as t=123ns");
    } else {
      fail_word("dev=N, pasid=N, t=TIME or a # comment");
    }
  }

  LineSource lines_;
  std::string_view line_;
  std::string_view word_;
  std::size_t at_ = 0;      ///< in line_, behind word_
  std::size_t column_ = 0;  ///< of word_ in line_
};

class TextEncoder final : public Encoder {
 public:
  void begin(std::string& out) override { out.append(kTextHeader).append("\n"); }
  void encode(const Record& record, std::string& out) override { print_record(record, out); }
  void end(std::string&) override {}
};

void append_number(std::string& out, std::uint64_t value, int base = 10) {
  char digits[24];
  out.append(digits, std::to_chars(digits, digits + sizeof digits, value, base).ptr);
}

void append_time(std::string& out, std::uint64_t ps) {
  for (const Unit& unit : kTimeUnits) {
    if (unit.factor != 1 && (ps == 0 || ps % unit.factor != 0)) continue;
    append_number(out, ps / unit.factor);
    out.append(unit.name);
    return;
  }
}

}  // namespace

std::unique_ptr<Decoder> make_text_decoder(std::unique_ptr<ByteSource> bytes) {
  return std::make_unique<TextDecoder>(std::move(bytes));
}

std::unique_ptr<Encoder> make_text_encoder() { return std::make_unique<TextEncoder>(); }

void print_record(const Record& record, std::string& out) {
  const Record defaults;
  out.append(record.kind == Kind::unmap ? "unmap 0x" : record.write ? "W 0x" : "R 0x");
  append_number(out, record.va, 16);
  out.append(" ");
  append_number(out, record.size);
  if (record.device != defaults.device) append_number(out.append(" dev="), record.device);
  if (record.pasid != defaults.pasid) append_number(out.append(" pasid="), record.pasid);
  if (record.has_time) append_time(out.append(" t="), record.time_ps);
  out.append("\n");
}

std::string print_time(std::uint64_t ps) {
  std::string text;
  append_time(text, ps);
  return text;
}

}  // namespace svasim::trace
