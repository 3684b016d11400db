// What a DRAM is made of, and its timing in picoseconds on its clock. The defaults are DDR4-3200 (22-22-22)
// with the 625 ps clock; a line is one burst of eight on a 64-bit channel.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "models/engine/clock.hpp"

namespace svasim::memory {

struct DramConfig {
  unsigned channels = 2;
  unsigned banks = 16;
  unsigned row_bytes = 8192;
  unsigned interleave_bytes = 256;
  unsigned burst_bytes = 64;
  unsigned burst_cycles = 4;
  unsigned queue_depth = 64;
  unsigned hit_cap = 16;
  unsigned width = 64;
  double t_rcd = 13.75;
  double t_rp = 13.75;
  double t_cl = 13.75;
  double t_cwl = 10.0;
  double t_ras = 32.0;
  double t_rrd = 4.9;
  double t_rtp = 7.5;
  double t_wr = 15.0;
  double t_wtr = 7.5;
  double t_refi = 7800.0;
  double t_rfc = 350.0;

  template <class Visitor>
  void describe(Visitor& v) {
    v.field("channels", channels, "count", 1, 64, "channels, each with its own banks and data bus");
    v.field("banks", banks, "count", 1, 256, "banks of a channel, ranks and bank groups included");
    v.field("row_bytes", row_bytes, "bytes", 64, 1u << 20, "bytes of an open row, over the channel's width");
    v.field("interleave_bytes", interleave_bytes, "bytes", 64, 1u << 20, "consecutive bytes in one channel");
    v.field("burst_bytes", burst_bytes, "bytes", 8, 4096, "moved by one read or write burst");
    v.field("burst_cycles", burst_cycles, "cycles", 1, 64, "data bus time of one burst");
    v.field("queue_depth", queue_depth, "count", 1, 4096, "requests that wait for their column command");
    v.field("hit_cap", hit_cap, "count", 0, 4096,
            "younger row hits a bank may serve before its oldest request");
    v.field("width", width, "bytes", 1, 4096, "data bytes per cycle of the port");
    v.field("t_rcd", t_rcd, "ns", 0, 1000, "activate to read or write");
    v.field("t_rp", t_rp, "ns", 0, 1000, "precharge to activate");
    v.field("t_cl", t_cl, "ns", 0, 1000, "read to its first data");
    v.field("t_cwl", t_cwl, "ns", 0, 1000, "write to its first data");
    v.field("t_ras", t_ras, "ns", 0, 1000, "activate to precharge");
    v.field("t_rrd", t_rrd, "ns", 0, 1000, "activate to activate of another bank");
    v.field("t_rtp", t_rtp, "ns", 0, 1000, "read to precharge");
    v.field("t_wr", t_wr, "ns", 0, 1000, "last written data to precharge");
    v.field("t_wtr", t_wtr, "ns", 0, 1000, "last written data to a read of the channel");
    v.field("t_refi", t_refi, "ns", 0, 1e6, "between refreshes of a channel; 0: never");
    v.field("t_rfc", t_rfc, "ns", 0, 1e5, "duration of a refresh");
  }
  std::vector<std::string> check() const;
};

/// The same in picoseconds, each rounded up to whole cycles of the DRAM clock.
struct DramTiming {
  DramTiming(const DramConfig& config, engine::Clock clock);
  engine::Picoseconds cycle, rcd, rp, cl, cwl, ras, rrd, rtp, wr, wtr, refi, rfc, burst;
};

/// Where an address lives: row, bank and column above each other, channels interleaved below them.
struct DramPlace {
  unsigned channel;
  unsigned bank;
  std::uint64_t row;
};
DramPlace place_of(std::uint64_t address, const DramConfig& config);

}  // namespace svasim::memory
