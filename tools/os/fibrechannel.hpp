// SPDX-License-Identifier: GPL-2.0
// Fibre Channel ports of this host: classes fc_host, fc_vports, fc_remote_ports of sysfs.
#pragma once
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "core/vport.hpp"
#include "os/directory.hpp"

namespace vscsi
{

// What one write() said.
struct Written {
	int error = 0;
	std::size_t bytes = 0;
};
using AttributeWriter = std::function<Written(const std::filesystem::path &, const std::string &)>;
// One write() and no other, whatever comes of it: drivers answer with EINTR and with short counts, and
// mean failures by them that another try would not mend.
Written write_once(const std::filesystem::path &path, const std::string &value);

class FibreChannel
{
public:
	explicit FibreChannel(std::filesystem::path sysfs, AttributeWriter writer = write_once,
			      DirectoryAsker asker = ask_directory)
	    : m_root{std::move(sysfs)}, m_write{std::move(writer)}, m_ask{std::move(asker)}
	{
	}

	std::vector<FcPort> ports() const;
	RemotePorts remote_ports() const;
	PortCounters counters(const FcPort &port) const;

	// Who has that WWPN in the fabric of this HBA.  Takes seconds where nobody answers.
	Lookup look_up(const FcPort &hba, const Wwn &name) const;

	// The vport exists then, and begins to log in; see FcPort::vport_state.  Throws a Failure that says
	// by its code and text why the driver refused.  May sleep for seconds with some drivers.
	void create(const FcPort &hba, const VportId &id) const;
	// By the kernel's own work queue: a login that hangs does not hang the caller.
	void remove(const FcPort &vport) const;
	// What the switch calls it.
	void set_symbolic_name(const FcPort &vport, const std::string &name) const;
	// Of a target port that is not reachable: commands fail after the first, devices go after the
	// second, both in seconds.  Only where the kernel's own are; false: it cannot be set now.
	bool set_timeouts(const RemotePort &port, unsigned fast_io_fail, unsigned dev_loss) const;
	// Asks all targets of that host for their LUNs.  May sleep for long, if one does not answer.
	void scan(unsigned host) const;

private:
	std::filesystem::path class_path(const char *name) const { return m_root / "class" / name; }
	std::filesystem::path m_root;
	AttributeWriter m_write;
	DirectoryAsker m_ask;
};

} // namespace vscsi
