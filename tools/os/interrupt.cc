// SPDX-License-Identifier: GPL-2.0
#include "os/interrupt.hpp"

#include <array>
#include <csignal>

namespace vscsi
{

namespace
{

constexpr std::array interrupts{SIGINT, SIGTERM, SIGHUP};
volatile std::sig_atomic_t noted = 0;

extern "C" void note_interrupt(int)
{
	noted = 1;
	for (const int number : interrupts)
		std::signal(number, SIG_DFL);
}

} // namespace

void note_interrupts()
{
	for (const int number : interrupts) {
		struct sigaction now {
		};
		if (sigaction(number, nullptr, &now) != 0 || now.sa_handler == SIG_IGN)
			continue;
		// Without SA_RESTART: what waits returns.
		struct sigaction action {
		};
		action.sa_handler = note_interrupt;
		sigaction(number, &action, nullptr);
	}
}

bool take_interrupt()
{
	const bool any = noted != 0;
	noted = 0;
	return any;
}

} // namespace vscsi
