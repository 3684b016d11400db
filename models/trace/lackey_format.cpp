// See lackey_format.hpp.
#include "models/trace/lackey_format.hpp"

#include <charconv>

#include "models/trace/line_source.hpp"

namespace svasim::trace {
namespace {

constexpr std::size_t kPrefix = 3;  ///< " L ", "I  ", ...

/// 'L', 'S', 'M' or 'I' for a line of that kind, 0 for any other.
char access_kind(std::string_view line) {
  const std::string_view prefix = line.substr(0, kPrefix);
  if (prefix == " L " || prefix == " S " || prefix == " M ") return prefix[1];
  return prefix == "I  " ? 'I' : 0;
}

bool is_valgrind_message(std::string_view line) {
  const std::string_view mark = line.substr(0, 2);
  return mark == "==" || mark == "--" || mark == "**";
}

class LackeyDecoder final : public Decoder {
 public:
  LackeyDecoder(std::unique_ptr<ByteSource> bytes, const ReadOptions& options)
      : lines_(std::move(bytes)), instructions_(options.instructions) {
    record_.device = options.device;
    record_.pasid = options.pasid;
  }

  bool next(Record& record) override {
    if (store_follows_) {
      store_follows_ = false;
      record_.write = true;
    } else if (!next_access()) {
      return false;
    }
    record = record_;
    return true;
  }

 private:
  /// Reads on to the next access that counts, into record_.
  bool next_access() {
    std::string_view line;
    while (lines_.next(line)) {
      const char kind = access_kind(line);
      if (kind == 'I' && !instructions_) continue;
      if (kind == 0) {
        if (!line.empty() && !is_valgrind_message(line))
          lines_.fail(
              0, "not a lackey line: " + quoted(line) +
                     "; expected ' L ADDRESS,SIZE', ' S', ' M' or 'I  ' (valgrind's --log-file keeps the "
                     "program's own output out of the log)");
        continue;
      }
      parse(line);
      record_.write = kind == 'S';
      record_.execute = kind == 'I';
      store_follows_ = kind == 'M';
      return true;
    }
    return false;
  }

  void parse(std::string_view line) {
    const char* const end = line.data() + line.size();
    const auto address = std::from_chars(line.data() + kPrefix, end, record_.va, 16);
    if (address.ec != std::errc() || address.ptr == end || *address.ptr != ',')
      lines_.fail(kPrefix, "cannot read " + quoted(line.substr(kPrefix)) +
                               "; expected a hexadecimal address, a comma and a size, as 1fff0005e8,8");
    const char* const size_text = address.ptr + 1;
    const auto size = std::from_chars(size_text, end, record_.size);
    if (size.ec != std::errc() || size.ptr != end)
      lines_.fail(static_cast<std::size_t>(size_text - line.data()),
                  "cannot read " + quoted({size_text, static_cast<std::size_t>(end - size_text)}) +
                      "; expected a decimal size in bytes and the end of the line");
    if (const char* why = check(record_)) lines_.fail(kPrefix, why);
  }

  LineSource lines_;
  bool instructions_;
  bool store_follows_ = false;  ///< the second half of a modify is still to be delivered
  Record record_;
};

}  // namespace

bool looks_like_lackey(std::string_view head) { return access_kind(head) != 0 || head.substr(0, 2) == "=="; }

std::unique_ptr<Decoder> make_lackey_decoder(std::unique_ptr<ByteSource> bytes, const ReadOptions& options) {
  return std::make_unique<LackeyDecoder>(std::move(bytes), options);
}

}  // namespace svasim::trace
