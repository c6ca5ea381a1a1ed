// SPDX-License-Identifier: GPL-2.0
// An operator who does not want to wait any longer.
#pragma once

namespace vscsi
{

// From now on the first SIGINT, SIGTERM or SIGHUP is only noted, for those who wait; a further one
// ends the program as ever.  What was ignored at the start stays so.
void note_interrupts();

// Whether one was noted since it was asked last.
bool take_interrupt();

} // namespace vscsi
