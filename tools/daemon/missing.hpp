// SPDX-License-Identifier: GPL-2.0
// What LIO's tools could not restore when the host started, because a device was not there yet.
#pragma once
#include <chrono>
#include <filesystem>
#include <functional>

#include "daemon/memory.hpp"

namespace vscsi
{

class Missing
{
public:
	// file: is there while something is missing.  restore: makes what can be made now.
	Missing(std::filesystem::path file, std::function<void()> restore)
	    : m_file{std::move(file)}, m_restore{std::move(restore)}
	{
	}

	// Devices have come, or may have.
	void note() { m_due = true; }
	// Now and then at most: what it makes is an event again.  When to ask again, at the latest.
	Time look(Time now);

private:
	std::filesystem::path m_file;
	std::function<void()> m_restore;
	bool m_due = true;
	Time m_last = Time::min();
};

} // namespace vscsi
