// See writer.hpp.
#include "models/trace/writer.hpp"

#include "models/trace/binary_format.hpp"
#include "models/trace/byte_sink.hpp"
#include "models/trace/text_format.hpp"

namespace svasim::trace {

namespace {

constexpr std::size_t kFlushBytes = 64 * 1024;

bool take_suffix(std::string& name, std::string_view suffix) {
  if (name.size() < suffix.size() || name.substr(name.size() - suffix.size()) != suffix) return false;
  name.resize(name.size() - suffix.size());
  return true;
}

}  // namespace

WriteOptions write_options_for(const std::string& path) {
  WriteOptions options;
  std::string name = path;
  if (take_suffix(name, ".gz")) options.compression = Compression::gzip;
  else if (take_suffix(name, ".xz")) options.compression = Compression::xz;
  else if (take_suffix(name, ".zst")) options.compression = Compression::zstd;
  if (name == "-" || take_suffix(name, ".txt")) options.format = Format::text;
  return options;
}

std::unique_ptr<Writer> Writer::open(const std::string& path, const WriteOptions& options) {
  return std::unique_ptr<Writer>(new Writer(std::make_unique<ByteSink>(path, options.compression), options));
}

std::unique_ptr<Writer> Writer::open(std::ostream& out, const std::string& name,
                                     const WriteOptions& options) {
  return std::unique_ptr<Writer>(
      new Writer(std::make_unique<ByteSink>(out, name, options.compression), options));
}

Writer::Writer(std::unique_ptr<ByteSink> sink, const WriteOptions& options)
    : sink_(std::move(sink)),
      encoder_(options.format == Format::text ? make_text_encoder(options.comment) : make_binary_encoder()) {
  encoder_->begin(buffer_);
}

Writer::~Writer() = default;

void Writer::write(const Record& record) {
  if (const char* why = check(record))
    throw TraceError(sink_->name() + ": record " + std::to_string(records_ + 1) + ": " + why);
  encoder_->encode(record, buffer_);
  ++records_;
  if (buffer_.size() < kFlushBytes) return;
  sink_->write(buffer_);
  buffer_.clear();
}

void Writer::finish() {
  encoder_->end(buffer_);
  sink_->write(buffer_);
  buffer_.clear();
  sink_->finish();
}

}  // namespace svasim::trace
