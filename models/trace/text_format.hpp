// The native text format: a header line, then one record a line, quick to type and to read.
// Contract: as described in models/trace/README.md; print_record() writes what the decoder reads.
// Source rule: README.md, "Text".
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "models/trace/byte_source.hpp"
#include "models/trace/codec.hpp"

namespace svasim::trace {

inline constexpr std::string_view kTextHeader = "# svasim trace 1";
inline constexpr std::string_view kTextHeaderAnyVersion = "# svasim trace ";

/// Throws TraceError if the first line is not the header of this version.
std::unique_ptr<Decoder> make_text_decoder(std::unique_ptr<ByteSource> bytes);
std::unique_ptr<Encoder> make_text_encoder();

/// Appends one line, with its end. Default device and PASID are left out.
void print_record(const Record& record, std::string& out);

/// A time in the largest unit that keeps it whole, such as "123ns".
std::string print_time(std::uint64_t ps);

}  // namespace svasim::trace
