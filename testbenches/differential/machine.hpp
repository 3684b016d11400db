// The timed SMMU under test: two TBUs (the second one's devices cannot wait), a root port, a memory of
// constant latency that can abort, and software at the register socket. Everything through sockets and links,
// nothing inside is looked at.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <set>
#include <vector>

#include "models/arch/dti.hpp"
#include "models/memory/store.hpp"
#include "models/smmu/smmu.hpp"
#include "testbenches/systemc_test.hpp"

namespace svasim::differential {

inline constexpr std::uint64_t kBase = 0x8000'0000, kBytes = std::uint64_t{64} << 20;

/// One access or translation request of a device, and how it ended.
struct Access {
  std::uint8_t tbu = 0;
  bool ats = false;  ///< a translation request, at the root port
  arch::StreamId stream{};
  arch::SubstreamId substream;
  arch::AddressType type = arch::AddressType::untranslated;
  std::uint64_t address = 0;
  bool write = false, privileged = false, instruction = false;

  bool done = false;
  bool ok = false, raz = false;
  bool forwarded = false;  ///< memory saw it, at `pa` and with `attributes`
  std::uint64_t pa = 0;
  arch::MemoryAttributes attributes;
  arch::AtsAnswer answer;

  bool may_stall() const { return tbu == 0; }
};

class Memory : public sc_core::sc_module {
 public:
  Memory(sc_core::sc_module_name name, engine::Calendar& calendar, engine::Clock clock, unsigned latency,
         std::size_t ports);
  tlm::tlm_target_socket<>& socket(std::size_t port);

  bool read(std::uint64_t address, void* to, unsigned bytes) const {
    return aborting.count(address & ~std::uint64_t{63}) == 0 && store.read(address, to, bytes);
  }
  std::uint64_t word(std::uint64_t address) const;
  void set(std::uint64_t address, std::uint64_t value) { store.write(address, &value, 8); }

  memory::Store store{kBase, kBytes};
  std::set<std::uint64_t> aborting;  ///< 64-byte lines
  bool knows_swaps = true;           ///< else the SMMU must lock, read and write

 private:
  struct Port;
  engine::Calendar& calendar_;
  engine::Picoseconds latency_;
  std::vector<std::unique_ptr<Port, void (*)(Port*)>> ports_;
};

class Machine {
 public:
  Machine(const smmu::SmmuConfig& config, unsigned latency);
  ~Machine();

  Memory& memory() { return *memory_; }

  /// Register accesses of 4 or 8 bytes; they take their time.
  void write(std::uint32_t offset, std::uint64_t value, unsigned bytes = 4);
  std::uint64_t read(std::uint32_t offset, unsigned bytes = 4);

  /// Sends; `access` stays where it is until done.
  void send(Access& access);
  void run(engine::Cycles cycles);
  /// Until nothing moves.
  void settle();

 private:
  struct Master;
  struct RootPort;

  test::FreshKernel kernel_;
  engine::Calendar calendar_{"calendar"};
  engine::Clock clock_{1000};
  std::unique_ptr<smmu::Smmu> smmu_;
  std::unique_ptr<Memory> memory_;
  std::vector<std::unique_ptr<Master>> devices_;
  std::unique_ptr<Master> software_;
  std::unique_ptr<RootPort> root_port_;
};

}  // namespace svasim::differential
