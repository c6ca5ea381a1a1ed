// SPDX-License-Identifier: GPL-2.0
#include "core/reach.hpp"

#include "core/failure.hpp"

namespace vscsi
{

const char *reach_name(Reach reach)
{
	switch (reach) {
	case Reach::device:
		return "device";
	case Reach::one_registrant:
		return "one registrant";
	case Reach::none:
		return "none";
	case Reach::this_host:
		break;
	}
	return "this host";
}

Reach reach_of(const Backstore &store)
{
	if (!store.emulate_pr.value_or(true))
		return Reach::none;
	if (!keeps_reservations(store.id))
		return Reach::device;
	// The attribute says the contrary of what it is about: 0 is to pass them on.
	return store.pgr_support.value_or(true) ? Reach::this_host : Reach::one_registrant;
}

bool keeps_reservations(const StoreId &store)
{
	return store.plugin() != "pscsi";
}

SetAttribute refuse_reservations(const StoreId &store)
{
	return {store, "emulate_pr", "0", "1"};
}

void need_refusal(const Backstore &store)
{
	if (!store.emulate_pr)
		fail(Exit::environment,
		     "{}: reservations would end at this host, and the kernel cannot refuse them: the "
		     "backstore "
		     "has no attribute emulate_pr. Use a newer kernel, or pass the device through, with "
		     "--backstore pscsi",
		     to_string(store.id));
}

} // namespace vscsi
