// Every message a bad trace can lead to: it names the place and the expected form. The texts are part of the
// interface.
#include <catch2/catch.hpp>

#include "trace_helpers.hpp"

using namespace trace_test;

namespace {

template <std::size_t N>
std::string binary(const char (&records)[N]) {
  return std::string("\x93SVT\r\n\x1a\n\x01", 9) + std::string(records, N - 1);
}

const char* const kNotATrace =
    "expected '# svasim trace 1' as the first line, a binary svasim trace or a valgrind lackey log";

}  // namespace

TEST_CASE("files that are no traces") {
  CHECK(error_of("") == std::string("in: not a trace: it is empty; ") + kNotATrace);
  CHECK(error_of("R 0x10 8\n") == std::string("in: not a trace: it starts with 'R 0x10 8'; ") + kNotATrace);
  CHECK(error_of("\x7f"
                 "ELF\x02\n") == std::string("in: not a trace: it starts with '?ELF?'; ") + kNotATrace);
  CHECK(error_of(std::string(100, 'x')) ==
        std::string("in: not a trace: it starts with 'xxxxxxxxxxxxxxxxxxxxxxxx...'; ") + kNotATrace);
  CHECK(error_of("# svasim trace 2\n") ==
        "in:1:1: unsupported header '# svasim trace 2'; expected '# svasim trace 1'");
  CHECK(error_of(std::string("\x93SVT\r\n\x1a\n\x02", 9)) ==
        "in: record 1 (byte 0): unsupported version of the binary format; expected version 1");
  CHECK(error_of("\x93SVT\r\n\x1a\n") == "in: record 1 (byte 0): truncated; expected the end-of-trace mark");
}

TEST_CASE("text: the line, the column and the expected form") {
  const std::string address = "; expected an address of at most 64 bits, as 0x7fff1000";
  const std::string size = "; expected a size in bytes, as 64 or 4K";
  const std::string time = "; expected a time in whole ps with its unit ps, ns, us or ms, as t=123ns";
  const std::string operation =
      "; expected R, W, unmap, discard, munmap, mmap, mprotect, touch, create, exit, fork, bind, unbind, "
      "reclaim, age, numa_hint, migrate, collapse, enable, disable, sva_init or sva_shutdown, as in 'R "
      "0x7fff1000 64 dev=0 pasid=1 t=123ns'";
  const std::string device = "; expected a device number, as dev=0";
  const std::string pasid = "; expected a PASID of at most 20 bits, as pasid=1";
  const std::pair<const char*, std::string> examples[] = {
      {"X 0x10 8", "in:3:1: cannot read 'X'" + operation},
      {"  read 0x10 8", "in:3:3: cannot read 'read'" + operation},
      {"R", "in:3:2: line ends early" + address},
      {"R # 0x10 8", "in:3:3: line ends early" + address},
      {"R 7fff 8", "in:3:3: cannot read '7fff'" + address},
      {"R 0x 8", "in:3:3: cannot read '0x'" + address},
      {"R -1 8", "in:3:3: cannot read '-1'" + address},
      {"R 0x10000000000000000 8", "in:3:3: cannot read '0x10000000000000000'" + address},
      {"R 18446744073709551616 8", "in:3:3: cannot read '18446744073709551616'" + address},
      {"W 0x10", "in:3:7: line ends early" + size},
      {"W 0x10 8B", "in:3:8: cannot read '8B'" + size},
      {"W 0x10 dev=1", "in:3:8: cannot read 'dev=1'" + size},
      {"unmap 0x10 17179869184G", "in:3:12: cannot read '17179869184G'" + size},
      {"W 0x10 8 9", "in:3:10: cannot read '9'; expected exec, priv, dev=N, pasid=N, t=TIME or a # comment"},
      {"W 0x10 8 exec", "in:3:3: a write that fetches; expected exec of reads only"},
      {"touch 0x10 8 priv",
       "in:3:14: cannot read 'priv'; expected write, dev=N, pasid=N, inflight=N, nowait, t=TIME or a # "
       "comment"},
      {"W 0x10 8 dev=", "in:3:10: cannot read 'dev='" + device},
      {"W 0x10 8 dev=4294967296", "in:3:10: cannot read 'dev=4294967296'" + device},
      {"W 0x10 8 pasid=x", "in:3:10: cannot read 'pasid=x'" + pasid},
      {"W 0x10 8 t=5", "in:3:10: cannot read 't=5'" + time},
      {"W 0x10 8 t=5s", "in:3:10: cannot read 't=5s'" + time},
      {"W 0x10 8 t=ns", "in:3:10: cannot read 't=ns'" + time},
      {"W 0x10 8 t=1.ns", "in:3:10: cannot read 't=1.ns'" + time},
      {"W 0x10 8 t=0.5ps", "in:3:10: cannot read 't=0.5ps'" + time},
      {"W 0x10 8 t=18446744073709552ns", "in:3:10: cannot read 't=18446744073709552ns'" + time},
      {"W 0x10 8 t=18446744073709551.999ns", "in:3:10: cannot read 't=18446744073709551.999n...'" + time},
      {"W 0x10 0", "in:3:3: size is 0; expected at least 1 byte"},
      {"W 0x10 1048577", "in:3:3: access too large; expected a size of at most 1048576 bytes"},
      {"W 0xffffffffffffffff 2", "in:3:3: range wraps around; expected address + size within 64 bits"},
      {"unmap 1 0xffffffffffffffff\nunmap 2 0xffffffffffffffff",
       "in:4:7: range wraps around; expected address + size within 64 bits"},
      {"W 0x10 8 pasid=0x100000", "in:3:3: PASID too large; expected at most 1048575 (20 bits)"},
      {"read0x10 8", "in:3:1: cannot read 'read0x10'" + operation},
      {"access 0x10 8", "in:3:1: cannot read 'access'" + operation},
      {"munmap", "in:3:7: line ends early" + address},
      {"munmap 0x10", "in:3:12: line ends early" + size},
      {"munmap 0x10 0", "in:3:8: size is 0; expected at least 1 byte"},
      {"collapse 0x10 8",
       "in:3:15: cannot read '8'; expected dev=N, pasid=N, inflight=N, nowait, t=TIME or a # comment"},
      {"exit 7",
       "in:3:6: cannot read '7'; expected dev=N, pasid=N, inflight=N, nowait, t=TIME or a # comment"},
      {"exit prot=rw",
       "in:3:6: cannot read 'prot=rw'; expected dev=N, pasid=N, inflight=N, nowait, t=TIME or a # comment"},
      {"unmap 0 1 nowait", "in:3:11: cannot read 'nowait'; expected dev=N, pasid=N, t=TIME or a # comment"},
      {"touch 0x10 8 w",
       "in:3:14: cannot read 'w'; expected write, dev=N, pasid=N, inflight=N, nowait, t=TIME or a # comment"},
      {"mmap 0 4K anon",
       "in:3:11: cannot read 'anon'; expected prot=PROT, file=N, shared, offset=BYTES, uncached, huge, "
       "hugetlb, "
       "dev=N, pasid=N, inflight=N, nowait, t=TIME or a # comment"},
      {"mmap 0 4K prot=wr", "in:3:11: cannot read 'prot=wr'; expected prot=none or some of rwx, as prot=rw"},
      {"mmap 0 4K prot=", "in:3:11: cannot read 'prot='; expected prot=none or some of rwx, as prot=rw"},
      {"mmap 0 4K huge file=1",
       "in:3:16: cannot read 'file=1'; expected a file number, as file=1, and one kind of page"},
      {"mmap 0 4K file=1 hugetlb", "in:3:18: cannot read 'hugetlb'; expected one kind of page"},
      {"mmap 0 4K offset=1x", "in:3:11: cannot read 'offset=1x'; expected an offset in bytes, as offset=64K"},
      {"mmap 0 4K file=1 offset=5", "in:3:6: offset inside a page; expected a multiple of 4096"},
      {"mmap 0 4K shared", "in:3:6: shared, uncached or offset without a file; expected file=N too"},
      {"fork child=x", "in:3:6: cannot read 'child=x'; expected a process number, as child=2"},
      {"fork child=0x100000", "in:3:1: child too large; expected at most 1048575 (20 bits)"},
      {"bind as=guest", "in:3:1: unknown way to bind; expected as=device"},
      {"create as=device", "in:3:1: unknown thing to create; expected as=domain or as=guest"},
      {"create as=it",
       "in:3:8: cannot read 'as=it'; expected as=domain or as=guest (create), as=device (bind)"},
      {"enable", "in:3:1: no feature; expected feature=iopf or feature=sva"},
      {"disable feature=ats", "in:3:9: cannot read 'feature=ats'; expected feature=iopf or feature=sva"},
      {"sva_init feature=sva",
       "in:3:10: cannot read 'feature=sva'; expected features=N, min_pasid=N, max_pasid=N, dev=N, pasid=N, "
       "inflight=N, nowait, t=TIME or a # comment"},
      {"sva_init min_pasid=-1", "in:3:10: cannot read 'min_pasid=-1'; expected a PASID, as min_pasid=1"},
      {"sva_init max_pasid=4294967296",
       "in:3:10: cannot read 'max_pasid=4294967296'; expected a PASID, as max_pasid=255"},
      {"sva_shutdown max_pasid=1",
       "in:3:14: cannot read 'max_pasid=1'; expected dev=N, pasid=N, inflight=N, nowait, t=TIME or a # "
       "comment"},
      {"exit inflight=x", "in:3:6: cannot read 'inflight=x'; expected a number of accesses, as inflight=0"},
      {"exit nowait t=1ns", "in:3:1: nowait or inflight with a time; expected only one of them"},
      {"exit inflight=0 t=1ns", "in:3:1: nowait or inflight with a time; expected only one of them"},
      {"R 0x10 8\nR 0x10", "in:4:7: line ends early" + size},
  };
  for (const auto& [line, message] : examples) {
    INFO("line: " << line);
    CHECK(error_of(std::string("# svasim trace 1\nR 0x10 8\n") + line + "\n") == message);
  }
  CHECK(error_of("# svasim trace 1\n#" + std::string(4095, ' ') + "\n") == "no error");
  CHECK(error_of("# svasim trace 1\n#" + std::string(4096, ' ') + "\n") ==
        "in:2:4097: line too long; expected at most 4096 characters");
}

TEST_CASE("binary: the record and the expected form") {
  CHECK(error_of(binary("")) == "in: record 1 (byte 9): truncated; expected the end-of-trace mark");
  CHECK(error_of(binary("\x01\x02")) == "in: record 2 (byte 11): truncated; expected the end-of-trace mark");
  CHECK(error_of(binary("\x01\x02\x01\x82")) ==
        "in: record 2 (byte 11): truncated; expected the end-of-trace mark");
  CHECK(error_of(binary("\x81\x54\x02")) ==
        "in: record 1 (byte 9): unknown kind of record; expected one of this version, or the end");
  CHECK(error_of(binary("\x81\xec\x02")) ==  // kind 59: what stands before those of exec and priv
        "in: record 1 (byte 9): unknown kind of record; expected one of this version, or the end");
  CHECK(error_of(binary("\x89\xf0\x02")) ==
        "in: record 1 (byte 9): a write that fetches; expected exec of reads only");
  CHECK(error_of(binary("\x89\x04\x02")) ==
        "in: record 1 (byte 9): a write that is none; expected only accesses and touch to write");
  CHECK(error_of(binary("\x81\x20\x00")) ==
        "in: record 1 (byte 9): a size; expected none of this kind of record");
  CHECK(error_of(binary("\x80\x20\x80\x80\x08")) ==
        "in: record 1 (byte 9): unknown detail of a record; expected those of this version");
  CHECK(error_of(binary("\x80\x20\x04")) ==
        "in: record 1 (byte 9): protection; expected it of mmap and mprotect only");
  CHECK(error_of(binary("\x80\x20\x20\x01")) ==
        "in: record 1 (byte 9): a number; expected the child of fork, the file of mmap or the features of "
        "sva_init");
  CHECK(error_of(binary("\x80\x20\x80\x04")) ==
        "in: record 1 (byte 9): a file or kind of page; expected it of mmap only");
  CHECK(error_of(binary("\x80\x20\x80\x01")) ==
        "in: record 1 (byte 9): as; expected it of create and bind only");
  CHECK(error_of(binary("\x80\x20\x80\x40")) ==
        "in: record 1 (byte 9): a feature; expected it of enable and disable only");
  CHECK(error_of(binary("\x80\x20\x80\x80\x02\x01")) ==
        "in: record 1 (byte 9): limits of PASIDs; expected them of sva_init only");
  CHECK(error_of(binary("\x80\x44\x00")) ==
        "in: record 1 (byte 9): no feature; expected feature=iopf or feature=sva");
  CHECK(error_of(binary("\x80\x44\x80\xc0\x01")) ==
        "in: record 1 (byte 9): unknown feature; expected iopf or sva");
  CHECK(error_of(binary("\x80\x22\x01\x01")) ==
        "in: record 1 (byte 9): nowait or inflight with a time; expected only one of them");
  CHECK(error_of(binary("\x01\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02")) ==
        "in: record 1 (byte 9): number too large; expected at most 64 bits");
  CHECK(error_of(binary("\x01\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x01")) ==
        "in: record 1 (byte 9): number too large; expected at most 64 bits");
  CHECK(error_of(binary("\x81\x01\x80\x80\x80\x80\x10\x01\x02")) ==
        "in: record 1 (byte 9): device, PASID or number too large; expected at most 32 bits");
  CHECK(error_of(binary("\x81\x01\x01\x80\x80\x40\x02")) ==
        "in: record 1 (byte 9): PASID too large; expected at most 1048575 (20 bits)");
  CHECK(error_of(binary("\x01\x02\x02\x03")) ==
        "in: record 2 (byte 11): range wraps around; expected address + size within 64 bits");
  CHECK(error_of(binary("\x08\x00\x02")) == "in: record 1 (byte 9): size is 0; expected at least 1 byte");
  CHECK(error_of(binary("\x01\x02\x80\xfc\x02")) ==
        "in: record 2 (byte 11): wrong record count at the end of the trace; expected the number of records "
        "before it");
  CHECK(error_of(binary("\x01\x02\x80\xfc\x01\n")) ==
        "in: record 2 (byte 14): data after the end of the trace; expected the end of the file");
}

TEST_CASE("lackey: the line, the column and the expected form") {
  const auto after = [](const std::string& line) { return error_of(" L 10,8\n" + line + "\n"); };
  CHECK(after("5 rows") ==
        "in:2:1: not a lackey line: '5 rows'; expected ' L ADDRESS,SIZE', ' S', ' M' or 'I  ' (valgrind's "
        "--log-file "
        "keeps the program's own output out of the log)");
  CHECK(after(" L xyz,8") ==
        "in:2:4: cannot read 'xyz,8'; expected a hexadecimal address, a comma and a size, as 1fff0005e8,8");
  CHECK(after(" S 1fff") ==
        "in:2:4: cannot read '1fff'; expected a hexadecimal address, a comma and a size, as 1fff0005e8,8");
  CHECK(after(" S 10000000000000000,1") ==
        "in:2:4: cannot read '10000000000000000,1'; expected a hexadecimal address, "
        "a comma and a size, as 1fff0005e8,8");
  CHECK(after(" S 1fff,") ==
        "in:2:9: cannot read ''; expected a decimal size in bytes and the end of the line");
  CHECK(after(" M 1fff,8 ") ==
        "in:2:9: cannot read '8 '; expected a decimal size in bytes and the end of the line");
  CHECK(after(" M 1fff,0") == "in:2:4: size is 0; expected at least 1 byte");
}

TEST_CASE("compressed: damage is noticed, with the record reached") {
  std::mt19937_64 random(7);
  std::vector<Record> records(40'000);
  for (Record& r : records) r = random_record(random);
  const std::pair<Compression, std::string> kinds[] = {
      {Compression::gzip, "gzip"}, {Compression::xz, "xz"}, {Compression::zstd, "zstd"}};
  for (const Format format : {Format::text, Format::binary})
    for (const auto& [compression, name] : kinds) {
      const std::string file = write_all(records, {format, compression});
      const std::string message =
          "corrupt or truncated " + name + " data; expected one or more complete " + name + " streams";
      INFO(name);
      for (const std::size_t cut : {std::size_t{20}, file.size() / 2, file.size() - 5, file.size() - 1}) {
        const std::string error = error_of(file.substr(0, cut));
        INFO("cut " << cut << " of " << file.size() << ": " << error);
        CHECK(error.substr(error.size() - message.size()) == message);
        CHECK((cut == 20 || error.substr(0, 17) == "in: after record "));
      }
      std::string damaged = file;
      damaged[file.size() / 2] ^= 0x55;
      CHECK(error_of(damaged) != "no error");
      CHECK(error_of(file + "junk") != "no error");
    }
}

TEST_CASE("options, sources and outputs") {
  ReadOptions options;
  for (const std::uint64_t block : {1, 48, 8192}) {
    options.coalesce = block;
    CHECK(error_of("# svasim trace 1", options) ==
          "coalesce=" + std::to_string(block) + ": expected 0 or a power of two from 2 to 4096 bytes");
  }
  options = {};
  options.pasid = kMaxPasid + 1;
  CHECK(error_of(" L 10,8", options) == "pasid=1048576: expected at most 1048575 (20 bits)");

  options = {};
  options.source = Source::native;
  CHECK(error_of(" L 10,8", options) ==
        "in: not a trace: it starts with ' L 10,8'; expected '# svasim trace 1' as the "
        "first line, a binary svasim trace");
  options.source = Source::lackey;
  CHECK(error_of("# svasim trace 1\n", options).substr(0, 47) ==
        "in:1:1: not a lackey line: '# svasim trace 1'; ");

  CHECK_THROWS_WITH(Reader::open("/nonexistent/x"), "/nonexistent/x: cannot open: No such file or directory");
  CHECK_THROWS_WITH(Reader::open("/"), "/: cannot read: Is a directory");
  CHECK_THROWS_WITH(Writer::open("/nonexistent/x"),
                    "/nonexistent/x: cannot create: No such file or directory");
  for (const Compression compression : kCompressions) {
    const auto writer = Writer::open("/dev/full", {Format::binary, compression});
    CHECK_THROWS_WITH(
        [&] {
          for (int i = 0; i < 100; ++i) writer->write(access(false, 0, 8));
          writer->finish();
        }(),
        "/dev/full: cannot write");
  }
  std::ostringstream out;
  const auto writer = Writer::open(out, "out");
  writer->write(access(false, 0, 1));
  CHECK_THROWS_WITH(writer->write(access(false, ~std::uint64_t{0}, 2)),
                    "out: record 2: range wraps around; expected address + size within 64 bits");
}

TEST_CASE("after an error a reader is at its end") {
  std::istringstream in("# svasim trace 1\nR 0x10 8\nbad\nR 0x20 8\n");
  const auto reader = Reader::open(in, "in");
  Record r;
  CHECK(reader->next(r));
  CHECK_THROWS_AS(reader->next(r), TraceError);
  CHECK_FALSE(reader->next(r));
  CHECK(reader->record_number() == 1);
}
