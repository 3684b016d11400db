// What the tests of models/probe share: a directory of their own, files as text, and a hand-made run of five
// accesses.
#pragma once

#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include "models/probe/recorder.hpp"

namespace svasim::probe {

/// A directory that goes when the test ends.
class TemporaryDirectory {
 public:
  TemporaryDirectory() {
    std::string pattern = (std::filesystem::temp_directory_path() / "svasim_probe_XXXXXX").string();
    path_ = mkdtemp(pattern.data());
  }
  ~TemporaryDirectory() { std::filesystem::remove_all(path_); }
  std::string operator/(const std::string& name) const { return path_ + "/" + name; }
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

inline std::string file_text(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

/// Three accesses of device 0 that hit (10.064 ns issue, 30 ns llc, each), and two of device 7 to one missing
/// page: the first fails at 1010.064 ns, its page request takes 20 us and the second joins it after 5 us.
/// Then both read in 30 ns.
inline void hand_made_run(Recorder& recorder) {
  for (Picoseconds start : {0, 100'000, 200'000}) {
    Transaction& hit = recorder.open(start, 0, 1, Operation::read, 0x1000 + start, 64);
    hit.timeline.enter(Stage::llc, start + 10'064);
    recorder.close(hit, start + 40'064, Outcome::ok);
  }
  const FaultKey key{FaultKind::pri, 0x700, 3};
  Transaction& first = recorder.open(1'000'000, 7, 42, Operation::write, 0xffff800012345678, 8);
  Fault& fault = recorder.open_fault(1'010'064, Stage::fault_record, key, 7, 42, 0xffff800012345000);
  first.timeline.translation_failed(1'010'064);
  fault.attach(first, 1'010'064);
  recorder.enter(key, Stage::mm_fault, 5'010'064);
  Transaction& second = recorder.open(6'000'000, 7, 42, Operation::read, 0xffff800012345000, 4);
  second.timeline.enter(Stage::hazard, 6'010'064, {Cause::Kind::transaction, first.id});
  fault.attach(second, 6'010'064);
  recorder.close_fault(fault, 21'010'064, Outcome::ok);
  for (Transaction* transaction : {&first, &second}) {
    transaction->timeline.enter(Stage::llc, 21'010'064);
    transaction->timeline.translation_succeeded(21'010'064);
    recorder.close(*transaction, 21'040'064, Outcome::ok);
  }
}

}  // namespace svasim::probe
