// svasim as its user sees it: the command as a process, its exit code and output, and a scratch directory.
// Contract: nothing of a test is left behind; a command that hangs is killed by CTest's time limit.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace svasim::test {

/// A directory that exists as long as the object.
class Scratch {
 public:
  Scratch();
  ~Scratch();
  Scratch(const Scratch&) = delete;
  std::string operator/(const std::string& name) const { return (path_ / name).string(); }
  /// Writes a file and returns its path.
  std::string file(const std::string& name, const std::string& text) const;

 private:
  std::filesystem::path path_;
};

using Words = std::vector<std::string>;

struct Finished {
  int code = 0;  ///< exit code; 128 + n when signal n killed it
  std::string out, err;
};

/// A running `svasim`, started with the words behind its name.
class Command {
 public:
  explicit Command(const Words& words);
  ~Command();
  Command(const Command&) = delete;
  void signal(int number) const;
  bool running();
  /// What it has written on stderr so far.
  std::string err() const;
  Finished wait();

 private:
  Scratch scratch_;
  pid_t pid_ = -1;
  int status_ = 0;
};

inline Finished invoke(const Words& words) { return Command(words).wait(); }

/// `run` of a trace into `out` with settings "key=value".
Words run_words(const std::string& trace, const std::string& out, const Words& settings = {});
/// The words as they are typed.
std::string typed(const Words& words);

/// A small real trace of traces/.
std::string trace_file(const std::string& name);
std::string read_file(const std::string& path);

}  // namespace svasim::test
