// A wave file in GTKWave's FST format with 1 ps resolution, written by the FST writer that comes with
// Verilator. (A program can hold that writer once, and Verilated code with waves brings it; so it lives
// here.)
//
// Contract: declare all signals, then go through time in order: at(), and the values that change there. Same
// calls, same bytes.
#pragma once

#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace svasim::bridges {

/// The file cannot be written.
class WaveError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

class FstFile {
 public:
  using Handle = std::uint32_t;

  /// Throws WaveError.
  explicit FstFile(const std::string& path);
  ~FstFile();
  FstFile(const FstFile&) = delete;

  /// Declarations that follow are inside `name`, until leave().
  void enter(std::string_view name);
  void leave();
  Handle add(std::string_view name, unsigned bits);
  Handle add_text(std::string_view name);

  /// Changes that follow happen at `picoseconds`, not before those already made.
  void at(std::uint64_t picoseconds);
  void set(Handle signal, unsigned bits, std::uint64_t value);
  void set(Handle signal, std::string_view text);

 private:
  void* file_;
};

}  // namespace svasim::bridges
