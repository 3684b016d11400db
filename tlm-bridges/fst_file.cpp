// See fst_file.hpp.
#include "tlm-bridges/fst_file.hpp"

#include <gtkwave/fstapi.h>

namespace svasim::bridges {
namespace {

constexpr int kPicoseconds = -12;

}  // namespace

FstFile::FstFile(const std::string& path) : file_(fstWriterCreate(path.c_str(), 1)) {
  if (file_ == nullptr) throw WaveError(path + ": cannot be written");
  fstWriterSetTimescale(file_, kPicoseconds);
  fstWriterSetPackType(file_, FST_WR_PT_LZ4);
  fstWriterSetDate(file_, "");  // same run, same bytes
  fstWriterSetVersion(file_, "svasim");
}

FstFile::~FstFile() { fstWriterClose(file_); }

void FstFile::enter(std::string_view name) {
  fstWriterSetScope(file_, FST_ST_VCD_MODULE, std::string(name).c_str(), nullptr);
}

void FstFile::leave() { fstWriterSetUpscope(file_); }

FstFile::Handle FstFile::add(std::string_view name, unsigned bits) {
  std::string full(name);  // a vector's range is part of its name
  if (bits > 1) full += " [" + std::to_string(bits - 1) + ":0]";
  return fstWriterCreateVar(file_, FST_VT_VCD_WIRE, FST_VD_IMPLICIT, bits, full.c_str(), 0);
}

FstFile::Handle FstFile::add_text(std::string_view name) {
  return fstWriterCreateVar(file_, FST_VT_GEN_STRING, FST_VD_IMPLICIT, 0, std::string(name).c_str(), 0);
}

void FstFile::at(std::uint64_t picoseconds) { fstWriterEmitTimeChange(file_, picoseconds); }

void FstFile::set(Handle signal, unsigned bits, std::uint64_t value) {
  char digits[64];
  for (unsigned i = 0; i < bits; ++i) digits[i] = static_cast<char>('0' + (value >> (bits - 1 - i) & 1));
  fstWriterEmitValueChange(file_, signal, digits);
}

void FstFile::set(Handle signal, std::string_view text) {
  fstWriterEmitVariableLengthValueChange(file_, signal, text.data(), static_cast<std::uint32_t>(text.size()));
}

}  // namespace svasim::bridges
