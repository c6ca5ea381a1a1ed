// SPDX-License-Identifier: GPL-2.0 OR MIT
#include "instructions.hpp"

#include <linux/perf_event.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

Instructions::Instructions()
{
	perf_event_attr what{};
	what.type = PERF_TYPE_HARDWARE;
	what.size = sizeof what;
	what.config = PERF_COUNT_HW_INSTRUCTIONS;
	what.exclude_kernel = 1;
	what.exclude_hv = 1;
	m_file = static_cast<int>(syscall(SYS_perf_event_open, &what, 0, -1, -1, 0));
	if (m_file < 0)
		m_why = std::strerror(errno);
	else if (now() == 0)
		m_why = "the counter stands still";
	if (!m_why.empty() && m_file >= 0) {
		close(m_file);
		m_file = -1;
	}
}

Instructions::~Instructions()
{
	if (m_file >= 0)
		close(m_file);
}

std::uint64_t Instructions::now() const
{
	std::uint64_t count = 0;
	if (m_file < 0 || read(m_file, &count, sizeof count) != sizeof count)
		return 0;
	return count;
}

const Instructions &instructions()
{
	static const Instructions counter;
	return counter;
}
