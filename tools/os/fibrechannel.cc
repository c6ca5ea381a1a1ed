// SPDX-License-Identifier: GPL-2.0
#include "os/fibrechannel.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>

#include "core/failure.hpp"
#include "core/names.hpp"
#include "os/files.hpp"

namespace vscsi
{

namespace
{

namespace fs = std::filesystem;

Wwn wwn_at(const fs::path &file)
{
	return parse_wwn(first_line(file)).value_or(Wwn{});
}

// host3, rport-3:0-1
std::optional<unsigned> host_number(std::string_view name, std::string_view prefix)
{
	if (!name.starts_with(prefix))
		return {};
	name.remove_prefix(prefix.size());
	const auto number = parse_number(name.substr(0, name.find(':')), UINT32_MAX);
	return number ? std::optional{static_cast<unsigned>(*number)} : std::nullopt;
}

unsigned count_at(const fs::path &file)
{
	return static_cast<unsigned>(parse_number(first_line(file), UINT32_MAX).value_or(0));
}

// The vport that the host belongs to, by its name in class fc_vports; empty: it is a physical one.
std::string vport_above(const fs::path &host)
{
	for (const fs::path &part : host)
		if (part.string().starts_with("vport-"))
			return part.string();
	return {};
}

struct Cause {
	int error;
	Exit code;
	const char *text;
};

// What drivers mean by the numbers that vport_create fails with.
constexpr Cause causes[] = {
	Cause{EEXIST, Exit::in_use, "this HBA has a vport of that WWPN already"},
	Cause{EINVAL, Exit::in_use, "this HBA has that WWPN already, as its own or a vport's"},
	Cause{ENOTUNIQ, Exit::in_use, "this HBA has a vport of that WWPN already"},
	Cause{ENOENT, Exit::refused,
	      "the driver refused the name: this HBA has it already, or NPIV is off (lpfc_enable_npiv), or a "
	      "WWPN "
	      "that begins with 1 has digits other than 0 behind that"},
	Cause{EOPNOTSUPP, Exit::no_npiv, "the fabric does not do NPIV, or the link is no fabric's"},
	Cause{ENOSYS, Exit::no_npiv, "the HBA has no NPIV, it is off, or it has as many vports as it can"},
	Cause{ENOSPC, Exit::no_room, "the kernel has as many vports of this HBA as it can"},
	Cause{EINTR, Exit::no_room, "the HBA has no resources for another vport"},
	Cause{ESRCH, Exit::failed, "the driver has no memory for it"},
	Cause{EPERM, Exit::failed, "the driver failed; see the kernel log"},
	Cause{EIO, Exit::failed, "the driver failed; see the kernel log"},
	Cause{EACCES, Exit::environment, "only root may"},
};

} // namespace

Written write_once(const fs::path &path, const std::string &value)
{
	const int file = open(path.c_str(), O_WRONLY | O_CLOEXEC);
	if (file < 0)
		return {errno, 0};
	const ssize_t written = ::write(file, value.data(), value.size());
	const int error = written < 0 ? errno : 0;
	close(file);
	return {error, written < 0 ? 0 : static_cast<std::size_t>(written)};
}

std::vector<FcPort> FibreChannel::ports() const
{
	std::vector<FcPort> found;
	for (const std::string &name : names_in(class_path("fc_host"))) {
		const fs::path place = class_path("fc_host") / name;
		const auto number = host_number(name, "host");
		std::error_code error;
		const fs::path host = fs::canonical(place, error);
		if (!number || error)
			continue;
		FcPort port;
		port.host = *number;
		port.port = wwn_at(place / "port_name");
		port.node = wwn_at(place / "node_name");
		port.fabric = wwn_at(place / "fabric_name");
		// libfc's, while it is not logged in.
		if (port.fabric.number == UINT64_MAX)
			port.fabric = {};
		port.id = first_line(place / "port_id");
		port.state = first_line(place / "port_state");
		port.speed = first_line(place / "speed");
		port.symbolic = first_line(place / "symbolic_name");
		port.takes_vports = fs::exists(place / "vport_create", error);
		port.vports = count_at(place / "npiv_vports_inuse");
		port.most_vports = count_at(place / "max_npiv_vports");
		port.vport = vport_above(host);
		port.is_vport = !port.vport.empty();
		if (port.is_vport) {
			port.vport_state = first_line(class_path("fc_vports") / port.vport / "vport_state");
			port.vport_last_state =
				first_line(class_path("fc_vports") / port.vport / "vport_last_state");
		}
		found.push_back(std::move(port));
	}
	std::ranges::sort(found, {}, &FcPort::host);
	return found;
}

RemotePorts FibreChannel::remote_ports() const
{
	RemotePorts found;
	for (const std::string &name : names_in(class_path("fc_remote_ports"))) {
		const fs::path place = class_path("fc_remote_ports") / name;
		const auto host = host_number(name, "rport-");
		if (!host)
			continue;
		RemotePort port{name,
				wwn_at(place / "port_name"),
				first_line(place / "port_id"),
				first_line(place / "port_state"),
				first_line(place / "roles").find("Target") != std::string::npos,
				first_line(place / "dev_loss_tmo"),
				first_line(place / "fast_io_fail_tmo")};
		for (const std::string &target : names_in(place / "device"))
			if (target.starts_with("target"))
				port.luns += static_cast<unsigned>(std::ranges::count_if(
					names_in(place / "device" / target),
					[](const std::string &lun) { return parse_hctl(lun).has_value(); }));
		found[*host].push_back(std::move(port));
	}
	return found;
}

PortCounters FibreChannel::counters(const FcPort &port) const
{
	PortCounters found;
	const fs::path place = class_path("fc_host") / fmt::format("host{}", port.host) / "statistics";
	for (const PortCounterFile &counter : port_counter_files) {
		const std::string text = first_line(place / counter.file);
		std::uint64_t number = 0;
		const char *const end = text.data() + text.size();
		constexpr std::string_view hexadecimal = "0x";
		constexpr int base = 16;
		if (!text.starts_with(hexadecimal) ||
		    std::from_chars(text.data() + hexadecimal.size(), end, number, base).ptr != end)
			continue;
		// Drivers say so that they do not count it.
		if (number != UINT64_MAX)
			found.*counter.value = number;
	}
	return found;
}

Lookup FibreChannel::look_up(const FcPort &hba, const Wwn &name) const
{
	constexpr std::string_view directory_server = "0xfffffc";
	std::optional<BsgNode> node;
	const auto ask = [&](const CtBytes &request) -> std::optional<CtBytes> {
		if (node)
			return m_ask(*node, request);
		node = BsgNode{BsgNode::Of::host, fmt::format("fc_host{}", hba.host)};
		if (auto answer = m_ask(*node, request))
			return answer;
		// Where the host's own node does not pass it on.
		const RemotePorts all = remote_ports();
		const auto own = all.find(hba.host);
		if (own == all.end())
			return {};
		for (const RemotePort &port : own->second)
			if (port.id == directory_server) {
				node = BsgNode{BsgNode::Of::remote_port, port.name};
				return m_ask(*node, request);
			}
		return {};
	};
	return vscsi::look_up(name, ask);
}

void FibreChannel::create(const FcPort &hba, const VportId &id) const
{
	const std::string text = fmt::format("{}:{}", hex_digits(id.port), hex_digits(id.node));
	const Written written =
		m_write(class_path("fc_host") / fmt::format("host{}", hba.host) / "vport_create", text);
	const std::string what = fmt::format("vport {} cannot be made at HBA {} (host{})", to_string(id.port),
					     to_string(hba.port), hba.host);
	if (written.error == 0 && written.bytes == text.size())
		return;
	// qla2xxx answers with the state of the vport where a count is expected.
	if (written.error == 0)
		fail(Exit::failed, "{}: the driver gave it up; see the kernel log", what);
	for (const Cause &cause : causes)
		if (cause.error == written.error)
			fail(cause.code, "{}: {} ({})", what, cause.text, error_text(written.error));
	fail(Exit::failed, "{}: {}", what, error_text(written.error));
}

void FibreChannel::remove(const FcPort &vport) const
{
	const Written written = m_write(class_path("fc_vports") / vport.vport / "vport_delete", "1");
	// It may have gone by itself.
	if (written.error != 0 && written.error != ENOENT && written.error != EBUSY)
		fail(Exit::failed, "vport {} cannot be deleted: {}", to_string(vport.port),
		     error_text(written.error));
}

void FibreChannel::set_symbolic_name(const FcPort &vport, const std::string &name) const
{
	// No switch needs it to let it in.
	m_write(class_path("fc_vports") / vport.vport / "symbolic_name", name);
}

bool FibreChannel::set_timeouts(const RemotePort &port, unsigned fast_io_fail, unsigned dev_loss) const
{
	const fs::path place = class_path("fc_remote_ports") / port.name;
	const auto set = [&](const char *attribute, unsigned seconds) {
		return m_write(place / attribute, fmt::format("{}", seconds)).error == 0;
	};
	// The second may be longer than 600 s only with the first, which must always be less than the second.
	constexpr unsigned least = 1;
	return set("fast_io_fail_tmo", least) && set("dev_loss_tmo", dev_loss) &&
	       set("fast_io_fail_tmo", fast_io_fail);
}

void FibreChannel::scan(unsigned host) const
{
	m_write(class_path("scsi_host") / fmt::format("host{}", host) / "scan", "- - -");
}

} // namespace vscsi
