// Files and the pages of them that are in memory. Contract: a page is read once however many wait for it; a
// cold page is read with its neighbours. Source rule: Linux page cache, mmap read-around.
#pragma once

#include <unordered_map>

#include "models/host/frames.hpp"
#include "models/host/lock.hpp"
#include "models/host/storage.hpp"

namespace svasim::host {

class PageCache {
 public:
  PageCache(Frames& frames, Storage& storage, unsigned read_around, LatencySource& wake)
      : frames_(frames), storage_(storage), read_around_(read_around), wake_(wake) {}

  /// A file that is mapped for the first time: are its contents in memory?
  void open(std::uint32_t file, bool cached) { files_.try_emplace(file).first->second.cached |= cached; }
  /// Is the page in memory, without waiting?
  bool has(std::uint32_t file, std::uint64_t page) const;
  /// The frame of a page that is in memory; it counts as used once more. None: no memory.
  std::optional<std::uint64_t> frame(std::uint32_t file, std::uint64_t page);
  /// Reads the page and its neighbours, or waits for who does. False: no memory.
  bool read(Thread& thread, std::uint32_t file, std::uint64_t page);
  /// Forgets a page that nobody maps; the next use reads it.
  void drop(std::uint32_t file, std::uint64_t page);

  std::uint64_t pages_read() const { return pages_read_; }

 private:
  struct Page {
    std::uint64_t frame = 0;
    bool ready = true;
  };
  struct File {
    bool cached = false;  ///< pages not listed are in memory too, unless dropped
    std::unordered_map<std::uint64_t, Page> pages;
    std::unordered_map<std::uint64_t, bool> dropped;
  };

  Frames& frames_;
  Storage& storage_;
  unsigned read_around_;  ///< pages
  LatencySource& wake_;
  WaitList waiting_;
  std::unordered_map<std::uint32_t, File> files_;
  std::uint64_t pages_read_ = 0;
};

}  // namespace svasim::host
