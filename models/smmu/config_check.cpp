// See config_check.hpp.
#include "models/smmu/config_check.hpp"

#include <initializer_list>

namespace svasim::smmu {
namespace {

/// What describe() is given: complains of numbers out of range.
struct RangeCheck {
  std::string prefix;
  std::vector<std::string>& errors;

  template <class Value>
  void field(const std::string& key, const Value& value, const char*, double min, double max, const char*) {
    const auto number = static_cast<double>(value);
    if (number >= min && number <= max) return;
    errors.push_back(prefix + key + ": " + std::to_string(value) + " is out of range");
  }
  template <class Value>
  void choice(const std::string&, const Value&, std::initializer_list<const char*>, const char*) {}
};

}  // namespace

std::vector<std::string> check(const SmmuConfig& config) {
  std::vector<std::string> errors;
  SmmuConfig copy = config;  // describe() takes what it could change
  RangeCheck tbu{"tbu.", errors}, tcu{"tcu.", errors}, dti{"dti.", errors};
  copy.tbu.describe(tbu);
  copy.tcu.describe(tcu);
  copy.dti.describe(dti);
  const auto need_power_of_two = [&](const std::string& key, std::uint64_t n) {
    if (n == 0 || (n & (n - 1)) != 0)
      errors.push_back(key + ": " + std::to_string(n) + " is no power of two");
  };
  need_power_of_two("tbu.tlb_sets", config.tbu.tlb_sets);
  need_power_of_two("tbu.bus_bytes", config.tbu.bus_bytes);
  need_power_of_two("tcu.config_sets", config.tcu.config_sets);
  if (config.tcu.ipa_sets != 0) need_power_of_two("tcu.ipa_cache.sets", config.tcu.ipa_sets);
  need_power_of_two("tcu.bus_bytes", config.tcu.bus_bytes);
  for (unsigned level = 0; level < arch::kWalkLevels; ++level) {
    const arch::WalkCacheGeometry& pwc = config.tcu.pwc;
    const std::string name = "level" + std::to_string(level);
    need_power_of_two("tcu.pwc." + name + "_sets", pwc.sets[level]);
    need_power_of_two("tcu.pwc.s2_" + name + "_sets", pwc.s2_sets[level]);
    if (pwc.replacement != arch::WalkCacheReplacement::plru) continue;
    if (pwc.ways[level] != 0) need_power_of_two("tcu.pwc." + name + "_ways", pwc.ways[level]);
    if (pwc.s2_ways[level] != 0) need_power_of_two("tcu.pwc.s2_" + name + "_ways", pwc.s2_ways[level]);
  }
  for (const std::string& error : config.features.check()) errors.push_back("idr." + error);
  return errors;
}

}  // namespace svasim::smmu
