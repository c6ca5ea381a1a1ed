// SPDX-License-Identifier: GPL-2.0
// Guests that the daemon holds until they have their devices.
#pragma once
#include <functional>
#include <string>
#include <vector>

#include "act/host.hpp"

namespace vscsi
{

// xl pause and xl unpause; whether it worked.
using PauseSwitch = std::function<bool(DomId, bool paused)>;

// Xen counts pauses, so each must be undone once, also by a daemon that was
// started anew: a file for each guest says so.
class Pauses
{
public:
	Pauses(const Host &host, PauseSwitch toggle) : m_host{host}, m_switch{std::move(toggle)} {}

	// What an earlier daemon left: the guests that it held.  Those of which it is
	// not known whether they are held are told and not touched.
	std::vector<Domain> resume(const std::vector<Domain> &running);

	bool hold(const Domain &domain);
	void release(const Domain &domain);
	bool holds(const Domain &domain) const;
	// Of guests that are no more.
	void forget(DomId id);

private:
	void note(const Domain &domain, const char *what) const;

	const Host &m_host;
	PauseSwitch m_switch;
	std::vector<DomId> m_held;
};

} // namespace vscsi
