// See stage2_walk.hpp.
#include "models/arch/stage2_walk.hpp"

#include <algorithm>

#include "models/arch/bit_fields.hpp"
#include "models/arch/descriptor.hpp"
#include "models/arch/memory_attributes.hpp"

namespace svasim::arch {
namespace {

/// XN[1:0] with IDR3.XNX: 00 all, 01 unprivileged only, 10 none, 11 privileged only. Without it only XN[1]
/// counts.
PrivilegedPermissions leaf_permissions(Descriptor leaf, bool xnx) {
  const unsigned xn = xnx ? leaf.stage2_xn() : leaf.stage2_xn() & 2;
  const bool read = leaf.stage2_read(), write = leaf.stage2_write();
  return {{read, write, xn == 0 || xn == 3}, {read, write, xn <= 1}};
}

TableFormat format_of(const StreamConfig& config) {
  return {config.s2.granule, config.s2.ds, config.oas_bits};
}

}  // namespace

Stage2Walk::Stage2Walk(const StreamConfig& config, Ipa ipa, Access access, FaultClass fault_class, bool probe)
    : class_(fault_class), probe_(probe), ipa_(ipa), access_(access) {
  begin(config);
}

void Stage2Walk::begin(const StreamConfig& config) {
  const Stage2Config& s2 = config.s2;
  level_ = s2.start_level;
  if ((ipa_.value >> s2.input_bits) != 0) {
    fail(EventId::f_translation);
    return;
  }
  const unsigned start_bits =
      s2.input_bits - level_shift(s2.granule, level_);  // includes concatenated tables
  go_to_table(config, table_base(s2.ttb, start_bits, s2.output_bits), start_bits);
}

void Stage2Walk::go_to_table(const StreamConfig& config, std::uint64_t table, unsigned table_bits) {
  const std::uint64_t index = (ipa_.value >> level_shift(config.s2.granule, level_)) & mask(table_bits);
  fetch_ = {Pa(table + index * 8), 8, Purpose::stage2_descriptor, level_, config.s2.table_attributes};
  status_ = Status::fetch;
}

void Stage2Walk::supply(const StreamConfig& config, const std::uint8_t* bytes) {
  kept_.reset();
  untouched_ = resumed_ = false;
  examine(config, load_le64(bytes));
}

void Stage2Walk::examine(const StreamConfig& config, std::uint64_t word) {
  const Granule granule = config.s2.granule;
  const Descriptor descriptor{word};
  const TableFormat format = format_of(config);
  const DescriptorKind kind = descriptor.kind(format, level_);
  if (kind == DescriptorKind::invalid) return fail(EventId::f_translation);
  const unsigned log2_align =
      kind == DescriptorKind::table ? page_shift(granule) : level_shift(granule, level_);
  const std::uint64_t address = descriptor.address(format, log2_align);
  if ((address >> config.s2.output_bits) != 0) return fail(EventId::f_addr_size);
  if (kind == DescriptorKind::leaf) return examine_leaf(config, word);
  if (config.s2.haft && !descriptor.access_flag()) {
    return request_update(config, word, word | Descriptor::kAccessFlag);
  }
  keep(false, word);
  ++level_;
  go_to_table(config, address, index_bits(granule));
}

void Stage2Walk::examine_leaf(const StreamConfig& config, std::uint64_t word) {
  const Stage2Config& s2 = config.s2;
  const Descriptor leaf{word};
  if (!leaf.access_flag() && !s2.ha && !s2.affd) return fail(EventId::f_access);
  const bool walk_to_device =
      class_ != FaultClass::in && s2.ptw && stage2_device(leaf.memory_attributes(), s2.fwb);
  const bool dirties = access_.write && s2.hd && leaf.dirty_modifier() && !leaf.stage2_write();
  const Descriptor dirtied{dirties ? word | Descriptor::kStage2Write : word};
  const PrivilegedPermissions permissions = leaf_permissions(dirtied, s2.xnx);
  if (walk_to_device || !(probe_ || permissions.allows(access_))) return fail(EventId::f_permission);
  const Permissions granted = permissions.at(access_.privileged);
  const bool used = granted.read || granted.write || granted.execute;  // a probe may be granted nothing
  const std::uint64_t desired = s2.ha && used ? dirtied.word | Descriptor::kAccessFlag : dirtied.word;
  if (desired != word) return request_update(config, word, desired);
  log2_size_ = static_cast<std::uint8_t>(level_shift(s2.granule, level_));
  log2_contiguous_ = log2_size_;
  if (leaf.contiguous()) {
    const unsigned group = log2_size_ + log2_contiguous_leaves(s2.granule, level_);
    log2_contiguous_ = static_cast<std::uint8_t>(std::min<unsigned>(group, s2.input_bits));
  }
  permissions_ = leaf_permissions(leaf, s2.xnx);
  descriptor_ = word;
  pa_ = Pa(leaf.address(format_of(config), log2_size_) | ipa_.offset(log2_size_));
  if (leaf.access_flag()) keep(true, word);
  status_ = Status::done;
}

void Stage2Walk::keep(bool leaf, std::uint64_t word) {
  if (level_ >= 0) kept_ = Kept{static_cast<std::uint8_t>(level_), leaf, word};
}

/// The address of a descriptor that was kept is unknown: the walk starts over.
void Stage2Walk::request_update(const StreamConfig& config, std::uint64_t expected, std::uint64_t desired) {
  if (resumed_) {
    resumed_ = false;
    return begin(config);
  }
  update_ = {fetch_.address, expected, desired, fetch_.attributes};
  status_ = Status::update;
}

MemoryAttributes Stage2Walk::attributes(const StreamConfig& config, MemoryAttributes stage1) const {
  const Descriptor leaf{descriptor_};
  const unsigned shareability = config.s2.ds ? config.s2.sh : leaf.shareability();
  const MemoryAttributes out = combine(stage1, leaf.memory_attributes(), shareability, config.s2.fwb);
  const bool table = class_ != FaultClass::in;
  return table && out.device() && config.s2.device_walks_uncached ? cd_attributes(0, 0, 0) : out;
}

void Stage2Walk::supply_update(const StreamConfig& config, std::uint64_t observed) {
  kept_.reset();
  examine(config, observed == update_.expected ? update_.desired : observed);
}

void Stage2Walk::resume(const StreamConfig& config, const Stage2Entry& entry) {
  untouched_ = false;
  if (entry.granule != config.s2.granule) return;
  resumed_ = true;
  level_ = entry.level;
  examine(config, entry.descriptor);
}

std::optional<Stage2Entry> Stage2Walk::fill(const StreamConfig& config) const {
  if (resumed_ || !Descriptor{descriptor_}.access_flag()) return std::nullopt;
  return Stage2Entry{config.vmid, ipa_.aligned(log2_size_), log2_size_, config.s2.granule, level_,
                     descriptor_};
}

void Stage2Walk::supply_abort() { fail(EventId::f_walk_eabt); }

WalkCacheKey Stage2Walk::walk_cache_key(const StreamConfig& config) const {
  return {config.vmid, 0, bits(ipa_.value, 55, kPageShift), WalkCacheWorld::stage2, config.s2.granule};
}

void Stage2Walk::resume(const StreamConfig& config, const WalkCacheResponse& response) {
  if (!response.hit || response.level < config.s2.start_level) return;
  untouched_ = false;
  resumed_ = true;
  level_ = static_cast<std::int8_t>(response.level);
  examine(config, response.descriptor);
  kept_.reset();  // it is there already
}

std::optional<WalkCacheEntry> Stage2Walk::walk_cache_fill(const StreamConfig& config) const {
  if (!kept_) return std::nullopt;
  return WalkCacheEntry{walk_cache_key(config), kept_->level, kept_->leaf, false, 0, kept_->word};
}

void Stage2Walk::fail(EventId id) {
  kept_.reset();
  fault_ = {};
  fault_.id = id;
  fault_.stage2 = true;
  fault_.fault_class = class_;
  fault_.level = level_;
  fault_.ipa = ipa_;
  fault_.ttrnw = id == EventId::f_permission && class_ == FaultClass::tt && !access_.write;
  if (id == EventId::f_walk_eabt) fault_.fetch_address = fetch_.address;
  status_ = Status::fault;
}

}  // namespace svasim::arch
