// SPDX-License-Identifier: GPL-2.0
// What a pass notes for later ones.
#include <algorithm>

#include "daemon/daemon.hpp"

namespace vscsi
{

void Daemon::look_again(std::chrono::milliseconds delay)
{
	m_next = std::min(m_next, m_host.store.now() + delay);
}

void Daemon::tell_once(Level level, const std::string &text)
{
	if (m_told.insert(text).second)
		log_line(level, text);
}

// An id may be another guest's by now.
GuestMemory &Daemon::memory_of(const Domain &domain)
{
	GuestMemory &memory = m_guests[domain.id];
	if (memory.domain.uuid != domain.uuid)
		memory = {};
	memory.domain = domain;
	return memory;
}

} // namespace vscsi
