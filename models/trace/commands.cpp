// See commands.hpp.
#include "models/trace/commands.hpp"

#include <array>
#include <bitset>
#include <cstdio>
#include <filesystem>
#include <iomanip>
#include <map>
#include <ostream>
#include <set>
#include <unordered_map>

#include "models/trace/mapper.hpp"
#include "models/trace/numbers.hpp"

namespace svasim::trace {
namespace {

/// A set of 4 KiB pages: one bit each, in blocks of 512, so that a dense footprint costs little.
class PageSet {
 public:
  void insert_range(std::uint64_t first_page, std::uint64_t last_page) {
    for (std::uint64_t page = first_page; page <= last_page; ++page) {
      auto bit = block(page / kBlock)[page % kBlock];
      count_ += !bit;
      bit = true;
    }
  }
  std::uint64_t count() const { return count_; }

 private:
  static constexpr std::size_t kBlock = 512;

  std::bitset<kBlock>& block(std::uint64_t number) {
    if (last_ == nullptr || number != last_number_) {
      last_ = &blocks_[number];
      last_number_ = number;
    }
    return *last_;
  }

  std::unordered_map<std::uint64_t, std::bitset<kBlock>> blocks_;
  std::bitset<kBlock>* last_ = nullptr;  ///< the block last used: accesses cluster
  std::uint64_t last_number_ = 0;
  std::uint64_t count_ = 0;
};

struct Totals {
  std::uint64_t records = 0;
  std::array<std::uint64_t, 2> accesses{};  ///< reads, writes
  std::array<std::uint64_t, 2> bytes{};
  std::array<std::uint64_t, kKinds.size()> kinds{};
  std::uint64_t crossing = 0;  ///< accesses of more than one page
  std::set<std::uint32_t> devices;
  std::map<std::uint32_t, PageSet> pages;  ///< by PASID
  std::uint64_t first_va = ~std::uint64_t{0};
  std::uint64_t last_va = 0;
  std::uint64_t timed = 0;
  std::uint64_t first_ps = ~std::uint64_t{0};
  std::uint64_t last_ps = 0;

  void add(const Record& r) {
    ++records;
    devices.insert(r.device);
    ++kinds[static_cast<std::size_t>(r.kind)];
    if (info(r.kind).address) {
      first_va = std::min(first_va, r.va);
      last_va = std::max(last_va, info(r.kind).size ? r.last() : r.va);
    }
    if (r.has_time) {
      ++timed;
      first_ps = std::min(first_ps, r.time_ps);
      last_ps = std::max(last_ps, r.time_ps);
    }
    PageSet& touched = pages[r.pasid];
    if (r.kind != Kind::access) return;
    ++accesses[r.write];
    bytes[r.write] += r.size;
    crossing += r.va / kPageBytes != r.last() / kPageBytes;
    touched.insert_range(r.va / kPageBytes, r.last() / kPageBytes);
  }
};

std::string hex(std::uint64_t value) {
  char text[24];
  std::snprintf(text, sizeof text, "0x%llx", static_cast<unsigned long long>(value));
  return text;
}

void print_totals(const Totals& t, std::ostream& out) {
  out << "records   " << t.records << "\n"
      << "reads     " << t.accesses[0] << " (" << t.bytes[0] << " bytes)\n"
      << "writes    " << t.accesses[1] << " (" << t.bytes[1] << " bytes)\n"
      << "crossing  " << t.crossing << " accesses of more than one 4 KiB page\n";
  for (std::size_t i = 1; i < kKinds.size(); ++i) {
    if (t.kinds[i] != 0) out << std::left << std::setw(9) << kKinds[i].name << " " << t.kinds[i] << "\n";
  }
  out << "devices  ";
  for (const std::uint32_t device : t.devices) out << " " << device;
  out << "\n";
  for (const auto& [pasid, pages] : t.pages)
    out << "pasid     " << pasid << ": " << pages.count() << " distinct 4 KiB pages accessed\n";
  if (t.first_va <= t.last_va) out << "addresses " << hex(t.first_va) << " to " << hex(t.last_va) << "\n";
  if (t.timed != 0)
    out << "time      " << print_time(t.first_ps) << " to " << print_time(t.last_ps) << " (" << t.timed
        << " records)\n";
}

void copy(Reader& reader, Writer& writer) {
  Record record;
  while (reader.next(record)) writer.write(record);
}

/// `fill` writes the records; returns how many there are.
template <class Fill>
std::uint64_t write_to(const std::string& out, const WriteOptions& options, Fill&& fill) {
  const auto write = [&](const std::string& path) {
    const auto writer = Writer::open(path, options);
    fill(*writer);
    writer->finish();
    return writer->records();
  };
  // Only a regular file may be replaced by a rename: "-", a device, a pipe or a link is written in place.
  std::error_code ignored;
  const auto type = std::filesystem::symlink_status(out, ignored).type();
  const bool replaceable =
      type == std::filesystem::file_type::regular || type == std::filesystem::file_type::not_found;
  if (out == "-" || !replaceable) return write(out);
  const std::string part = out + ".part";
  try {
    const std::uint64_t records = write(part);
    if (std::rename(part.c_str(), out.c_str()) != 0)
      throw TraceError(out + ": cannot create: the rename failed");
    return records;
  } catch (const TraceError&) {
    std::remove(part.c_str());
    throw;
  }
}

void copy_mapped(Reader& reader, const Mapper::Plan& plan, Writer& writer) {
  const auto insert = [&](const std::map<std::uint64_t, std::vector<Record>>& records, std::uint64_t number) {
    const auto found = records.find(number);
    if (found == records.end()) return;
    for (const Record& record : found->second) writer.write(record);
  };
  for (Record record; reader.next(record);) {
    insert(plan.before, reader.record_number());
    writer.write(record);
    insert(plan.behind, reader.record_number());
  }
}

}  // namespace

std::uint64_t import_trace(const ImportOptions& options, const std::string& in, const std::string& out) {
  const auto reader = Reader::open(in, options.read);
  return write_to(out, options.write, [&](Writer& writer) { copy(*reader, writer); });
}

std::uint64_t generate_trace(const Pattern& pattern, const std::string& out) {
  WriteOptions options = write_options_for(out);
  options.comment = "svasim trace generate " + pattern.print();
  const auto reader = Reader::generate(pattern);
  return write_to(out, options, [&](Writer& writer) { copy(*reader, writer); });
}

Mapped map_trace(const std::string& in, const std::string& out, std::uint64_t gap) {
  Mapper mapper;
  const auto first = Reader::open(in);
  for (Record record; first->next(record);) mapper.add(record);
  const Mapper::Plan plan = mapper.plan(gap);
  WriteOptions options = write_options_for(out);
  options.comment = "svasim trace map";
  const auto second = Reader::open(in);
  const std::uint64_t records =
      write_to(out, options, [&](Writer& writer) { copy_mapped(*second, plan, writer); });
  return {records, plan.areas, plan.pages, plan.left_out};
}

void trace_info(const std::string& path, std::ostream& out, const ReadOptions& options) {
  const auto reader = Reader::open(path, options);
  Totals totals;
  for (Record record; reader->next(record);) totals.add(record);
  out << "trace     " << path << " (" << reader->format() << ")\n";
  print_totals(totals, out);
}

void trace_head(const std::string& path, std::uint64_t records, std::ostream& out,
                const ReadOptions& options) {
  const auto reader = Reader::open(path, options);
  const auto writer = Writer::open(out, "standard output", {Format::text, Compression::none});
  for (Record record; writer->records() < records && reader->next(record);) writer->write(record);
  writer->finish();
}

int trace_validate(const std::string& path, std::ostream& out, const ReadOptions& options) try {
  const auto reader = Reader::open(path, options);
  for (Record record; reader->next(record);) continue;
  out << path << ": ok, " << reader->record_number() << " records (" << reader->format() << ")\n";
  return 0;
} catch (const TraceError& error) {
  out << error.what() << "\n";
  return kBadTraceExit;
}

}  // namespace svasim::trace
