// See config_walk.hpp. Read downwards: the functions stand in the order a lookup goes through them.
#include "models/arch/config_walk.hpp"

#include <algorithm>

#include "models/arch/fault_policy.hpp"
#include "models/arch/memory_attributes.hpp"

namespace svasim::arch {
namespace {

constexpr unsigned kL1StdBytes = 8, kSteBytes = 64, kL1CdBytes = 8, kCdBytes = 64;
constexpr unsigned kLog2SteBytes = 6, kLog2CdBytes = 6;
constexpr unsigned kMaxSpan = 11;

bool fits(std::uint64_t address, unsigned bits) { return bits >= 64 || (address >> bits) == 0; }

/// log2 of the CDs in a leaf of a two-level CD table: 4 KB or 64 KB of them; 0 for a linear table.
unsigned cd_leaf_bits(const Ste& ste, const Features& features) {
  if (cd_table_bits(ste, features) == 0) return 0;
  return ste.s1_fmt == 1 ? 6 : ste.s1_fmt == 2 ? 10 : 0;
}

StreamWorld world_of(const Ste& ste, const Features& features, bool e2h) {
  if (!strw_used(ste, features) || ste.strw != 2) return StreamWorld::el1;
  return e2h ? StreamWorld::el2_e2h : StreamWorld::el2;
}

/// EL2 has one half, which EPD0 cannot disable, and no unprivileged accesses.
Stage1Half half_of(const Cd& cd, unsigned index, bool two_halves, const Features& features) {
  const CdHalf& from = cd.half[index];
  Stage1Half half;
  half.enabled = two_halves ? !from.epd : index == 0;
  half.tbi = from.tbi;
  half.had = from.had && features.had;
  half.e0pd = from.e0pd && features.e0pd && two_halves;
  half.ds = cd.wide(index, features);
  half.granule = cd.granule(index).value_or(Granule::k4);
  half.input_bits = static_cast<std::uint8_t>(64 - from.tsz);
  half.sh = from.sh;
  half.ttb = from.ttb;
  half.table_attributes = table_attributes(from.ir, from.orgn, from.sh);
  return half;
}

Stage1Config stage1_of(const Cd& cd, StreamWorld world, const Features& features) {
  const bool two_halves = world != StreamWorld::el2;
  Stage1Config s1;
  s1.half = {half_of(cd, 0, two_halves, features), half_of(cd, 1, two_halves, features)};
  s1.output_bits = static_cast<std::uint8_t>(std::min(size_bits(cd.ips), features.oas_bits()));
  s1.mair = cd.mair;
  s1.asid = cd.asid;
  s1.affd = cd.affd;
  s1.wxn = cd.wxn;
  s1.pan = cd.pan && two_halves;
  s1.epan = cd.epan && features.epan;
  s1.ha = cd.ha;
  s1.hd = cd.ha && cd.hd;  // HD alone is reserved: off
  s1.haft = cd.ha && cd.haft && features.httu == Httu::tables_too;
  s1.abort = cd.a;
  s1.record = cd.r;
  s1.stall = cd.s;
  return s1;
}

}  // namespace

ConfigWalk::ConfigWalk(const SmmuState& state, const Features& features, StreamId stream,
                       SubstreamId substream, AddressType type, const Ste* cached_ste, bool may_stall)
    : state_(state),
      features_(features),
      stream_(stream),
      substream_(substream),
      type_(type),
      may_stall_(may_stall) {
  config_.ias_bits = static_cast<std::uint8_t>(features.ias_bits());
  config_.oas_bits = static_cast<std::uint8_t>(features.oas_bits());
  config_.stall_allowed = features.stall_model != StallModel::never;
  config_.term_abort = features.term_model;
  config_.record_ats_errors = state.rec_cfg_ats && features.atsrecerr;
  begin(cached_ste);
}

void ConfigWalk::begin(const Ste* cached_ste) {
  const bool translated = type_ == AddressType::translated;
  if (!state_.smmu_enabled) return begin_disabled();
  if (translated && !state_.ats_check) {  // trusted: only the address size is checked, silently
    config_.global_bypass = true;
    return finish(ConfigKind::bypass);
  }
  if (cached_ste != nullptr) return found_ste(*cached_ste);
  locate_ste();
}

void ConfigWalk::begin_disabled() {
  if (type_ == AddressType::translation_request) return fail(EventId::f_bad_ats_treq);
  if (type_ == AddressType::translated) return fail(EventId::f_transl_forbidden);
  config_.global_bypass = true;
  set_overrides({gbpa::priv_cfg(state_.gbpa), gbpa::inst_cfg(state_.gbpa)},
                {gbpa::mtcfg(state_.gbpa), gbpa::mem_attr(state_.gbpa), gbpa::sh_cfg(state_.gbpa),
                 gbpa::alloc_cfg(state_.gbpa)});
  finish((state_.gbpa & gbpa::kAbort) != 0 ? ConfigKind::abort : ConfigKind::bypass);
}

/// What IDR1 does not advertise comes as it came in.
void ConfigWalk::set_overrides(const AccessOverride& access, const AttributeOverride& attributes) {
  if (features_.attr_perms_ovr) config_.access_override = access;
  if (features_.attr_types_ovr) config_.attribute_override = attributes;
  config_.incoming = config_.attribute_override.apply({});
}

void ConfigWalk::locate_ste() {
  const std::uint64_t stream = raw(stream_);
  const unsigned log2_size = std::min<unsigned>(strtab::log2_size(state_.strtab_base_cfg), features_.sidsize);
  if ((stream >> log2_size) != 0) return fail(EventId::c_bad_streamid);
  const std::uint64_t base = state_.strtab_base & strtab::kAddressMask & mask(config_.oas_bits);
  if (!features_.st_level || !strtab::two_level(state_.strtab_base_cfg)) {
    return read_ste(Pa(base).aligned(log2_size + kLog2SteBytes) + stream * kSteBytes, kSteBytes,
                    Purpose::ste);
  }
  const unsigned split = strtab::split(state_.strtab_base_cfg);
  const unsigned l1_bytes_log2 = std::max(log2_size, split) - split + 3;
  read_ste(Pa(base).aligned(l1_bytes_log2) + (stream >> split) * kL1StdBytes, kL1StdBytes, Purpose::l1std);
}

void ConfigWalk::found_l1std(std::uint64_t word) {
  const L1Std l1 = decode_l1std(word);
  const unsigned split = strtab::split(state_.strtab_base_cfg);
  const std::uint64_t index = raw(stream_) & mask(split);
  if (l1.span == 0 || l1.span > std::min(kMaxSpan, split + 1)) return fail(EventId::c_bad_streamid);
  const unsigned log2_stes = l1.span - 1u;
  if ((index >> log2_stes) != 0) return fail(EventId::c_bad_streamid);
  read_ste(Pa(l1.l2_ptr).aligned(log2_stes + kLog2SteBytes) + index * kSteBytes, kSteBytes, Purpose::ste);
}

void ConfigWalk::found_ste(const Ste& ste) {
  ste_ = ste;
  if (!legal(ste, features_)) return fail(EventId::c_bad_ste);
  apply_ste();
  if (type_ != AddressType::untranslated && answer_ats()) return;
  if (ste.aborts()) return finish(ConfigKind::abort);
  choose_cd();
}

void ConfigWalk::apply_ste() {
  const Ste& ste = *ste_;
  config_.world = world_of(ste, features_, state_.e2h);
  config_.vmid = config_.world == StreamWorld::el1 ? ste.s2_vmid & features_.vmid_mask() : 0;
  const bool implemented = ste.eats == Eats::full || (ste.eats == Eats::split && state_.ats_check);
  config_.eats = features_.ats && implemented ? ste.eats : Eats::off;
  config_.ppar = ste.ppar;
  config_.mev = ste.mev;
  set_overrides({ste.priv_cfg, ste.inst_cfg}, {ste.mtcfg, ste.mem_attr, ste.sh_cfg, ste.alloc_cfg});
  if (ste.stage2()) apply_stage2();
}

void ConfigWalk::apply_stage2() {
  const Ste& ste = *ste_;
  Stage2Config& s2 = config_.s2;
  s2.granule = *granule_of_tg0(ste.s2_tg);  // the STE is legal
  s2.input_bits = static_cast<std::uint8_t>(64 - ste.s2_t0sz);
  s2.output_bits = static_cast<std::uint8_t>(std::min(size_bits(ste.s2_ps), features_.oas_bits()));
  s2.ds = stage2_ds(ste, features_);
  s2.start_level =
      static_cast<std::int8_t>(*stage2_start_level(s2.granule, stage2_sl(ste, features_), features_, s2.ds));
  s2.sh = ste.s2_sh0;
  s2.ttb = ste.s2_ttb;
  s2.affd = ste.s2_affd;
  s2.ptw = ste.s2_ptw && ste.config == SteConfig::both;
  s2.device_walks_uncached = features_.ptwnnc;
  s2.ha = ste.s2_ha;
  s2.hd = ste.s2_ha && ste.s2_hd;  // S2HD alone is reserved: off
  s2.haft = ste.s2_ha && ste.s2_haft && features_.httu == Httu::tables_too;
  s2.fwb = ste.s2_fwb && features_.fwb;
  s2.xnx = features_.xnx;
  s2.record = ste.s2_r;
  s2.stall = ste.s2_s;
  s2.table_attributes = table_attributes(ste.s2_ir0, ste.s2_or0, ste.s2_sh0);
}

/// What EATS says of translation requests and Translated transactions. True: that settled it.
bool ConfigWalk::answer_ats() {
  const bool request = type_ == AddressType::translation_request;
  if (ste_->aborts()) {
    fail(EventId::none);
    return true;
  }
  if (ste_->config == SteConfig::bypass || config_.eats == Eats::off) {
    fail(request ? EventId::f_bad_ats_treq : EventId::f_transl_forbidden);
    return true;
  }
  if (!request) pass_translated();
  return !request;
}

/// A Translated transaction: past everything, or with split-stage ATS through stage 2. It comes as
/// unprivileged data without SubstreamID, unless IDR3.PASIDTT says that it has brought its PASID; its memory
/// type is fixed.
void ConfigWalk::pass_translated() {
  const bool pasid = features_.pasidtt && substream_.valid;
  AccessOverride& access = config_.access_override;
  if (!pasid && access.privileged < 2) access.privileged = 2;
  if (!pasid && access.instruction < 2) access.instruction = 2;
  config_.attribute_override = {};
  config_.incoming = config_.attribute_override.apply({});
  if (features_.pasidtt) {
    const EventId error = substream_error();
    if (error != EventId::none) return fail(error);
  }
  config_.global_bypass = config_.eats == Eats::full;
  finish(config_.eats == Eats::full ? ConfigKind::bypass : ConfigKind::stage2);
}

/// The SubstreamID rules: none, or the event.
EventId ConfigWalk::substream_error() const {
  const Ste& ste = *ste_;
  const unsigned table_bits = cd_table_bits(ste, features_);
  const bool substreams = ste.stage1() && table_bits > 0;
  if (!substream_.valid) {
    const bool disabled = ste.s1_dss != DefaultSubstream::bypass && ste.s1_dss != DefaultSubstream::use_cd0;
    return substreams && disabled ? EventId::f_stream_disabled : EventId::none;
  }
  if (!substreams || (substream_.value >> table_bits) != 0) return EventId::c_bad_substreamid;
  const bool is_default = ste.s1_dss == DefaultSubstream::use_cd0 && substream_.value == 0;
  return is_default ? EventId::f_stream_disabled : EventId::none;
}

/// Which CD, if any.
void ConfigWalk::choose_cd() {
  const Ste& ste = *ste_;
  const EventId error = substream_error();
  if (error != EventId::none) return fail(error);
  const bool substreams = ste.stage1() && cd_table_bits(ste, features_) > 0;
  const bool bypass = substreams && !substream_.valid && ste.s1_dss == DefaultSubstream::bypass;
  if (!ste.stage1() || bypass) return skip_stage1();
  cd_index_ = substream_.valid ? substream_.value : 0;
  cd_wanted_ = true;
  locate_cd();
}

void ConfigWalk::skip_stage1() { finish(ste_->stage2() ? ConfigKind::stage2 : ConfigKind::bypass); }

void ConfigWalk::locate_cd() {
  const Ste& ste = *ste_;
  const unsigned table_bits = cd_table_bits(ste, features_);
  const unsigned leaf_bits = cd_leaf_bits(ste, features_);
  if (leaf_bits == 0) {
    const std::uint64_t table = ste.s1_context_ptr & ~mask(table_bits + kLog2CdBytes);
    return read_cd(table + std::uint64_t{cd_index_} * kCdBytes, kCdBytes, Purpose::cd);
  }
  const std::uint64_t table = ste.s1_context_ptr & ~mask(std::max(table_bits, leaf_bits) - leaf_bits + 3);
  read_cd(table + std::uint64_t{cd_index_ >> leaf_bits} * kL1CdBytes, kL1CdBytes, Purpose::l1cd);
}

void ConfigWalk::found_l1cd(std::uint64_t word) {
  const L1Cd l1 = decode_l1cd(word);
  const unsigned reach = ste_->stage2() ? config_.ias_bits : config_.oas_bits;
  if (!l1.valid || !fits(l1.l2_ptr, reach)) return fail(EventId::c_bad_substreamid);
  const unsigned leaf_bits = cd_leaf_bits(*ste_, features_);
  const std::uint64_t leaf = l1.l2_ptr & ~mask(leaf_bits + kLog2CdBytes);
  read_cd(leaf + (cd_index_ & mask(leaf_bits)) * kCdBytes, kCdBytes, Purpose::cd);
}

void ConfigWalk::found_cd(const Cd& cd) {
  cd_ = cd;
  const CdContext context{ste_->s1_stalld, config_.world != StreamWorld::el2};
  if (!legal(cd, features_, context)) return fail(EventId::c_bad_cd);
  config_.s1 = stage1_of(cd, config_.world, features_);
  finish(ste_->stage2() ? ConfigKind::both : ConfigKind::stage1);
}

void ConfigWalk::supply_cached_cd(const Cd& cd) { found_cd(cd); }

void ConfigWalk::read_now(Pa address, unsigned bytes, Purpose purpose, MemoryAttributes attributes) {
  fetch_ = {address, bytes, purpose, 0, attributes};
  status_ = Status::fetch;
}

/// Stream tables lie at PAs: one too large aborts.
void ConfigWalk::read_ste(Pa address, unsigned bytes, Purpose purpose) {
  const std::uint32_t cr1 = state_.cr1;
  const MemoryAttributes attributes =
      table_attributes(cr1::table_inner(cr1) % 3, cr1::table_outer(cr1) % 3, cr1::table_sh(cr1));
  read_now(address, bytes, purpose, attributes);
  if (!fits(address.value, config_.oas_bits)) supply_abort();
}

/// CD structures lie at IPAs when both stages are on.
void ConfigWalk::read_cd(std::uint64_t address, unsigned bytes, Purpose purpose) {
  const MemoryAttributes attributes = cd_attributes(ste_->s1_cir, ste_->s1_cor, ste_->s1_csh);
  if (!ste_->stage2()) return read_now(Pa(address), bytes, purpose, attributes);
  structure_ = {Pa(), bytes, purpose, 0, attributes};
  in_stage2_ = true;
  stage2_ = Stage2Walk(config_, Ipa(address), Access{}, FaultClass::cd);
  follow_stage2();
}

void ConfigWalk::follow_stage2() {
  switch (stage2_.status()) {
    case Stage2Walk::Status::fetch:
      fetch_ = stage2_.fetch();
      status_ = Status::fetch;
      break;
    case Stage2Walk::Status::update:
      update_ = stage2_.update();
      status_ = Status::update;
      break;
    case Stage2Walk::Status::done:
      in_stage2_ = false;
      stage2_fill_ = stage2_.fill(config_);
      read_now(stage2_.pa(), structure_.bytes, structure_.purpose,
               stage2_.attributes(config_, structure_.attributes));
      break;
    case Stage2Walk::Status::fault:
      fault_ = stage2_.fault();
      apply_policy(fault_, config_, type_, may_stall_);
      status_ = Status::fault;
      break;
  }
}

void ConfigWalk::supply(const std::uint8_t* bytes) {
  cd_wanted_ = false;
  stage2_fill_.reset();
  if (in_stage2_) {
    stage2_.supply(config_, bytes);
    return follow_stage2();
  }
  switch (fetch_.purpose) {
    case Purpose::l1std: return found_l1std(load_le64(bytes));
    case Purpose::ste: return found_ste(decode_ste(load_words<8>(bytes)));
    case Purpose::l1cd: return found_l1cd(load_le64(bytes));
    default: return found_cd(decode_cd(load_words<8>(bytes)));
  }
}

void ConfigWalk::supply_cached_stage2(const Stage2Entry& entry) {
  cd_wanted_ = false;
  stage2_fill_.reset();
  stage2_.resume(config_, entry);
  follow_stage2();
}

void ConfigWalk::supply_update(std::uint64_t observed) {
  stage2_fill_.reset();
  stage2_.supply_update(config_, observed);
  follow_stage2();
}

void ConfigWalk::supply_abort() {
  if (in_stage2_) {
    stage2_.supply_abort();
    return follow_stage2();
  }
  fault_.fetch_address = fetch_.address;
  const bool stream_table = fetch_.purpose == Purpose::l1std || fetch_.purpose == Purpose::ste;
  fail(stream_table ? EventId::f_ste_fetch : EventId::f_cd_fetch);
}

void ConfigWalk::finish(ConfigKind kind) {
  config_.kind = kind;
  status_ = Status::done;
}

/// Configuration errors abort. Of ATS traffic they are recorded only with REC_CFG_ATS; a StreamID out of
/// range only with RECINVSID (for Translated transactions REC_CFG_ATS alone decides).
void ConfigWalk::fail(EventId id) {
  const bool request = type_ == AddressType::translation_request;
  const bool ats_event = id == EventId::f_bad_ats_treq || id == EventId::f_transl_forbidden;
  fault_.id = id;
  fault_.access_override = config_.access_override;
  fault_.mev = config_.mev;
  fault_.termination = !request                           ? Termination::abort
                       : ats_event || id == EventId::none ? Termination::ats_unsupported_request
                                                          : Termination::ats_completer_abort;
  fault_.recorded = id != EventId::none;
  if (type_ != AddressType::untranslated && !ats_event) fault_.recorded &= config_.record_ats_errors;
  if (id == EventId::c_bad_streamid && type_ != AddressType::translated) fault_.recorded &= state_.recinvsid;
  status_ = Status::fault;
}

}  // namespace svasim::arch
