// Streams the records of a trace: native text, native binary or a valgrind lackey log, each plain or
// compressed with gzip, xz or zstd, all recognised by content.
// Contract: constant memory however long the trace; any input ends in a last record or a TraceError, never a
// crash.
// Source rule: the formats are described in models/trace/README.md.
#pragma once

#include <cstdint>
#include <iosfwd>
#include <limits>
#include <memory>
#include <string>

#include "models/trace/error.hpp"
#include "models/trace/pattern.hpp"
#include "models/trace/record.hpp"

namespace svasim::trace {

enum class Source { detect, native, lackey };  ///< what to expect in a file; detect: look at its first bytes

struct ReadOptions {
  Source source = Source::detect;
  std::uint32_t device = 0;   ///< lackey: the device of all records
  std::uint32_t pasid = 1;    ///< lackey: the PASID of all records
  bool instructions = false;  ///< lackey: instruction fetches are reads instead of being skipped
  /// Other than 0: merge consecutive accesses of one direction, device and PASID that lie in the same
  /// naturally aligned block of so many bytes (a power of two, 2..4096) into one of the union range, with the
  /// time of the first.
  std::uint64_t coalesce = 0;
  std::uint64_t limit = std::numeric_limits<std::uint64_t>::max();  ///< deliver at most so many records
};

class Decoder;

class Reader {
 public:
  /// Opens a file, or standard input for "-". Throws TraceError when it cannot be read or is not a trace, or
  /// when an option is out of range.
  static std::unique_ptr<Reader> open(const std::string& path, const ReadOptions& options = {});

  /// The same from a stream, which must outlive the reader; `name` stands for it in messages.
  static std::unique_ptr<Reader> open(std::istream& in, const std::string& name,
                                      const ReadOptions& options = {});

  /// A synthetic trace; of `options`, coalesce and limit count.
  static std::unique_ptr<Reader> generate(const Pattern& pattern, const ReadOptions& options = {});

  ~Reader();

  /// Fetches the next record, which is legal by check(). False at the end. Throws TraceError at a bad record,
  /// and ends.
  bool next(Record& record);

  /// Number of the record last delivered, counted from 1; 0 before the first.
  std::uint64_t record_number() const { return delivered_; }

  /// The path, or what stands for it in messages.
  const std::string& name() const { return name_; }

  /// What was recognised, such as "binary, xz".
  const std::string& format() const { return format_; }

 private:
  Reader(std::unique_ptr<Decoder> decoder, std::string name, std::string format, std::uint64_t limit);
  static std::unique_ptr<Reader> make(std::unique_ptr<class ByteSource> bytes, const ReadOptions& options);
  static std::unique_ptr<Reader> make(std::unique_ptr<Decoder> decoder, std::string name, std::string format,
                                      const ReadOptions& options);

  std::unique_ptr<Decoder> decoder_;
  std::string name_;
  std::string format_;
  std::uint64_t limit_;
  std::uint64_t delivered_ = 0;
};

}  // namespace svasim::trace
