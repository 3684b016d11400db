// One stage-2 translation as a resumable value: of an access's IPA, of a stage-1 table's, or of a CD's.
// ConfigWalk and TableWalk contain one; nobody else needs it.
#pragma once

#include <cstdint>

#include "models/arch/fault.hpp"
#include "models/arch/stream_config.hpp"
#include "models/arch/translation.hpp"

namespace svasim::arch {

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

  // When done.
  Pa pa() const { return pa_; }
  std::uint8_t log2_size() const { return log2_size_; }
  const PrivilegedPermissions& permissions() const { return permissions_; }
  std::uint64_t descriptor() const { return descriptor_; }

  /// When failed: id, class, stage and addresses; the caller decides the termination.
  const Fault& fault() const { return fault_; }

 private:
  void go_to_table(const StreamConfig&, std::uint64_t table, unsigned table_bits);
  void examine(const StreamConfig&, std::uint64_t word);
  void examine_leaf(const StreamConfig&, std::uint64_t word);
  void fail(EventId);

  Status status_ = Status::done;
  FaultClass class_ = FaultClass::in;
  std::uint8_t level_ = 0;
  std::uint8_t log2_size_ = 0;
  bool probe_ = false;
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
