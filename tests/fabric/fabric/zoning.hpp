// SPDX-License-Identifier: GPL-2.0 OR MIT
// Who may see whom.
#pragma once
#include <map>
#include <string>
#include <vector>

#include "frames/names.hpp"

namespace fabric
{

using frames::Wwn;

struct Zone {
	// Of a peer zone: principals and the others see each other, and no two of either do.
	std::vector<Wwn> principals;
	// Of a peer zone that names none: everybody else.
	std::vector<Wwn> members;
	bool peer = false;

	bool has(Wwn name) const;
	bool joins(Wwn one, Wwn other) const;
};

class Zoning
{
public:
	bool together(Wwn one, Wwn other) const;

	void set(const std::string &name, Zone zone) { zones_[name] = std::move(zone); }
	bool remove(const std::string &name) { return zones_.erase(name) != 0; }
	void clear() { zones_.clear(); }
	const std::map<std::string, Zone> &zones() const { return zones_; }

	// Whether ports that are in no zone see each other.
	bool permit_unzoned = true;

private:
	bool zoned(Wwn name) const;

	std::map<std::string, Zone> zones_;
};

} // namespace fabric
