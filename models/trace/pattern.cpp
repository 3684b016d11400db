// See pattern.hpp. One table of options: parsing, printing and the help derive from it.
#include "models/trace/pattern.hpp"

#include <array>
#include <iomanip>
#include <sstream>

#include "models/trace/numbers.hpp"
#include "models/trace/record.hpp"

namespace svasim::trace {
namespace {

using Kind = Pattern::Kind;
constexpr unsigned bit(Kind kind) { return 1u << static_cast<unsigned>(kind); }
constexpr unsigned kAll = 0x1f, kRing = bit(Kind::ring);
constexpr std::uint64_t kMaxSpan = std::uint64_t{1} << 48;
constexpr std::uint64_t kMaxChase = std::uint64_t{256} << 30;  ///< the cycle is kept, 4 bytes a page

enum class Form : std::uint8_t { number, size, address, time };

struct Option {
  std::string_view name;
  std::uint64_t Pattern::*field;
  Form form;
  std::uint64_t least, most;
  unsigned patterns;  ///< bits of those that have it
  std::string_view meaning;
};

constexpr Option kOptions[] = {
    {"count", &Pattern::count, Form::number, 1, ~std::uint64_t{0}, kAll, "accesses; ring: packets"},
    {"devices", &Pattern::devices, Form::number, 1, 1u << 16, kAll, "devices that take turns"},
    {"pasids", &Pattern::pasids, Form::number, 1, 1u << 16, kAll, "processes, each used by every device"},
    {"base", &Pattern::base, Form::address, 0, ~std::uint64_t{0}, kAll, "first address, in every process"},
    {"size", &Pattern::size, Form::size, 1, kMaxAccessBytes, kAll, "bytes of an access"},
    {"writes", &Pattern::writes, Form::number, 0, 100, kAll,
     "percent, exactly so in every 100 accesses; ring: 100 (receive) unless given"},
    {"interval", &Pattern::interval, Form::time, 0, std::uint64_t{1} << 62, kAll,
     "from one access (ring: packet) to the next; 0: no times"},
    {"seed", &Pattern::seed, Form::number, 0, ~std::uint64_t{0}, kAll, "of all random choices"},
    {"span", &Pattern::span, Form::size, 1, kMaxSpan, kAll & ~kRing, "bytes that are accessed in all"},
    {"stride", &Pattern::stride, Form::size, 1, kMaxSpan, bit(Kind::strided),
     "bytes from one access to the next; every pass starts one access further"},
    {"hot", &Pattern::hot, Form::number, 0, 100, bit(Kind::random), "percent of the accesses in hot_span"},
    {"hot_span", &Pattern::hot_span, Form::size, 1, kMaxSpan, bit(Kind::random),
     "the first bytes of the span"},
    {"depth", &Pattern::depth, Form::number, 1, 1u << 16, kRing, "buffers of a ring"},
    {"packet", &Pattern::packet, Form::size, 1, 1u << 20, kRing, "bytes of a packet"},
    {"fill", &Pattern::fill, Form::number, 0, 1, kRing,
     "1: a CPU writes each buffer before the device has it"},
};

constexpr std::string_view kMeanings[] = {
    "address by address, again and again", "anywhere in the span, aligned to the size", "a stride apart",
    "page after page in a random cycle, each once a round: a linked list. A device that must wait for one "
    "access "
    "before it knows the next has a window of 1 (endpoint.window, platform_device.window)",
    "a network card's: per packet munmap of the buffer used last in its place (once the device is done with "
    "it), "
    "mmap, and the packet's accesses"};

std::string print_value(const Option& option, std::uint64_t value) {
  if (option.form == Form::time) return value == 0 ? "0" : print_time(value);
  std::string text = option.form == Form::address ? "0x" : "";
  append_number(text, value, option.form == Form::address ? 16 : 10);
  return text;
}

bool parse_value(Form form, std::string_view text, std::uint64_t& value) {
  if (form == Form::size) return parse_size(text, value);
  if (form == Form::time && text != "0") return parse_time(text, value);
  return take_number(text, value) && text.empty();
}

[[noreturn]] void fail(const std::string& what) { throw PatternError("pattern: " + what); }

Kind parse_kind(std::string_view name) {
  std::string names;
  for (std::size_t i = 0; i < std::size(Pattern::kNames); ++i) {
    if (name == Pattern::kNames[i]) return static_cast<Kind>(i);
    names.append(i == 0 ? "" : ", ").append(Pattern::kNames[i]);
  }
  fail("'" + std::string(name) + "'; expected one of " + names);
}

void assign(Pattern& pattern, std::string_view word) {
  const std::size_t equals = std::min(word.find('='), word.size());
  const std::string_view name = word.substr(0, equals);
  std::string names;
  for (const Option& option : kOptions) {
    if ((option.patterns & bit(pattern.kind)) == 0) continue;
    names.append(names.empty() ? "" : ", ").append(option.name);
    if (option.name != name) continue;
    std::uint64_t& value = pattern.*option.field;
    const bool read = equals < word.size() && parse_value(option.form, word.substr(equals + 1), value);
    if (read && value >= option.least && value <= option.most) return;
    fail("'" + std::string(word) + "'; expected " + std::string(name) + "=" +
         print_value(option, option.least) + " to " + print_value(option, option.most));
  }
  fail("'" + std::string(word) + "'; expected options of " +
       std::string(Pattern::kNames[static_cast<std::size_t>(pattern.kind)]) + ": " + names);
}

void check(const Pattern& p) {
  const bool paged = p.kind == Kind::chase || p.kind == Kind::ring;
  if (paged && kPageBytes % p.size != 0) fail("size; expected a power of two of at most 4096 for pages");
  if (p.kind == Kind::ring && p.base % kPageBytes != 0) fail("base; expected a multiple of 4096 for a ring");
  if (p.kind == Kind::chase && (p.span < kPageBytes || p.span > kMaxChase))
    fail("span; expected 4K to 256G for a chase");
  if (p.kind != Kind::ring && p.size > p.span) fail("size; expected at most the span");
  if (p.kind == Kind::strided && (p.stride < p.size || p.stride > p.span))
    fail("stride; expected at least the size and at most the span");
  if (p.kind == Kind::random && p.hot != 0 && (p.hot_span < p.size || p.hot_span > p.span))
    fail("hot_span; expected at least the size and at most the span");
  const std::uint64_t accesses = (p.packet + p.size - 1) / p.size;
  if (p.kind == Kind::ring && p.depth * accesses > kAnyNumber / p.streams())
    fail("depth; expected fewer than 2^32 accesses in all rings");
  const std::uint64_t buffer = (p.packet + kPageBytes - 1) / kPageBytes * kPageBytes;
  const std::uint64_t bytes = p.kind == Kind::ring ? p.devices * p.depth * buffer : p.span;
  if (p.base + (bytes - 1) < p.base) fail("base; expected base + span within 64 bits");
  if (p.pasids > kMaxPasid) fail("pasids; expected at most 1048575");
  if (p.interval != 0 && p.count > ~std::uint64_t{0} / p.interval)
    fail("interval; expected times within 64 bits");
}

}  // namespace

Pattern Pattern::parse(std::string_view text) {
  Pattern pattern;
  std::size_t end = std::min(text.find(','), text.size());
  pattern.kind = parse_kind(text.substr(0, end));
  if (pattern.kind == Kind::ring) pattern.writes = 100;
  while (end < text.size()) {
    text.remove_prefix(end + 1);
    end = std::min(text.find(','), text.size());
    assign(pattern, text.substr(0, end));
  }
  check(pattern);
  return pattern;
}

std::string Pattern::print() const {
  std::string text(kNames[static_cast<std::size_t>(kind)]);
  for (const Option& option : kOptions) {
    if ((option.patterns & bit(kind)) == 0) continue;
    text.append(",").append(option.name).append("=").append(print_value(option, this->*option.field));
  }
  return text;
}

std::string pattern_help() {
  std::ostringstream out;
  out << "A synthetic trace is a pattern and options: random,count=100000,span=1G,writes=30\n\npatterns:\n";
  for (std::size_t i = 0; i < std::size(kMeanings); ++i)
    out << "  " << std::left << std::setw(12) << Pattern::kNames[i] << kMeanings[i] << '\n';
  out << "\noptions, with their defaults:\n";
  const Pattern defaults;
  for (const Option& option : kOptions) {
    std::string of;
    for (std::size_t i = 0; i < std::size(Pattern::kNames) && option.patterns != kAll; ++i) {
      if ((option.patterns >> i & 1) != 0) of.append(of.empty() ? " [" : " ").append(Pattern::kNames[i]);
    }
    out << "  " << std::setw(24)
        << std::string(option.name) + "=" + print_value(option, defaults.*option.field) << option.meaning
        << of << (of.empty() ? "" : "]") << '\n';
  }
  out << "\nAccess i is device i % devices's, in process 1 + i / devices % pasids; each of these pairs goes "
         "through "
         "the pattern by itself.\n";
  return out.str();
}

}  // namespace svasim::trace
