// SPDX-License-Identifier: GPL-2.0
#include "command/topmetrics.hpp"

#include <algorithm>
#include <array>
#include <vector>

#include <fmt/core.h>

#include "act/identity.hpp"

namespace vscsi
{

namespace
{

struct Help {
	std::string_view file;
	const char *text;
};
constexpr std::array lun_help{
	Help{"in_flight", "Commands that the guest has no answer to, now"},
	Help{"requests", "Commands accepted"},
	Help{"reads", "Commands that ended, with data from the device"},
	Help{"writes", "Commands that ended, with data to the device"},
	Help{"bytes_read", "Data from the device"},
	Help{"bytes_written", "Data to the device"},
	Help{"aborts", "Aborts of the guest"},
	Help{"resets", "Resets of the guest"},
	Help{"errors_check_condition",
	     "Commands that ended in CHECK CONDITION; of a tape it may be no error"},
	Help{"errors_conflict", "Commands that ended in RESERVATION CONFLICT"},
	Help{"errors_busy", "Commands that ended in BUSY or TASK SET FULL"},
	Help{"errors_status", "Commands that ended in another status than GOOD"},
	Help{"errors_host", "Commands that did not reach the device"},
	Help{"errors_aborted", "Commands that were aborted or reset"},
};
constexpr std::array latency_help{
	Help{"queue", "Time of commands in the backend before the device got them"},
	Help{"device", "Time of commands at the device"},
	Help{"total", "Time of commands from the ring to the answer"},
};
constexpr std::array controller_help{
	Help{"in_flight", "Requests that the guest has no answer to, now"},
	Help{"abandoned", "Commands that were answered and that a device still has, now"},
	Help{"requests", "Requests taken from the ring"},
	Help{"responses", "Responses put on the ring"},
	Help{"notifications", "Events sent to the guest"},
	Help{"interrupts", "Events from the guest"},
	Help{"bytes_read", "Data from devices"},
	Help{"bytes_written", "Data to devices"},
	Help{"aborts", "Aborts of the guest"},
	Help{"resets", "Resets of the guest"},
	Help{"copies", "Pieces of grant copies"},
	Help{"copy_calls", "Hypercalls for grant copies"},
	Help{"maps", "Grants mapped for data"},
};

template <std::size_t Count>
std::string help_for(const std::array<Help, Count> &all, std::string_view file)
{
	for (const Help &help : all)
		if (help.file == file)
			return help.text;
	constexpr std::string_view rejected = "rejected_";
	if (file.starts_with(rejected))
		return fmt::format("Requests refused for their {}", file.substr(rejected.size()));
	return fmt::format("The driver's counter {}", file);
}

// How many bytes a letter of UTF-8 has that begins here; 0: it is none.
std::size_t letter_size(std::string_view text)
{
	const auto byte = [&](std::size_t at) { return static_cast<unsigned char>(text[at]); };
	const unsigned first = byte(0);
	const std::size_t size = first < 0x80                     ? 1
				 : first >= 0xc2 && first <= 0xdf ? 2
				 : first >= 0xe0 && first <= 0xef ? 3
				 : first >= 0xf0 && first <= 0xf4 ? 4
								  : 0;
	if (size == 0 || size > text.size())
		return 0;
	for (std::size_t at = 1; at < size; ++at)
		if ((byte(at) & 0xc0U) != 0x80U)
			return 0;
	return size;
}

// A label's value; a guest's strings need not be UTF-8.
std::string label(std::string_view text)
{
	std::string value;
	while (!text.empty()) {
		const std::size_t size = letter_size(text);
		if (text.front() == '\n')
			value += "\\n";
		else if (text.front() == '"' || text.front() == '\\')
			value += fmt::format("\\{}", text.front());
		else
			value += size ? text.substr(0, size) : std::string_view{"?"};
		text.remove_prefix(std::max<std::size_t>(size, 1));
	}
	return value;
}

// A name, or, where that is not one domain's alone, with its id: no two series may look alike.
std::string domain_label(const TopView &view, DomId id)
{
	const auto found = view.domains.find(id);
	const std::string name = found == view.domains.end() ? std::string{} : found->second.name;
	const bool alone = std::ranges::none_of(
		view.domains, [&](const auto &item) { return item.first != id && item.second.name == name; });
	if (name.empty())
		return fmt::format("({})", id);
	return alone ? name : fmt::format("{} ({})", name, id);
}

struct Series {
	std::string labels;
	const LunCounters *lun = nullptr;
	const ControllerCounters *controller = nullptr;
};

void begin_family(std::string &text, const std::string &name, const char *type, const std::string &help,
		  const char *unit = "")
{
	text += fmt::format("# TYPE {} {}\n", name, type);
	if (*unit)
		text += fmt::format("# UNIT {} {}\n", name, unit);
	text += fmt::format("# HELP {} {}\n", name, help);
}

void add_counters(std::string &text, const std::vector<Series> &luns, const std::vector<Series> &controllers)
{
	for (const auto &file : lun_files) {
		const std::string name = fmt::format("xen_vscsi_lun_{}", file.name);
		begin_family(text, name, file.gauge ? "gauge" : "counter", help_for(lun_help, file.name));
		for (const Series &one : luns)
			text += fmt::format("{}{}{{{}}} {}\n", name, file.gauge ? "" : "_total", one.labels,
					    one.lun->*file.value);
	}
	for (const auto &file : controller_files) {
		const std::string name = fmt::format("xen_vscsi_controller_{}", file.name);
		begin_family(text, name, file.gauge ? "gauge" : "counter",
			     help_for(controller_help, file.name));
		for (const Series &one : controllers)
			text += fmt::format("{}{}{{{}}} {}\n", name, file.gauge ? "" : "_total", one.labels,
					    one.controller->*file.value);
	}
}

void add_histogram(std::string &text, const std::string &name, const std::string &labels,
		   const Latency &latency)
{
	constexpr double per_second = 1e9;
	std::uint64_t below = 0;
	for (std::size_t at = 0; at < latency_buckets; ++at) {
		below += latency.buckets[at];
		const double bound = static_cast<double>(1ULL << (latency_shift + at)) / per_second;
		text += fmt::format("{}_bucket{{{},le=\"{}\"}} {}\n", name, labels,
				    at + 1 < latency_buckets ? fmt::format("{}", bound) : "+Inf", below);
	}
	text += fmt::format("{0}_count{{{1}}} {2}\n{0}_sum{{{1}}} {3}\n", name, labels, below,
			    static_cast<double>(latency.sum) / per_second);
}

} // namespace

DeviceNames device_names(Store &store, const TopView &view)
{
	const DomId self = own_id(store);
	std::vector<DomId> owners;
	std::vector<std::string> paths;
	for (const auto &[key, controller] : view.load.now) {
		owners.push_back(key.domain);
		paths.push_back(backend_path(self, key.domain, key.number) + "/vscsi-devs");
	}
	const auto dirs = store.list_visible(paths);
	std::vector<DomId> domains;
	std::vector<std::string> nodes;
	for (std::size_t at = 0; at < dirs.size(); ++at)
		for (const std::string &dir : dirs[at]) {
			domains.push_back(owners[at]);
			for (const char *const node : {"v-dev", "p-devname", "p-dev"})
				nodes.push_back(fmt::format("{}/{}/{}", paths[at], dir, node));
		}
	const auto values = store.read_visible(nodes);
	DeviceNames found;
	for (std::size_t at = 0; at < domains.size(); ++at) {
		const std::string name = values[3 * at + 1].value_or("");
		if (const auto vdev = parse_vdev(values[3 * at].value_or("")))
			found[{domains[at], *vdev}] = name.empty() ? values[3 * at + 2].value_or("") : name;
	}
	return found;
}

std::string top_metrics(const TopView &view, const DeviceNames &devices)
{
	std::vector<Series> luns;
	std::vector<Series> controllers;
	for (const auto &[key, controller] : view.load.now) {
		const std::string domain =
			fmt::format("domain=\"{}\"", label(domain_label(view, key.domain)));
		controllers.push_back({.labels = fmt::format("{},controller=\"{}\"", domain, key.number),
				       .controller = &controller.counters});
		for (const auto &[vdev, lun] : controller.luns) {
			const auto device = devices.find({key.domain, vdev});
			luns.push_back({.labels = fmt::format(
						"{},vdev=\"{}\",device=\"{}\"", domain, to_string(vdev),
						device == devices.end() ? "" : label(device->second)),
					.lun = &lun});
		}
	}
	std::string text;
	add_counters(text, luns, controllers);
	for (const auto &file : lun_latencies) {
		const std::string name = fmt::format("xen_vscsi_lun_{}_seconds", file.name);
		begin_family(text, name, "histogram", help_for(latency_help, file.name), "seconds");
		for (const Series &one : luns)
			add_histogram(text, name, one.labels, one.lun->*file.value);
	}
	return text + "# EOF\n";
}

} // namespace vscsi
