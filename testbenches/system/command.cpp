// See command.hpp.
#include "testbenches/system/command.hpp"

#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <sstream>
#include <stdexcept>

namespace svasim::test {
namespace {

void redirect(int descriptor, const std::string& path) {
  const int file = open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
  if (file < 0 || dup2(file, descriptor) < 0) _exit(126);
}

}  // namespace

Scratch::Scratch() {
  std::string name = (std::filesystem::temp_directory_path() / "svasim-test-XXXXXX").string();
  if (mkdtemp(name.data()) == nullptr) throw std::runtime_error("no scratch directory");
  path_ = name;
}

Scratch::~Scratch() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

std::string Scratch::file(const std::string& name, const std::string& text) const {
  std::ofstream(path_ / name) << text;
  return *this / name;
}

Command::Command(const Words& words) {
  const std::string out = scratch_ / "out", err = scratch_ / "err";
  std::vector<char*> arguments{const_cast<char*>(SVASIM_COMMAND)};
  for (const std::string& word : words) arguments.push_back(const_cast<char*>(word.c_str()));
  arguments.push_back(nullptr);
  pid_ = fork();
  if (pid_ < 0) throw std::runtime_error("cannot fork");
  if (pid_ > 0) return;
  redirect(STDOUT_FILENO, out);
  redirect(STDERR_FILENO, err);
  execv(SVASIM_COMMAND, arguments.data());
  _exit(127);
}

Command::~Command() {
  if (!running()) return;
  signal(SIGKILL);
  waitpid(pid_, &status_, 0);
}

void Command::signal(int number) const { kill(pid_, number); }

bool Command::running() {
  if (pid_ > 0 && waitpid(pid_, &status_, WNOHANG) == pid_) pid_ = -1;
  return pid_ > 0;
}

std::string Command::err() const { return read_file(scratch_ / "err"); }

Finished Command::wait() {
  if (pid_ > 0) waitpid(pid_, &status_, 0);
  pid_ = -1;
  const int code = WIFSIGNALED(status_) ? 128 + WTERMSIG(status_) : WEXITSTATUS(status_);
  return {code, read_file(scratch_ / "out"), err()};
}

Words run_words(const std::string& trace, const std::string& out, const Words& settings) {
  Words words{"run", "--trace", trace, "--out", out};
  for (const std::string& setting : settings) words.insert(words.end(), {"--set", setting});
  return words;
}

std::string typed(const Words& words) {
  std::string line = "svasim";
  for (const std::string& word : words) line += ' ' + word;
  return line;
}

std::string trace_file(const std::string& name) { return SVASIM_TRACES "/" + name; }

std::string read_file(const std::string& path) {
  std::ostringstream text;
  text << std::ifstream(path).rdbuf();
  return text.str();
}

}  // namespace svasim::test
