// SPDX-License-Identifier: GPL-2.0
#include "os/store.hpp"

#include "core/failure.hpp"

namespace vscsi
{

void refuse_to_try_again()
{
	fail(Exit::failed, "xenstore: others change the same all the time; nothing was changed. Try again");
}

} // namespace vscsi
