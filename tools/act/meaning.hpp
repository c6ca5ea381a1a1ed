// SPDX-License-Identifier: GPL-2.0
// Which device or adapter PDEV means.  A number means, if somebody types it, what has it now;
// in a line vscsi=, which stays, what had it when the domain got it last.
#pragma once
#include <functional>
#include <string>
#include <vector>

#include "act/host.hpp"

namespace vscsi
{

class Meaning
{
public:
	Meaning(const Host &host, const Domain &domain, std::string pdev, bool line);

	// All paths to the device.  Throws a Failure if it is not there.
	std::vector<HostDevice> of(const DevicePath &path);
	std::vector<HostDevice> of(const Hctl &address);
	std::vector<HostDevice> of(const DeviceIdentity &identity);
	Adapter of(const HostAdapter &number);
	Adapter of(const AdapterIdentity &identity);

	const std::vector<std::string> &warnings() const { return m_warnings; }
	// The domain has it.  Under the lock of the configuration.
	void keep();

private:
	std::vector<HostDevice> by_number(const std::function<HostDevice()> &find);
	void warn(const std::string &now);

	const Host &m_host;
	std::string m_domain;
	std::string m_pdev;
	bool m_line;
	std::string m_known; // of the last time; empty: there was none
	std::string m_found; // this time
	std::vector<std::string> m_warnings;
};

} // namespace vscsi
