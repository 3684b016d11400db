// One stage-2 translation as a resumable value: of an access's IPA, of a stage-1 table's, or of a CD's.
// ConfigWalk and TableWalk contain one; nobody else needs it.
#pragma once

#include <cstdint>
#include <optional>

#include "models/arch/fault.hpp"
#include "models/arch/stream_config.hpp"
#include "models/arch/translation.hpp"
#include "models/arch/walk_cache.hpp"

namespace svasim::arch {

/// A stage-2 leaf as read from memory, fit to be kept and used again (an IPA cache).
struct Stage2Entry {
  std::uint16_t vmid = 0;
  Ipa ipa;  ///< aligned to log2_size
  std::uint8_t log2_size = kPageShift;
  Granule granule = Granule::k4;
  std::int8_t level = 0;
  std::uint64_t descriptor = 0;
};

class Stage2Walk {
 public:
  enum class Status : std::uint8_t { fetch, update, done, fault };

  Stage2Walk() = default;
  /// `access` is the access to the IPA itself: a data read for CDs and stage-1 tables, a write for their
  /// updates. With `probe` (ATS translation requests) a permission the leaf lacks is no fault: the result
  /// says what there is.
  Stage2Walk(const StreamConfig&, Ipa, Access, FaultClass, bool probe = false);

  Status status() const { return status_; }
  const Fetch& fetch() const { return fetch_; }
  const Update& update() const { return update_; }
  void supply(const StreamConfig&, const std::uint8_t* bytes);
  void supply_update(const StreamConfig&, std::uint64_t observed);
  void supply_abort();

  /// As those of TableWalk: resume() before the first fetch; what was just read, if the walk cache may keep
  /// it.
  WalkCacheKey walk_cache_key(const StreamConfig&) const;
  void resume(const StreamConfig&, const WalkCacheResponse&);
  std::optional<WalkCacheEntry> walk_cache_fill(const StreamConfig&) const;

  Ipa ipa() const { return ipa_; }
  /// Nothing has been read yet: a leaf kept from earlier may be used instead.
  bool untouched() const { return untouched_; }
  /// Such a leaf; it must hold ipa(). One that needs a hardware update is read again, as its address is
  /// unknown.
  void resume(const StreamConfig&, const Stage2Entry&);
  /// When done: the leaf, if it came from memory.
  std::optional<Stage2Entry> fill(const StreamConfig&) const;

  // When done.
  Pa pa() const { return pa_; }
  std::uint8_t log2_size() const { return log2_size_; }
  /// With the contiguous hint: the size of the leaf's group.
  std::uint8_t log2_contiguous() const { return log2_contiguous_; }
  std::int8_t level() const { return level_; }
  /// What an access has that came from stage 1 (or in) with `stage1`.
  MemoryAttributes attributes(const StreamConfig&, MemoryAttributes stage1) const;
  const PrivilegedPermissions& permissions() const { return permissions_; }
  std::uint64_t descriptor() const { return descriptor_; }

  /// When failed: id, class, stage and addresses; the caller decides the termination.
  const Fault& fault() const { return fault_; }

 private:
  /// Of the descriptor just read, what the walk cache may keep.
  struct Kept {
    std::uint8_t level = 0;
    bool leaf = false;
    std::uint64_t word = 0;
  };

  void begin(const StreamConfig&);
  void go_to_table(const StreamConfig&, std::uint64_t table, unsigned table_bits);
  void examine(const StreamConfig&, std::uint64_t word);
  void examine_leaf(const StreamConfig&, std::uint64_t word);
  void keep(bool leaf, std::uint64_t word);
  void request_update(const StreamConfig&, std::uint64_t expected, std::uint64_t desired);
  void fail(EventId);

  Status status_ = Status::done;
  FaultClass class_ = FaultClass::in;
  std::int8_t level_ = 0;
  std::uint8_t log2_size_ = 0;
  std::uint8_t log2_contiguous_ = 0;
  bool probe_ = false;
  bool untouched_ = true;
  bool resumed_ = false;  ///< the descriptor at hand was kept, here or in the walk cache
  std::optional<Kept> kept_;
  Ipa ipa_;
  Access access_;
  Fetch fetch_;
  Update update_;
  Pa pa_;
  PrivilegedPermissions permissions_;
  std::uint64_t descriptor_ = 0;
  Fault fault_;
};

}  // namespace svasim::arch
