// SPDX-License-Identifier: GPL-2.0 OR MIT
#include "fabric/zoning.hpp"

#include <algorithm>

namespace fabric
{

namespace
{

bool among(const std::vector<Wwn> &names, Wwn name)
{
	return std::find(names.begin(), names.end(), name) != names.end();
}

} // namespace

bool Zone::has(Wwn name) const
{
	return among(principals, name) || among(members, name) || (peer && members.empty());
}

bool Zone::joins(Wwn one, Wwn other) const
{
	if (!has(one) || !has(other))
		return false;
	return !peer || among(principals, one) != among(principals, other);
}

bool Zoning::zoned(Wwn name) const
{
	return std::any_of(zones_.begin(), zones_.end(),
			   [&](const auto &entry) { return entry.second.has(name); });
}

bool Zoning::together(Wwn one, Wwn other) const
{
	if (one == other)
		return true;
	const bool joined = std::any_of(zones_.begin(), zones_.end(),
					[&](const auto &entry) { return entry.second.joins(one, other); });
	return joined || (permit_unzoned && !zoned(one) && !zoned(other));
}

} // namespace fabric
