// The trace commands: import, info, head, validate, and the small traces that come with the sources.
#include <catch2/catch.hpp>
#include <filesystem>

#include "models/trace/commands.hpp"
#include "trace_helpers.hpp"

using namespace trace_test;

namespace fs = std::filesystem;

namespace {

const std::string kTraces = SVASIM_TRACES;

}  // namespace

TEST_CASE("a name asks for a format and a compression") {
  const auto is = [](const char* path, Format format, Compression compression) {
    const WriteOptions options = write_options_for(path);
    return options.format == format && options.compression == compression;
  };
  CHECK(is("a.svt", Format::binary, Compression::none));
  CHECK(is("a", Format::binary, Compression::none));
  CHECK(is("a.svt.xz", Format::binary, Compression::xz));
  CHECK(is("a.txt", Format::text, Compression::none));
  CHECK(is("a.txt.gz", Format::text, Compression::gzip));
  CHECK(is("a.zst", Format::binary, Compression::zstd));
  CHECK(is("-", Format::text, Compression::none));
}

TEST_CASE("import converts, and a file appears only when it is complete") {
  const Directory dir;
  const std::string log = dir.write("log", " L 1000,8\n L 1008,8\n M 2000,4\n");
  ImportOptions options;
  options.read.coalesce = 64;
  options.write = write_options_for("out.txt");
  CHECK(import_trace(options, log, dir.file("out.txt")) == 3);
  CHECK(dir.read("out.txt") == "# svasim trace 1\nR 0x1000 16\nR 0x2000 4\nW 0x2000 4\n");

  dir.write("bad", " L 1000,8\nnoise\n");
  CHECK_THROWS_WITH(import_trace(options, dir.file("bad"), dir.file("out.txt")),
                    Catch::Contains("bad:2:1: not a lackey line: 'noise'"));
  CHECK(dir.read("out.txt") == "# svasim trace 1\nR 0x1000 16\nR 0x2000 4\nW 0x2000 4\n");
  CHECK(std::distance(fs::directory_iterator(dir.path), fs::directory_iterator()) == 3);

  CHECK(import_trace(options, dir.file("out.txt"), dir.file("out.txt")) == 3);  // in place
}

TEST_CASE("import writes through a link instead of replacing it") {
  const Directory dir;
  const std::string in = dir.write("in", "# svasim trace 1\nR 0x10 8\n");
  ImportOptions options;
  fs::create_symlink(dir.write("target", ""), dir.file("link"));
  CHECK(import_trace(options, in, dir.file("link")) == 1);
  CHECK(fs::is_symlink(dir.file("link")));
  CHECK(read_all(dir.read("target")).size() == 1);
}

TEST_CASE("info") {
  const Directory dir;
  std::ostringstream out;
  const std::string path =
      dir.write("t",
                "# svasim trace 1\nR 0x1ffc 8 t=2ns\nW 0x3000 100\nW 0x3800 28 dev=4 pasid=9\n"
                "unmap 0x1000 0x9000 t=1us\nexit\ncollapse 0x400000\n");
  trace_info(path, out);
  CHECK(out.str() == "trace     " + path +
                         " (text)\n"
                         "records   6\n"
                         "reads     1 (8 bytes)\n"
                         "writes    2 (128 bytes)\n"
                         "crossing  1 accesses of more than one 4 KiB page\n"
                         "unmap     1\n"
                         "exit      1\n"
                         "collapse  1\n"
                         "devices   0 4\n"
                         "pasid     1: 3 distinct 4 KiB pages accessed\n"
                         "pasid     9: 1 distinct 4 KiB pages accessed\n"
                         "addresses 0x1000 to 0x400000\n"
                         "time      2ns to 1us (2 records)\n");
  std::ostringstream empty;
  trace_info(dir.write("e", "# svasim trace 1\n"), empty);
  CHECK(empty.str().find("records   0\n") != std::string::npos);
  CHECK(empty.str().find("addresses") == std::string::npos);
}

TEST_CASE("info takes the last page of the address space") {
  const Directory dir;
  std::ostringstream out;
  trace_info(dir.write("t", "# svasim trace 1\nR 0xffffffffffffefff 4097\n"), out);
  CHECK(out.str().find("pasid     1: 2 distinct") != std::string::npos);
}

TEST_CASE("head prints the text format, and stops") {
  const Directory dir;
  const std::string path = dir.write("t", "# svasim trace 1\nR 0x10 4K\nW 0x20 8\nbad\n");
  std::ostringstream out;
  trace_head(path, 2, out);
  CHECK(out.str() == "# svasim trace 1\nR 0x10 4096\nW 0x20 8\n");
  CHECK_THROWS_AS(trace_head(path, 3, out), TraceError);
}

TEST_CASE("validate gives the exit code") {
  const Directory dir;
  std::ostringstream good, bad, missing;
  CHECK(trace_validate(dir.write("good", " L 10,8\n M 10,8\n"), good) == 0);
  CHECK(good.str() == dir.file("good") + ": ok, 3 records (lackey)\n");
  CHECK(trace_validate(dir.write("bad", "# svasim trace 1\nR 0x10\n"), bad) == 3);
  CHECK(bad.str() == dir.file("bad") + ":2:7: line ends early; expected a size in bytes, as 64 or 4K\n");
  CHECK(trace_validate(dir.file("none"), missing) == 3);
  CHECK(missing.str() == dir.file("none") + ": cannot open: No such file or directory\n");
}

TEST_CASE("the small traces are what their README says") {
  const std::tuple<const char*, int, int, int> traces[] = {{"sqlite-20k.svt.xz", 20'000, 14'618, 61},
                                                           {"sort-20k.svt.xz", 20'000, 14'421, 62},
                                                           {"sqlite-200k.svt.xz", 200'000, 148'437, 154}};
  for (const auto& [name, records, reads, pages] : traces) {
    std::ostringstream out;
    trace_info(kTraces + "/" + name, out);
    INFO(out.str());
    CHECK(out.str().find("(binary, xz)\nrecords   " + std::to_string(records) + "\nreads     " +
                         std::to_string(reads) + " (") != std::string::npos);
    CHECK(out.str().find("pasid     1: " + std::to_string(pages) + " distinct") != std::string::npos);
  }
  std::ostringstream hello;
  trace_info(kTraces + "/hello.txt", hello);
  INFO(hello.str());
  for (const char* fact : {"records   12\n", "reads     6 ", "writes    5 ", "unmap     1\n", "crossing  1 ",
                           "devices   0 1\n", "pasid     1: 5 ", "pasid     2: 2 "})
    CHECK(hello.str().find(fact) != std::string::npos);
}
