// The lines of a text, for the formats that have them.
// Contract: constant memory, so a line has at most kMaxLineBytes; errors name file, line and column.
// Source rule: none; a line ends in LF or CR LF, the last may end with the file.
#pragma once

#include <string>
#include <string_view>

#include "models/trace/byte_source.hpp"

namespace svasim::trace {

inline constexpr std::size_t kMaxLineBytes = 4096;

class LineSource {
 public:
  explicit LineSource(std::unique_ptr<ByteSource> bytes) : bytes_(std::move(bytes)) {}

  /// The next line without its end, valid until the next call; false at the end of the input.
  bool next(std::string_view& line);

  /// Throws "FILE:LINE:COLUMN: message" about the line last read; `column` counts from 0.
  [[noreturn]] void fail(std::size_t column, const std::string& message) const;

 private:
  std::unique_ptr<ByteSource> bytes_;
  std::uint64_t line_number_ = 0;
};

/// A piece of input in quotes for a message: shortened, and without characters a terminal would act on.
std::string quoted(std::string_view text);

}  // namespace svasim::trace
