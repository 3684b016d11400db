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
/// `comment`, if it is not empty, becomes the second line.
std::unique_ptr<Encoder> make_text_encoder(const std::string& comment);

/// Appends one line, with its end. Default device and PASID are left out.
void print_record(const Record& record, std::string& out);

}  // namespace svasim::trace
