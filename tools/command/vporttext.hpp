// SPDX-License-Identifier: GPL-2.0
// Vports, as every verb shows them.
#pragma once
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "act/npiv.hpp"

namespace vscsi
{

// Active, Initializing, ... or Logged Out.
std::string state_of(const VportStatus &one);
// " for 3 min", if that is known.
std::string age_of_state(const VportStatus &one);
std::string wwn_or_dash(const Wwn &wwn);
nlohmann::ordered_json wwn_json(const Wwn &wwn);
// The port itself, without what it sees.
nlohmann::ordered_json vport_json(const VportStatus &one);
// With that.
nlohmann::ordered_json whole_vport_json(const VportStatus &one);
std::string vports_text(const std::vector<VportStatus> &vports);
std::string vports_json(const std::vector<VportStatus> &vports);

} // namespace vscsi
