// The bytes of a trace file, decompressed, in a window that readers parse in place.
// Contract: constant memory; gzip, xz and zstd are recognised by their first bytes; failure is a SourceError.
// Source rule: magic numbers of RFC 1952 (gzip), the .xz file format 1.1 and RFC 8878 (zstd).
#pragma once

#include <cstddef>
#include <cstdint>
#include <iosfwd>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "models/trace/error.hpp"

namespace svasim::trace {

/// Reading or decompressing failed. Reader adds the file and the record reached.
class SourceError : public TraceError {
 public:
  using TraceError::TraceError;
};

class ByteSource {
 public:
  /// A file, or standard input for "-". Throws SourceError when it cannot be opened or read.
  explicit ByteSource(const std::string& path);
  /// A stream that outlives this object; `name` stands for it in messages.
  ByteSource(std::istream& in, std::string name);
  ~ByteSource();

  const std::string& name() const { return name_; }
  const std::string& compression() const { return compression_; }  ///< "", "gzip", "xz" or "zstd"

  std::string_view window() const {
    return {buffer_.data() + begin_, end_ - begin_};
  }  ///< read, not yet consumed
  void consume(std::size_t count) { begin_ += count; }
  std::uint64_t offset() const { return base_ + begin_; }  ///< of the window in the decompressed data

  /// Tries to have at least `count` (up to 64 KiB) bytes in the window; fewer only at the end of the input.
  /// May move it.
  void ensure(std::size_t count) {
    if (end_ - begin_ < count && !at_end_) refill(count);
  }

 private:
  struct Chain;
  void start(std::istream& in);
  void refill(std::size_t count);

  std::string name_;
  std::string compression_;
  std::unique_ptr<std::istream> file_;
  std::unique_ptr<Chain> chain_;
  std::vector<char> buffer_;
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
  std::uint64_t base_ = 0;  ///< offset of buffer_[0]
  bool at_end_ = false;
};

}  // namespace svasim::trace
