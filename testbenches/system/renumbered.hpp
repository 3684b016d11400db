// The transactions and faults of a run as text, whatever numbers they were given. What several devices issue
// at one instant is numbered in the order in which the devices act, which is arbitrary; the transactions of
// one device are in its own order, and so are its faults.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "models/probe/story_codec.hpp"
#include "testbenches/system/database.hpp"

namespace svasim::test {

class Renumbered {
 public:
  explicit Renumbered(const std::string& path) : database_(path) {
    name("transactions", transactions_);
    name("faults", faults_);
  }

  /// One line for each, in order of device and number. Stages and causes of every stay are included.
  std::vector<std::string> lines() const {
    std::vector<std::string> all;
    add("transactions", "device, pasid, op, va, size, issue_ps, done_ps, outcome, faults, fault_ps",
        "fault_id", transactions_, all);
    add("faults", "device, pasid, va, kind, stream, begin_ps, end_ps, outcome, followers", "NULL", faults_,
        all);
    return all;
  }

 private:
  using Names = std::map<std::uint64_t, std::string>;

  /// "device:rank", by id.
  void name(const std::string& table, Names& names) {
    for (const std::string& row : database_.rows(
             "SELECT id, device || ':' || row_number() OVER (PARTITION BY device ORDER BY id) FROM " +
             table)) {
      names[std::stoull(row)] = row.substr(row.find('|') + 1);
    }
  }
  void add(const std::string& table, const std::string& columns, const std::string& fault, const Names& names,
           std::vector<std::string>& all) const {
    for (const std::string& row : database_.rows("SELECT id, " + fault + ", hex(story), " + columns +
                                                 " FROM " + table + " ORDER BY device, id")) {
      const std::size_t second = row.find('|') + 1, third = row.find('|', second) + 1,
                        rest = row.find('|', third);
      const std::string served_by = row.substr(second, third - second - 1);
      all.push_back(table + ' ' + names.at(std::stoull(row)) + row.substr(rest) + ' ' +
                    (served_by == "null" ? "" : faults_.at(std::stoull(served_by))) +
                    story(row.substr(third, rest - third)));
    }
  }
  std::string story(const std::string& hex) const {
    std::vector<std::uint8_t> bytes;
    for (std::size_t i = 0; i < hex.size(); i += 2)
      bytes.push_back(static_cast<std::uint8_t>(std::stoul(hex.substr(i, 2), nullptr, 16)));
    const auto segments = probe::decode_story(bytes.data(), bytes.size());
    if (!segments) return " damaged story";
    std::string text;
    for (const probe::Segment& segment : *segments) {
      text += ' ' + std::string(probe::info(segment.stage).name) + '/' + std::to_string(segment.round) + '=' +
              std::to_string(segment.duration) + cause(segment.cause);
    }
    return text;
  }
  std::string cause(probe::Cause cause) const {
    switch (cause.kind) {
      case probe::Cause::Kind::transaction: return " behind " + transactions_.at(cause.id);
      case probe::Cause::Kind::fault: return " by " + faults_.at(cause.id);
      case probe::Cause::Kind::none: break;
    }
    return "";
  }

  Database database_;
  Names transactions_, faults_;
};

/// The first line in which two runs differ, of each; empty if in none.
inline std::string first_difference(const std::string& a, const std::string& b) {
  const std::vector<std::string> one = Renumbered(a).lines(), other = Renumbered(b).lines();
  for (std::size_t i = 0; i < std::max(one.size(), other.size()); ++i) {
    const std::string x = i < one.size() ? one[i] : "nothing", y = i < other.size() ? other[i] : "nothing";
    if (x != y) return x + '\n' + y + '\n';
  }
  return differences(a, b, {"counters", "meta", "stages"});
}

}  // namespace svasim::test
