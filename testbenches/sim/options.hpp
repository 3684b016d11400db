// What subcommands share: reading options with Boost.Program_options, its complaints as UsageError.
#pragma once

#include <boost/program_options.hpp>

#include "testbenches/sim/commands.hpp"

namespace svasim::sim {

/// Parses `words`; positional words go to the options `positional` names, in order (the last takes all that
/// are left).
inline boost::program_options::variables_map parse(const Words& words,
                                                   const boost::program_options::options_description& options,
                                                   const std::vector<const char*>& positional = {}) {
  namespace po = boost::program_options;
  po::positional_options_description places;
  for (const char* name : positional) places.add(name, 1);
  po::variables_map values;
  try {
    po::store(po::command_line_parser(words).options(options).positional(places).run(), values);
    po::notify(values);
  } catch (const po::error& e) {
    throw UsageError(std::string(e.what()) + "; see svasim --help");
  }
  return values;
}

}  // namespace svasim::sim
