// SPDX-License-Identifier: GPL-2.0
#include "command/output.hpp"

#include <fmt/core.h>
#include <nlohmann/json.hpp>

#include "command/table.hpp"
#include "command/vporttext.hpp"
#include "core/size.hpp"

namespace vscsi
{

namespace
{

using nlohmann::ordered_json;

template <typename T>
ordered_json or_null(const std::optional<T> &value)
{
	return value ? ordered_json(to_string(*value)) : ordered_json(nullptr);
}

ordered_json text_or_null(const std::string &text)
{
	return text.empty() ? ordered_json(nullptr) : ordered_json(text);
}

ordered_json reach_json(const std::optional<Reach> &reach)
{
	return reach ? ordered_json(reach_name(*reach)) : ordered_json(nullptr);
}

ordered_json domain_json(const Domain &domain)
{
	return {{"name", domain.name}, {"domid", domain.id}, {"uuid", domain.uuid}};
}

ordered_json device_json(const ListedDevice &item)
{
	const Device &device = item.device;
	return {{"dev", device.dir},
		{"p-dev", device.pdev},
		{"p-devname", device.pdevname},
		{"phy-hctl", or_null(item.physical)},
		{"lun", or_null(item.lun)},
		{"v-dev", or_null(device.vdev)},
		{"state", static_cast<int>(device.state)},
		{"state-name", state_name(device.state)},
		{"error", text_or_null(device.error)},
		{"managed", device.managed},
		{"another", text_or_null(item.another)},
		{"reservations", reach_json(item.reach)}};
}

ordered_json refused_json(const ListedRefusal &item)
{
	const Wanted &wanted = item.refused.wanted;
	return {{"p-dev", to_string(wanted.pdev)},    {"p-devname", wanted.pdevname},
		{"phy-hctl", or_null(item.physical)}, {"v-dev", to_string(wanted.vdev)},
		{"error", item.refused.why},          {"reservations", reach_json(item.reach)}};
}

ordered_json controller_json(const ListedController &item)
{
	ordered_json devices = ordered_json::array();
	for (const ListedDevice &device : item.devices)
		devices.push_back(device_json(device));
	return {{"devid", item.controller.number},
		{"backend-id", item.controller.backend},
		{"state", static_cast<int>(item.controller.back)},
		{"frontend-state", static_cast<int>(item.controller.front)},
		{"vport", item.vport ? vport_json(*item.vport) : ordered_json(nullptr)},
		{"devices", std::move(devices)}};
}

ordered_json guests_json(const std::vector<ListedGuest> &guests)
{
	ordered_json all = ordered_json::array();
	for (const ListedGuest &guest : guests) {
		ordered_json controllers = ordered_json::array();
		for (const ListedController &item : guest.controllers)
			controllers.push_back(controller_json(item));
		ordered_json entry = domain_json(guest.domain);
		entry["running"] = guest.running;
		entry["controllers"] = std::move(controllers);
		entry["refused"] = ordered_json::array();
		for (const ListedRefusal &item : guest.refused)
			entry["refused"].push_back(refused_json(item));
		all.push_back(std::move(entry));
	}
	return all;
}

std::optional<Reach> lun_reach(const TpgStatus &item, const Lun &lun)
{
	const auto found = item.reach.find(lun.number);
	return found == item.reach.end() ? std::nullopt : std::optional{found->second};
}

ordered_json tpg_json(const TpgStatus &item)
{
	ordered_json luns = ordered_json::array();
	for (const Lun &lun : item.tpg.luns) {
		ordered_json vdev = nullptr;
		for (const Wanted &wanted : item.devices)
			if (wanted.pdev.lun == lun.number)
				vdev = to_string(wanted.vdev);
		luns.push_back({{"lun", lun.number},
				{"link", lun.link},
				{"backstore", fmt::format("{}/{}", lun.store.hba, lun.store.name)},
				{"v-dev", vdev},
				{"identity", text_or_null(kept_identity(lun))},
				{"another", text_or_null(lun.another)},
				{"numbered", text_or_null(lun.numbered)},
				{"reservations", reach_json(lun_reach(item, lun))}});
	}
	return {{"wwn", item.tpg.id.wwn},
		{"tpgt", item.tpg.id.tpgt},
		{"alias", item.tpg.alias},
		{"domain", item.tpg.domain},
		{"domid", item.domain ? ordered_json(item.domain->id) : ordered_json(nullptr)},
		{"ring-per-lun", item.tpg.ring_per_lun},
		{"vport",
		 item.tpg.vport ? ordered_json(to_string(item.tpg.vport->port)) : ordered_json(nullptr)},
		{"vport-status", item.vport ? vport_json(*item.vport) : ordered_json(nullptr)},
		{"made-by-tool", made_by_tool(item.tpg)},
		{"luns", std::move(luns)},
		{"connected", item.connected}};
}

ordered_json saved_json(const std::optional<SavedState> &saved)
{
	if (!saved)
		return nullptr;
	ordered_json differences = ordered_json::array();
	for (const Difference &one : saved->differences) {
		const bool both = one.kind == Difference::Kind::otherwise;
		differences.push_back(
			{{"item", to_string(one.item)},
			 {"live", one.kind != Difference::Kind::not_there},
			 {"saved", one.kind != Difference::Kind::not_saved},
			 {"setting", text_or_null(one.setting)},
			 {"live-value", both ? ordered_json(one.live) : ordered_json(nullptr)},
			 {"saved-value", both ? ordered_json(one.saved) : ordered_json(nullptr)}});
	}
	return {{"file", saved->file},
		{"error", text_or_null(saved->unreadable)},
		{"differences", std::move(differences)}};
}

// Remarks: many a device is given for a day only.
std::string saved_text(const std::optional<SavedState> &saved)
{
	if (!saved)
		return {};
	if (!saved->unreadable.empty())
		return fmt::format("what is saved is not known: {}: {}\n", saved->file, saved->unreadable);
	std::string text;
	for (const Difference &one : saved->differences)
		text += to_string(one) + '\n';
	if (!text.empty())
		text += fmt::format(
			"{} differs from what is there: `targetctl save` keeps what is there over a "
			"reboot of this host\n",
			saved->file);
	return text;
}

std::string dump(const ordered_json &json, Layout layout = Layout::lines)
{
	// A guest's strings need not be UTF-8.
	return json.dump(layout == Layout::line ? -1 : 1, ' ', false,
			 ordered_json::error_handler_t::replace) +
	       '\n';
}

std::string step_text(const std::vector<std::string> &steps)
{
	std::string text;
	for (const std::string &step : steps)
		text += fmt::format("would do: {}\n", step);
	return text.empty() ? "nothing to do\n" : text;
}

} // namespace

namespace
{

TextTable list_table(bool with_vports)
{
	std::vector<std::size_t> least{3, 3, 5, 4, 10, 16, 10, 12, 10, 23};
	// Of the last one no width is kept, so that no line ends with blanks.
	if (with_vports)
		least.push_back(13);
	TextTable table{least};
	std::vector<std::string> titles{"Idx",      "BE",       "state",  "ctrl",  "phy-hctl",    "phy",
					"vir-hctl", "devstate", "domain", "p-dev", "reservations"};
	if (with_vports)
		titles.emplace_back("vport");
	table.add(std::move(titles));
	return table;
}

const char *reach_or_dash(const std::optional<Reach> &reach)
{
	return reach ? reach_name(*reach) : "-";
}

std::string name_or_dash(const std::string &name)
{
	return name.empty() ? "-" : as_word(name);
}

template <typename Address>
std::string address_or_dash(const std::optional<Address> &address)
{
	return address ? to_string(*address) : "-";
}

void add_device(TextTable &table, const Controller &controller, const ListedDevice &entry,
		const std::string &domain, const std::string &port)
{
	const Device &device = entry.device;
	std::vector<std::string> cells{std::to_string(controller.number),
				       std::to_string(controller.backend),
				       std::to_string(static_cast<int>(controller.back)),
				       std::to_string(static_cast<int>(controller.front)),
				       address_or_dash(entry.physical),
				       name_or_dash(device.pdevname),
				       address_or_dash(device.vdev),
				       state_name(device.state),
				       domain,
				       name_or_dash(device.pdev),
				       reach_or_dash(entry.reach)};
	if (!port.empty())
		cells.push_back(port);
	table.add(std::move(cells));
	for (const std::string &wrong : {device.error, entry.another})
		if (!wrong.empty())
			table.note("    " + wrong);
}

// Where it is not as it should be.
std::string vport_note(const VportStatus &port, bool without_luns)
{
	const std::string state = state_of(port);
	if (state == "Active")
		return without_luns ? fmt::format("    vport {} is shown no LUN", to_string(port.id.port))
				    : std::string{};
	return fmt::format("    vport {}: {}{}", to_string(port.id.port), state, age_of_state(port));
}

// The last column is there if any has a vport.
void add_controller(TextTable &table, const ListedController &item, const std::string &domain,
		    bool with_vports)
{
	const std::string port = item.vport    ? hex_digits(item.vport->id.port)
				 : with_vports ? std::string{"-"}
					       : std::string{};
	for (const ListedDevice &entry : item.devices)
		add_device(table, item.controller, entry, domain, port);
	if (!item.vport)
		return;
	if (item.devices.empty())
		table.add({std::to_string(item.controller.number), std::to_string(item.controller.backend),
			   std::to_string(static_cast<int>(item.controller.back)),
			   std::to_string(static_cast<int>(item.controller.front)), "-", "-", "-", "-",
			   domain, "-", "-", port});
	if (const std::string note = vport_note(*item.vport, item.devices.empty()); !note.empty())
		table.note(note);
}

void add_refused(TextTable &table, const ListedRefusal &item, const std::string &domain)
{
	const Wanted &wanted = item.refused.wanted;
	table.add({std::to_string(wanted.vdev.host), "0", "-", "-", address_or_dash(item.physical),
		   name_or_dash(wanted.pdevname), to_string(wanted.vdev), "refused", domain,
		   to_string(wanted.pdev), reach_or_dash(item.reach)});
	table.note("    " + item.refused.why);
}

std::string vport_line(const VportStatus &one)
{
	if (!one.port)
		return fmt::format("  vport: logged out{}\n", age_of_state(one));
	return fmt::format("  vport: {}{}, fabric {}, N_Port_ID {}, HBA {}{}\n", one.port->vport_state,
			   age_of_state(one), wwn_or_dash(one.port->fabric), one.port->id,
			   one.hba.empty() ? "-" : one.hba,
			   one.port->vport_state == "Active" ? std::string{}
							     : ": " + why_not_active(*one.port));
}

const char *module_text(const Status &status)
{
	return !status.module ? "not loaded" : status.ours ? "loaded" : "loaded, but not ours";
}

} // namespace

std::string list_text(const std::vector<ListedGuest> &guests)
{
	const bool with_vports = std::ranges::any_of(guests, [](const ListedGuest &guest) {
		return std::ranges::any_of(guest.controllers, [](const ListedController &item) {
			return item.vport.has_value();
		});
	});
	TextTable table = list_table(with_vports);
	for (const ListedGuest &guest : guests) {
		const std::string name = guest.running ? name_or_dash(guest.domain.name)
						       : fmt::format("({})", guest.domain.id);
		for (const ListedController &item : guest.controllers)
			add_controller(table, item, name, with_vports);
		for (const ListedRefusal &item : guest.refused)
			add_refused(table, item, name);
	}
	return table.text();
}

std::string list_json(const std::vector<ListedGuest> &guests)
{
	return dump(guests_json(guests));
}

std::string status_text(const Status &status)
{
	std::string text = fmt::format("module {}, daemon {}\n", module_text(status),
				       status.daemon ? "running" : "not running");
	for (const TpgStatus &item : status.tpgs) {
		const Tpg &tpg = item.tpg;
		std::string owner = tpg.domain.empty() ? "unbound" : "bound to " + as_word(tpg.domain);
		if (item.domain)
			owner += fmt::format(" (domain {})", item.domain->id);
		text += fmt::format("{} tpg {}{}: {}{}{}{}\n", tpg.id.wwn, tpg.id.tpgt,
				    tpg.alias.empty() ? "" : " alias " + as_word(tpg.alias), owner,
				    tpg.ring_per_lun ? ", a ring for each LUN" : "",
				    tpg.vport ? fmt::format(", vport {} by {}", to_string(tpg.vport->port),
							    to_string(tpg.vport->parent))
					      : "",
				    made_by_tool(tpg) ? ", made by xl-vscsi" : "");
		if (item.vport)
			text += vport_line(*item.vport);
		TextTable table{{8, 12, 0}, "  "};
		for (const Lun &lun : tpg.luns) {
			std::string vdev = "-";
			for (const Wanted &wanted : item.devices)
				if (wanted.pdev.lun == lun.number)
					vdev = to_string(wanted.vdev);
			table.add({fmt::format("LUN {}", lun.number), vdev,
				   fmt::format("{},",
					       as_word(fmt::format("{}/{}", lun.store.hba, lun.store.name))),
				   "reservations: " + std::string{reach_or_dash(lun_reach(item, lun))}});
		}
		text += table.text();
		for (const std::string &line : item.connected)
			text += fmt::format("  connected: {}\n", line);
	}
	for (const SharedStore &shared : status.shared)
		if (shared.on_purpose)
			text += fmt::format("{} is shared, on purpose: {}\n",
					    as_word(to_string(shared.store)), to_string(shared.users));
	text += saved_text(status.saved);
	for (const std::string &problem : status.problems)
		text += fmt::format("problem: {}\n", problem);
	return text;
}

std::string status_json(const Status &status)
{
	ordered_json tpgs = ordered_json::array();
	for (const TpgStatus &item : status.tpgs)
		tpgs.push_back(tpg_json(item));
	ordered_json domains = ordered_json::array();
	for (const Domain &domain : status.domains)
		domains.push_back(domain_json(domain));
	ordered_json configured = ordered_json::array();
	for (const DomainConfig &config : status.configured)
		configured.push_back({{"name", config.name}, {"uuid", config.uuid}, {"file", config.file}});
	ordered_json shared = ordered_json::array();
	for (const SharedStore &item : status.shared) {
		std::vector<std::string> users;
		for (const User &user : item.users)
			users.push_back(to_string(user));
		shared.push_back({{"backstore", to_string(item.store)},
				  {"users", std::move(users)},
				  {"on-purpose", item.on_purpose}});
	}
	return dump({{"module", status.module},
		     {"module-ours", status.module && status.ours},
		     {"daemon", status.daemon},
		     {"domains", std::move(domains)},
		     {"configured", std::move(configured)},
		     {"guests", guests_json(status.guests)},
		     {"tpgs", std::move(tpgs)},
		     {"shared", std::move(shared)},
		     {"saved", saved_json(status.saved)},
		     {"problems", status.problems}});
}

std::string attach_text(const Domain &domain, const AttachResult &result, bool dry_run)
{
	if (dry_run)
		return step_text(result.steps);
	std::string text;
	for (const Attached &item : result.devices)
		text += fmt::format("{} {} {} of {} ({})\n", to_string(item.wanted.pdev),
				    result.changed ? "is" : "was already", to_string(item.wanted.vdev),
				    domain.name, state_name(item.state));
	return text;
}

std::string attach_json(const Domain &domain, const AttachResult &result, bool dry_run)
{
	ordered_json devices = ordered_json::array();
	for (const Attached &item : result.devices)
		devices.push_back({{"p-dev", to_string(item.wanted.pdev)},
				   {"p-devname", item.wanted.pdevname},
				   {"v-dev", to_string(item.wanted.vdev)},
				   {"state", static_cast<int>(item.state)},
				   {"state-name", state_name(item.state)},
				   {"managed", item.wanted.managed}});
	return dump({{"domain", domain_json(domain)},
		     {"devices", std::move(devices)},
		     {"changed", result.changed && !dry_run},
		     {"dry-run", dry_run},
		     {"steps", result.steps},
		     {"warnings", result.warnings}});
}

std::string detach_text(const DetachResult &result, bool dry_run)
{
	if (dry_run)
		return step_text(result.steps);
	std::string text;
	for (const Vdev &vdev : result.devices)
		text += fmt::format("{} of {} is detached\n", to_string(vdev), result.domain.name);
	return text;
}

std::string detach_json(const DetachResult &result, bool dry_run)
{
	ordered_json devices = ordered_json::array();
	for (const Vdev &vdev : result.devices)
		devices.push_back({{"v-dev", to_string(vdev)}});
	return dump({{"domain", domain_json(result.domain)},
		     {"devices", std::move(devices)},
		     {"changed", !dry_run},
		     {"dry-run", dry_run},
		     {"steps", result.steps}});
}

std::string resize_text(const ResizeResult &result, bool dry_run)
{
	const std::string name = fmt::format("{} ({})", to_string(result.store), result.path);
	if (result.follows)
		return fmt::format(
			       "{}: {}, as its device; each guest is told by itself when that changes: {}\n",
			       name, size_text(result.after), to_string(result.users)) +
		       (result.hint.empty() ? "" : result.hint + '\n');
	if (result.before == result.after)
		return fmt::format("{}: {} already\n", name, size_text(result.after));
	return (dry_run ? step_text(result.steps) : std::string{}) +
	       fmt::format("{}: {} before, {} {}; seen by {}\n", name, size_text(result.before),
			   size_text(result.after), dry_run ? "then" : "now", to_string(result.users));
}

std::string resize_json(const ResizeResult &result, bool dry_run)
{
	ordered_json users = ordered_json::array();
	for (const User &user : result.users)
		users.push_back(
			{{"domain", text_or_null(user.domain)}, {"as", user.as}, {"attached", user.has}});
	return dump({{"backstore", fmt::format("{}/{}", result.store.hba, result.store.name)},
		     {"path", result.path},
		     {"before", result.before},
		     {"after", result.after},
		     {"follows", result.follows},
		     {"hint", text_or_null(result.hint)},
		     {"users", std::move(users)},
		     {"changed", !dry_run && result.before != result.after},
		     {"dry-run", dry_run},
		     {"steps", result.steps}});
}

std::string devices_text(const std::vector<HostDevice> &devices, const std::vector<std::vector<User>> &users)
{
	TextTable table{{12, 16, 44}};
	table.add({"hctl", "node", "identity", "device"});
	for (std::size_t at = 0; at < devices.size(); ++at) {
		const HostDevice &device = devices[at];
		std::vector<std::string> cells{address_or_dash(device.scsi), name_or_dash(device.node),
					       device.identity.empty() ? "-"
								       : as_word("id:" + device.identity)};
		for (const std::string &word : {device.vendor, device.model, device.serial})
			if (!word.empty())
				cells.push_back(as_word(word));
		table.add(std::move(cells));
		if (!device.lasting.empty())
			table.note("    " + device.lasting);
		if (at < users.size() && !users[at].empty())
			table.note("    in use by " + to_string(users[at]));
	}
	return table.text();
}

std::string devices_json(const std::vector<HostDevice> &devices, const std::vector<std::vector<User>> &users)
{
	ordered_json all = ordered_json::array();
	for (std::size_t at = 0; at < devices.size(); ++at) {
		const HostDevice &device = devices[at];
		ordered_json used; // null: it cannot be told
		if (at < users.size()) {
			used = ordered_json::array();
			for (const User &user : users[at])
				used.push_back(to_string(user));
		}
		all.push_back({{"hctl", or_null(device.scsi)},
			       {"node", text_or_null(device.node)},
			       {"type", device.type},
			       {"identity", text_or_null(device.identity)},
			       {"identities", device.identities},
			       {"numbered", device.numbered},
			       {"link", text_or_null(device.lasting)},
			       {"vendor", device.vendor},
			       {"model", device.model},
			       {"serial", device.serial},
			       {"users", std::move(used)}});
	}
	return dump(all);
}

std::string with_failure(const std::string &json, const Failure &failure)
{
	ordered_json whole = ordered_json::parse(json);
	whole["error"] = failure.what();
	whole["code"] = static_cast<int>(failure.code());
	return dump(whole);
}

std::string failure_json(const Failure &failure, Layout layout)
{
	return dump({{"error", failure.what()}, {"code", static_cast<int>(failure.code())}}, layout);
}

} // namespace vscsi
