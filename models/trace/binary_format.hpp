// The native binary format: two to four bytes for a typical access.
// Contract: as described in models/trace/README.md; ends in a record count, so that a cut file is noticed.
// Source rule: README.md, "Binary".
#pragma once

#include <memory>
#include <string_view>

#include "models/trace/byte_source.hpp"
#include "models/trace/codec.hpp"

namespace svasim::trace {

/// Not text, not UTF-8, and damaged by any conversion of line ends; a version byte follows.
inline constexpr std::string_view kBinaryMagic = "\x93SVT\r\n\x1a\n";

/// Throws TraceError if the version is not this one.
std::unique_ptr<Decoder> make_binary_decoder(std::unique_ptr<ByteSource> bytes);
std::unique_ptr<Encoder> make_binary_encoder();

}  // namespace svasim::trace
