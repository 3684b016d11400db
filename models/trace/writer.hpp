// Writes a trace in the native text or binary format, optionally compressed.
// Contract: constant memory; what it writes, Reader reads back record for record.
// Source rule: the formats are described in models/trace/README.md.
#pragma once

#include <cstdint>
#include <iosfwd>
#include <memory>
#include <string>

#include "models/trace/error.hpp"
#include "models/trace/record.hpp"

namespace svasim::trace {

enum class Format { text, binary };
enum class Compression { none, gzip, xz, zstd };

struct WriteOptions {
  Format format = Format::binary;
  Compression compression = Compression::none;
  std::string comment = {};  ///< one line for the reader of a text trace
};

/// What a file name asks for: .gz, .xz and .zst compress; .txt (before such an ending) and "-" are text,
/// others binary.
WriteOptions write_options_for(const std::string& path);

class ByteSink;
class Encoder;

class Writer {
 public:
  /// Creates or truncates a file, or writes to standard output for "-". Throws TraceError when it cannot.
  static std::unique_ptr<Writer> open(const std::string& path, const WriteOptions& options = {});

  /// The same to a stream, which must outlive the writer; `name` stands for it in messages.
  static std::unique_ptr<Writer> open(std::ostream& out, const std::string& name,
                                      const WriteOptions& options = {});

  ~Writer();

  /// Appends a record. Throws TraceError if it is illegal by check(), or when writing fails.
  void write(const Record& record);

  /// Ends the trace; nothing may be written after it. Without it the file is incomplete, which readers notice
  /// unless it is plain text. Throws TraceError when writing fails.
  void finish();

  std::uint64_t records() const { return records_; }  ///< written so far

 private:
  Writer(std::unique_ptr<ByteSink> sink, const WriteOptions& options);

  std::unique_ptr<ByteSink> sink_;
  std::unique_ptr<Encoder> encoder_;
  std::string buffer_;
  std::uint64_t records_ = 0;
};

}  // namespace svasim::trace
