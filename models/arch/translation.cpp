// See translation.hpp.
#include "models/arch/translation.hpp"

namespace svasim::arch {

const char* name(Purpose purpose) {
  switch (purpose) {
    case Purpose::l1std: return "L1STD";
    case Purpose::ste: return "STE";
    case Purpose::l1cd: return "L1CD";
    case Purpose::cd: return "CD";
    case Purpose::stage1_descriptor: return "stage-1 descriptor";
    case Purpose::stage2_descriptor: return "stage-2 descriptor";
  }
  return "?";
}

}  // namespace svasim::arch
