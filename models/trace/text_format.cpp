// See text_format.hpp.
#include "models/trace/text_format.hpp"

#include "models/trace/line_source.hpp"
#include "models/trace/numbers.hpp"

namespace svasim::trace {
namespace {

constexpr std::string_view kProtectionLetters = "rwx";
constexpr std::string_view kAsNames[] = {"", "domain", "guest", "device"};
constexpr std::string_view kFeatureNames[] = {"", "iopf", "sva"};

/// Some of r, w and x in this order, or none.
bool parse_protection(std::string_view text, std::uint8_t& protection) {
  protection = kNoAccess;
  if (text == "none") return true;
  for (unsigned bit = 0; bit < kProtectionLetters.size(); ++bit) {
    if (text.empty() || text[0] != kProtectionLetters[bit]) continue;
    text.remove_prefix(1);
    protection = static_cast<std::uint8_t>(protection | 1u << bit);
  }
  return text.empty() && protection != kNoAccess;
}

/// One of `names`, of which the first is none.
template <class Enum, std::size_t N>
bool parse_name(std::string_view text, const std::string_view (&names)[N], Enum& value) {
  for (std::size_t i = 1; i < N; ++i) {
    if (text != names[i]) continue;
    value = static_cast<Enum>(i);
    return true;
  }
  return false;
}

/// Not another kind of page before.
bool set_backing(Record& r, Backing backing) {
  const bool first = r.control.backing == Backing::anonymous;
  r.control.backing = backing;
  return first;
}

/// What may follow the operands of a record, in any order.
struct Option {
  std::string_view form;      ///< as the user types it: key=VALUE, or a word
  std::string_view expected;  ///< where the value is none
  bool (*applies)(Kind);
  bool (*parse)(std::string_view value, Record&);

  std::string_view key() const { return form.substr(0, form.find('=') + 1); }  ///< empty for a word
};

constexpr auto kAlways = [](Kind) { return true; };
constexpr auto kAccesses = [](Kind kind) { return kind == Kind::access; };
constexpr auto kWaits = [](Kind kind) { return kind > Kind::unmap; };
constexpr auto kMaps = [](Kind kind) { return info(kind).mapping; };
constexpr auto kLimiting = [](Kind kind) { return info(kind).limits; };

constexpr Option kOptions[] = {
    {"exec", "", kAccesses, [](std::string_view, Record& r) { return r.execute = true; }},
    {"priv", "", kAccesses, [](std::string_view, Record& r) { return r.privileged = true; }},
    {"write", "", [](Kind kind) { return kind == Kind::touch; },
     [](std::string_view, Record& r) { return r.write = true; }},
    {"prot=PROT", "prot=none or some of rwx, as prot=rw", [](Kind kind) { return info(kind).protection; },
     [](std::string_view v, Record& r) { return parse_protection(v, r.control.protection); }},
    {"file=N", "a file number, as file=1, and one kind of page", kMaps,
     [](std::string_view v, Record& r) {
       return parse_u32(v, r.control.number) && set_backing(r, Backing::file);
     }},
    {"shared", "", kMaps, [](std::string_view, Record& r) { return r.control.shared = true; }},
    {"offset=BYTES", "an offset in bytes, as offset=64K", kMaps,
     [](std::string_view v, Record& r) { return parse_size(v, r.control.offset); }},
    {"uncached", "", kMaps, [](std::string_view, Record& r) { return r.control.uncached = true; }},
    {"huge", "one kind of page", kMaps,
     [](std::string_view, Record& r) { return set_backing(r, Backing::huge); }},
    {"hugetlb", "one kind of page", kMaps,
     [](std::string_view, Record& r) { return set_backing(r, Backing::hugetlb); }},
    {"child=N", "a process number, as child=2", [](Kind kind) { return info(kind).child; },
     [](std::string_view v, Record& r) { return parse_u32(v, r.control.number); }},
    {"as=WHAT", "as=domain or as=guest (create), as=device (bind)", [](Kind kind) { return info(kind).as; },
     [](std::string_view v, Record& r) { return parse_name(v, kAsNames, r.control.as); }},
    {"feature=WHAT", "feature=iopf or feature=sva", [](Kind kind) { return info(kind).feature; },
     [](std::string_view v, Record& r) { return parse_name(v, kFeatureNames, r.control.feature); }},
    {"features=N", "a number, as features=0", kLimiting,
     [](std::string_view v, Record& r) { return parse_u32(v, r.control.number); }},
    {"min_pasid=N", "a PASID, as min_pasid=1", kLimiting,
     [](std::string_view v, Record& r) { return parse_u32(v, r.control.min_pasid); }},
    {"max_pasid=N", "a PASID, as max_pasid=255", kLimiting,
     [](std::string_view v, Record& r) { return parse_u32(v, r.control.max_pasid); }},
    {"dev=N", "a device number, as dev=0", kAlways,
     [](std::string_view v, Record& r) { return parse_u32(v, r.device); }},
    {"pasid=N", "a PASID of at most 20 bits, as pasid=1", kAlways,
     [](std::string_view v, Record& r) { return parse_u32(v, r.pasid); }},
    {"inflight=N", "a number of accesses, as inflight=0", kWaits,
     [](std::string_view v, Record& r) {
       return parse_u32(v, r.control.in_flight) && r.control.in_flight != kAnyNumber;
     }},
    {"nowait", "", kWaits, [](std::string_view, Record& r) { return r.control.nowait = true; }},
    {"t=TIME", "a time in whole ps with its unit ps, ns, us or ms, as t=123ns", kAlways,
     [](std::string_view v, Record& r) { return (r.has_time = true) && parse_time(v, r.time_ps); }},
};

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

  [[noreturn]] void fail_word(std::string_view expected) const {
    lines_.fail(column_, (word_.empty() ? "line ends early" : "cannot read " + quoted(word_)) +
                             "; expected " + std::string(expected));
  }

  void parse(Record& record) {
    record = Record{};
    parse_kind(record);
    const KindInfo& kind = info(record.kind);
    std::size_t operand_column = column_;
    if (kind.address) {
      next_word();
      operand_column = column_;
      if (std::string_view text = word_; !take_number(text, record.va) || !text.empty())
        fail_word("an address of at most 64 bits, as 0x7fff1000");
    }
    if (kind.size) {
      next_word();
      if (!parse_size(word_, record.size)) fail_word("a size in bytes, as 64 or 4K");
    }
    while (next_word()) parse_option(record);
    if (const char* why = check(record)) lines_.fail(operand_column, why);
  }

  void parse_kind(Record& record) {
    record.write = word_ == "W";
    if (record.write || word_ == "R") return;
    std::string names;
    for (std::size_t i = 1; i < kKinds.size(); ++i) {
      record.kind = static_cast<Kind>(i);
      if (word_ == kKinds[i].name) return;
      names.append(i + 1 == kKinds.size() ? " or " : ", ").append(kKinds[i].name);
    }
    fail_word("R, W" + names + ", as in 'R 0x7fff1000 64 dev=0 pasid=1 t=123ns'");
  }

  void parse_option(Record& record) {
    for (const Option& option : kOptions) {
      const std::string_view key = option.key();
      const bool named = key.empty() ? word_ == option.form : word_.substr(0, key.size()) == key;
      if (!named || !option.applies(record.kind)) continue;
      if (!option.parse(word_.substr(key.size()), record)) fail_word(option.expected);
      return;
    }
    std::string forms;
    for (const Option& option : kOptions) {
      if (option.applies(record.kind)) forms.append(option.form).append(", ");
    }
    forms.replace(forms.size() - 2, 2, " or a # comment");
    fail_word(forms);
  }

  LineSource lines_;
  std::string_view line_;
  std::string_view word_;
  std::size_t at_ = 0;      ///< in line_, behind word_
  std::size_t column_ = 0;  ///< of word_ in line_
};

class TextEncoder final : public Encoder {
 public:
  explicit TextEncoder(std::string comment) : comment_(std::move(comment)) {}
  void begin(std::string& out) override {
    out.append(kTextHeader).append("\n");
    if (!comment_.empty()) out.append("# ").append(comment_).append("\n");
  }
  void encode(const Record& record, std::string& out) override { print_record(record, out); }
  void end(std::string&) override {}

 private:
  const std::string comment_;
};

void append_protection(std::string& out, std::uint8_t protection) {
  out.append(protection == kNoAccess ? "none" : "");
  for (unsigned bit = 0; bit < kProtectionLetters.size(); ++bit) {
    if ((protection >> bit & 1) != 0) out += kProtectionLetters[bit];
  }
}

/// What a control record says besides its range and when it acts.
void append_what(const Record& record, std::string& out) {
  const Control& c = record.control;
  if (record.write) out.append(" write");
  if (record.kind == Kind::mprotect || c.protection != Control{}.protection)
    append_protection(out.append(" prot="), c.protection);
  if (c.backing == Backing::huge) out.append(" huge");
  if (c.backing == Backing::hugetlb) out.append(" hugetlb");
  if (c.backing == Backing::file) append_number(out.append(" file="), c.number);
  if (c.shared) out.append(" shared");
  if (c.offset != 0) append_number(out.append(" offset="), c.offset);
  if (c.uncached) out.append(" uncached");
  if (record.kind == Kind::fork) append_number(out.append(" child="), c.number);
  if (c.as != As::standard) out.append(" as=").append(kAsNames[static_cast<std::size_t>(c.as)]);
  if (c.feature != Feature::none)
    out.append(" feature=").append(kFeatureNames[static_cast<std::size_t>(c.feature)]);
  if (record.kind == Kind::sva_init && c.number != 0) append_number(out.append(" features="), c.number);
  if (c.min_pasid != 0) append_number(out.append(" min_pasid="), c.min_pasid);
  if (c.max_pasid != 0) append_number(out.append(" max_pasid="), c.max_pasid);
}

}  // namespace

std::unique_ptr<Decoder> make_text_decoder(std::unique_ptr<ByteSource> bytes) {
  return std::make_unique<TextDecoder>(std::move(bytes));
}

std::unique_ptr<Encoder> make_text_encoder(const std::string& comment) {
  return std::make_unique<TextEncoder>(comment);
}

void print_record(const Record& record, std::string& out) {
  const Record defaults;
  const KindInfo& kind = info(record.kind);
  if (record.kind == Kind::access) out.append(record.write ? "W" : "R");
  else out.append(kind.name);
  if (kind.address) append_number(out.append(" 0x"), record.va, 16);
  if (kind.size) append_number(out.append(" "), record.size);
  if (record.execute) out.append(" exec");
  if (record.privileged) out.append(" priv");
  if (record.kind != Kind::access) append_what(record, out);
  if (record.device != defaults.device) append_number(out.append(" dev="), record.device);
  if (record.pasid != defaults.pasid) append_number(out.append(" pasid="), record.pasid);
  if (record.control.in_flight != kAnyNumber)
    append_number(out.append(" inflight="), record.control.in_flight);
  if (record.control.nowait) out.append(" nowait");
  if (record.has_time) out.append(" t=").append(print_time(record.time_ps));
  out.append("\n");
}

}  // namespace svasim::trace
