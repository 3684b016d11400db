// See faults.hpp.
#include "testbenches/experiments/faults.hpp"

#include <stdexcept>

namespace svasim::experiments {

Run::Run(const std::string& trace, const Settings& settings, const std::vector<host::Mapping>& mappings,
         const std::function<void(host::Host&)>& prepare)
    : machine_(trace, settings) {
  const auto expect_ok = [](host::Status status) {
    if (status != host::Status::ok) throw std::runtime_error(std::string("host: ") + host::name(status));
  };
  host::Host& host = machine_.system().host();
  host.create(1, expect_ok);
  for (const host::Mapping& mapping : mappings) host.mmap(1, mapping, expect_ok);
  if (prepare) prepare(host);
  result_ = machine_.run();
  if (result_.ending != platform::Ending::complete) throw std::runtime_error(result_.message);
}

double Run::mean(Stages stages) const {
  double sum = 0;
  for (const auto& [id, fault] : faults()) sum += static_cast<double>(spent(fault.timeline, stages));
  return sum / static_cast<double>(faults().size());
}

std::uint64_t Run::counter(const std::string& block, const std::string& name) const {
  for (const auto& counter : result_.counters) {
    if (counter.block == block && counter.name == name) return counter.value;
  }
  throw std::runtime_error("no counter " + block + '.' + name);
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

}  // namespace svasim::experiments
