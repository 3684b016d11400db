// What the trace tests share: traces in memory, and the error an input ends in.
// Contract: strings are whole files; random records come from the generator given and are legal.
// Source rule: none.
#pragma once

#include <boost/iostreams/copy.hpp>
#include <boost/iostreams/filter/gzip.hpp>
#include <boost/iostreams/filter/lzma.hpp>
#include <boost/iostreams/filter/zstd.hpp>
#include <boost/iostreams/filtering_stream.hpp>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <random>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

#include "models/trace/reader.hpp"
#include "models/trace/writer.hpp"

namespace trace_test {

using namespace svasim::trace;

inline const Compression kCompressions[] = {Compression::none, Compression::gzip, Compression::xz,
                                            Compression::zstd};

inline Record access(bool write, std::uint64_t va, std::uint64_t size) {
  Record r;
  r.write = write;
  r.va = va;
  r.size = size;
  return r;
}

inline std::string write_all(const std::vector<Record>& records, const WriteOptions& options) {
  std::ostringstream out;
  const auto writer = Writer::open(out, "out", options);
  for (const Record& r : records) writer->write(r);
  writer->finish();
  return out.str();
}

inline std::vector<Record> read_all(const std::string& file, const ReadOptions& options = {}) {
  std::istringstream in(file);
  const auto reader = Reader::open(in, "in", options);
  std::vector<Record> records;
  for (Record r; reader->next(r);) records.push_back(r);
  return records;
}

/// The message of the TraceError that reading ends in; "no error" if there is none.
inline std::string error_of(const std::string& file, const ReadOptions& options = {}) try {
  read_all(file, options);
  return "no error";
} catch (const TraceError& error) {
  return error.what();
}

/// Any bytes, compressed without the help of the library under test.
inline std::string compress(const std::string& bytes, Compression compression) {
  namespace io = boost::iostreams;
  io::filtering_istream in;
  if (compression == Compression::gzip) in.push(io::gzip_compressor());
  if (compression == Compression::xz) in.push(io::lzma_compressor());
  if (compression == Compression::zstd) in.push(io::zstd_compressor());
  std::istringstream plain(bytes);
  in.push(plain);
  std::ostringstream out;
  io::copy(in, out);
  return out.str();
}

/// A directory that goes away with the test.
struct Directory {
  Directory() {
    std::string name = (std::filesystem::temp_directory_path() / "svasim_trace_XXXXXX").string();
    if (mkdtemp(name.data()) == nullptr) throw std::runtime_error("cannot create " + name);
    path = name;
  }
  ~Directory() { std::filesystem::remove_all(path); }

  std::string file(const std::string& name) const { return (path / name).string(); }
  std::string write(const std::string& name, const std::string& content) const {
    std::ofstream(file(name), std::ios::binary) << content;
    return file(name);
  }
  std::string read(const std::string& name) const {
    std::ostringstream content;
    content << std::ifstream(file(name), std::ios::binary).rdbuf();
    return content.str();
  }

  std::filesystem::path path;
};

/// Fields of control records that `r.kind` has, anyhow.
inline void randomize_control(Record& r, std::mt19937_64& random) {
  const auto below = [&](std::uint64_t n) { return random() % n; };
  const KindInfo& kind = info(r.kind);
  Control& c = r.control;
  r.write = kind.write && below(2) == 0;
  if (kind.protection) c.protection = static_cast<std::uint8_t>(below(8));
  if (kind.mapping) c.backing = static_cast<Backing>(below(4));
  if (c.backing == Backing::file) {
    c.number = static_cast<std::uint32_t>(random() >> below(64));
    c.shared = below(2) == 0;
    c.uncached = below(2) == 0;
    c.offset = (random() >> below(64)) & ~std::uint64_t{0xfff};
  }
  if (kind.child) c.number = static_cast<std::uint32_t>(below(kMaxPasid + 1));
  if (kind.as && r.kind == Kind::create) c.as = static_cast<As>(below(3));
  if (kind.as && r.kind == Kind::bind && below(2) == 0) c.as = As::device;
  if (kind.feature) c.feature = below(2) == 0 ? Feature::iopf : Feature::sva;
  if (kind.limits) {
    for (std::uint32_t* number : {&c.number, &c.min_pasid, &c.max_pasid})
      *number = static_cast<std::uint32_t>(random() >> below(64));
  }
  if (r.has_time) return;
  c.nowait = below(2) == 0;
  if (below(2) == 0) c.in_flight = static_cast<std::uint32_t>(below(kAnyNumber));
}

/// A legal record; magnitudes are spread over all orders, so that every length of a number occurs.
inline Record random_record(std::mt19937_64& random) {
  const auto below = [&](std::uint64_t n) { return random() % n; };
  const auto any_magnitude = [&] { return random() >> below(64); };
  Record r;
  if (below(4) == 0) r.kind = static_cast<Kind>(below(kKinds.size()));
  if (r.kind == Kind::access) {
    r.write = below(2) != 0;
    r.execute = !r.write && below(4) == 0;
    r.privileged = below(4) == 0;
  }
  if (below(3) == 0) r.device = static_cast<std::uint32_t>(any_magnitude());
  if (below(3) == 0) r.pasid = static_cast<std::uint32_t>(below(kMaxPasid + 1));
  if ((r.has_time = below(3) == 0)) r.time_ps = any_magnitude();
  if (info(r.kind).address) r.va = any_magnitude();
  const std::uint64_t wanted = r.kind == Kind::access ? std::uint64_t{1} << below(21) : any_magnitude();
  if (info(r.kind).size) r.size = std::max<std::uint64_t>(1, std::min(wanted, ~r.va));
  if (r.kind > Kind::unmap) randomize_control(r, random);
  return r;
}

}  // namespace trace_test
