// The unit of the speed budgets: a TLM-2.0 AT ping-pong between two empty modules. Contract: all four phases
// as calls of their own, each but the first at a later time through an sc_event and an SC_METHOD; one
// transaction outstanding; nobody does any work. Source rule: design, speed; IEEE 1666, base protocol.
#pragma once

#include <cstdint>

namespace svasim::bench {

/// Runs `transactions` of them in a new SystemC kernel.
void ping_pong(std::uint64_t transactions);

}  // namespace svasim::bench
