// One SMMUv3: its TBUs, its TCU and its registers, wired together. Sockets to bind: registers, tcu memory,
// and per TBU a device and a memory socket; per root port, or TBU elsewhere, two DTI links.
#pragma once

#include <functional>
#include <memory>
#include <utility>
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
  /// The two DTI links of a requester: it sends on the first and receives on the second.
  struct DtiLinks {
    std::unique_ptr<DtiUp> up;
    std::unique_ptr<DtiDown> down;
  };
  /// Joins the links of a TBU or root port, `near`, to those of the TCU, `far`, as pins do; nothing else
  /// does, and neither takes time of its own. The links outlive the simulation.
  using DtiSplice = std::function<void(DtiLinks& near, DtiLinks& far, bool root_port)>;

  /// A TBU per entry of `flows`, which says whether its devices can be stalled. `recorder` may be null, and
  /// `splice` empty: then every connection is one pair of links.
  Smmu(sc_core::sc_module_name name, engine::Calendar& calendar, engine::Clock clock,
       const SmmuConfig& config, const std::vector<arch::dti::Flow>& flows,
       std::unique_ptr<arch::WalkCache> walk_cache, probe::Recorder* recorder, DtiSplice splice = {});

  /// The links for a root port elsewhere, of the PCIe functions `streams`, which no other root port has.
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
  /// Near and far end of a new connection.
  std::pair<DtiLinks&, DtiLinks&> connect(engine::Clock requester, bool root_port);

  engine::Calendar& calendar_;
  engine::Clock clock_;
  SmmuConfig config_;
  DtiSplice splice_;
  Context context_;
  std::unique_ptr<Tcu> tcu_;
  std::unique_ptr<RegisterFile> registers_;
  std::vector<std::unique_ptr<DtiLinks>> links_;
  std::vector<std::unique_ptr<Tbu>> tbus_;
};

}  // namespace svasim::smmu
