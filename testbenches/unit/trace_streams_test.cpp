// Streaming: constant memory, recognition by content, standard input, failing media, and arbitrary bytes.
#include <unistd.h>

#include <catch2/catch.hpp>
#include <fstream>
#include <iostream>

#include "trace_helpers.hpp"

using namespace trace_test;

namespace {

/// A text trace of kChunkRecords * `chunks` records that exists only while it is read.
class EndlessText : public std::streambuf {
 public:
  static constexpr unsigned kChunkRecords = 2000;

  explicit EndlessText(unsigned chunks) : left_(chunks) {
    for (unsigned i = 0; i < kChunkRecords; ++i)
      chunk_ += "W 0x" + std::to_string(i) + "000 64 dev=1 t=1us\n";
    setg(header_.data(), header_.data(), header_.data() + header_.size());
  }

 private:
  int_type underflow() override {
    if (left_ == 0) return traits_type::eof();
    --left_;
    setg(chunk_.data(), chunk_.data(), chunk_.data() + chunk_.size());
    return traits_type::to_int_type(chunk_[0]);
  }

  unsigned left_;
  std::string header_ = "# svasim trace 1\n";
  std::string chunk_;
};

/// A medium that breaks after its first bytes.
class BrokenMedium : public std::streambuf {
 public:
  explicit BrokenMedium(std::string first) : first_(std::move(first)) {
    setg(first_.data(), first_.data(), first_.data() + first_.size());
  }

 private:
  int_type underflow() override {
    errno = EIO;
    throw std::ios_base::failure("broken");
  }

  std::string first_;
};

/// Resident memory now, in KiB.
long resident_kib() {
  long pages = 0;
  std::ifstream("/proc/self/statm") >> pages >> pages;
  return pages * sysconf(_SC_PAGESIZE) / 1024;
}

/// Notes how far memory rises above where it was.
struct MemoryWatch {
  const long before = resident_kib();
  long rise = 0;
  std::uint64_t calls = 0;
  void operator()() {
    if (++calls % 50'000 == 0) rise = std::max(rise, resident_kib() - before);
  }
};

std::uint64_t count(std::istream& in) {
  const auto reader = Reader::open(in, "in");
  for (Record r; reader->next(r);) continue;
  return reader->record_number();
}

/// Reads an input to its end (true) or its TraceError (false); every record on the way is legal, and there
/// are not many.
bool survive(const std::string& bytes, const ReadOptions& options) try {
  std::istringstream in(bytes);
  const auto reader = Reader::open(in, "in", options);
  for (Record r; reader->next(r);)
    if (const char* why = check(r)) FAIL(why);
  if (reader->record_number() > 1000)
    FAIL("more records than the bytes can hold: " << reader->record_number());
  return true;
} catch (const TraceError& error) {
  if (std::string(error.what()).find('\n') != std::string::npos) FAIL("more than one line: " << error.what());
  return false;
}

}  // namespace

TEST_CASE("memory does not grow with the trace") {
  constexpr unsigned kChunks = 2000;
  constexpr std::uint64_t kRecords =
      std::uint64_t{kChunks} * EndlessText::kChunkRecords;  // some 120 MB of text
  constexpr long kAllowedKib = 16 * 1024;
  const Directory dir;
  MemoryWatch watch;

  EndlessText text(kChunks);
  std::istream in(&text);
  const auto reader = Reader::open(in, "in");
  const auto writer = Writer::open(dir.file("t.gz"), {Format::text, Compression::gzip});
  for (Record r; reader->next(r); watch()) writer->write(r);
  writer->finish();

  const auto again = Reader::open(dir.file("t.gz"));
  for (Record r; again->next(r); watch()) continue;
  CHECK(again->record_number() == kRecords);
  CHECK(watch.calls == 2 * kRecords);
  CHECK(watch.rise < kAllowedKib);
}

TEST_CASE("compressed files are recognised by content, whatever is in them") {
  const std::string files[] = {
      " L 1000,8\n M 1008,8\n", "# svasim trace 1\nR 0x1000 8\nR 0x1008 8\nW 0x1008 8\n",
      write_all({access(false, 0x1000, 8), access(false, 0x1008, 8), access(true, 0x1008, 8)}, {})};
  const std::vector<Record> records = {access(false, 0x1000, 8), access(false, 0x1008, 8),
                                       access(true, 0x1008, 8)};
  for (const std::string& file : files)
    for (const Compression compression : kCompressions)
      CHECK(read_all(compress(file, compression)) == records);

  const std::string names[] = {"text", "text, gzip", "text, xz", "text, zstd"};
  for (std::size_t i = 0; i < 4; ++i) {
    std::istringstream in(compress(files[1], kCompressions[i]));
    CHECK(Reader::open(in, "in")->format() == names[i]);
  }
}

TEST_CASE("streams of several members and frames are one file") {
  const std::string head = "# svasim trace 1\nR 0x1000 8\n", tail = "W 0x1008 8\n";
  for (const Compression compression : kCompressions) {
    INFO("compression " << static_cast<int>(compression));
    CHECK(read_all(compress(head, compression) + compress(tail, compression)).size() == 2);
  }
  const std::string skippable("\x5e\x2a\x4d\x18\x05\0\0\0abcde", 13);
  CHECK(read_all(compress(head, Compression::zstd) + skippable + compress(tail, Compression::zstd)).size() ==
        2);
  CHECK(error_of(compress(head, Compression::zstd) + skippable.substr(0, 12)) ==
        "in: corrupt or truncated zstd data; expected one or more complete zstd streams");
}

TEST_CASE("standard input") {
  std::istringstream in("# svasim trace 1\nR 0x1000 8\nbad\n");
  std::streambuf* const terminal = std::cin.rdbuf(in.rdbuf());
  const auto reader = Reader::open("-");
  Record r;
  CHECK(reader->next(r));
  CHECK_THROWS_WITH(reader->next(r), Catch::StartsWith("standard input:3:1: cannot read 'bad'"));
  std::cin.rdbuf(terminal);
}

TEST_CASE("a medium that fails names the record reached") {
  for (const Compression compression : kCompressions) {
    std::mt19937_64 random(5);
    std::vector<Record> records(30'000);
    for (Record& r : records) r = random_record(random);
    const std::string file = write_all(records, {Format::text, compression});
    BrokenMedium medium(file.substr(0, file.size() / 2));
    std::istream in(&medium);
    CHECK_THROWS_WITH(count(in), Catch::StartsWith("in: after record ") &&
                                     Catch::EndsWith(": cannot read: Input/output error"));
  }
}

TEST_CASE("arbitrary bytes never do worse than a TraceError") {
  constexpr std::uint64_t kSeed = 20'240;
  constexpr int kCases = 10'000;
  int good = 0, bad = 0;
  std::mt19937_64 random(kSeed);
  std::vector<Record> records(40);
  for (Record& r : records) r = random_record(random);
  std::vector<std::string> seeds = {"", "\x93SVT\r\n\x1a\n\x01", "# svasim trace 1\n",
                                    " L 10,8\n S 1fff0005e8,8\n M 20,4\n"};
  for (const Format format : {Format::text, Format::binary})
    for (const Compression compression : kCompressions)
      seeds.push_back(write_all(records, {format, compression}));

  for (int i = 0; i < kCases; ++i) {
    INFO("seed " << kSeed << " case " << i);
    std::string bytes = seeds[random() % seeds.size()];
    for (auto flips = random() % 4; flips != 0 && !bytes.empty(); --flips)
      bytes[random() % bytes.size()] ^= static_cast<char>(1 << random() % 8);
    if (random() % 2) bytes.resize(random() % (bytes.size() + 1));
    for (auto extra = random() % 3 ? 0 : random() % 200; extra != 0; --extra)
      bytes += static_cast<char>(random());
    ReadOptions options;
    options.coalesce = random() % 2 ? 64 : 0;
    options.source = static_cast<Source>(random() % 3);
    ++(survive(bytes, options) ? good : bad);
  }
  INFO("good " << good << " bad " << bad);
  CHECK(std::min(good, bad) > kCases / 20);  // both ends are reached
}
