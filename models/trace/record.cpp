// See record.hpp.
#include "models/trace/record.hpp"

namespace svasim::trace {
namespace {

const char* check_fields(const Record& r, const KindInfo& kind) {
  const Control& c = r.control;
  const Control none;
  const bool file = c.backing == Backing::file, of_file = c.shared || c.uncached || c.offset != 0;
  if (r.execute || r.privileged) return "exec or priv; expected them of accesses only";
  if (r.write && !kind.write) return "a write that is none; expected only accesses and touch to write";
  if (c.protection != none.protection && !kind.protection)
    return "protection; expected it of mmap and mprotect only";
  if (c.protection > (kRead | kWrite | kExecute)) return "unknown protection; expected r, w and x";
  if ((c.backing != none.backing || of_file) && !kind.mapping)
    return "a file or kind of page; expected it of mmap only";
  if (c.backing > Backing::file) return "unknown backing of a mapping; expected one of the four";
  if (c.number != 0 && !kind.child && !kind.limits && !file)
    return "a number; expected the child of fork, the file of mmap or the features of sva_init";
  if (of_file && !file) return "shared, uncached or offset without a file; expected file=N too";
  if (c.offset % kPageBytes != 0) return "offset inside a page; expected a multiple of 4096";
  if (c.as != As::standard && !kind.as) return "as; expected it of create and bind only";
  if (r.kind == Kind::create && c.as > As::guest)
    return "unknown thing to create; expected as=domain or as=guest";
  if (r.kind == Kind::bind && c.as != As::standard && c.as != As::device)
    return "unknown way to bind; expected as=device";
  if (c.feature == Feature::none && kind.feature) return "no feature; expected feature=iopf or feature=sva";
  if (c.feature != Feature::none && !kind.feature) return "a feature; expected it of enable and disable only";
  if (c.feature > Feature::sva) return "unknown feature; expected iopf or sva";
  if ((c.min_pasid != 0 || c.max_pasid != 0) && !kind.limits)
    return "limits of PASIDs; expected them of sva_init only";
  if (kind.child && c.number > kMaxPasid) return "child too large; expected at most 1048575 (20 bits)";
  return nullptr;
}

}  // namespace

const char* check_control(const Record& r) {
  const KindInfo& kind = info(r.kind);
  if (kind.size && r.size == 0) return "size is 0; expected at least 1 byte";
  if (!kind.size && r.size != 0) return "a size; expected none of this kind of record";
  if (!kind.address && r.va != 0) return "an address; expected none of this kind of record";
  if (kind.size && r.last() < r.va) return "range wraps around; expected address + size within 64 bits";
  if (r.pasid > kMaxPasid) return "PASID too large; expected at most 1048575 (20 bits)";
  const bool waits = r.control.nowait || r.control.in_flight != kAnyNumber;
  if (waits && r.kind == Kind::unmap) return "nowait or inflight of unmap; expected discard for that";
  if (waits && r.has_time) return "nowait or inflight with a time; expected only one of them";
  return check_fields(r, kind);
}

}  // namespace svasim::trace
