// Extended capabilities in the configuration space of a PCIe function that translates by itself: ATS, PRI,
// PASID. Each as whole doublewords, offsets from the capability's header. Source rule: PCIe Base; names as in
// Linux' pci_regs.h.
#pragma once

#include <cstdint>

namespace svasim::arch::pci {

inline constexpr std::uint32_t kConfigBytes = 0x1000;
inline constexpr std::uint32_t kFirstCapability = 0x100;

inline constexpr std::uint16_t kAtsId = 0x000F, kPriId = 0x0013, kPasidId = 0x001B;
/// Header: ID 15:0, version 19:16, offset of the next one 31:20 (0: the last).
constexpr std::uint32_t header(std::uint16_t id, std::uint32_t next) { return id | 1u << 16 | next << 20; }
constexpr std::uint16_t id_of(std::uint32_t header) { return static_cast<std::uint16_t>(header); }
constexpr std::uint32_t next_of(std::uint32_t header) { return header >> 20; }

namespace ats {
inline constexpr std::uint32_t kControl = 4;  ///< capability 15:0, control 31:16
inline constexpr std::uint32_t kPageAligned = 1u << 5, kGlobalInvalidate = 1u << 6;
inline constexpr std::uint32_t kEnable = 1u << 31;
}  // namespace ats

namespace pri {
inline constexpr std::uint32_t kControl = 4;  ///< control 15:0, status 31:16
inline constexpr std::uint32_t kEnable = 1u << 0, kReset = 1u << 1;
inline constexpr std::uint32_t kResponseFailure = 1u << 16,
                               kUnexpectedIndex = 1u << 17;  ///< write 1 to clear
inline constexpr std::uint32_t kStopped = 1u << 24, kResponsePasid = 1u << 31;
inline constexpr std::uint32_t kCapacity = 8, kAllocation = 0xC;
}  // namespace pri

namespace pasid {
inline constexpr std::uint32_t kControl = 4;  ///< capability 15:0, control 31:16
inline constexpr std::uint32_t kExecute = 1u << 1, kPrivileged = 1u << 2;
inline constexpr unsigned kWidthShift = 8;  ///< 12:8
inline constexpr std::uint32_t kEnable = 1u << 16, kExecuteEnable = 1u << 17, kPrivilegedEnable = 1u << 18;
}  // namespace pasid

/// A register of the device itself, which ends the use of a PASID: written with bit 31 and the PASID; bit 31
/// reads 1 until no access and no page request of it is left. No standard; most SVA devices have one.
inline constexpr std::uint32_t kStopPasid = 0xF00;
inline constexpr std::uint32_t kStopping = 1u << 31;

}  // namespace svasim::arch::pci
