// The whole life of a device access, as one closed list: every picosecond of a transaction is charged to one
// of these. Reports, database columns and `svasim explain` derive from this list; a stage is declared here
// and nowhere else.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace svasim::probe {

/// X(name, doc). The order is the order of columns and of a story told without retries.
#define SVASIM_STAGES(X)                                                                           \
  X(issue, "in the device: waiting for an issue slot and being issued")                            \
  X(atc, "in the device's ATC: lookup, or waiting for another access's request for the same page") \
  X(link_out, "towards the host on the PCIe link: credits, queue, serialisation, flight")          \
  X(tbu_queue, "waiting for the TBU: its input port or a free translation slot")                   \
  X(tbu_tlb, "micro-TLB and main-TLB lookup in the TBU")                                           \
  X(dti_out, "translation request on its way to the TCU: token, serialisation, flight")            \
  X(tcu_queue, "waiting in the TCU for a translation slot or its pipeline")                        \
  X(hazard, "merged behind another transaction's walk or fault for the same page")                 \
  X(config, "STE and CD: configuration-cache lookup and fetches")                                  \
  X(walk_cache, "page-walk cache: waiting for its port and lookup")                                \
  X(walk_memory, "descriptor reads of the page-table walk, and waiting for a walk slot")           \
  X(dti_back, "translation response on its way back from the TCU")                                 \
  X(interconnect, "in the interconnect, either direction")                                         \
  X(llc, "in the last-level cache")                                                                \
  X(dram_queue, "waiting for a DRAM bank or its data bus")                                         \
  X(dram, "DRAM command and data time")                                                            \
  X(link_back, "towards the device on the PCIe link")                                              \
  X(device_report, "device-managed fault: firmware, until the device records the fault")           \
  X(fault_record, "fault found: writing the event or page-request record to its queue in memory")  \
  X(interrupt, "record visible: interrupt on its way, or waiting for the handler to start")        \
  X(irq_thread, "hard interrupt handler ran: waiting for the queue's interrupt thread")            \
  X(queue_drain, "thread running: records ahead of this one, and reading this one")                \
  X(report, "decoding the record and reporting it to the fault framework")                         \
  X(group_wait, "page request waiting for the last one of its group")                              \
  X(workqueue, "fault group queued: waiting for a worker and a CPU")                               \
  X(mm_lock, "worker: finding the address space and waiting for its lock")                         \
  X(mm_fault, "worker: making the page present, page-table writes included")                       \
  X(response, "worker: building the response and inserting it into the command queue")             \
  X(command, "response on its way: command queue and SMMU, or a store to the device")              \
  X(prg_response, "page-request group response on its way to the device")                          \
  X(reissue, "in the device after a response, until it asks again")                                \
  X(device_resume, "device-managed fault answered: firmware, until the device asks again")         \
  X(resume, "stalled transaction resumed: waiting for a translation slot to retry")                \
  X(exit_to_host, "virtual machine: exit to the host")                                             \
  X(forward_to_guest, "virtual machine: fault forwarded to the guest")                             \
  X(guest_fault, "virtual machine: guest's fault service")                                         \
  X(guest_response, "virtual machine: guest's response back through the host")

enum class Stage : std::uint8_t {
#define SVASIM_STAGE_ENUM(name, doc) name,
  SVASIM_STAGES(SVASIM_STAGE_ENUM)
#undef SVASIM_STAGE_ENUM
};

struct StageInfo {
  std::string_view name;
  std::string_view doc;
};

inline constexpr std::array kStages = {
#define SVASIM_STAGE_INFO(name, doc) StageInfo{#name, doc},
    SVASIM_STAGES(SVASIM_STAGE_INFO)
#undef SVASIM_STAGE_INFO
};
inline constexpr std::size_t kStageCount = kStages.size();

constexpr const StageInfo& info(Stage stage) { return kStages[static_cast<std::size_t>(stage)]; }

}  // namespace svasim::probe
