// SPDX-License-Identifier: GPL-2.0 OR MIT
// Pages for data: a guest's own share and what is common, as ring/quota.c and ring/pages.c count them.
#pragma once
#include <algorithm>

#include "random.hpp"

namespace sim
{

struct Quota {
	u32 pages;
	u32 common; // as many of those are everybody's
};

struct Pool {
	u32 share;
	u32 most_common;
	u32 common;

	bool take(Quota &quota, u32 pages, bool must)
	{
		const u32 own = quota.pages - quota.common;
		const u32 more = pages - std::min(pages, share - std::min(share, own));
		if (more && !must && common + more > most_common)
			return false;
		common += more;
		quota.pages += pages;
		quota.common += more;
		return true;
	}
	void give(Quota &quota, u32 pages)
	{
		const u32 from_common = std::min(pages, quota.common);
		quota.pages -= pages;
		quota.common -= from_common;
		common -= from_common;
	}
};

} // namespace sim
