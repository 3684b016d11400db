// See choices.hpp.
#include "testbenches/differential/choices.hpp"

#include <sstream>

namespace svasim::differential {

std::string Tapes::text() const {
  std::ostringstream out;
  out << std::hex;
  for (std::size_t i = 0; i < tapes.size(); ++i) {
    if (i != 0) out << '/';
    for (std::size_t j = 0; j < tapes[i].size(); ++j) out << (j == 0 ? "" : ",") << tapes[i][j];
  }
  return out.str();
}

Tapes Tapes::parse(const std::string& text) {
  Tapes result;
  std::istringstream tapes(text + "/");
  for (std::string tape; std::getline(tapes, tape, '/');) {
    result.tapes.emplace_back();
    std::istringstream numbers(tape);
    for (std::string number; std::getline(numbers, number, ',');) {
      result.tapes.back().push_back(std::stoull(number, nullptr, 16));
    }
  }
  return result;
}

}  // namespace svasim::differential
