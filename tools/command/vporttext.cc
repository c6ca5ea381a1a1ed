// SPDX-License-Identifier: GPL-2.0
#include "command/vporttext.hpp"

#include <ctime>
#include <fmt/core.h>

#include "command/table.hpp"

namespace vscsi
{

using nlohmann::ordered_json;

namespace
{

// What the daemon has noted is of the state that there is now.
bool is_current(const VportStatus &one)
{
	return one.history.since != 0 && one.history.state == state_of(one);
}

ordered_json device_of_vport(const HostDevice &device)
{
	return {{"target", wwn_json(device.target_port)},
		{"lun", device.scsi->lun},
		{"phy-hctl", to_string(*device.scsi)},
		{"node", device.node},
		{"vendor", device.vendor},
		{"model", device.model},
		{"identity", device.identity}};
}

ordered_json counters_json(const PortCounters &counters)
{
	ordered_json json = ordered_json::object();
	for (const PortCounterFile &file : port_counter_files)
		json[file.file] =
			counters.*file.value ? ordered_json(*(counters.*file.value)) : ordered_json(nullptr);
	return json;
}

ordered_json time_or_null(std::int64_t seconds)
{
	return seconds ? ordered_json(seconds) : ordered_json(nullptr);
}

} // namespace

std::string wwn_or_dash(const Wwn &wwn)
{
	return wwn ? to_string(wwn) : "-";
}

ordered_json wwn_json(const Wwn &wwn)
{
	return wwn ? ordered_json(to_string(wwn)) : ordered_json(nullptr);
}

std::string state_of(const VportStatus &one)
{
	return one.port ? one.port->vport_state : logged_out;
}

ordered_json vport_json(const VportStatus &one)
{
	ordered_json json{{"wwpn", to_string(one.id.port)},
			  {"wwnn", to_string(one.id.node)},
			  {"parent", to_string(one.id.parent)},
			  {"state", state_of(one)},
			  {"since", time_or_null(is_current(one) ? one.history.since : 0)},
			  {"last-state", one.port ? one.port->vport_last_state : ""},
			  {"last-cause", one.history.cause.empty() ? ordered_json(nullptr)
								   : ordered_json(one.history.cause)},
			  {"last-cause-at", time_or_null(one.history.when)},
			  {"host", one.port ? ordered_json(one.port->host) : ordered_json(nullptr)},
			  {"hba", one.hba},
			  {"fabric", one.port ? wwn_json(one.port->fabric) : ordered_json(nullptr)},
			  {"n-port-id", one.port ? one.port->id : ""},
			  {"symbolic-name", one.port ? one.port->symbolic : ""},
			  {"counters", counters_json(one.counters)}};
	if (one.port && one.port->vport_state != "Active")
		json["why"] = why_not_active(*one.port);
	if (one.holder)
		json["holder"] = {{"n-port-id", one.holder->id},
				  {"wwnn", wwn_json(one.holder->node)},
				  {"symbolic-name", one.holder->port_text},
				  {"node-symbolic-name", one.holder->node_text}};
	return json;
}

ordered_json whole_vport_json(const VportStatus &one)
{
	ordered_json targets = ordered_json::array();
	for (const RemotePort &target : one.targets)
		targets.push_back({{"wwpn", wwn_json(target.port)},
				   {"n-port-id", target.id},
				   {"state", target.state},
				   {"target", target.target},
				   {"luns", target.luns},
				   {"dev-loss-tmo", target.dev_loss},
				   {"fast-io-fail-tmo", target.fast_io_fail}});
	ordered_json devices = ordered_json::array();
	for (const HostDevice &device : one.devices)
		devices.push_back(device_of_vport(device));
	ordered_json json{
		{"domain", one.domain},
		{"tpg", one.tpg.wwn},
		{"controller", one.controller ? ordered_json(*one.controller) : ordered_json(nullptr)},
		{"login-asked", one.asked},
		{"luns", one.luns}};
	json.update(vport_json(one));
	json["targets"] = std::move(targets);
	json["devices"] = std::move(devices);
	return json;
}

// " for 3 min"
std::string age_of_state(const VportStatus &one)
{
	return is_current(one) ? fmt::format(" for {}", age_text(std::time(nullptr) - one.history.since))
			       : std::string{};
}

namespace
{

std::string cause_text(const VportStatus &one)
{
	if (one.history.cause.empty())
		return {};
	return fmt::format("  {} ago it was not: {}\n", age_text(std::time(nullptr) - one.history.when),
			   one.history.cause);
}

std::string number_or_dash(const std::optional<std::uint64_t> &number)
{
	return number ? fmt::format("{}", *number) : "-";
}

std::string frames_text(const PortCounters &counters)
{
	if (!counters.tx_frames && !counters.rx_frames)
		return {};
	return fmt::format("  frames: {} sent, {} received; in error {}, dumped {}\n",
			   number_or_dash(counters.tx_frames), number_or_dash(counters.rx_frames),
			   number_or_dash(counters.error_frames), number_or_dash(counters.dumped_frames));
}

} // namespace

std::string vports_text(const std::vector<VportStatus> &vports)
{
	std::string text;
	for (const VportStatus &one : vports) {
		text += fmt::format("{}: vport {} (node {}) by {}\n", as_word(one.domain),
				    to_string(one.id.port), to_string(one.id.node), to_string(one.id.parent));
		if (one.controller)
			text += fmt::format("  controller {} in the guest, {} LUNs given\n", *one.controller,
					    one.luns);
		if (!one.port) {
			text += fmt::format(
				"  logged out{}: its guest does not run, or the daemon has not got to it "
				"yet\n",
				age_of_state(one));
			text += cause_text(one);
			continue;
		}
		const FcPort &port = *one.port;
		text += fmt::format("  {}{}: host{} at HBA {}, fabric {}, N_Port_ID {}, named '{}'{}\n",
				    port.vport_state, age_of_state(one), port.host,
				    one.hba.empty() ? "-" : one.hba, wwn_or_dash(port.fabric), port.id,
				    port.symbolic, one.asked ? ", kept by `npiv login`" : "");
		if (port.vport_state != "Active")
			text += fmt::format("  problem: {}\n",
					    one.holder ? "the fabric has that WWPN already: " +
								 describe(*one.holder)
						       : why_not_active(port));
		else
			text += cause_text(one);
		text += frames_text(one.counters);
		for (const RemotePort &target : one.targets) {
			if (!target.target)
				continue;
			text += fmt::format(
				"  target {} ({}): {}, {} LUNs, I/O fails after {} s, devices go after "
				"{} s\n",
				to_string(target.port), target.id, target.state, target.luns,
				target.fast_io_fail, target.dev_loss);
			TextTable table{{8, 24, 0}, "    "};
			for (const HostDevice &device : one.devices)
				if (device.target_port == target.port)
					table.add({fmt::format("LUN {}", device.scsi->lun),
						   fmt::format("{} {}", device.vendor, device.model),
						   fmt::format("{} {}", to_string(*device.scsi),
							       device.identity)});
			text += table.text();
		}
		if (port.vport_state == "Active" && one.devices.empty())
			text += "  no LUN is shown to it: zone it with its target, and mask LUNs to it\n";
	}
	return text;
}

std::string vports_json(const std::vector<VportStatus> &vports)
{
	ordered_json all = ordered_json::array();
	for (const VportStatus &one : vports)
		all.push_back(whole_vport_json(one));
	return all.dump(1, ' ', false, ordered_json::error_handler_t::replace) + '\n';
}

} // namespace vscsi
