// See table_walk.hpp. Read downwards: the functions stand in the order a walk goes through them.
#include "models/arch/table_walk.hpp"

#include <algorithm>

#include "models/arch/fault_policy.hpp"
#include "models/arch/memory_attributes.hpp"

namespace svasim::arch {
namespace {

constexpr Permissions kAll{true, true, true};

// Hierarchical attributes, as the walk cache keeps them.
constexpr unsigned kPxnTable = 1u << 0, kXnTable = 1u << 1, kApTableNoUser = 1u << 2,
                   kApTableReadOnly = 1u << 3;

}  // namespace

TableWalk::TableWalk(const StreamConfig& config, Va va, Access access, AddressType type, bool may_stall)
    : config_(config), va_(va), access_(config.effective(access)), type_(type), may_stall_(may_stall) {
  result_.world = config.world;
  result_.vmid = config.vmid;
  result_.ipa = Ipa(va.value);
  if (config.stage1()) {
    s1_lookup_due_ = true;
    begin_stage1();
  } else if (config.kind == ConfigKind::abort) {
    fail(EventId::none);
  } else {
    begin_without_stage1();
  }
}

/// The input is an IPA or, without stage 2, the PA. Beyond the input size it is a stage-1 address size fault.
void TableWalk::begin_without_stage1() {
  if ((va_.value >> config_.ias_bits) != 0) {
    return fail(config_.global_bypass ? EventId::none : EventId::f_addr_size);
  }
  result_.attributes = config_.incoming;
  result_.permissions = {kAll, kAll};
  result_.log2_size = result_.log2_contiguous = result_.log2_leaf = config_.ias_bits;
  result_.global = true;
  if (config_.stage2()) {
    result_.kind = TranslationKind::stage2;
    return begin_stage2(result_.ipa, access_, FaultClass::in, Part::output);
  }
  result_.pa = Pa(va_.value);
  status_ = Status::done;
}

/// The bits above the input range (below the tag byte, if TBI) all equal the bit that selects the half.
void TableWalk::begin_stage1() {
  hierarchical_ = 0;
  half_ = config_.world != StreamWorld::el2 && bit(va_.value, 55) ? 1 : 0;
  if (!half().enabled) return fail(EventId::f_translation);
  const unsigned input_bits = half().input_bits;
  const unsigned top = half().tbi ? 55 : 63;
  const std::uint64_t above = bits(va_.value, top, input_bits);
  if (above != (half_ != 0 ? mask(top + 1 - input_bits) : 0)) return fail(EventId::f_translation);
  if (half().e0pd && !access_.privileged) return fail(EventId::f_translation);
  level_ = static_cast<std::int8_t>(start_level(half().granule, input_bits));
  const unsigned table_bits = input_bits - level_shift(half().granule, level_);
  go_to_table(table_base(half().ttb, table_bits, config_.s1.output_bits), table_bits);
}

void TableWalk::go_to_table(std::uint64_t table, unsigned table_bits) {
  const std::uint64_t index = (va_.value >> level_shift(half().granule, level_)) & mask(table_bits);
  descriptor_ipa_ = Ipa(table + index * 8);
  if (config_.stage2()) return begin_stage2(descriptor_ipa_, Access{}, FaultClass::tt, Part::table);
  read_descriptor(Pa(descriptor_ipa_.value), half().table_attributes);
}

void TableWalk::read_descriptor(Pa address, MemoryAttributes attributes) {
  fetch_ = {address, 8, Purpose::stage1_descriptor, level_, attributes};
  status_ = Status::fetch;
}

void TableWalk::supply(const std::uint8_t* bytes) {
  fill_.reset();
  stage2_fill_.reset();
  resumed_ = s1_lookup_due_ = s2_lookup_due_ = false;
  if (in_stage2_) {
    stage2_.supply(config_, bytes);
    fill_ = stage2_.walk_cache_fill(config_);
    return follow_stage2();
  }
  examine(load_le64(bytes));
}

void TableWalk::examine(std::uint64_t word) {
  const TableFormat format = table_format();
  const Descriptor descriptor{word};
  const DescriptorKind kind = descriptor.kind(format, level_);
  if (kind == DescriptorKind::invalid) return fail(EventId::f_translation);
  const bool leaf = kind == DescriptorKind::leaf;
  const unsigned log2_align = leaf ? level_shift(format.granule, level_) : page_shift(format.granule);
  const std::uint64_t address = descriptor.address(format, log2_align);
  if ((address >> config_.s1.output_bits) != 0) return fail(EventId::f_addr_size);
  if (leaf) return examine_leaf(word);
  if (config_.s1.haft && !descriptor.access_flag()) {
    return request_update(word, word | Descriptor::kAccessFlag);
  }
  offer_fill(word, false);
  hierarchical_ |= descriptor.table_attributes();
  ++level_;
  go_to_table(address, index_bits(format.granule));
}

void TableWalk::examine_leaf(std::uint64_t word) {
  const Descriptor leaf{word};
  const Stage1Config& s1 = config_.s1;
  if (!leaf.access_flag() && !s1.ha && !s1.affd) return fail(EventId::f_access);
  const bool dirties = access_.write && s1.hd && leaf.dirty_modifier() && leaf.read_only();
  const std::uint64_t dirtied = dirties ? word & ~Descriptor::kReadOnly : word;
  const PrivilegedPermissions permissions = leaf_permissions(dirtied);
  const bool allowed = permissions.allows(access_);
  if (!allowed && !probe()) return fail(EventId::f_permission);
  std::uint64_t desired = allowed ? dirtied : word;
  if (s1.ha && (allowed || grants(permissions))) desired |= Descriptor::kAccessFlag;
  if (desired != word) return request_update(word, desired);
  finish_stage1(word);
}

/// Does a translation request get anything with these permissions? Execute-only pages cannot be expressed.
bool TableWalk::grants(const PrivilegedPermissions& permissions) const {
  const Permissions granted = permissions.at(access_.privileged);
  const bool reads_are_fetches = config_.access_override.instruction == AccessOverride::kForced;
  return granted.write || (reads_are_fetches ? granted.execute : granted.read);
}

/// AP, the tables' restrictions, WXN and PAN. EL2 has one privilege level: AP[1], PXN and their table forms
/// do not exist. A clean page that hardware may make dirty counts as writable where that forbids execution:
/// whether it has been written does not decide what can be executed.
PrivilegedPermissions TableWalk::leaf_permissions(std::uint64_t word) const {
  const Descriptor leaf{word};
  const unsigned table = half().had ? 0 : hierarchical_;
  const bool writable = !leaf.read_only() && (table & kApTableReadOnly) == 0;
  const bool dirtiable = config_.s1.hd && leaf.dirty_modifier() && (table & kApTableReadOnly) == 0;
  const bool becomes_writable = writable || dirtiable;
  const bool uxn = leaf.uxn() || (table & kXnTable) != 0;
  const bool wxn = config_.s1.wxn;
  if (config_.world == StreamWorld::el2) {
    const Permissions p{true, writable, !uxn && !(wxn && becomes_writable)};
    return {p, p};
  }
  const bool user = leaf.user_access() && (table & kApTableNoUser) == 0;
  const bool pxn = leaf.pxn() || (table & kPxnTable) != 0;
  const bool user_writable = user && becomes_writable;
  // PAN: no privileged data access to user pages, with EPAN also if users may only execute them.
  const bool privileged = !(config_.s1.pan && (user || (config_.s1.epan && !uxn)));
  // What user code can write, privileged code never executes.
  const Permissions at_el1{privileged, privileged && writable,
                           !pxn && !user_writable && !(wxn && becomes_writable)};
  if (half().e0pd) return {at_el1, {}};
  return {at_el1, {user, user && writable, !uxn && !(wxn && user_writable)}};
}

/// The update is a write to the table: with stage 2 it needs write permission there. After a leaf hit in the
/// walk cache the descriptor's address is unknown, so the walk starts over.
void TableWalk::request_update(std::uint64_t expected, std::uint64_t desired) {
  if (resumed_) {
    resumed_ = false;
    return begin_stage1();
  }
  update_ = {Pa(descriptor_ipa_.value), expected, desired, half().table_attributes};
  if (config_.stage2()) {
    return begin_stage2(descriptor_ipa_, Access{true, false, false}, FaultClass::tt, Part::update);
  }
  status_ = Status::update;
}

void TableWalk::supply_update(std::uint64_t observed) {
  fill_.reset();
  stage2_fill_.reset();
  if (in_stage2_) {
    stage2_.supply_update(config_, observed);
    fill_ = stage2_.walk_cache_fill(config_);
    return follow_stage2();
  }
  examine(observed == update_.expected ? update_.desired : observed);
}

void TableWalk::finish_stage1(std::uint64_t word) {
  const Descriptor leaf{word};
  const unsigned log2_size = level_shift(half().granule, level_);
  const unsigned group = leaf.contiguous() ? log2_contiguous_leaves(half().granule, level_) : 0;
  result_.kind = config_.stage2() ? TranslationKind::both : TranslationKind::stage1;
  result_.ipa = Ipa(leaf.address(table_format(), log2_size) | va_.offset(log2_size));
  result_.log2_size = result_.log2_leaf = static_cast<std::uint8_t>(log2_size);
  result_.log2_contiguous =
      static_cast<std::uint8_t>(std::min<unsigned>(log2_size + group, half().input_bits));
  result_.level = level_;
  result_.log2_granule = static_cast<std::uint8_t>(page_shift(half().granule));
  result_.permissions = leaf_permissions(word);
  const auto mair = static_cast<std::uint8_t>(config_.s1.mair >> (8 * leaf.attr_index()));
  const unsigned shareability = half().ds ? half().sh : leaf.shareability();
  result_.attributes =
      with_incoming_hints({canonical_mair(mair), static_cast<std::uint8_t>(shareability)}, config_.incoming);
  result_.global = config_.world == StreamWorld::el2 || !leaf.not_global();
  result_.asid = config_.s1.asid;
  offer_fill(word, true);
  const Permissions granted = result_.permissions.at(access_.privileged);
  const bool nothing_granted = probe() && !grants(result_.permissions);
  if (config_.stage2() && !nothing_granted) {
    Access access = access_;
    access.write = access.write && granted.write;  // a probe may want more than stage 1 grants
    return begin_stage2(result_.ipa, access, FaultClass::in, Part::output);
  }
  result_.pa = Pa(result_.ipa.value);
  status_ = Status::done;
}

void TableWalk::begin_stage2(Ipa ipa, Access access, FaultClass fault_class, Part part) {
  in_stage2_ = true;
  part_ = part;
  stage2_ = Stage2Walk(config_, ipa, access, fault_class, probe() && part == Part::output);
  s2_lookup_due_ = true;
  follow_stage2();
}

void TableWalk::follow_stage2() {
  switch (stage2_.status()) {
    case Stage2Walk::Status::fetch:
      fetch_ = stage2_.fetch();
      status_ = Status::fetch;
      return;
    case Stage2Walk::Status::update: status_ = Status::update; return;
    case Stage2Walk::Status::fault: fault_ = stage2_.fault(); return terminate();
    case Stage2Walk::Status::done:
      in_stage2_ = false;
      stage2_fill_ = stage2_.fill(config_);
      break;
  }
  switch (part_) {
    case Part::table:
      return read_descriptor(stage2_.pa(), stage2_.attributes(config_, half().table_attributes));
    case Part::update:
      update_.address = stage2_.pa();
      update_.attributes = stage2_.attributes(config_, half().table_attributes);
      status_ = Status::update;
      return;
    case Part::output: return finish_output();
  }
}

void TableWalk::supply_cached_stage2(const Stage2Entry& entry) {
  fill_.reset();
  s2_lookup_due_ = false;
  stage2_fill_.reset();
  stage2_.resume(config_, entry);
  follow_stage2();
}

void TableWalk::finish_output() {
  const PrivilegedPermissions& s1 = result_.permissions;
  const PrivilegedPermissions& s2 = stage2_.permissions();
  result_.permissions = {both(s1.privileged, s2.privileged), both(s1.unprivileged, s2.unprivileged)};
  result_.attributes = stage2_.attributes(config_, result_.attributes);
  result_.log2_size = std::min(result_.log2_size, stage2_.log2_size());
  result_.log2_contiguous = std::min(result_.log2_contiguous, stage2_.log2_contiguous());
  if (!config_.stage1()) {
    result_.log2_granule = static_cast<std::uint8_t>(page_shift(config_.s2.granule));
    result_.log2_leaf = stage2_.log2_size();
    result_.level = stage2_.level();
  }
  result_.pa = stage2_.pa();
  status_ = Status::done;
}

void TableWalk::supply_abort() {
  fill_.reset();
  stage2_fill_.reset();
  if (in_stage2_) {
    stage2_.supply_abort();
    return follow_stage2();
  }
  fault_.fetch_address = status_ == Status::update ? update_.address : fetch_.address;
  fail(EventId::f_walk_eabt);
}

void TableWalk::fail(EventId id) {
  fault_.id = id;
  fault_.level = level_;
  fault_.fault_class = id == EventId::f_walk_eabt ? FaultClass::tt : FaultClass::in;
  terminate();
}

void TableWalk::terminate() {
  fill_.reset();
  apply_policy(fault_, config_, type_, may_stall_);
  status_ = Status::fault;
}

/// Worlds of EL2 have no VMID (the configuration says 0), and without E2H no ASID.
WalkCacheKey TableWalk::s1_key() const {
  const auto world = static_cast<WalkCacheWorld>(raw(config_.world));
  const std::uint16_t asid = config_.world == StreamWorld::el2 ? std::uint16_t{0} : config_.s1.asid;
  return {config_.vmid, asid, bits(va_.value, 55, kPageShift), world, half().granule};
}

WalkCacheKey TableWalk::key() const { return s1_lookup_due_ ? s1_key() : stage2_.walk_cache_key(config_); }

void TableWalk::resume(const WalkCacheResponse& response) {
  fill_.reset();
  if (!s1_lookup_due_) {
    s2_lookup_due_ = false;
    stage2_.resume(config_, response);
    return follow_stage2();
  }
  s1_lookup_due_ = false;
  if (!response.hit || response.level < start_level(half().granule, half().input_bits)) return;
  in_stage2_ = s2_lookup_due_ = false;
  resumed_ = true;
  level_ = static_cast<std::int8_t>(response.level);
  hierarchical_ = response.hierarchical;
  examine(response.descriptor);
  fill_.reset();  // it is there already
}

/// Only what a later walk may rely on: a leaf with AF = 0 must be read again.
void TableWalk::offer_fill(std::uint64_t word, bool leaf) {
  if (level_ < 0 || (leaf && !Descriptor{word}.access_flag())) return;
  const bool global = leaf && (config_.world == StreamWorld::el2 || !Descriptor{word}.not_global());
  fill_ = WalkCacheEntry{s1_key(), static_cast<std::uint8_t>(level_), leaf, global, hierarchical_, word};
}

}  // namespace svasim::arch
