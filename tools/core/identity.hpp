// SPDX-License-Identifier: GPL-2.0
// What a device is, whatever its number: naa.5000c500a1b2c3d4, eui.…, t10.…, serial.VENDOR_MODEL_SERIAL,
// in letters that names of backstores and links, and targetcli's paths, may have.
#pragma once
#include <string>
#include <string_view>
#include <vector>

namespace vscsi
{

bool is_identity(std::string_view text);

// kind: `serial`, say.  Empty if the value tells nothing.
std::string make_identity(std::string_view kind, std::string_view value);

// Those of a VPD page 83h that are the logical unit's, not its target's; the best first.
std::vector<std::string> identities_of_page83(std::string_view page);
// The unit serial number of a VPD page 80h.
std::string serial_of_page80(std::string_view page);

enum class Match {
	same,
	unsure,  // the device does not say what could be compared
	another, // it says that it is another one
};
Match compare_identity(std::string_view kept, const std::vector<std::string> &now);

} // namespace vscsi
