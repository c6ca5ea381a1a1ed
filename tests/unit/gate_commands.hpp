// SPDX-License-Identifier: GPL-2.0 OR MIT
// Commands for a gate.
#pragma once
#include <array>
#include <vscsi/sharing.h>

namespace gates
{

inline constexpr vscsi_u32 first = 7;
inline constexpr vscsi_u32 second = 9;
inline constexpr vscsi_u32 third = 11;

using Cdb = std::array<vscsi_u8, 16>;
using Sense = std::array<vscsi_u8, VSCSI_SENSE_BYTES>;

inline constexpr Cdb reserve6{0x16};
inline constexpr Cdb release6{0x17};
inline constexpr Cdb reserve10{0x56};
inline constexpr Cdb release10{0x57};
inline constexpr Cdb read6{0x08};
inline constexpr Cdb write6{0x0a};
inline constexpr Cdb inquiry{0x12};
inline constexpr Cdb request_sense{0x03};
inline constexpr Cdb test_unit_ready{0x00};
inline constexpr Cdb rewind_medium{0x01};
inline constexpr Cdb keys{0x5e};
inline constexpr Cdb prevent{0x1e, 0, 0, 0, 1};
inline constexpr Cdb prevent_persistently{0x1e, 0, 0, 0, 2};
inline constexpr Cdb allow{0x1e};

enum Type : vscsi_u8 { write_exclusive = 1, exclusive_access = 3, registrants_only = 5 };

constexpr Cdb persistent(vscsi_u8 action, vscsi_u8 type = 0)
{
	return {0x5f, action, type, 0, 0, 0, 0, 0, 24};
}

// A unit attention's code; 0: it is none.
inline vscsi_u16 attention_of(const vscsi_u8 *data)
{
	vscsi_sense sense{};
	if (data)
		vscsi_sense_of(data, VSCSI_SENSE_BYTES, &sense);
	return sense.key == 6 ? static_cast<vscsi_u16>(sense.code << 8 | sense.qualifier) : vscsi_u16{0};
}

} // namespace gates
