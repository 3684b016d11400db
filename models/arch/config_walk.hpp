// The configuration lookup as a resumable value: StreamID to STE to CD to StreamConfig. It says what to read,
// is given it, and ends in a StreamConfig or a Fault. Events come in the order SMMUv3 demands (event
// priority); with both stages on, CD addresses are IPAs and their stage-2 walks happen here.
//
//   ConfigWalk walk(state, features, stream, substream);
//   while (walk.status() == ConfigWalk::Status::fetch) walk.supply(read(walk.fetch()));
//
// A configuration cache may answer instead of memory: give the constructor a cached STE; and when wants_cd()
// is true, give supply_cached_cd a cached CD. What was read is offered by ste() and cd() for caching (invalid
// ones too: they may be cached).
#pragma once

#include <cstdint>
#include <optional>

#include "models/arch/cd.hpp"
#include "models/arch/registers.hpp"
#include "models/arch/stage2_walk.hpp"
#include "models/arch/ste.hpp"
#include "models/arch/stream_config.hpp"

namespace svasim::arch {

class ConfigWalk {
 public:
  enum class Status : std::uint8_t { fetch, update, done, fault };

  ConfigWalk(const SmmuState&, const Features&, StreamId, SubstreamId,
             AddressType type = AddressType::untranslated, const Ste* cached_ste = nullptr,
             bool may_stall = true);

  Status status() const { return status_; }
  /// What to read next; valid while status() is fetch. Answer with supply (fetch().bytes bytes) or
  /// supply_abort.
  const Fetch& fetch() const { return fetch_; }
  /// A stage-2 descriptor to update on the way to a CD (hardware access flag); answer with the value found,
  /// or supply_abort.
  const Update& update() const { return update_; }
  void supply(const std::uint8_t* bytes);
  void supply_update(std::uint64_t observed);
  void supply_abort();

  /// The STE, once fetched or cached.
  const std::optional<Ste>& ste() const { return ste_; }
  /// The CD, once fetched or cached.
  const std::optional<Cd>& cd() const { return cd_; }
  /// The STE is known and asks for a CD nothing of which has been read yet: now a cached one may be supplied.
  bool wants_cd() const { return cd_wanted_ && status_ == Status::fetch; }
  /// Its index in the stream's CD table: what CFGI_CD names.
  std::uint32_t cd_index() const { return cd_index_; }
  void supply_cached_cd(const Cd&);

  /// As TableWalk: the stage-2 translation of a CD's address may be taken from an IPA cache, and offered to
  /// it.
  bool wants_stage2() const { return in_stage2_ && status_ == Status::fetch && stage2_.untouched(); }
  Ipa stage2_ipa() const { return stage2_.ipa(); }
  void supply_cached_stage2(const Stage2Entry&);
  const std::optional<Stage2Entry>& stage2_fill() const { return stage2_fill_; }

  /// When done.
  const StreamConfig& config() const { return config_; }
  /// When failed. The termination and whether it is recorded depend on the address type.
  const Fault& fault() const { return fault_; }

 private:
  void begin(const Ste* cached_ste);
  void begin_disabled();
  void locate_ste();
  void found_l1std(std::uint64_t word);
  void found_ste(const Ste&);
  void apply_ste();
  void apply_stage2();
  void set_overrides(const AccessOverride&, const AttributeOverride&);
  bool answer_ats();
  void pass_translated();
  EventId substream_error() const;
  void choose_cd();
  void locate_cd();
  void found_l1cd(std::uint64_t word);
  void found_cd(const Cd&);
  void read_now(Pa, unsigned bytes, Purpose, MemoryAttributes);
  void read_ste(Pa, unsigned bytes, Purpose);
  void read_cd(std::uint64_t address, unsigned bytes, Purpose);
  void follow_stage2();
  void skip_stage1();
  void finish(ConfigKind);
  void fail(EventId);

  SmmuState state_;
  Features features_;
  StreamId stream_;
  SubstreamId substream_;
  AddressType type_;
  Status status_ = Status::fetch;
  bool may_stall_;
  bool in_stage2_ = false;
  bool cd_wanted_ = false;
  std::uint32_t cd_index_ = 0;
  Fetch fetch_;
  Update update_;
  Fetch structure_;  ///< the CD structure whose IPA stage 2 is translating: its size and purpose
  Stage2Walk stage2_;
  std::optional<Stage2Entry> stage2_fill_;
  std::optional<Ste> ste_;
  std::optional<Cd> cd_;
  StreamConfig config_;
  Fault fault_;
};

}  // namespace svasim::arch
