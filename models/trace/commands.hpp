// The trace commands of the svasim command line, as functions: import, generate, map, info, head, validate.
// Contract: they throw TraceError for a bad trace (exit code kBadTraceExit), except trace_validate, which
// reports it.
// Source rule: none; "-" is standard input or output throughout.
#pragma once

#include <cstdint>
#include <iosfwd>
#include <string>

#include "models/trace/reader.hpp"
#include "models/trace/writer.hpp"

namespace svasim::trace {

struct ImportOptions {
  ReadOptions read;
  WriteOptions write;
};

/// Converts any readable trace to a native one and returns the number of records written. A file appears
/// under its name only when it is complete.
std::uint64_t import_trace(const ImportOptions& options, const std::string& in, const std::string& out);

/// Writes a synthetic trace, as import_trace() does; text names its pattern in a comment.
std::uint64_t generate_trace(const Pattern& pattern, const std::string& out);

struct Mapped {
  std::uint64_t records;   ///< written
  std::uint64_t areas;     ///< mmap records among them that were added
  std::uint64_t pages;     ///< in those areas
  std::uint64_t left_out;  ///< pages accessed that cannot be mapped: they are not below kMappedBelow
};

/// Writes the trace with `mmap` records in front of what its processes' devices access (README.md, "Mapping
/// a plain trace"), as import_trace() does. `in` is read twice: a file.
Mapped map_trace(const std::string& in, const std::string& out, std::uint64_t gap = 0);

/// Prints records, reads, writes, bytes, devices, PASIDs with their distinct 4 KiB pages, address range and
/// time span. Memory grows with the number of distinct pages only.
void trace_info(const std::string& path, std::ostream& out, const ReadOptions& options = {});

/// Prints the first `records` records in the text format.
void trace_head(const std::string& path, std::uint64_t records, std::ostream& out,
                const ReadOptions& options = {});

/// Reads the whole trace and prints "PATH: ok, N records" or the first error. Returns the exit code, 0 or
/// kBadTraceExit.
int trace_validate(const std::string& path, std::ostream& out, const ReadOptions& options = {});

}  // namespace svasim::trace
