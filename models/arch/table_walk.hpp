// The translation of one access as a resumable value: stage 1 (VMSAv8-64), stage 2, both nested, or bypass.
// It says what to read or to update atomically, is given the outcome, and ends in a TranslationResult or a
// Fault to which A, R and S (or the ATS rules) have been applied. Copyable; a stalled transaction keeps its
// request, and retries with a new walk.
//
//   TableWalk walk(config, va, access);
//   while (walk.status() == Status::fetch) {
//     if (walk.uses_walk_cache()) { walk.resume(cache.lookup(walk.key())); continue; }
//     walk.supply(read(walk.fetch()));
//     if (auto e = walk.fill()) cache.fill(*e);
//   }
#pragma once

#include <cstdint>
#include <optional>

#include "models/arch/descriptor.hpp"
#include "models/arch/fault.hpp"
#include "models/arch/stage2_walk.hpp"
#include "models/arch/stream_config.hpp"
#include "models/arch/translation.hpp"
#include "models/arch/walk_cache.hpp"

namespace svasim::arch {

class TableWalk {
 public:
  enum class Status : std::uint8_t { fetch, update, done, fault };

  /// `access` is as it came in: STE overrides are applied here. A translation request does not fault on
  /// permissions: its result says what is granted, and `access.write` is "no write" (NW) being 0. `may_stall`
  /// false is a requester that cannot wait (PCIe).
  TableWalk(const StreamConfig&, Va, Access access, AddressType type = AddressType::untranslated,
            bool may_stall = true);

  Status status() const { return status_; }
  const Fetch& fetch() const { return fetch_; }
  /// Valid while status() is update: compare-and-swap, then supply_update with the value found there.
  const Update& update() const { return in_stage2_ ? stage2_.update() : update_; }
  void supply(const std::uint8_t* bytes);
  void supply_update(std::uint64_t observed);
  /// The fetch or update aborted.
  void supply_abort();
  /// When done.
  const TranslationResult& result() const { return result_; }
  /// When failed.
  const Fault& fault() const { return fault_; }

  /// A lookup is due: at the beginning of stage 1, and of each translation by stage 2. Optional: supply()
  /// goes on without it.
  bool uses_walk_cache() const { return status_ == Status::fetch && (s1_lookup_due_ || s2_lookup_due_); }
  WalkCacheKey key() const;
  /// Answers the lookup that was due: a hit acts as if its descriptor had just been read. A leaf that needs a
  /// hardware update is taken as a miss, because the response does not tell its address.
  void resume(const WalkCacheResponse&);
  /// After supply or supply_update: the descriptor just read, if it may be cached (valid, AF = 1, no fault).
  const std::optional<WalkCacheEntry>& fill() const { return fill_; }

  /// A stage-2 translation, of stage2_ipa(), has begun, and neither walk cache nor memory were asked for it:
  /// now a leaf from an IPA cache may be supplied.
  bool wants_stage2() const { return uses_walk_cache() && !s1_lookup_due_; }
  Ipa stage2_ipa() const { return stage2_.ipa(); }
  void supply_cached_stage2(const Stage2Entry&);
  /// After supply or supply_update: the stage-2 leaf just read, if it may be cached.
  const std::optional<Stage2Entry>& stage2_fill() const { return stage2_fill_; }

 private:
  /// What a stage-2 translation in progress is for.
  enum class Part : std::uint8_t { table, update, output };

  const Stage1Half& half() const { return config_.s1.half[half_]; }
  WalkCacheKey s1_key() const;
  TableFormat table_format() const { return {half().granule, half().ds, config_.oas_bits}; }
  bool probe() const { return type_ == AddressType::translation_request; }
  void begin_without_stage1();
  void begin_stage1();
  void go_to_table(std::uint64_t table, unsigned table_bits);
  void read_descriptor(Pa, MemoryAttributes);
  void examine(std::uint64_t word);
  void examine_leaf(std::uint64_t word);
  PrivilegedPermissions leaf_permissions(std::uint64_t word) const;
  bool grants(const PrivilegedPermissions&) const;
  void request_update(std::uint64_t expected, std::uint64_t desired);
  void finish_stage1(std::uint64_t word);
  void begin_stage2(Ipa, Access, FaultClass, Part);
  void follow_stage2();
  void finish_output();
  void fail(EventId);
  void terminate();
  void offer_fill(std::uint64_t word, bool leaf);

  StreamConfig config_;
  Va va_;
  Access access_;  ///< after STE overrides
  AddressType type_;
  bool may_stall_;
  Status status_ = Status::fetch;
  Part part_ = Part::table;
  bool in_stage2_ = false;
  bool resumed_ = false;  ///< the stage-1 descriptor at hand came from the walk cache
  bool s1_lookup_due_ = false;
  bool s2_lookup_due_ = false;
  std::uint8_t half_ = 0;
  std::int8_t level_ = 0;
  std::uint8_t hierarchical_ = 0;  ///< attributes collected above level_
  Ipa descriptor_ipa_;             ///< of the descriptor being read: a PA when stage 2 is off
  Fetch fetch_;
  Update update_;  ///< of a stage-1 descriptor
  Stage2Walk stage2_;
  std::optional<WalkCacheEntry> fill_;
  std::optional<Stage2Entry> stage2_fill_;
  TranslationResult result_;
  Fault fault_;
};

}  // namespace svasim::arch
