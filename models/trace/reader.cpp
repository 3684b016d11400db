// See reader.hpp. Recognises the format and puts decoder, coalescer and limit together.
#include "models/trace/reader.hpp"

#include "models/trace/binary_format.hpp"
#include "models/trace/byte_source.hpp"
#include "models/trace/coalescer.hpp"
#include "models/trace/generator.hpp"
#include "models/trace/lackey_format.hpp"
#include "models/trace/line_source.hpp"
#include "models/trace/text_format.hpp"

namespace svasim::trace {
namespace {

enum class Detected { text, binary, lackey };

Detected detect(ByteSource& bytes, Source source) {
  if (source == Source::lackey) return Detected::lackey;
  constexpr std::size_t kHead = 64;
  bytes.ensure(kHead);
  const std::string_view head = bytes.window().substr(0, kHead);
  const auto starts_with = [&](std::string_view magic) { return head.substr(0, magic.size()) == magic; };
  if (starts_with(kBinaryMagic)) return Detected::binary;
  if (starts_with(kTextHeaderAnyVersion)) return Detected::text;
  if (source == Source::detect && looks_like_lackey(head)) return Detected::lackey;
  const std::string_view first_line = head.substr(0, head.find_first_of("\r\n"));
  throw TraceError(bytes.name() + ": not a trace: it " +
                   (head.empty() ? "is empty" : "starts with " + quoted(first_line)) + "; expected '" +
                   std::string(kTextHeader) + "' as the first line, a binary svasim trace" +
                   (source == Source::detect ? " or a valgrind lackey log" : ""));
}

std::unique_ptr<Decoder> make_decoder(Detected format, std::unique_ptr<ByteSource> bytes,
                                      const ReadOptions& options) {
  if (format == Detected::binary) return make_binary_decoder(std::move(bytes));
  if (format == Detected::text) return make_text_decoder(std::move(bytes));
  return make_lackey_decoder(std::move(bytes), options);
}

void check_options(const ReadOptions& options) {
  const std::uint64_t block = options.coalesce;
  if (block != 0 && (block < 2 || block > kPageBytes || (block & (block - 1)) != 0))
    throw TraceError("coalesce=" + std::to_string(block) +
                     ": expected 0 or a power of two from 2 to 4096 bytes");
  if (options.pasid > kMaxPasid)
    throw TraceError("pasid=" + std::to_string(options.pasid) + ": expected at most 1048575 (20 bits)");
}

}  // namespace

std::unique_ptr<Reader> Reader::open(const std::string& path, const ReadOptions& options) try {
  return make(std::make_unique<ByteSource>(path), options);
} catch (const SourceError& error) {
  throw TraceError((path == "-" ? "standard input" : path) + ": " + error.what());
}

std::unique_ptr<Reader> Reader::open(std::istream& in, const std::string& name,
                                     const ReadOptions& options) try {
  return make(std::make_unique<ByteSource>(in, name), options);
} catch (const SourceError& error) {
  throw TraceError(name + ": " + error.what());
}

std::unique_ptr<Reader> Reader::make(std::unique_ptr<ByteSource> bytes, const ReadOptions& options) {
  check_options(options);
  const Detected detected = detect(*bytes, options.source);
  static constexpr const char* kNames[] = {"text", "binary", "lackey"};
  std::string format = kNames[static_cast<int>(detected)];
  if (!bytes->compression().empty()) format += ", " + bytes->compression();
  std::string name = bytes->name();
  return make(make_decoder(detected, std::move(bytes), options), std::move(name), std::move(format), options);
}

std::unique_ptr<Reader> Reader::make(std::unique_ptr<Decoder> decoder, std::string name, std::string format,
                                     const ReadOptions& options) {
  if (options.coalesce != 0) decoder = std::make_unique<Coalescer>(std::move(decoder), options.coalesce);
  return std::unique_ptr<Reader>(
      new Reader(std::move(decoder), std::move(name), std::move(format), options.limit));
}

std::unique_ptr<Reader> Reader::generate(const Pattern& pattern, const ReadOptions& options) {
  check_options(options);
  return make(make_generator(pattern), pattern.print(), "generated", options);
}

Reader::Reader(std::unique_ptr<Decoder> decoder, std::string name, std::string format, std::uint64_t limit)
    : decoder_(std::move(decoder)), name_(std::move(name)), format_(std::move(format)), limit_(limit) {}

Reader::~Reader() = default;

bool Reader::next(Record& record) try {
  if (delivered_ == limit_) return false;
  if (!decoder_->next(record)) {
    limit_ = delivered_;
    return false;
  }
  ++delivered_;
  return true;
} catch (const SourceError& error) {
  limit_ = delivered_;
  throw TraceError(name_ + ": after record " + std::to_string(delivered_) + ": " + error.what());
} catch (const TraceError&) {
  limit_ = delivered_;
  throw;
}

}  // namespace svasim::trace
