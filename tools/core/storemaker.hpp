// SPDX-License-Identifier: GPL-2.0
// Backstores and portal groups that the tool makes: their names and serial numbers.
#pragma once
#include <set>
#include <string>

#include "core/export.hpp"

namespace vscsi
{

// Of several in one plan, which may not have one name.
class StoreMaker
{
public:
	explicit StoreMaker(const Lio &lio) : m_lio{lio} {}
	// Throws a Failure that says why it cannot be.
	MakeStore make(const HostDevice &device, Via via);
	// Of a SCSI device that the vport of this name is shown.
	MakeStore make_for_vport(const HostDevice &device, const Wwn &vport);

private:
	MakeStore make_image(const HostDevice &file) const;
	std::string store_name(const HostDevice &device) const;
	std::string free_hba(std::string_view plugin) const;

	const Lio &m_lio;
	std::set<std::string> m_hbas;
	std::set<std::string> m_names;
};

std::string vport_store_name(const HostDevice &device, const Wwn &vport);

// Bound to the guest, or to what the options say.
MakeTpg new_tpg(const Scene &scene, const std::string &alias, const ExportOptions &options, Random random);

// Each throws a Failure that says why it cannot be.
void need_binding(const Lio &lio);
// A file is no device, and the reverse.
void need_kind(const HostDevice &device, Via via);
void need_zones(bool zoned, const StoreId &store, const std::string &name);

// What a LUN's link has to keep, if the backstore's name does not.
std::string kept_by_link(const StoreId &store, const std::string &identity);

} // namespace vscsi
