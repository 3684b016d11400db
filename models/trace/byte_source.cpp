// See byte_source.hpp.
#include "models/trace/byte_source.hpp"

#include <boost/iostreams/categories.hpp>
#include <boost/iostreams/filter/gzip.hpp>
#include <boost/iostreams/filter/lzma.hpp>
#include <boost/iostreams/filter/zstd.hpp>
#include <boost/iostreams/filtering_streambuf.hpp>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <iostream>

#include "models/trace/zstd_frames.hpp"

namespace svasim::trace {
namespace {

namespace io = boost::iostreams;

constexpr std::size_t kBufferBytes = 128 * 1024;
constexpr std::size_t kFilterBytes = 64 * 1024;

/// The file as it is, with a look at its first bytes.
class RawInput {
 public:
  explicit RawInput(std::istream& in) : in_(*in.rdbuf()) {
    head_size_ = static_cast<std::size_t>(read_stream(head_, sizeof head_));
  }

  std::string_view head() const { return {head_, head_size_}; }
  void follow_zstd_frames() { zstd_ = true; }

  /// Up to `count` bytes; 0 at the end.
  std::streamsize read(char* to, std::streamsize count) {
    const auto from_head =
        static_cast<std::streamsize>(head().substr(head_used_).copy(to, static_cast<std::size_t>(count)));
    head_used_ += static_cast<std::size_t>(from_head);
    const std::streamsize got = from_head + read_stream(to + from_head, count - from_head);
    if (zstd_) frames_.feed(to, static_cast<std::size_t>(got));
    if (got == 0 && zstd_ && !frames_.complete()) throw std::runtime_error("ends inside a zstd frame");
    return got;
  }

 private:
  std::streamsize read_stream(char* to, std::streamsize count) try {
    return in_.sgetn(to, count);
  } catch (const std::exception&) {
    throw SourceError(std::string("cannot read: ") + std::strerror(errno));
  }

  std::streambuf& in_;
  char head_[6];
  std::size_t head_size_ = 0;
  std::size_t head_used_ = 0;
  bool zstd_ = false;
  ZstdFrames frames_;
};

/// What Boost.Iostreams copies into its chain.
struct RawDevice {
  using char_type = char;
  using category = io::source_tag;
  RawInput* input;
  std::streamsize read(char* to, std::streamsize count) {
    const std::streamsize got = input->read(to, count);
    return got == 0 ? -1 : got;
  }
};

std::string detect_compression(std::string_view head) {
  const auto starts_with = [&](std::string_view magic) { return head.substr(0, magic.size()) == magic; };
  if (starts_with("\x1f\x8b")) return "gzip";
  if (starts_with({"\xfd"
                   "7zXZ\0",
                   6}))
    return "xz";
  if (starts_with("\x28\xb5\x2f\xfd")) return "zstd";
  return "";
}

}  // namespace

struct ByteSource::Chain {
  explicit Chain(std::istream& in) : raw(in) {}

  void decompress(const std::string& compression) {
    filtered = std::make_unique<io::filtering_streambuf<io::input>>();
    if (compression == "gzip")
      filtered->push(io::gzip_decompressor(io::zlib::default_window_bits, kFilterBytes), kFilterBytes);
    else if (compression == "xz") filtered->push(io::lzma_decompressor(kFilterBytes), kFilterBytes);
    else filtered->push(io::zstd_decompressor(kFilterBytes), kFilterBytes);
    filtered->push(RawDevice{&raw}, kFilterBytes);
  }

  std::streamsize read(char* to, std::streamsize count) {
    return filtered ? filtered->sgetn(to, count) : raw.read(to, count);
  }

  RawInput raw;
  std::unique_ptr<io::filtering_streambuf<io::input>> filtered;
};

ByteSource::ByteSource(const std::string& path) : name_(path == "-" ? "standard input" : path) {
  if (path != "-") {
    file_ = std::make_unique<std::ifstream>(path, std::ios::binary);
    if (!*file_) throw SourceError(std::string("cannot open: ") + std::strerror(errno));
  }
  start(file_ ? *file_ : std::cin);
}

ByteSource::ByteSource(std::istream& in, std::string name) : name_(std::move(name)) { start(in); }

ByteSource::~ByteSource() = default;

void ByteSource::start(std::istream& in) {
  buffer_.resize(kBufferBytes);
  chain_ = std::make_unique<Chain>(in);
  compression_ = detect_compression(chain_->raw.head());
  if (compression_.empty()) return;
  if (compression_ == "zstd") chain_->raw.follow_zstd_frames();
  chain_->decompress(compression_);
}

void ByteSource::refill(std::size_t count) try {
  std::memmove(buffer_.data(), buffer_.data() + begin_, end_ - begin_);
  base_ += begin_;
  end_ -= begin_;
  begin_ = 0;
  while (end_ < count && !at_end_) {
    const std::streamsize got =
        chain_->read(buffer_.data() + end_, static_cast<std::streamsize>(buffer_.size() - end_));
    if (got <= 0) at_end_ = true;
    else end_ += static_cast<std::size_t>(got);
  }
} catch (const SourceError&) {
  throw;
} catch (const std::exception&) {
  throw SourceError("corrupt or truncated " + compression_ + " data; expected one or more complete " +
                    compression_ + " streams");
}

}  // namespace svasim::trace
