// See words.hpp.
#include "testbenches/differential/words.hpp"

#include <sstream>

#include "models/arch/ats.hpp"
#include "models/arch/event.hpp"

namespace svasim::differential {

void differ(const std::string& text) { throw Difference{text}; }

std::string hex(std::uint64_t value) {
  std::ostringstream out;
  out << "0x" << std::hex << value;
  return out.str();
}

std::string words_of(const std::uint64_t* words) {
  const arch::Event event = arch::decode_event({words[0], words[1], words[2], words[3]});
  std::string text = arch::name(event.id);
  for (unsigned i = 0; i < 4; ++i) text += " " + hex(words[i]);
  return text;
}

std::string describe(const Access& a) {
  std::ostringstream out;
  out << (a.ats                                     ? "translation request"
          : a.type == arch::AddressType::translated ? "translated"
                                                    : "untranslated")
      << (a.write ? " write" : " read") << (a.privileged ? " privileged" : "")
      << (a.instruction ? " instruction" : "") << " of " << hex(a.address) << ", stream " << raw(a.stream);
  if (a.substream.valid) out << " substream " << a.substream.value;
  if (!a.ats) out << " at TBU " << unsigned{a.tbu};
  return out.str();
}

std::string say(const Access& a) {
  std::ostringstream out;
  if (!a.done) {
    out << "waits";
  } else if (a.ats) {
    out << "completion status " << unsigned{raw(a.answer.status)} << " entry "
        << hex(arch::encode(a.answer.translation));
  } else if (a.forwarded) {
    out << "goes to " << hex(a.pa) << (a.ok ? "" : " (no memory)") << ", type " << hex(a.attributes.type)
        << ", shareability " << unsigned{a.attributes.shareability};
  } else {
    out << (a.raz ? "reads as zero, write ignored" : "aborts");
  }
  return out.str();
}

}  // namespace svasim::differential
