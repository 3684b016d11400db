// See rtl_waves.hpp.
#include "tlm-bridges/rtl_waves.hpp"

#include <verilated_fst_c.h>

#include <utility>

#include "tlm-bridges/fst_file.hpp"

namespace svasim::bridges {

RtlWaves::RtlWaves(std::function<std::uint64_t()> now, std::uint64_t period)
    : now_(std::move(now)), period_(period), file_(std::make_unique<VerilatedFstC>()) {}

RtlWaves::~RtlWaves() = default;

void RtlWaves::open(const std::string& path, std::uint64_t from) {
  file_->set_time_unit("1ps");
  file_->set_time_resolution("1ps");
  file_->open(path.c_str());
  if (!file_->isOpen()) throw WaveError(path + ": cannot be written");
  recording_ = true;
  file_->dump(last_ = from);
}

void RtlWaves::close(std::uint64_t to) {
  dump(to);
  file_->close();
  recording_ = false;
}

void RtlWaves::dump(std::uint64_t when) {
  if (when > last_) file_->dump(last_ = when);  // a window may begin in the middle of a cycle
}

}  // namespace svasim::bridges
