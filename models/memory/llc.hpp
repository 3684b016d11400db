// The last-level cache in front of DRAM, and the point of coherence: the bytes of an access are read or
// written in the Store line by line as it passes the tag stage, in one order for everybody; the cache itself
// models only time. Write-back, write-allocate, lines of 64 bytes.
//
// Requests pass the tag stage in order of arrival, one line every `interval` cycles. A line that misses takes
// an MSHR (or joins the one that is fetching the same line), a dirty victim a write-back buffer; where none
// is free the tag stage waits. A write of a whole line allocates without fetching. A payload is answered when
// its last line is done; responses leave in that order. An arriving line frees its MSHR before the lookup at
// the same edge.
//
// Stages: `llc` from arrival. Each fetch keeps a timeline of its own, which the DRAM charges; the payload
// takes over that part of it that it waited for if the line it waited for last was fetched (README.md).
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "models/engine/at_socket.hpp"
#include "models/memory/store.hpp"
#include "models/memory/tag_array.hpp"

namespace svasim::memory {

inline constexpr unsigned kLineShift = 6;
inline constexpr unsigned kLineBytes = 1u << kLineShift;

struct LlcConfig {
  unsigned sets = 8192;
  unsigned ways = 16;
  std::string replacement = "lru";
  unsigned tag_latency = 6;
  unsigned data_latency = 14;
  unsigned interval = 1;
  unsigned mshrs = 64;
  unsigned mshr_targets = 8;
  unsigned write_backs = 16;
  unsigned input_depth = 16;
  unsigned width = 64;

  template <class Visitor>
  void describe(Visitor& v) {
    v.field("sets", sets, "count", 1, 1u << 20, "number of sets, a power of two");
    v.field("ways", ways, "count", 1, 64, "lines per set; a power of two for plru");
    v.choice("replacement", replacement, {"lru", "plru"}, "replacement policy: true LRU or tree pseudo-LRU");
    v.field("tag_latency", tag_latency, "cycles", 0, 1000, "from lookup to the request to DRAM of a miss");
    v.field("data_latency", data_latency, "cycles", 0, 1000,
            "from tags (hit) or line (miss) to the response");
    v.field("interval", interval, "cycles", 1, 1000, "between lookups of lines");
    v.field("mshrs", mshrs, "count", 1, 4096, "lines being fetched at once");
    v.field("mshr_targets", mshr_targets, "count", 1, 4096, "accesses that may wait for one such line");
    v.field("write_backs", write_backs, "count", 1, 4096, "evicted lines on their way to DRAM at once");
    v.field("input_depth", input_depth, "count", 1, 4096, "requests that fit the input queue");
    v.field("width", width, "bytes", 1, 4096, "data bytes per cycle of both ports");
  }
  std::vector<std::string> check() const;
};

class Llc : public sc_core::sc_module {
  std::uint16_t block_;  ///< first: the sockets need it

 public:
  /// `config` has passed its check().
  Llc(sc_core::sc_module_name name, engine::Calendar& calendar, engine::Clock clock, const LlcConfig& config,
      Store& store);

  engine::AtTarget port;     ///< the interconnect binds here
  engine::AtInitiator dram;  ///< bind to the DRAM

  template <class F>
  void counters(F&& f) const {
    f("requests", requests_);
    f("address_errors", address_errors_);
    f("hits", hits_);
    f("misses", misses_);
    f("merged_misses", merged_misses_);
    f("unfetched_allocations", unfetched_allocations_);
    f("write_backs", write_backs_);
    f("bytes_read", bytes_read_);
    f("bytes_written", bytes_written_);
    f("tag_stall_cycles", tag_stall_cycles_);
    f("mshr_peak", mshr_peak_);
    f("input_queue_peak", queue_.peak());
  }
  /// `visit(name, bits, value)` for every signal of the waves.
  template <class Visit>
  void signals(Visit&& visit) const {
    visit("input_queue", 16, queue_.size());
    visit("mshrs", 16, mshrs_.size() - free_mshrs_.size());
    visit("write_backs", 16, config_.write_backs - free_write_backs_);
    visit("accesses", 16, accesses_.size() - free_accesses_.size());
    visit("tag_stalled", 1, stalled_);
    visit("hits", 32, hits_);
    visit("misses", 32, misses_);
  }

 private:
  /// A payload in the cache, from its first lookup to its response.
  struct Access {
    engine::Payload* payload = nullptr;
    unsigned unresolved = 0;       ///< lines not looked up, or not arrived
    engine::Picoseconds done = 0;  ///< when the lines resolved so far are all ready
    tlm::tlm_response_status status = tlm::TLM_OK_RESPONSE;
  };
  struct Target {
    Access* access;
    engine::Picoseconds joined;
  };
  /// A line being fetched.
  struct Mshr {
    std::uint64_t line = 0;
    std::vector<Target> targets;
    probe::Transaction fetch;  ///< not one of the run: only the timeline of this line
  };

  void request(engine::Payload& payload);
  void arm();
  void look_up(std::uint64_t);
  void start();
  // These return false or null, and have changed nothing, if a resource is missing.
  bool look_up_line(std::uint64_t address, unsigned bytes);
  bool join(std::uint16_t mshr);
  TagArray::Line* allocate(std::uint64_t number, bool fetched);

  void finish_head();
  bool move_bytes(engine::Payload& payload, std::uint64_t address, unsigned bytes);
  void fetch(std::uint64_t line, TagArray::Line& place);
  void write_back(std::uint64_t line);
  void send(std::uint64_t payload);
  void response(engine::Payload& payload);
  void fill(Mshr& mshr, bool ok);
  void resolve(Access& access, engine::Picoseconds done);
  void respond(std::uint64_t access);
  unsigned debug(tlm::tlm_generic_payload& payload);

  engine::Calendar& calendar_;
  engine::Clock clock_;
  LlcConfig config_;
  Store& store_;
  TagArray tags_;

  engine::Ring<engine::Payload*> queue_;  ///< the front is in the tag stage
  Access* head_ = nullptr;                ///< of the front; null before its first lookup
  std::uint64_t head_address_ = 0;        ///< its next byte to look up
  engine::Picoseconds next_lookup_ = 0;
  bool armed_ = false;    ///< a lookup is posted
  bool stalled_ = false;  ///< the lookup at `stalled_since_` found no resource
  engine::Picoseconds stalled_since_ = 0;

  std::vector<Mshr> mshrs_;
  std::vector<std::uint16_t> free_mshrs_;
  unsigned free_write_backs_;
  std::vector<std::unique_ptr<Access>> accesses_;
  std::vector<Access*> free_accesses_;
  engine::PayloadPool pool_;

  std::uint64_t requests_ = 0;
  std::uint64_t address_errors_ = 0;
  std::uint64_t hits_ = 0;
  std::uint64_t misses_ = 0;
  std::uint64_t merged_misses_ = 0;
  std::uint64_t unfetched_allocations_ = 0;
  std::uint64_t write_backs_ = 0;
  std::uint64_t bytes_read_ = 0;
  std::uint64_t bytes_written_ = 0;
  std::uint64_t tag_stall_cycles_ = 0;
  std::uint64_t mshr_peak_ = 0;
};

}  // namespace svasim::memory
