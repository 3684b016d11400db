// The formats of models/trace/README.md: what its examples mean, byte for byte, and that what is written is
// read back.
#include <catch2/catch.hpp>

#include "models/trace/record.hpp"
#include "trace_helpers.hpp"

using namespace trace_test;

namespace {

Record with(Record r, std::uint32_t device, std::uint32_t pasid) {
  r.device = device;
  r.pasid = pasid;
  return r;
}

Record at(Record r, std::uint64_t ps) {
  r.has_time = true;
  r.time_ps = ps;
  return r;
}

Record how(Record r, bool execute, bool privileged) {
  r.execute = execute;
  r.privileged = privileged;
  return r;
}

Record unmap(std::uint64_t va, std::uint64_t size) {
  Record r = access(false, va, size);
  r.kind = Kind::unmap;
  return r;
}

std::string text(const std::string& lines) { return "# svasim trace 1\n" + lines; }

/// A control record of a range.
Record range(Kind kind, std::uint64_t va, std::uint64_t size, const Control& control = {}) {
  Record r = access(false, va, size);
  r.kind = kind;
  r.control = control;
  return r;
}

/// A control record without a range.
Record act(Kind kind, const Control& control = {}) {
  Record r;
  r.kind = kind;
  r.control = control;
  return r;
}

template <class Set>
Control control(Set&& set) {
  Control c;
  set(c);
  return c;
}

template <std::size_t N>
std::string bytes(const char (&literal)[N]) {
  return std::string(literal, N - 1);
}

}  // namespace

TEST_CASE("text: every feature of the format") {
  const std::vector<std::pair<std::string, Record>> examples = {
      {"R 0x7fff1000 64", access(false, 0x7fff1000, 64)},
      {"W 4096 0x10", access(true, 4096, 16)},
      {"R 0x7fff1000 64 dev=0 pasid=1 t=123ns", at(access(false, 0x7fff1000, 64), 123'000)},
      {"W 0x7fff2000 4K dev=1 pasid=7 t=1.5us", at(with(access(true, 0x7fff2000, 4096), 1, 7), 1'500'000)},
      {"\t R\t0x10  1   t=7ps pasid=0xfffff dev=4294967295  \t",
       at(with(access(false, 16, 1), ~0u, 1048575), 7)},
      {"R 0x10 1M t=2ms # comment", at(access(false, 16, 1 << 20), 2'000'000'000)},
      {"R 0x10 1#comment", access(false, 16, 1)},
      {"R 0x10 1 t=0.001ns", at(access(false, 16, 1), 1)},
      {"R 0x10 1 t=1.2500ns", at(access(false, 16, 1), 1250)},
      {"R 0xFFFFffffFFFFffff 1", access(false, ~std::uint64_t{0}, 1)},
      {"R 0x10 4 exec", how(access(false, 16, 4), true, false)},
      {"R 0x10 4 priv t=7ps exec", at(how(access(false, 16, 4), true, true), 7)},
      {"W 0x10 4 priv dev=1", with(how(access(true, 16, 4), false, true), 1, 1)},
      {"unmap 0x7fff1000 8192 pasid=7", with(unmap(0x7fff1000, 8192), 0, 7)},
      {"unmap 0 16G", unmap(0, std::uint64_t{16} << 30)},
  };
  for (const auto& [line, record] : examples)
    for (const char* end : {"", "\n", "\r\n", "\n\n# more\n  \n"}) {
      INFO("line: " << line);
      CHECK(read_all(text(line + end)) == std::vector<Record>{record});
    }
  CHECK(read_all("# svasim trace 1").empty());
  CHECK(read_all("# svasim trace 1 \r\n").empty());
}

TEST_CASE("text: every control record, as it is written, and read in any order of options") {
  const auto same = [](Control&) {};
  Record touch = range(Kind::touch, 0x1000, 8192);
  touch.write = true;
  const std::vector<std::pair<std::string, Record>> examples = {
      {"discard 0x1000 4096", range(Kind::discard, 0x1000, 4096)},
      {"munmap 0x1000 4096 pasid=7", with(range(Kind::munmap, 0x1000, 4096), 0, 7)},
      {"mmap 0x1000 4096", range(Kind::mmap, 0x1000, 4096)},
      {"mmap 0x1000 4096 prot=rx file=3 shared offset=65536 uncached t=5ns",
       at(range(Kind::mmap, 0x1000, 4096, control([](Control& c) {
                  c.protection = kRead | kExecute;
                  c.backing = Backing::file;
                  c.number = 3;
                  c.shared = c.uncached = true;
                  c.offset = 65536;
                })),
          5000)},
      {"mmap 0x0 4096 huge",
       range(Kind::mmap, 0, 4096, control([](Control& c) { c.backing = Backing::huge; }))},
      {"mmap 0x0 4096 prot=none hugetlb", range(Kind::mmap, 0, 4096, control([](Control& c) {
                                                  c.protection = kNoAccess;
                                                  c.backing = Backing::hugetlb;
                                                }))},
      {"mmap 0x0 4096 file=0",
       range(Kind::mmap, 0, 4096, control([](Control& c) { c.backing = Backing::file; }))},
      {"mprotect 0x1000 4096 prot=r",
       range(Kind::mprotect, 0x1000, 4096, control([](Control& c) { c.protection = kRead; }))},
      {"mprotect 0x1000 4096 prot=rw", range(Kind::mprotect, 0x1000, 4096)},
      {"touch 0x1000 8192 write", touch},
      {"create pasid=2", with(act(Kind::create), 0, 2)},
      {"create as=guest", act(Kind::create, control([](Control& c) { c.as = As::guest; }))},
      {"create as=domain", act(Kind::create, control([](Control& c) { c.as = As::domain; }))},
      {"exit pasid=2 t=1ms", at(with(act(Kind::exit), 0, 2), 1'000'000'000)},
      {"fork child=9 inflight=0 nowait", act(Kind::fork, control([](Control& c) {
                                               c.number = 9;
                                               c.in_flight = 0;
                                               c.nowait = true;
                                             }))},
      {"bind dev=1", with(act(Kind::bind), 1, 1)},
      {"bind as=device", act(Kind::bind, control([](Control& c) { c.as = As::device; }))},
      {"unbind inflight=31", act(Kind::unbind, control([](Control& c) { c.in_flight = 31; }))},
      {"reclaim 0x1000 4096", range(Kind::reclaim, 0x1000, 4096)},
      {"age 0x1000 4096", range(Kind::age, 0x1000, 4096)},
      {"numa_hint 0x1000 4096", range(Kind::numa_hint, 0x1000, 4096)},
      {"migrate 0x1000 4096", range(Kind::migrate, 0x1000, 4096)},
      {"collapse 0x200000", range(Kind::collapse, 0x200000, 0, control(same))},
      {"enable feature=iopf dev=1",
       with(act(Kind::enable, control([](Control& c) { c.feature = Feature::iopf; })), 1, 1)},
      {"disable feature=sva inflight=0", act(Kind::disable, control([](Control& c) {
                                               c.feature = Feature::sva;
                                               c.in_flight = 0;
                                             }))},
      {"sva_init", act(Kind::sva_init)},
      {"sva_init features=1 min_pasid=100 max_pasid=4294967295 dev=2 nowait",
       with(act(Kind::sva_init, control([](Control& c) {
                  c.number = 1;
                  c.min_pasid = 100;
                  c.max_pasid = ~0u;
                  c.nowait = true;
                })),
            2, 1)},
      {"sva_shutdown dev=2 t=1us", at(with(act(Kind::sva_shutdown), 2, 1), 1'000'000)},
  };
  for (const auto& [line, record] : examples) {
    INFO("line: " << line);
    CHECK(read_all(text(line)) == std::vector<Record>{record});
    CHECK(write_all({record}, {Format::text, Compression::none}) == text(line + "\n"));
  }
  CHECK(read_all(text("mmap 0x1000 1M pasid=7 shared t=5ns uncached offset=64K file=3 prot=rx")) ==
        read_all(text("mmap 0x1000 1048576 prot=rx file=3 shared offset=65536 uncached pasid=7 t=5ns")));
}

TEST_CASE("text: what is written is short") {
  const auto written =
      write_all({access(false, 0x7fff1000, 64), at(with(access(true, 0x10, 4096), 1, 7), 1'500'000),
                 at(unmap(0xabc, 1), 2'000'000), at(access(false, 0, 8), 0),
                 at(how(access(false, 0, 8), true, true), 0)},
                {Format::text, Compression::none});
  CHECK(written ==
        "# svasim trace 1\nR 0x7fff1000 64\nW 0x10 4096 dev=1 pasid=7 t=1500ns\nunmap 0xabc 1 t=2us\nR 0x0 8 "
        "t=0ps\nR 0x0 8 exec priv t=0ps\n");
}

TEST_CASE("binary: the example of the README, byte for byte") {
  const std::vector<Record> records = {access(false, 0x1000, 64), access(false, 0x1040, 64),
                                       at(with(access(true, 0x1000, 8), 1, 1), 5)};
  const std::string file = bytes(
      "\x93SVT\r\n\x1a\n\x01"
      "\x07\x80\x40"
      "\x07\x80\x01"
      "\x8c\x03\x01\x01\x0a\x7f"
      "\x80\xfc\x03");
  CHECK(write_all(records, {}) == file);
  CHECK(read_all(file) == records);
}

TEST_CASE("binary: a decoder follows any choice of base and any size, not only our writer's") {
  const std::string file = bytes(
      "\x93SVT\r\n\x1a\n\x01"
      "\x71\x14"                                  // base 7 = 10, read of 1 byte
      "\x70\x03\x01"                              // base 7 = 9, size 3
      "\x01\x02"                                  // base 0 = 1
      "\x09\x01"                                  // base 0 = 0, write
      "\x80\x06\x03\x80\x80\x04\x80\x80\x80\x00"  // unmap, timed: -2 ps is 2^64-2; 65536 bytes; a padded 0
      "\x80\xfc\x05");
  const std::vector<Record> records = {access(false, 10, 1), access(false, 9, 3), access(false, 1, 1),
                                       access(true, 0, 1), at(unmap(0, 65536), ~std::uint64_t{1})};
  CHECK(read_all(file) == records);
}

TEST_CASE("binary: control records, byte for byte") {
  Control guest, code, later;
  guest.as = As::guest;
  code.protection = kRead | kExecute;
  code.backing = Backing::file;
  code.number = 3;
  code.shared = true;
  code.offset = 65536;
  later.in_flight = 2;
  later.nowait = true;
  Control sva, limits;
  sva.feature = Feature::sva;
  limits.number = 1;
  limits.min_pasid = 100;
  limits.max_pasid = 300;
  const std::vector<Record> records = {act(Kind::create, guest),
                                       range(Kind::mmap, 0x1000, 4096, code),
                                       range(Kind::munmap, 0x1000, 64, later),
                                       with(act(Kind::disable, sva), 1, 1),
                                       with(act(Kind::sva_init, limits), 1, 1),
                                       with(act(Kind::sva_shutdown), 1, 1)};
  const std::string file = bytes(
      "\x93SVT\r\n\x1a\n\x01"
      "\x80\x1c\x80\x02"          // create: no size, no address; details 2 << 7
      "\x80\x10\x80\x20\x80\x40"  // mmap: size 4096, address 0 + 0x1000
      "\xf8\x1c\x03\x80\x80\x04"  // details (5 ^ 3) << 2 | 0x20 | 0x40 | 3 << 9 | 0x800; 3; 65536
      "\x87\x0c\x00\x03\x02"      // munmap: 64 bytes, the same address, details 1 | 2; 2
      "\x80\x49\x01\x01"          // disable: device 1, PASID 1
      "\x80\x80\x01"              // details 2 << 13
      "\x80\x4c\xa0\x80\x06"      // sva_init: details 0x20 | 1 << 15 | 1 << 16
      "\x01\x64\xac\x02"          // 1; 100; 300
      "\x80\x50\x00"              // sva_shutdown
      "\x80\xfc\x06");
  CHECK(write_all(records, {}) == file);
  CHECK(read_all(file) == records);
}

TEST_CASE("binary: fetches and privileged accesses, byte for byte, and what follows them is plain again") {
  const std::vector<Record> records = {
      how(access(false, 0x1000, 4), true, false), how(access(true, 0x1004, 4), false, true),
      at(how(access(false, 0x1008, 4), true, true), 5), access(false, 0x1000, 4)};
  const std::string file = bytes(
      "\x93SVT\r\n\x1a\n\x01"
      "\x83\xf0\x80\x40"  // kind 60: exec
      "\x8b\xf4\x08"      // kind 61: priv; a write
      "\x83\xfa\x0a\x08"  // kind 62: both; 5 ps
      "\x03\x0f"
      "\x80\xfc\x04");
  CHECK(write_all(records, {}) == file);
  CHECK(read_all(file) == records);
}

TEST_CASE("binary: two to four bytes for a typical access") {
  std::mt19937_64 random(1);
  std::vector<Record> records;
  const std::uint64_t regions[] = {0x1ffeffe000, 0x4a50000, 0x400000, 0x7f0012340000};
  for (int i = 0; i < 10'000; ++i)
    records.push_back(access(random() % 2, regions[random() % 4] + random() % 4096 / 8 * 8, 8));
  CHECK(static_cast<double>(write_all(records, {}).size()) / 10'000 < 3.1);
}

TEST_CASE("random records come back from every format and compression") {
  const unsigned seed = GENERATE(range(1u, 21u));
  std::mt19937_64 random(seed);
  std::vector<Record> records(random() % 3000);
  for (Record& r : records) r = random_record(random);
  for (const Format format : {Format::text, Format::binary})
    for (const Compression compression : kCompressions) {
      INFO("seed " << seed << " format " << static_cast<int>(format) << " compression "
                   << static_cast<int>(compression));
      REQUIRE(read_all(write_all(records, {format, compression})) == records);
    }
}

TEST_CASE("an access is split at 4 KiB boundaries") {
  const auto pieces = [](const Record& r) {
    std::vector<std::pair<std::uint64_t, std::uint64_t>> result;
    for_each_piece(r, [&](const Record& p) { result.emplace_back(p.va, p.size); });
    return result;
  };
  using List = std::vector<std::pair<std::uint64_t, std::uint64_t>>;
  CHECK(pieces(access(false, 0x1000, 4096)) == List{{0x1000, 4096}});
  CHECK(pieces(access(false, 0x1ff8, 8)) == List{{0x1ff8, 8}});
  CHECK(pieces(access(false, 0x1ffc, 8)) == List{{0x1ffc, 4}, {0x2000, 4}});
  CHECK(pieces(access(true, 0x1fff, 4098)) == List{{0x1fff, 1}, {0x2000, 4096}, {0x3000, 1}});
  CHECK(pieces(access(false, ~std::uint64_t{0}, 1)) == List{{~std::uint64_t{0}, 1}});
  const std::uint64_t last_page = ~std::uint64_t{4095};
  CHECK(pieces(access(false, last_page - 1, 4097)) == List{{last_page - 1, 1}, {last_page, 4096}});
  CHECK(pieces(unmap(0x1ffc, 1 << 30)) == List{{0x1ffc, 1 << 30}});

  const Record whole = at(with(access(true, 0x1ffc, 8), 3, 9), 77);
  for_each_piece(whole, [&](Record p) {
    p.va = whole.va;
    p.size = whole.size;
    CHECK(p == whole);
  });
}

TEST_CASE("lackey: loads, stores, modifies; instruction fetches on request") {
  const std::string log =
      "==12== Lackey, an example Valgrind tool\n==12== \n"
      "I  04000c90,3\n L 1fff0005e8,8\nI  04000c93,5\n S 04025120,4\n\n M 0010abcd,1\r\n--12-- note\n L "
      "10,512\n"
      "==12== Counted 1 call to main()\n";
  const std::vector<Record> data = {access(false, 0x1fff0005e8, 8), access(true, 0x4025120, 4),
                                    access(false, 0x10abcd, 1), access(true, 0x10abcd, 1),
                                    access(false, 0x10, 512)};
  CHECK(read_all(log) == data);
  CHECK(read_all(log.substr(log.find("I  "))) == data);

  ReadOptions options;
  options.instructions = true;
  options.device = 3;
  options.pasid = 9;
  options.limit = 3;
  CHECK(read_all(log, options) ==
        std::vector<Record>{with(how(access(false, 0x4000c90, 3), true, false), 3, 9),
                            with(access(false, 0x1fff0005e8, 8), 3, 9),
                            with(how(access(false, 0x4000c93, 5), true, false), 3, 9)});
}

TEST_CASE("coalescing merges neighbours of one kind inside an aligned block") {
  ReadOptions options;
  options.coalesce = 64;
  const auto merged = [&](const std::string& lines) { return read_all(text(lines), options); };
  CHECK(merged("R 0x1008 8 t=1ns\nR 0x1000 4\nR 0x1038 8 t=5ns\n") ==
        std::vector<Record>{at(access(false, 0x1000, 64), 1000)});
  CHECK(merged("R 0x1038 8\nR 0x1040 8\n").size() == 2);                        // the next block
  CHECK(merged("R 0x1000 8\nW 0x1008 8\nR 0x1010 8\n").size() == 3);            // the other direction
  CHECK(merged("R 0x1000 8\nR 0x1008 8 dev=1\n").size() == 2);                  // another device
  CHECK(merged("R 0x1000 8\nR 0x1008 8 pasid=2\n").size() == 2);                // another address space
  CHECK(merged("R 0x1000 8\nR 0x1008 8 exec\nR 0x1010 8 priv\n").size() == 3);  // another right
  CHECK(merged("R 0x1000 8 exec\nR 0x1008 8 exec\n").size() == 1);
  CHECK(merged("R 0x1038 16\nR 0x1040 8\nR 0x1038 8\n").size() == 3);      // one of them leaves the block
  CHECK(merged("R 0x1000 8\nunmap 0x1000 64\nR 0x1008 8\n").size() == 3);  // order matters around an unmap
  CHECK(merged("").empty());
  CHECK(merged("R 0xfffffffffffffff8 8\nR 0xffffffffffffffc0 8\n") ==
        std::vector<Record>{access(false, 0xffffffffffffffc0, 64)});

  options.limit = 1;  // counts what is delivered
  CHECK(merged("R 0x1000 8\nR 0x1008 8\nR 0x2000 8\n") == std::vector<Record>{access(false, 0x1000, 16)});
}
