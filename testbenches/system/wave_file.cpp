// See wave_file.hpp: the reader of FST files that comes with Verilator.
#include "testbenches/system/wave_file.hpp"

#include <gtkwave/fstapi.h>

#include <stdexcept>

namespace svasim::test {
namespace {

struct Reading {
  std::map<fstHandle, WaveFile::Changes> changes;
};

void change(void* reading, std::uint64_t time, fstHandle signal, const unsigned char* value,
            std::uint32_t length) {
  WaveFile::Changes& changes = static_cast<Reading*>(reading)->changes[signal];
  std::string text(reinterpret_cast<const char*>(value), length);
  if (changes.empty() || changes.back().second != text) changes.emplace_back(time, std::move(text));
}

void change_bits(void* reading, std::uint64_t time, fstHandle signal, const unsigned char* value) {
  change(reading, time, signal, value,
         static_cast<std::uint32_t>(std::char_traits<char>::length(reinterpret_cast<const char*>(value))));
}

}  // namespace

WaveFile::WaveFile(const std::string& path) {
  void* const file = fstReaderOpen(path.c_str());
  if (file == nullptr) throw std::runtime_error(path + ": no FST file");
  if (fstReaderGetTimescale(file) != -12) throw std::runtime_error(path + ": not in picoseconds");
  begin = fstReaderGetStartTime(file);
  end = fstReaderGetEndTime(file);
  Reading reading;
  fstReaderSetFacProcessMaskAll(file);
  fstReaderIterBlocks2(file, change_bits, change, &reading, nullptr);
  std::vector<std::string> scopes{""};
  while (const fstHier* item = fstReaderIterateHier(file)) {
    if (item->htyp == FST_HT_SCOPE) scopes.push_back(scopes.back() + item->u.scope.name + ".");
    if (item->htyp == FST_HT_UPSCOPE) scopes.pop_back();
    if (item->htyp != FST_HT_VAR) continue;
    const std::string name = item->u.var.name;
    signals[scopes.back() + name.substr(0, name.find(' '))] = reading.changes[item->u.var.handle];
  }
  fstReaderClose(file);
}

std::string WaveFile::text(const std::string& signal, std::uint64_t t) const {
  std::string value;
  for (const auto& [time, next] : changes(signal)) {
    if (time > t) break;
    value = next;
  }
  return value;
}

std::uint64_t WaveFile::number(const std::string& signal, std::uint64_t t) const {
  return std::stoull(text(signal, t), nullptr, 2);
}

}  // namespace svasim::test
