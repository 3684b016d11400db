// What a format implements: a Decoder from bytes to records and, for the native formats, an Encoder back.
// Contract: one format per pair of files (text_format, binary_format, lackey_format); Reader and Writer do
// the rest.
// Source rule: none.
#pragma once

#include <string>

#include "models/trace/record.hpp"

namespace svasim::trace {

class Decoder {
 public:
  virtual ~Decoder() = default;
  /// The next record, legal by check(); false at the end, after which it is not called again.
  /// Throws TraceError that names the place, or SourceError.
  virtual bool next(Record& record) = 0;
};

/// Each function appends to `out`.
class Encoder {
 public:
  virtual ~Encoder() = default;
  virtual void begin(std::string& out) = 0;
  virtual void encode(const Record& record, std::string& out) = 0;  ///< a legal record
  virtual void end(std::string& out) = 0;
};

}  // namespace svasim::trace
