// The checker (run.check): every translation that is used equals what the reference translator says of the
// tables in memory now, or said when software began to take the page away. What was true then is forgiven
// until an invalidation that covers the page has completed (its CMD_SYNC), and at the longest until software
// uses the frame again; a use after that is a violation. An invalidation counts if the tables no longer said
// so when it began: what one takes away before that, anybody may translate anew.
//
// It watches TBUs and ATCs (uses), the TCU (invalidations, CMD_SYNC) and the host (unmaps), and reads memory
// without side effects.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "models/arch/reference.hpp"
#include "models/platform/system.hpp"

namespace svasim::platform {

class Checker {
 public:
  explicit Checker(System& system);

  std::function<void(const std::string&)> on_violation;

  std::uint64_t uses() const { return uses_; }

 private:
  /// Who keeps translations: a TBU obeys TLBI, an ATC obeys ATC_INV.
  enum class Holder : std::uint8_t { tbu, atc };
  struct Key {
    Holder holder;
    arch::StreamId stream;
    arch::SubstreamId substream;
    std::uint64_t page;
    bool operator==(const Key& o) const {
      return holder == o.holder && stream == o.stream && substream == o.substream && page == o.page;
    }
  };
  struct Hash {
    std::size_t operator()(const Key& k) const {
      return (k.page * 0x9E37'79B9'7F4A'7C15u) ^ std::uint64_t{raw(k.stream)} << 32 ^ k.substream.value << 1 ^
             static_cast<std::uint64_t>(k.holder);
    }
  };
  struct Mapping {
    std::uint64_t frame = 0;
    arch::PrivilegedPermissions permissions;
    std::uint16_t asid = 0;
    std::uint16_t vmid = 0;
    bool any = false;  ///< software has stored it, but it is not in memory yet; until software is done
    bool invalidated = false;  ///< since it is not in the tables any more; the CMD_SYNC is still to come
    bool serves(std::uint64_t used_frame, arch::Access access) const {
      return any || (frame == used_frame && permissions.allows(access));
    }
    bool same(const Mapping& o) const {
      return frame == o.frame && permissions.privileged == o.permissions.privileged &&
             permissions.unprivileged == o.permissions.unprivileged;
    }
    static Mapping on_its_way() { return {0, {}, 0, 0, true, false}; }
  };

  /// [va, va + bytes) of `pasid` is about to be lost: what is true now may be used until it is invalidated.
  void unmap_begins(std::uint32_t pasid, std::uint64_t va, std::uint64_t bytes);
  /// The frames will be used again, unless somebody else is still changing the page.
  void unmap_ends(std::uint32_t pasid, std::uint64_t va, std::uint64_t bytes);

  void use(const Key& key, arch::Va va, arch::Pa pa, arch::Access access);
  void invalidate(const arch::Command& command);
  void synced();
  /// What the tables say; the host's stream table entries override neither privilege nor instruction.
  std::optional<Mapping> now(const Key& key, arch::Access access = {}) const;
  bool configured(const Key& key) const;
  bool covers(const arch::Command& command, const Key& key, const Mapping& mapping) const;

  System& system_;
  arch::ReferenceTranslator reference_;
  std::map<std::pair<std::uint32_t, std::uint64_t>, unsigned>
      changing_;                                                  ///< (PASID, page): changes under way
  std::unordered_map<Key, std::vector<Mapping>, Hash> forgiven_;  ///< old mappings not yet invalidated
  std::uint64_t uses_ = 0;
};

}  // namespace svasim::platform
