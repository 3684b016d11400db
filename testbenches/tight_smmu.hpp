// An SMMU with few places in everything, so that all is replaced and everybody waits.
#pragma once

#include "models/smmu/smmu.hpp"

namespace svasim::test {

inline smmu::SmmuConfig tight_smmu() {
  smmu::SmmuConfig c;
  c.tbu.utlb_entries = 2;
  c.tbu.tlb_sets = 2;
  c.tbu.tlb_ways = 2;
  c.tbu.slots = 6;
  c.tbu.tokens = 4;
  c.tbu.input_queue = 3;
  c.tcu.slots = 5;
  c.tcu.walk_slots = 2;
  c.tcu.config_slots = 1;
  c.tcu.config_sets = c.tcu.config_ways = 2;
  c.features.stall_max = 3;
  c.tcu.pwc.sets = {1, 1, 1, 2};
  c.tcu.pwc.ways = {1, 1, 1, 2};
  return c;
}

}  // namespace svasim::test
