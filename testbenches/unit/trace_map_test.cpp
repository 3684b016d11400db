// trace map: which areas get an mmap record, where it stands, and that nothing else changes.
#include <catch2/catch.hpp>

#include "models/trace/commands.hpp"
#include "trace_helpers.hpp"

using namespace trace_test;

namespace {

const std::string kHeader = "# svasim trace 1\n";

/// What becomes of these lines.
std::string mapped(const std::string& lines, std::uint64_t gap = 0) {
  const Directory dir;
  map_trace(dir.write("in.txt", kHeader + lines), dir.file("out.txt"), gap);
  const std::string comment = kHeader + "# svasim trace map\n", out = dir.read("out.txt");
  REQUIRE(out.substr(0, comment.size()) == comment);
  return out.substr(comment.size());
}

}  // namespace

TEST_CASE("map: whole pages, neighbours as one, in front of each process's first access") {
  CHECK(mapped("R 0x1ff8 16\nW 0x3000 4\nR 0x9000 4 pasid=2\nW 0x8 8\n") ==
        "create\nmmap 0x0 16384\nR 0x1ff8 16\nW 0x3000 4\n"
        "create pasid=2\nmmap 0x9000 4096 pasid=2\nR 0x9000 4 pasid=2\nW 0x8 8\n");
  CHECK(mapped("") == "");
  CHECK(mapped("enable feature=iopf\ntouch 0x1000 1\n") == "enable feature=iopf\ntouch 0x1000 1\n");
}

TEST_CASE("map: areas at most the gap apart become one") {
  const std::string lines = "R 0x1000 1\nR 0x4000 1\nR 0x8000 1\n";
  const auto maps = [&](std::uint64_t gap) {
    const std::string out = mapped(lines, gap);
    return out.substr(7, out.size() - 7 - lines.size());  // behind "create\n"
  };
  CHECK(maps(8191) == "mmap 0x1000 4096\nmmap 0x4000 4096\nmmap 0x8000 4096\n");
  CHECK(maps(8192) == "mmap 0x1000 16384\nmmap 0x8000 4096\n");
  CHECK(maps(12288) == "mmap 0x1000 32768\n");
}

TEST_CASE("map: an area that is fetched from may be executed") {
  CHECK(mapped("R 0x1000 4\nR 0x2000 4 exec\nW 0x8000 4\n") ==
        "create\nmmap 0x1000 8192 prot=rwx\nmmap 0x8000 4096\nR 0x1000 4\nR 0x2000 4 exec\nW 0x8000 4\n");
}

TEST_CASE("map: a process that a record makes gets its areas right behind it") {
  CHECK(mapped("create pasid=3\nbind pasid=3\nR 0x1000 4 pasid=3\n") ==
        "create pasid=3\nmmap 0x1000 4096 pasid=3\nbind pasid=3\nR 0x1000 4 pasid=3\n");
  CHECK(mapped("bind as=device dev=1\nR 0x1000 4 dev=1\nbind\n") ==
        "bind as=device dev=1\nmmap 0x1000 4096\nR 0x1000 4 dev=1\nbind\n");
}

TEST_CASE("map: what the trace maps itself is left out from there on") {
  const std::string kept = "mmap 0x2000 4097\nR 0x3000 4\nmunmap 0x3000 4096\nR 0x2ffc 8\nR 0x4000 4\n";
  CHECK(mapped("create\nR 0x2000 4\n" + kept) ==
        "create\nmmap 0x2000 4096\nmmap 0x4000 4096\nR 0x2000 4\n" + kept);
  CHECK(mapped("create\nmmap 0x200000 1 hugetlb\nR 0x3ff000 8192\n") ==
        "create\nmmap 0x400000 4096\nmmap 0x200000 1 hugetlb\nR 0x3ff000 8192\n");
  CHECK(mapped("create\nmmap 0x2001 4096\nR 0x2000 4\n") ==  // that one is refused
        "create\nmmap 0x2000 4096\nmmap 0x2001 4096\nR 0x2000 4\n");
}

TEST_CASE("map: after its end a process gets nothing until it begins again") {
  CHECK(mapped("R 0x1000 4\nexit\nR 0x2000 4\nbind\nR 0x3000 4\nexit\ncreate\nR 0x4000 4\n") ==
        "create\nmmap 0x1000 4096\nR 0x1000 4\nexit\nR 0x2000 4\nbind\nmmap 0x3000 4096\n"
        "R 0x3000 4\nexit\ncreate\nmmap 0x4000 4096\nR 0x4000 4\n");
  CHECK(mapped("R 0x1000 4\nexit t=1us\nR 0x2000 4\ncreate t=2us\n") ==
        "create\nmmap 0x1000 8192\nR 0x1000 4\nexit t=1us\nR 0x2000 4\ncreate t=2us\n");
}

TEST_CASE("map: a child's areas are its parent's, whose memory it inherits") {
  CHECK(mapped("create\nmmap 0x1000 4096\nfork child=2\nR 0x1000 4 pasid=2\nW 0x3000 4 pasid=2\n") ==
        "create\nmmap 0x3000 4096\nmmap 0x1000 4096\nfork child=2\nR 0x1000 4 pasid=2\nW 0x3000 4 pasid=2\n");
}

TEST_CASE("map: private page tables and virtual machines are left as they are") {
  for (const std::string as : {"domain", "guest"}) {
    const std::string lines = "create as=" + as + "\nbind as=device\nR 0x1000 4\n";
    CHECK(mapped(lines) == lines);
  }
}

TEST_CASE("map: nothing is mapped from 2^48 on") {
  const Directory dir;
  const std::string in =
      dir.write("in", kHeader + "R 0xfffffffff000 8192\nR 0xffffffffffffe000 8192\nR 0xffffffffffffffff 1\n");
  const Mapped result = map_trace(in, dir.file("out.txt"));
  CHECK(result.records == 5);
  CHECK(result.areas == 1);
  CHECK(result.pages == 1);
  CHECK(result.left_out == 3);
  CHECK(dir.read("out.txt").find("mmap 0xfffffffff000 4096\n") != std::string::npos);
}

TEST_CASE("map: of random records all stay, in order, and nothing is left to map") {
  const std::uint64_t seed = GENERATE(range(1, 9));
  CAPTURE(seed);
  std::mt19937_64 random(seed);
  std::vector<Record> records;
  for (int i = 0; i < 500; ++i) {
    records.push_back(random_record(random));
    records.back().pasid %= 8;
  }
  const Directory dir;
  const std::string in = dir.write("in", write_all(records, {}));
  map_trace(in, dir.file("out.svt.xz"), random() % 100'000);
  const std::vector<Record> out = read_all(dir.read("out.svt.xz"));
  std::size_t kept = 0;
  for (const Record& record : out) {
    const bool same = kept < records.size() && record == records[kept];
    kept += same;
    if (!same) CHECK((record.kind == Kind::mmap || record.kind == Kind::create));
  }
  CHECK(kept == records.size());

  map_trace(in, dir.file("out.txt"));
  map_trace(dir.file("out.txt"), dir.file("again.txt"));  // nothing is left to map, also in place
  CHECK(dir.read("again.txt") == dir.read("out.txt"));
  map_trace(in, in);
  CHECK(read_all(dir.read("in")) == read_all(dir.read("out.txt")));
}
