// The page-walk cache's RTL once more, Verilated with waves; used only when waves are wanted, so that nobody
// else pays for them. See pwc_bridge.hpp.
#include <Vpwc_waved.h>
#include <verilated_fst_c.h>

#include "tlm-bridges/pwc_bridge.hpp"
#include "tlm-bridges/pwc_pins.hpp"
#include "tlm-bridges/rtl_waves.hpp"

namespace svasim::bridges {
namespace {

class WavedPwc final : public PwcPins<Vpwc_waved> {
 public:
  explicit WavedPwc(RtlWaves& waves) : waves_(waves) {
    rtl().context().traceEverOn(true);
    rtl().pins().trace(&waves.file(), 99);
  }

 protected:
  void edge() override {
    if (!waves_.recording()) return PwcPins::edge();
    rtl().half_edge(false);
    waves_.low();
    rtl().half_edge(true);
    waves_.high();
  }

 private:
  RtlWaves& waves_;
};

}  // namespace

std::unique_ptr<arch::WalkCache> make_waved_rtl_walk_cache(RtlWaves& waves) {
  return std::make_unique<WavedPwc>(waves);
}

}  // namespace svasim::bridges
