// The log of valgrind's lackey tool: valgrind --tool=lackey --trace-mem=yes --log-file=LOG COMMAND.
// Contract: loads and stores become reads and writes, a modify (load and store at once) a read and then a
// write; instruction fetches are skipped unless asked for; valgrind's own lines (==PID== ...) are passed
// over.
// Source rule: Valgrind manual, "Lackey: an example tool": " L address,size", " S", " M", "I  ", address in
// hexadecimal.
#pragma once

#include <memory>
#include <string_view>

#include "models/trace/byte_source.hpp"
#include "models/trace/codec.hpp"
#include "models/trace/reader.hpp"

namespace svasim::trace {

/// Whether a file that starts like this is a lackey log.
bool looks_like_lackey(std::string_view head);

std::unique_ptr<Decoder> make_lackey_decoder(std::unique_ptr<ByteSource> bytes, const ReadOptions& options);

}  // namespace svasim::trace
