// SPDX-License-Identifier: GPL-2.0
#include "daemon/missing.hpp"

namespace vscsi
{

namespace
{

constexpr std::chrono::seconds rest{10};

} // namespace

Time Missing::look(Time now)
{
	std::error_code error;
	if (!m_due || !std::filesystem::exists(m_file, error)) {
		m_due = false;
		return Time::max();
	}
	if (m_last != Time::min() && now - m_last < rest)
		return m_last + rest;
	m_due = false;
	m_last = now;
	m_restore();
	return Time::max();
}

} // namespace vscsi
