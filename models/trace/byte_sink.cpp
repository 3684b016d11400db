// See byte_sink.hpp.
#include "models/trace/byte_sink.hpp"

#include <boost/iostreams/filter/gzip.hpp>
#include <boost/iostreams/filter/lzma.hpp>
#include <boost/iostreams/filter/zstd.hpp>
#include <boost/iostreams/filtering_streambuf.hpp>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <iostream>

namespace svasim::trace {

namespace io = boost::iostreams;

struct ByteSink::Chain {
  Chain(std::ostream& out, Compression compression) {
    if (compression == Compression::gzip) buffer.push(io::gzip_compressor());
    if (compression == Compression::xz) buffer.push(io::lzma_compressor());
    if (compression == Compression::zstd) buffer.push(io::zstd_compressor());
    buffer.push(out);
  }
  io::filtering_streambuf<io::output> buffer;
};

ByteSink::ByteSink(const std::string& path, Compression compression)
    : name_(path == "-" ? "standard output" : path),
      file_(path == "-" ? nullptr : std::make_unique<std::ofstream>(path, std::ios::binary)),
      out_(file_ ? *file_ : std::cout) {
  if (!out_) fail(std::string("cannot create: ") + std::strerror(errno));
  chain_ = std::make_unique<Chain>(out_, compression);
}

ByteSink::ByteSink(std::ostream& out, std::string name, Compression compression)
    : name_(std::move(name)), out_(out), chain_(std::make_unique<Chain>(out_, compression)) {}

ByteSink::~ByteSink() = default;

void ByteSink::write(std::string_view bytes) {
  bool written = false;
  try {
    const auto size = static_cast<std::streamsize>(bytes.size());
    written = chain_->buffer.sputn(bytes.data(), size) == size && out_.good();
  } catch (const std::exception&) {
  }
  if (!written) fail("cannot write");
}

void ByteSink::finish() {
  bool written = false;
  try {
    io::close(chain_->buffer);
    written = out_.flush().good();
  } catch (const std::exception&) {
  }
  if (!written) fail("cannot write");
}

void ByteSink::fail(const std::string& why) const { throw TraceError(name_ + ": " + why); }

}  // namespace svasim::trace
