// SPDX-License-Identifier: GPL-2.0
// A sysfs with the driver's statistics.
#pragma once
#include "core/load.hpp"
#include "unit/fake_host.hpp"

namespace vscsi
{

// Whose numbers tests make up.
inline constexpr Vdev disk{0, 0, 0, 1};

class StatisticsTree
{
public:
	StatisticsTree();

	std::filesystem::path sysfs() const { return m_folder.path(); }
	std::filesystem::path controller(const std::string &name) const;
	void set(const std::string &name, const ControllerCounters &counters) const;
	void set(const std::string &name, const Vdev &vdev, const LunCounters &counters) const;
	void remove(const std::string &name) const;

private:
	TemporaryFolder m_folder;
};

} // namespace vscsi
