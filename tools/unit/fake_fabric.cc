// SPDX-License-Identifier: GPL-2.0
#include "unit/fake_fabric.hpp"

#include <algorithm>
#include <cerrno>

#include "core/failure.hpp"
#include "os/files.hpp"

namespace vscsi
{

namespace fs = std::filesystem;

FakeFabric::FakeFabric(FakeHost &host) : m_host{host}
{
	m_host.host.write_fc = [this](const fs::path &path, const std::string &value) {
		return write(path, value);
	};
	m_host.host.ask_fabric = [this](const BsgNode &node, const CtBytes &request) {
		return answer(node, request);
	};
}

void FakeFabric::add_hba(unsigned host, const Wwn &port, const Wwn &fabric, bool npiv)
{
	const fs::path place = sys() / "devices/pci0/0000:00:09.0" / fmt::format("host{}", host) / "fc_host" /
			       fmt::format("host{}", host);
	put(place / "port_name", "0x" + hex_digits(port) + '\n');
	put(place / "node_name", "0x" + hex_digits(Wwn{port.number ^ 0x3000000000000000}) + '\n');
	put(place / "fabric_name", "0x" + hex_digits(fabric) + '\n');
	put(place / "port_id", "0x010100\n");
	put(place / "port_state", "Online\n");
	put(place / "max_npiv_vports", "64\n");
	put(place / "npiv_vports_inuse", "0\n");
	if (npiv)
		put(place / "vport_create", "");
	fs::create_directories(sys() / "class/fc_host");
	fs::create_directory_symlink(place, sys() / "class/fc_host" / fmt::format("host{}", host));
}

void FakeFabric::set(unsigned host, const std::string &attribute, const std::string &value)
{
	put(sys() / "class/fc_host" / fmt::format("host{}", host) / attribute, value + '\n');
}

Written FakeFabric::write(const fs::path &path, const std::string &value)
{
	if (until_killed == 0)
		throw Killed{};
	if (until_killed > 0)
		--until_killed;
	const std::string attribute = path.filename().string();
	const std::string owner = path.parent_path().filename().string();
	if (attribute == "vport_create") {
		written += fmt::format("{} {}\n", owner, value);
		return create(static_cast<unsigned>(std::stoul(owner.substr(4))), value);
	}
	if (attribute == "vport_delete") {
		written += "delete " + owner + '\n';
		for (const auto &[port, vport] : m_vports)
			if (vport.name == owner && !hangs) {
				lose(port);
				break;
			}
		return {0, value.size()};
	}
	if (!fs::exists(path))
		return {ENOENT, 0};
	// A host's shows what its vport's says.
	for (const auto &[port, vport] : m_vports)
		if (attribute == "symbolic_name" && owner == vport.name)
			set(vport.host, attribute, value);
	if (!may_be(path, value))
		return {EINVAL, 0};
	put(path, value + '\n');
	return {0, value.size()};
}

// Name servers' own form: a preamble, then what was asked for.
std::optional<CtBytes> FakeFabric::answer(const BsgNode &node, const CtBytes &request)
{
	asked.push_back(node);
	const bool by_host = node.of == BsgNode::Of::host;
	if (server == Reached::no || by_host != (server == Reached::by_host))
		return {};
	CtBytes said(request.begin(), request.begin() + 16);
	const auto verdict = [&](unsigned code, unsigned reason, unsigned explanation) {
		said[8] = static_cast<std::uint8_t>(code >> 8);
		said[9] = static_cast<std::uint8_t>(code);
		said[13] = static_cast<std::uint8_t>(reason);
		said[14] = static_cast<std::uint8_t>(explanation);
	};
	std::uint64_t about = 0;
	for (std::size_t at = 16; at < request.size(); ++at)
		about = about << 8 | request[at];
	const auto text = [&](const std::string &value) {
		said.push_back(static_cast<std::uint8_t>(value.size()));
		said.insert(said.end(), value.begin(), value.end());
	};
	verdict(0x8002, 0, 0);
	const unsigned query = static_cast<unsigned>(request[8]) << 8 | request[9];
	for (const auto &[name, port] : elsewhere) {
		const std::uint64_t id = std::stoul(port.id, nullptr, 16);
		if (query == 0x0121 && name.number == about) {
			for (const unsigned shift : {24U, 16U, 8U, 0U})
				said.push_back(static_cast<std::uint8_t>(id >> shift));
			return said;
		}
		if (query == 0x0113 && id == about) {
			for (unsigned left = 8; left-- != 0;)
				said.push_back(static_cast<std::uint8_t>(port.node.number >> (8 * left)));
			return said;
		}
		if ((query == 0x0118 && id == about) || (query == 0x0139 && port.node.number == about)) {
			text(query == 0x0118 ? port.port_text : port.node_text);
			return said;
		}
	}
	verdict(0x8001, 9, 2);
	return said;
}

// Of a remote port, as the kernel has it.
bool FakeFabric::may_be(const fs::path &path, const std::string &value)
{
	constexpr std::uint64_t longest_alone = 600;
	const std::string attribute = path.filename().string();
	const std::uint64_t seconds = parse_number(value, UINT32_MAX).value_or(0);
	if (attribute == "fast_io_fail_tmo")
		return seconds < parse_number(first_line(path.parent_path() / "dev_loss_tmo"), UINT32_MAX) &&
		       seconds <= longest_alone;
	if (attribute == "dev_loss_tmo")
		return seconds <= longest_alone ||
		       first_line(path.parent_path() / "fast_io_fail_tmo") != "off";
	return true;
}

Written FakeFabric::create(unsigned host, const std::string &value)
{
	if (error != 0)
		return {error, 0};
	if (short_write)
		return {0, 9};
	const Wwn port = parse_wwn(value.substr(0, 16)).value();
	if (m_vports.contains(port))
		return {EINVAL, 0};
	Vport &vport = m_vports[port];
	vport.host = m_next_host++;
	vport.name = fmt::format("vport-{}:0-{}", host, vport.host);
	const std::string name = fmt::format("host{}", vport.host);
	const std::string above = fmt::format("0000:00:09.0/host{}/{}", host, vport.name);
	m_host.places[vport.host] = above;
	const fs::path place = sys() / "devices/pci0" / above / name;
	put(place / "fc_host" / name / "port_name", "0x" + hex_digits(port) + '\n');
	put(place / "fc_host" / name / "node_name", "0x" + value.substr(17, 16) + '\n');
	put(place / "fc_host" / name / "fabric_name", "0x" + hex_digits(Wwn{1}) + '\n');
	put(place / "fc_host" / name / "port_id", "0x010101\n");
	put(place / "fc_host" / name / "port_state", "Online\n");
	put(place / "fc_host" / name / "symbolic_name", "\n");
	fs::create_directory_symlink(place / "fc_host" / name, sys() / "class/fc_host" / name);
	fs::create_directories(sys() / "class/scsi_host" / name);
	fs::create_directory_symlink(place, sys() / "class/scsi_host" / name / "device");
	put(sys() / "class/fc_vports" / vport.name / "vport_state", state + '\n');
	put(sys() / "class/fc_vports" / vport.name / "vport_last_state", "Unknown\n");
	put(sys() / "class/fc_vports" / vport.name / "symbolic_name", "\n");
	if (state == "Active")
		for (const ShownLun &lun : shown[port])
			add_lun(port, vport, lun);
	return {0, value.size()};
}

void FakeFabric::add_lun(const Wwn & /*port*/, Vport &vport, const ShownLun &lun)
{
	auto target = std::ranges::find(vport.targets, lun.target);
	const auto number = static_cast<unsigned>(target - vport.targets.begin());
	if (target == vport.targets.end()) {
		vport.targets.push_back(lun.target);
		const fs::path rport =
			sys() / "class/fc_remote_ports" / fmt::format("rport-{}:0-{}", vport.host, number);
		put(rport / "port_name", "0x" + hex_digits(lun.target) + '\n');
		put(rport / "port_id", "0x010200\n");
		put(rport / "port_state", "Online\n");
		put(rport / "roles", "FCP Target\n");
		put(rport / "dev_loss_tmo", "60\n");
		put(rport / "fast_io_fail_tmo", "off\n");
		put(sys() / "class/fc_transport" / fmt::format("target{}:0:{}", vport.host, number) /
			    "port_name",
		    "0x" + hex_digits(lun.target) + '\n');
	}
	const Hctl address{vport.host, 0, number, lun.lun};
	const char *const kind = lun.type == 1 ? "nst" : lun.type == 8 ? "sch" : "sdv";
	m_host.add_scsi(address, lun.type, fmt::format("{}{}", kind, m_next_minor), m_next_minor);
	m_host.says(address, {.naa = lun.naa, .serial = "S" + lun.naa});
	++m_next_minor;
	++vport.luns;
}

std::vector<Wwn> FakeFabric::logged_in() const
{
	std::vector<Wwn> found;
	for (const auto &[port, vport] : m_vports)
		found.push_back(port);
	return found;
}

void FakeFabric::becomes(const Wwn &port, const std::string &vport_state) const
{
	put(sys() / "class/fc_vports" / m_vports.at(port).name / "vport_state", vport_state + '\n');
}

void FakeFabric::show(const Wwn &port, const ShownLun &lun)
{
	shown[port].push_back(lun);
	add_lun(port, m_vports.at(port), lun);
}

void FakeFabric::lose(const Wwn &port)
{
	const Vport vport = m_vports.at(port);
	m_vports.erase(port);
	const std::string name = fmt::format("host{}", vport.host);
	for (const std::string &address : names_in(sys() / "class/scsi_device"))
		if (address.starts_with(fmt::format("{}:", vport.host)))
			fs::remove_all(sys() / "class/scsi_device" / address);
	for (const char *kind : {"fc_remote_ports", "fc_transport"})
		for (const std::string &entry : names_in(sys() / "class" / kind))
			if (entry.find(fmt::format("{}:0", vport.host)) != std::string::npos)
				fs::remove_all(sys() / "class" / kind / entry);
	fs::remove_all(sys() / "class/scsi_host" / name);
	fs::remove_all(sys() / "class/fc_host" / name);
	fs::remove_all(sys() / "class/fc_vports" / vport.name);
}

unsigned FakeFabric::host_of(const Wwn &port) const
{
	return m_vports.at(port).host;
}

void FakeFabric::count(const Wwn &port, const std::string &counter, const std::string &value) const
{
	put(sys() / "class/fc_host" / fmt::format("host{}", host_of(port)) / "statistics" / counter,
	    value + '\n');
}

std::string FakeFabric::timeouts(const Wwn &port) const
{
	const fs::path rport = sys() / "class/fc_remote_ports" / fmt::format("rport-{}:0-0", host_of(port));
	return first_line(rport / "fast_io_fail_tmo") + ' ' + first_line(rport / "dev_loss_tmo");
}

void FakeFabric::put_timeout(const Wwn &port, const std::string &fast_io_fail) const
{
	put(sys() / "class/fc_remote_ports" / fmt::format("rport-{}:0-0", host_of(port)) / "fast_io_fail_tmo",
	    fast_io_fail + '\n');
}

} // namespace vscsi
