// SPDX-License-Identifier: GPL-2.0
// An adapter of this host, whole: its portal group has a LUN for each of its devices.
#pragma once
#include <optional>
#include <vector>

#include "core/export.hpp"

namespace vscsi
{

// Makes what is missing, removes what is no more.  Without a guest it only follows.
struct AdapterPlan {
	std::vector<Change> changes;
	std::optional<TpgId> tpg;
};
// Throws a Failure that says why it cannot be.
AdapterPlan export_adapter(const Scene &scene, const Adapter &adapter, const ExportOptions &options,
			   Random random);
std::vector<Change> follow_adapter(const Lio &lio, const Tpg &tpg, const Adapter &adapter);

// Its portal group; nothing if there is none.
const Tpg *tpg_of_adapter(const Lio &lio, std::string_view identity);

} // namespace vscsi
