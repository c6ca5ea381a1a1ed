// SPDX-License-Identifier: GPL-2.0
// HBAs, a fabric and what its targets show to whom, as sysfs has it; and the manners of drivers.
#pragma once
#include <map>
#include <string>
#include <vector>

#include "unit/fake_host.hpp"

namespace vscsi
{

struct ShownLun {
	Wwn target;
	unsigned lun = 0;
	std::string naa;
	unsigned type = 0;
};

class FakeFabric
{
public:
	explicit FakeFabric(FakeHost &host);

	void add_hba(unsigned host, const Wwn &port, const Wwn &fabric, bool npiv = true);
	void set(unsigned host, const std::string &attribute, const std::string &value);

	// How the driver answers to vport_create, and what becomes of the login.
	int error = 0;
	bool short_write = false;
	std::string state = "Active";
	bool hangs = false;    // a vport that is deleted stays
	int until_killed = -1; // writes that still go through; -1: all
	// Ports of other hosts in the fabric; how its name server is reached, if at all.
	std::map<Wwn, FabricPort> elsewhere;
	enum class Reached { no, by_host, by_remote_port } server = Reached::by_host;
	std::vector<BsgNode> asked;
	// What the arrays show to a port, in the order in which this host finds it.
	std::map<Wwn, std::vector<ShownLun>> shown;

	std::vector<Wwn> logged_in() const; // vports that exist
	std::string written;                // a line for each write but those of timeouts
	// The fabric changes its mind, an array shows something more.
	void becomes(const Wwn &port, const std::string &vport_state) const;
	void show(const Wwn &port, const ShownLun &lun);
	// The HBA is reset, and its vports with it.
	void lose(const Wwn &port);
	void count(const Wwn &port, const std::string &counter, const std::string &value) const;
	std::string timeouts(const Wwn &port) const; // fast_io_fail dev_loss, of the first target
	void put_timeout(const Wwn &port, const std::string &fast_io_fail) const;
	unsigned host_of(const Wwn &port) const;

private:
	struct Vport {
		unsigned host = 0;
		std::string name;
		std::vector<Wwn> targets;
		unsigned luns = 0;
	};
	Written write(const std::filesystem::path &path, const std::string &value);
	static bool may_be(const std::filesystem::path &path, const std::string &value);
	Written create(unsigned host, const std::string &value);
	std::optional<CtBytes> answer(const BsgNode &node, const CtBytes &request);
	void add_lun(const Wwn &port, Vport &vport, const ShownLun &lun);
	std::filesystem::path sys() const { return m_host.folder.path() / "sys"; }

	FakeHost &m_host;
	std::map<Wwn, Vport> m_vports;
	unsigned m_next_host = 20;
	unsigned m_next_minor = 1;
};

} // namespace vscsi
