// Where the bytes of a trace go, compressed on the way.
// Contract: constant memory; every failure is a TraceError that names the output.
// Source rule: none.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "models/trace/writer.hpp"

namespace svasim::trace {

class ByteSink {
 public:
  /// A file, or standard output for "-".
  ByteSink(const std::string& path, Compression compression);
  /// A stream that outlives this object.
  ByteSink(std::ostream& out, std::string name, Compression compression);
  ~ByteSink();

  const std::string& name() const { return name_; }
  void write(std::string_view bytes);
  void finish();  ///< ends the compressed stream and flushes

 private:
  struct Chain;
  [[noreturn]] void fail(const std::string& why) const;

  std::string name_;
  std::unique_ptr<std::ostream> file_;
  std::ostream& out_;
  std::unique_ptr<Chain> chain_;
};

}  // namespace svasim::trace
