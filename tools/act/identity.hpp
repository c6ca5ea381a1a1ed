// SPDX-License-Identifier: GPL-2.0
// Who the guests of this domain's backend are.  A driver domain may not read
// their directories; there the backend's own says it.
#pragma once
#include <map>
#include <set>

#include "core/guest.hpp"
#include "os/store.hpp"

namespace vscsi
{

// The domain that this runs in.
DomId own_id(Store &store);

class Identities
{
public:
	explicit Identities(Store &store);

	// An entry for each; name and UUID are empty where nobody says them.
	std::map<DomId, Domain> of(const std::set<DomId> &ids) const;
	// Those that are served here, and what else can be seen from here.
	std::map<DomId, Domain> all() const;

private:
	std::set<DomId> directories(const std::string &path) const;
	void ask_backend(std::map<DomId, Domain> &found) const;

	Store &m_store;
	DomId m_self;
};

} // namespace vscsi
