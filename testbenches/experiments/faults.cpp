// See faults.hpp.
#include "testbenches/experiments/faults.hpp"

#include <stdexcept>

namespace svasim::experiments {

Run::Run(const std::string& trace, const Settings& settings) : machine_("create\n" + trace, settings) {
  const platform::RunResult result = machine_.run();
  if (result.ending != platform::Ending::complete) throw std::runtime_error(result.message);
  if (test::value_of(result, "trace", "refused_calls") > 0)
    throw std::runtime_error("the host refused a call");
}

double Run::mean(Stages stages) const {
  double sum = 0;
  for (const auto& [id, fault] : faults()) sum += static_cast<double>(spent(fault.timeline, stages));
  return sum / static_cast<double>(faults().size());
}

std::uint64_t spent(const probe::Timeline& timeline, Stages stages) {
  const auto sums = timeline.sums();
  std::uint64_t sum = 0;
  for (const probe::Stage stage : stages) sum += sums[static_cast<std::size_t>(stage)];
  return sum;
}

std::string access(char operation, std::uint64_t va, std::uint64_t time_ps) {
  std::ostringstream text;
  text << operation << " 0x" << std::hex << va << std::dec << " 64";
  if (time_ps != 0) text << " t=" << time_ps << "ps";
  text << '\n';
  return text.str();
}

std::string control(const std::string& what, std::uint64_t va, std::uint64_t bytes,
                    const std::string& options) {
  std::ostringstream text;
  text << what << " 0x" << std::hex << va << std::dec << ' ' << bytes << ' ' << options << '\n';
  return text.str();
}

}  // namespace svasim::experiments
