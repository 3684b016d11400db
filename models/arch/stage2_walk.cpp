// See stage2_walk.hpp.
#include "models/arch/stage2_walk.hpp"

#include "models/arch/bit_fields.hpp"
#include "models/arch/descriptor.hpp"

namespace svasim::arch {
namespace {

/// XN[1:0] with IDR3.XNX: 00 all, 01 unprivileged only, 10 none, 11 privileged only. Without it only XN[1]
/// counts.
PrivilegedPermissions leaf_permissions(Descriptor leaf, bool xnx) {
  const unsigned xn = xnx ? leaf.stage2_xn() : leaf.stage2_xn() & 2;
  const bool read = leaf.stage2_read(), write = leaf.stage2_write();
  return {{read, write, xn == 0 || xn == 3}, {read, write, xn <= 1}};
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
  go_to_table(config, s2.ttb & ~mask(start_bits + 3), start_bits);
}

void Stage2Walk::go_to_table(const StreamConfig& config, std::uint64_t table, unsigned table_bits) {
  const std::uint64_t index = (ipa_.value >> level_shift(config.s2.granule, level_)) & mask(table_bits);
  fetch_ = {Pa(table + index * 8), 8, Purpose::stage2_descriptor, level_};
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
  const DescriptorKind kind = descriptor.kind(granule, level_, config.oas_bits);
  if (kind == DescriptorKind::invalid) return fail(EventId::f_translation);
  const unsigned log2_align =
      kind == DescriptorKind::table ? page_shift(granule) : level_shift(granule, level_);
  const std::uint64_t address = descriptor.address(granule, log2_align, config.oas_bits);
  if ((address >> config.s2.output_bits) != 0) return fail(EventId::f_addr_size);
  if (kind == DescriptorKind::leaf) return examine_leaf(config, word);
  kept_ = {level_, false, word};
  ++level_;
  go_to_table(config, address, index_bits(granule));
}

void Stage2Walk::examine_leaf(const StreamConfig& config, std::uint64_t word) {
  const Stage2Config& s2 = config.s2;
  const Descriptor leaf{word};
  if (!leaf.access_flag() && !s2.ha && !s2.affd) return fail(EventId::f_access);
  const bool walk_to_device = class_ != FaultClass::in && s2.ptw && leaf.memory_attributes() < 4;
  const bool dirties = access_.write && s2.hd && leaf.dirty_modifier() && !leaf.stage2_write();
  const Descriptor dirtied{dirties ? word | Descriptor::kStage2Write : word};
  const bool allowed = probe_ || leaf_permissions(dirtied, s2.xnx).allows(access_);
  if (walk_to_device || !allowed) return fail(EventId::f_permission);
  const std::uint64_t desired = s2.ha ? dirtied.word | Descriptor::kAccessFlag : dirtied.word;
  if (desired != word && resumed_) {
    resumed_ = false;
    return begin(config);
  }
  if (desired != word) {
    update_ = {fetch_.address, word, desired};
    status_ = Status::update;
    return;
  }
  log2_size_ = static_cast<std::uint8_t>(level_shift(s2.granule, level_));
  permissions_ = leaf_permissions(leaf, s2.xnx);
  descriptor_ = word;
  pa_ = Pa(leaf.address(s2.granule, log2_size_, config.oas_bits) | ipa_.offset(log2_size_));
  if (leaf.access_flag()) kept_ = {level_, true, word};
  status_ = Status::done;
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
  level_ = response.level;
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
