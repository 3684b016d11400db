// See page_cache.hpp.
#include "models/host/page_cache.hpp"

namespace svasim::host {

bool PageCache::has(std::uint32_t number, std::uint64_t page) const {
  const auto file = files_.find(number);
  if (file == files_.end()) return false;
  const auto found = file->second.pages.find(page);
  if (found != file->second.pages.end()) return found->second.ready;
  return file->second.cached && file->second.dropped.count(page) == 0;
}

std::optional<std::uint64_t> PageCache::frame(std::uint32_t number, std::uint64_t page) {
  File& file = files_[number];
  auto found = file.pages.find(page);
  if (found == file.pages.end()) {  // has been there since before the run
    const auto frame = frames_.page();
    if (!frame) return std::nullopt;
    found = file.pages.emplace(page, Page{*frame, true}).first;
  }
  frames_.share(found->second.frame);
  return found->second.frame;
}

bool PageCache::read(Thread& thread, std::uint32_t number, std::uint64_t page) {
  File& file = files_[number];
  if (file.pages.count(page) != 0) {
    while (!has(number, page)) waiting_.wait(thread);
    return true;
  }
  // Around the page, what is not in memory and nobody reads.
  const std::uint64_t before = std::min<std::uint64_t>(read_around_ / 2, page);
  std::vector<std::uint64_t> wanted;
  for (std::uint64_t at = page - before; at < page - before + std::max(read_around_, 1u); ++at) {
    if (file.pages.count(at) != 0 || has(number, at)) continue;
    const auto frame = frames_.page();
    if (!frame) break;
    file.pages.emplace(at, Page{*frame, false});
    wanted.push_back(at);
  }
  if (file.pages.count(page) == 0) return false;
  pages_read_ += wanted.size();
  storage_.read(thread, wanted.size() * arch::kPageSize);
  for (const std::uint64_t at : wanted) {
    file.pages.at(at).ready = true;
    file.dropped.erase(at);
  }
  waiting_.notify(wake_);
  return true;
}

void PageCache::drop(std::uint32_t number, std::uint64_t page) {
  File& file = files_[number];
  const auto found = file.pages.find(page);
  if (found != file.pages.end()) {
    if (!found->second.ready || frames_.shared(found->second.frame)) return;
    frames_.release_page(found->second.frame);
    file.pages.erase(found);
  }
  file.dropped[page] = true;
}

}  // namespace svasim::host
