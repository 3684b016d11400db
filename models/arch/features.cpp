// ID register layouts and size encodings. See features.hpp.
#include "models/arch/features.hpp"

#include <array>

#include "models/arch/bit_fields.hpp"

namespace svasim::arch {
namespace {

constexpr std::array<std::uint8_t, 8> kSizeBits{32, 36, 40, 42, 44, 48, 52, 52};
constexpr unsigned kTtfAArch64 = 2;
constexpr unsigned kEndianLittle = 2;

/// Words 0..5 are IDR0, IDR1, IDR3, IDR5, IIDR, AIDR.
template <class Io, class F>
void layout(const Io& io, F& f) {
  io(0, 0, 0, f.s2p);
  io(0, 1, 1, f.s1p);
  io(0, 4, 4, f.cohacc);
  io(0, 5, 5, f.btm);
  io(0, 7, 6, f.httu);
  io(0, 9, 9, f.hyp);
  io(0, 10, 10, f.ats);
  io(0, 11, 11, f.ns1ats);
  io(0, 12, 12, f.asid16);
  io(0, 13, 13, f.msi);
  io(0, 14, 14, f.sev);
  io(0, 16, 16, f.pri);
  io(0, 17, 17, f.vmw);
  io(0, 18, 18, f.vmid16);
  io(0, 19, 19, f.cd2l);
  io(0, 23, 23, f.atsrecerr);
  io(0, 25, 24, f.stall_model);
  io(0, 26, 26, f.term_model);
  io(0, 28, 27, f.st_level);
  io(1, 5, 0, f.sidsize);
  io(1, 10, 6, f.ssidsize);
  io(1, 15, 11, f.priqs);
  io(1, 20, 16, f.eventqs);
  io(1, 25, 21, f.cmdqs);
  io(1, 26, 26, f.attr_perms_ovr);
  io(1, 27, 27, f.attr_types_ovr);
  io(2, 2, 2, f.had);
  io(2, 3, 3, f.pbha);
  io(2, 4, 4, f.xnx);
  io(2, 5, 5, f.pps);
  io(2, 8, 8, f.fwb);
  io(2, 9, 9, f.stt);
  io(2, 10, 10, f.ril);
  io(2, 12, 11, f.bbml);
  io(2, 13, 13, f.e0pd);
  io(2, 14, 14, f.ptwnnc);
  io(2, 16, 16, f.pasidtt);
  io(2, 17, 17, f.epan);
  io(3, 2, 0, f.oas);
  io(3, 4, 4, f.gran4k);
  io(3, 5, 5, f.gran16k);
  io(3, 6, 6, f.gran64k);
  io(3, 7, 7, f.ds);
  io(3, 11, 10, f.vax);
  io(3, 31, 16, f.stall_max);
  io(4, 31, 0, f.iidr);
  io(5, 3, 0, f.arch_minor);
}

}  // namespace

unsigned size_bits(unsigned encoding) { return kSizeBits[encoding & 7]; }

std::uint8_t size_encoding(unsigned bits) {
  std::uint8_t encoding = 6;
  while (encoding > 0 && size_bits(encoding) > bits) --encoding;
  return encoding;
}

unsigned Features::oas_bits() const { return size_bits(oas); }

std::vector<std::string> Features::check() const {
  std::vector<std::string> errors;
  const auto need = [&](bool holds, const char* message) {
    if (!holds) errors.emplace_back(message);
  };
  need(s1p || s2p, "s1p, s2p: an SMMU has at least one stage");
  need(gran4k || gran16k || gran64k, "gran4k, gran16k, gran64k: an SMMU has at least one granule");
  need(!hyp || (s1p && s2p), "hyp: EL2 stream worlds need both stages (s1p, s2p)");
  need(!vmw || s2p, "vmw: VMID wildcards need stage 2 (s2p)");
  need(!pri || ats, "pri: page requests need ats");
  need(!atsrecerr || ats, "atsrecerr: needs ats");
  need(!ns1ats || (ats && s1p && s2p), "ns1ats: says something only with ats and both stages");
  need(!pasidtt || ats, "pasidtt: needs ats");
  need(!cd2l || (s1p && ssidsize > 0), "cd2l: CD tables need stage 1 (s1p) and SubstreamIDs (ssidsize)");
  need(!(ats && stall_model == StallModel::forced), "stall_model: forced stalls and ats exclude each other");
  need(!ds || (oas == 6 && (gran4k || gran16k)), "ds: needs 52 address bits (oas = 6) and gran4k or gran16k");
  need(vax == 0 || ds || gran64k, "vax: 52-bit virtual addresses need gran64k or ds");
  need(oas != 6 || ds || gran64k, "oas: 52 address bits need gran64k or ds");
  need(st_level || sidsize <= 24, "sidsize: a linear stream table of more than 2^24 entries needs st_level");
  need(!btm, "btm: broadcast TLB maintenance is not implemented");
  const auto in = [&](unsigned value, unsigned most, const char* name) {
    if (value > most)
      errors.push_back(std::string(name) + ": " + std::to_string(value) + " is more than " +
                       std::to_string(most));
  };
  in(sidsize, 32, "sidsize");
  in(ssidsize, 20, "ssidsize");
  in(cmdqs, 19, "cmdqs");
  in(eventqs, 19, "eventqs");
  in(priqs, 19, "priqs");
  in(oas, 6, "oas");
  in(vax, 1, "vax");
  in(bbml, 2, "bbml");
  return errors;
}

IdRegisters encode(const Features& features) {
  std::array<std::uint64_t, 6> words{};
  layout(FieldWriter(words.data()), features);
  words[0] |= kTtfAArch64 << 2 | kEndianLittle << 21;
  const auto word = [&](unsigned i) { return static_cast<std::uint32_t>(words[i]); };
  return {word(0), word(1), word(2), word(3), word(4), word(5)};
}

Features decode_features(const IdRegisters& id) {
  const std::array<std::uint64_t, 6> words{id.idr0, id.idr1, id.idr3, id.idr5, id.iidr, id.aidr};
  Features features;
  layout(FieldReader(words.data()), features);
  return features;
}

}  // namespace svasim::arch
