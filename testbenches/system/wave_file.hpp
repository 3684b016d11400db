// An FST wave file read back whole.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace svasim::test {

struct WaveFile {
  /// Throws std::runtime_error if it is no FST file with a resolution of 1 ps.
  explicit WaveFile(const std::string& path);

  using Changes = std::vector<std::pair<std::uint64_t, std::string>>;  ///< picoseconds, binary digits or text

  /// Of "scope.scope.name", without a range; throws std::out_of_range.
  const Changes& changes(const std::string& signal) const { return signals.at(signal); }
  /// Its value at `t`; "" before the first.
  std::string text(const std::string& signal, std::uint64_t t) const;
  std::uint64_t number(const std::string& signal, std::uint64_t t) const;

  std::map<std::string, Changes> signals;
  std::uint64_t begin = 0, end = 0;
};

}  // namespace svasim::test
