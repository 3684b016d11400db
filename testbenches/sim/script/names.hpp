// What scripts call the architecture's things: registers, commands and their fields, events.
#pragma once

#include <optional>
#include <string>

#include "models/arch/command.hpp"
#include "models/arch/event.hpp"
#include "models/arch/pri.hpp"
#include "models/arch/registers.hpp"
#include "testbenches/sim/script/fields.hpp"

namespace svasim::script {

struct Register {
  std::string name;
  std::uint32_t offset;
  unsigned bytes;  ///< 4 or 8
};

/// "CR0", or an offset in the two pages.
Register register_of(Fields& fields, const std::string& field);

/// A command by "name" and fields, or by "words". CMD_ may be left out of the name.
arch::CommandWords command_of(Fields& fields);

Json to_json(const arch::EventWords& words);
Json to_json(const arch::PageRequestWords& words);
/// A SubstreamID, or null without one.
Json to_json(arch::SubstreamId substream);
/// "CERROR_ILL" and so on.
const char* name(arch::CommandError error);

}  // namespace svasim::script
