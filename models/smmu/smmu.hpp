// One SMMUv3: its TBUs, its TCU and its registers, wired together. Sockets to bind: registers, tcu memory,
// and per TBU a device and a memory socket; per root port, or TBU elsewhere, two DTI links.
#pragma once

#include <memory>
#include <vector>

#include "models/smmu/register_file.hpp"
#include "models/smmu/tbu.hpp"
#include "models/smmu/tcu.hpp"

namespace svasim::smmu {

struct SmmuConfig {
  TbuConfig tbu;
  TcuConfig tcu;
  DtiConfig dti;
  arch::Features features;
};

class Smmu : public sc_core::sc_module {
 public:
  /// A TBU per entry of `flows`, which says whether its devices can be stalled. `recorder` may be null.
  Smmu(sc_core::sc_module_name name, engine::Calendar& calendar, engine::Clock clock,
       const SmmuConfig& config, const std::vector<arch::dti::Flow>& flows,
       std::unique_ptr<arch::WalkCache> walk_cache, probe::Recorder* recorder);

  /// The two DTI links of a requester that is not part of this object: it sends on the first and receives on
  /// the second.
  struct DtiLinks {
    std::unique_ptr<DtiUp> up;
    std::unique_ptr<DtiDown> down;
  };
  /// Of a root port for the PCIe functions `streams`, which no other root port has.
  DtiLinks& add_root_port(StreamRange streams, engine::Clock root_port_clock);
  /// The same with a timing of its own: behind pins the stream takes the time.
  DtiLinks& add_root_port(StreamRange streams, engine::Clock root_port_clock, engine::LinkTiming timing);
  /// Of a TBU beside those that `flows` made.
  DtiLinks& add_tbu(engine::Clock tbu_clock, engine::LinkTiming timing);

  /// Nothing is in flight in any part of it.
  bool quiet() const;
  /// Back to the state after power-on, in no time, for a test bench that uses an instance again; false, and
  /// nothing changes, unless quiet. Counters go on; which entries a cache replaces first may differ from a
  /// new instance.
  bool reset();

  Tbu& tbu(std::size_t index) { return *tbus_[index]; }
  const Tbu& tbu(std::size_t index) const { return *tbus_[index]; }
  std::size_t tbus() const { return tbus_.size(); }
  Tcu& tcu() { return *tcu_; }
  RegisterFile& registers() { return *registers_; }
  const Context& context() const { return context_; }

 private:
  engine::LinkTiming timing() const;
  DtiLinks& add_links(engine::Clock requester, engine::LinkTiming timing);

  engine::Calendar& calendar_;
  engine::Clock clock_;
  SmmuConfig config_;
  Context context_;
  std::unique_ptr<Tcu> tcu_;
  std::unique_ptr<RegisterFile> registers_;
  std::vector<std::unique_ptr<DtiUp>> up_;
  std::vector<std::unique_ptr<DtiDown>> down_;
  std::vector<std::unique_ptr<Tbu>> tbus_;
  std::vector<std::unique_ptr<DtiLinks>> links_;  ///< of requesters elsewhere
};

}  // namespace svasim::smmu
