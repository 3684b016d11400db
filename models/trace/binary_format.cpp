// See binary_format.hpp. A record is a tag byte and the fields the tag announces:
//   tag      bit 7: flags follow; 6..4: base; 3: write; 2..0: size, 2^(n-1) bytes, or 0: size follows
//   flags    bits 7..2: kind, kAccessHow and the two behind it: an access with exec, priv or both, kEnd: only
//   the
//            record count follows; 1: time follows; 0: context follows
//   context  device, PASID
//   time     signed difference from the last time
//   size     bytes
//   address  signed difference from the base, which becomes this address
//   details  control records: bits of Detail, then the fields they announce
// Size and address are there if the kind has them (KindInfo).
// Eight bases hold recent addresses, because programs alternate between regions (stack, heap, ...) that are
// far apart but each local. Which base a record uses is the encoder's choice; the decoder only follows.
#include "models/trace/binary_format.hpp"

#include <array>

namespace svasim::trace {
namespace {

constexpr std::uint8_t kVersion = 1;
constexpr unsigned kBases = 8;
constexpr std::size_t kMaxRecordBytes =
    128;                             ///< tag, flags and eleven numbers of at most 10 bytes, rounded up
constexpr unsigned kAccessHow = 59;  ///< plus 1 for exec, plus 2 for priv
constexpr unsigned kEnd = 63;
enum : unsigned { kFlagsFollow = 0x80, kTagWrite = 0x08, kContextFollows = 1, kTimeFollows = 2 };

/// Bits of the details; protection is there as its difference from read and write.
enum Detail : unsigned {
  kNowait = 1 << 0,
  kInFlightFollows = 1 << 1,
  kProtectionShift = 2,  ///< 3 bits
  kNumberFollows = 1 << 5,
  kOffsetFollows = 1 << 6,
  kAsShift = 7,       ///< 2 bits
  kBackingShift = 9,  ///< 2 bits
  kShared = 1 << 11,
  kUncached = 1 << 12,
  kFeatureShift = 13,  ///< 2 bits
  kMinPasidFollows = 1 << 15,
  kMaxPasidFollows = 1 << 16,
  kDetailBits = 17
};

/// What both sides remember between records.
struct State {
  std::uint32_t device = Record{}.device;
  std::uint32_t pasid = Record{}.pasid;
  std::uint64_t time_ps = 0;
  std::array<std::uint64_t, kBases> bases{};
};

/// Signed differences (modulo 2^64) as small unsigned numbers: 0, -1, 1, -2, ...
constexpr std::uint64_t zigzag(std::uint64_t difference) {
  return difference << 1 ^ (0 - (difference >> 63));
}
constexpr std::uint64_t unzigzag(std::uint64_t code) { return code >> 1 ^ (0 - (code & 1)); }

/// Seven bits a byte, least significant first, the top bit set on all but the last byte.
void append_varint(std::string& out, std::uint64_t value) {
  for (; value >= 0x80; value >>= 7) out += static_cast<char>(value | 0x80);
  out += static_cast<char>(value);
}

class BinaryDecoder final : public Decoder {
 public:
  explicit BinaryDecoder(std::unique_ptr<ByteSource> bytes) : bytes_(std::move(bytes)) {
    bytes_->ensure(kBinaryMagic.size() + 1);
    begin_field();
    at_ += kBinaryMagic.size();
    if (take_byte() != kVersion) fail("unsupported version of the binary format; expected version 1");
    end_field();
  }

  bool next(Record& record) override {
    bytes_->ensure(kMaxRecordBytes);
    begin_field();
    const unsigned tag = take_byte();
    const unsigned flags = tag & kFlagsFollow ? take_byte() : 0;
    const unsigned kind = flags >> 2;
    if (kind == kEnd) return end();
    const unsigned how = kind > kAccessHow ? kind - kAccessHow : 0;
    if (how == 0 && kind >= kKinds.size())
      fail("unknown kind of record; expected one of this version, or the end");
    record.kind = how != 0 ? Kind::access : static_cast<Kind>(kind);
    record.execute = (how & 1) != 0;
    record.privileged = (how & 2) != 0;
    record.write = tag & kTagWrite;
    take_fields(tag, flags, record);
    record.control = Control{};
    if (record.kind > Kind::unmap) take_details(record.control);
    if (const char* why = check(record)) fail(why);
    end_field();
    ++records_;
    return true;
  }

 private:
  void take_fields(unsigned tag, unsigned flags, Record& record) {
    if (flags & kContextFollows) {
      state_.device = take_u32();
      state_.pasid = take_u32();
    }
    record.device = state_.device;
    record.pasid = state_.pasid;
    record.has_time = flags & kTimeFollows;
    if (record.has_time) state_.time_ps += unzigzag(take_varint());
    record.time_ps = record.has_time ? state_.time_ps : 0;
    const KindInfo& kind = info(record.kind);
    record.size = tag & 7 ? std::uint64_t{1} << ((tag & 7) - 1) : kind.size ? take_varint() : 0;
    record.va = 0;
    if (!kind.address) return;
    std::uint64_t& base = state_.bases[tag >> 4 & 7];
    base += unzigzag(take_varint());
    record.va = base;
  }

  void take_details(Control& control) {
    const std::uint64_t details = take_varint();
    if (details >> kDetailBits != 0) fail("unknown detail of a record; expected those of this version");
    control.nowait = details & kNowait;
    control.shared = details & kShared;
    control.uncached = details & kUncached;
    control.protection = static_cast<std::uint8_t>((details >> kProtectionShift & 7) ^ Control{}.protection);
    control.backing = static_cast<Backing>(details >> kBackingShift & 3);
    control.as = static_cast<As>(details >> kAsShift & 3);
    control.feature = static_cast<Feature>(details >> kFeatureShift & 3);
    if (details & kInFlightFollows) control.in_flight = take_u32();
    if (details & kNumberFollows) control.number = take_u32();
    if (details & kOffsetFollows) control.offset = take_varint();
    if (details & kMinPasidFollows) control.min_pasid = take_u32();
    if (details & kMaxPasidFollows) control.max_pasid = take_u32();
  }

  bool end() {
    if (take_varint() != records_)
      fail("wrong record count at the end of the trace; expected the number of records before it");
    end_field();
    bytes_->ensure(1);
    if (!bytes_->window().empty()) fail("data after the end of the trace; expected the end of the file");
    return false;
  }

  void begin_field() {
    const std::string_view window = bytes_->window();
    start_ = at_ = reinterpret_cast<const unsigned char*>(window.data());
    end_ = at_ + window.size();
  }
  void end_field() { bytes_->consume(static_cast<std::size_t>(at_ - start_)); }

  unsigned take_byte() {
    if (at_ == end_) fail("truncated; expected the end-of-trace mark");
    return *at_++;
  }

  std::uint64_t take_varint() {
    std::uint64_t byte = take_byte();
    std::uint64_t value = byte & 0x7f;
    for (unsigned shift = 7; byte & 0x80; shift += 7) {
      byte = take_byte();
      if (shift == 63 && byte > 1) fail("number too large; expected at most 64 bits");
      value |= (byte & 0x7f) << shift;
    }
    return value;
  }

  std::uint32_t take_u32() {
    const std::uint64_t value = take_varint();
    if (value > 0xffffffff) fail("device, PASID or number too large; expected at most 32 bits");
    return static_cast<std::uint32_t>(value);
  }

  [[noreturn]] void fail(const std::string& message) const {
    throw TraceError(bytes_->name() + ": record " + std::to_string(records_ + 1) + " (byte " +
                     std::to_string(bytes_->offset()) + "): " + message);
  }

  std::unique_ptr<ByteSource> bytes_;
  const unsigned char* start_ = nullptr;  ///< of the record, in the window
  const unsigned char* at_ = nullptr;
  const unsigned char* end_ = nullptr;
  std::uint64_t records_ = 0;
  State state_;
};

class BinaryEncoder final : public Encoder {
 public:
  void begin(std::string& out) override {
    out.append(kBinaryMagic);
    out += static_cast<char>(kVersion);
  }

  void encode(const Record& record, std::string& out) override {
    const bool new_context = record.device != state_.device || record.pasid != state_.pasid;
    const unsigned how = (record.execute ? 1u : 0u) | (record.privileged ? 2u : 0u);
    const unsigned code = how != 0 ? kAccessHow + how : static_cast<unsigned>(record.kind);
    const unsigned flags =
        code << 2 | (record.has_time ? kTimeFollows : 0u) | (new_context ? kContextFollows : 0u);
    const KindInfo& kind = info(record.kind);
    const unsigned base = kind.address ? choose_base(record.va) : 0;
    const unsigned size = size_code(record.size);
    out +=
        static_cast<char>((flags ? kFlagsFollow : 0u) | base << 4 | (record.write ? kTagWrite : 0u) | size);
    if (flags) out += static_cast<char>(flags);
    if (new_context) {
      append_varint(out, state_.device = record.device);
      append_varint(out, state_.pasid = record.pasid);
    }
    if (record.has_time) {
      append_varint(out, zigzag(record.time_ps - state_.time_ps));
      state_.time_ps = record.time_ps;
    }
    if (kind.size && size == 0) append_varint(out, record.size);
    if (kind.address) {
      append_varint(out, zigzag(record.va - state_.bases[base]));
      state_.bases[base] = record.va;
    }
    if (record.kind > Kind::unmap) append_details(out, record.control);
    ++records_;
  }

  void end(std::string& out) override {
    out += static_cast<char>(kFlagsFollow);
    out += static_cast<char>(kEnd << 2);
    append_varint(out, records_);
  }

 private:
  static void append_details(std::string& out, const Control& c) {
    const unsigned protection = c.protection ^ Control {}.protection;
    append_varint(
        out, (c.nowait ? kNowait : 0u) | (c.in_flight != kAnyNumber ? kInFlightFollows : 0u) |
                 protection << kProtectionShift | (c.number != 0 ? kNumberFollows : 0u) |
                 (c.offset != 0 ? kOffsetFollows : 0u) | (c.shared ? kShared : 0u) |
                 (c.uncached ? kUncached : 0u) | static_cast<unsigned>(c.backing) << kBackingShift |
                 static_cast<unsigned>(c.as) << kAsShift | static_cast<unsigned>(c.feature) << kFeatureShift |
                 (c.min_pasid != 0 ? kMinPasidFollows : 0u) | (c.max_pasid != 0 ? kMaxPasidFollows : 0u));
    if (c.in_flight != kAnyNumber) append_varint(out, c.in_flight);
    if (c.number != 0) append_varint(out, c.number);
    if (c.offset != 0) append_varint(out, c.offset);
    if (c.min_pasid != 0) append_varint(out, c.min_pasid);
    if (c.max_pasid != 0) append_varint(out, c.max_pasid);
  }

  static unsigned size_code(std::uint64_t bytes) {
    for (unsigned code = 1; code <= 7; ++code)
      if (bytes == std::uint64_t{1} << (code - 1)) return code;
    return 0;
  }

  /// The nearest base, or the one unused for longest when none is near: a new region gets a base of its own.
  unsigned choose_base(std::uint64_t va) {
    constexpr std::uint64_t kNear = std::uint64_t{1} << 14;  // a difference of two bytes
    unsigned nearest = 0, oldest = 0;
    for (unsigned i = 1; i < kBases; ++i) {
      if (zigzag(va - state_.bases[i]) < zigzag(va - state_.bases[nearest])) nearest = i;
      if (used_[i] < used_[oldest]) oldest = i;
    }
    const unsigned chosen = zigzag(va - state_.bases[nearest]) < kNear ? nearest : oldest;
    used_[chosen] = records_ + 1;
    return chosen;
  }

  State state_;
  std::array<std::uint64_t, kBases> used_{};  ///< number of the record that used it last
  std::uint64_t records_ = 0;
};

}  // namespace

std::unique_ptr<Decoder> make_binary_decoder(std::unique_ptr<ByteSource> bytes) {
  return std::make_unique<BinaryDecoder>(std::move(bytes));
}

std::unique_ptr<Encoder> make_binary_encoder() { return std::make_unique<BinaryEncoder>(); }

}  // namespace svasim::trace
