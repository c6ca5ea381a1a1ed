// SPDX-License-Identifier: GPL-2.0
#include "command/npiv.hpp"

#include <algorithm>
#include <cstdio>

#include <nlohmann/json.hpp>

#include "act/guests.hpp"
#include "command/options.hpp"
#include "command/outcome.hpp"
#include "command/output.hpp"
#include "command/table.hpp"
#include "command/vporttext.hpp"
#include "os/process.hpp"

namespace vscsi
{

namespace
{

using nlohmann::ordered_json;

std::string dump_all(const ordered_json &json)
{
	return json.dump(1, ' ', false, ordered_json::error_handler_t::replace) + '\n';
}

ordered_json port_json(const FcPort &port)
{
	return {{"host", port.host},
		{"wwpn", wwn_json(port.port)},
		{"wwnn", wwn_json(port.node)},
		{"fabric", wwn_json(port.fabric)},
		{"n-port-id", port.id},
		{"state", port.state},
		{"speed", port.speed},
		{"symbolic-name", port.symbolic},
		{"npiv", port.takes_vports},
		{"vports", port.vports},
		{"most-vports", port.most_vports}};
}

// Of a domain that runs, or of one by that name.
Domain named(const Host &host, const std::string &text)
{
	for (const Domain &domain : list_domains(host.store))
		if (means_domain(text, domain) && domain.id != 0)
			return domain;
	if (parse_number(text, UINT32_MAX))
		fail(Exit::not_found, "no domain has the id {}; one that does not run is called by its name",
		     text);
	return {0, text, text};
}

std::optional<Wwn> wwn_option(const std::string &text, const char *what)
{
	return text.empty() ? std::nullopt : std::optional{expect_wwn(text, what)};
}

std::optional<Failure> save_if_asked(const Options &options)
{
	if (!options.save || options.dry_run || run_program(aside({"targetctl", "save"})) == 0)
		return {};
	return Failure{Exit::failed,
		       "it is done, but `targetctl save` failed, so it would not survive a reboot"};
}

std::string steps_text(const VportResult &result, bool dry_run)
{
	std::string text;
	for (const std::string &step : result.steps)
		text += fmt::format("{}{}\n", dry_run ? "would do: " : "", step);
	return text;
}

Exit finish(const Options &options, const VportResult &result, const std::vector<VportStatus> &now)
{
	ordered_json json{{"changed", result.changed},
			  {"dry-run", options.dry_run},
			  {"steps", result.steps},
			  {"warnings", result.warnings},
			  {"vports", ordered_json::array()}};
	for (const VportStatus &one : now)
		json["vports"].push_back(whole_vport_json(one));
	const auto unsaved = save_if_asked(options);
	std::string text = options.dry_run ? steps_text(result, true) : vports_text(now);
	if (!options.dry_run && now.empty())
		text = steps_text(result, false);
	return print_outcome(options, text, dump_all(json), result.warnings, unsaved);
}

Exit give(const Host &host, const Options &options, const Domain &domain)
{
	AttachRequest request{.domain = domain,
			      .pdev = "npiv:" + options.parent,
			      .vdev = options.controller,
			      .options = {},
			      .wait = std::chrono::seconds{options.wait},
			      .dry_run = options.dry_run};
	if (domain.id == 0)
		fail(Exit::not_found,
		     "{} does not run. `xl-vscsi npiv create {} {}` lets it have a vport when it starts",
		     domain.name, domain.name, options.parent);
	AttachResult result = attach_any(host, request);
	const auto unsaved = save_if_asked(options);
	return print_outcome(options, attach_text(domain, result, options.dry_run),
			     attach_json(domain, result, options.dry_run), result.warnings, unsaved);
}

} // namespace

std::string ports_text(const std::vector<FcPort> &ports)
{
	TextTable table{{6, 23, 31, 9, 9, 6}};
	table.add({"host", "WWPN", "fabric", "N_Port_ID", "state", "NPIV"});
	for (const FcPort &port : ports) {
		if (port.is_vport)
			continue;
		std::string npiv = "no";
		if (port.takes_vports)
			npiv = port.most_vports ? fmt::format("{} of {}", port.vports, port.most_vports)
						: fmt::format("{}", port.vports);
		table.add({fmt::format("host{}", port.host), wwn_or_dash(port.port),
			   port.fabric ? "fabric:" + to_string(port.fabric) : "-", port.id, port.state,
			   npiv});
	}
	return table.text();
}

std::string ports_json(const std::vector<FcPort> &ports)
{
	ordered_json all = ordered_json::array();
	for (const FcPort &port : ports)
		if (!port.is_vport)
			all.push_back(port_json(port));
	return dump_all(all);
}

Exit run_npiv(const Host &host, const Options &options)
{
	if (options.npiv == Npiv::ports) {
		const std::vector<FcPort> ports = fibre_channel(host).ports();
		std::fputs((options.json ? ports_json(ports) : ports_text(ports)).c_str(), stdout);
		return Exit::done;
	}
	const std::optional<Domain> domain =
		options.domain.empty() ? std::nullopt : std::optional{named(host, options.domain)};
	if (options.npiv == Npiv::status) {
		const std::vector<VportStatus> found = vports(host, domain);
		if (domain && found.empty())
			fail(Exit::not_found, "{} has no vport", domain->name);
		std::fputs((options.json ? vports_json(found) : vports_text(found)).c_str(), stdout);
		const bool bad = std::ranges::any_of(found, [](const VportStatus &one) {
			return one.port && one.port->vport_state != "Active";
		});
		return bad ? Exit::problems : Exit::done;
	}
	const std::optional<Wwn> port = wwn_option(options.wwpn, "WWPN");
	const std::chrono::seconds wait{options.wait};
	switch (options.npiv) {
	case Npiv::create: {
		VportRequest request{.domain = *domain,
				     .parent = expect_parent(options.parent),
				     .port = port,
				     .node = wwn_option(options.wwnn, "WWNN"),
				     .wait = wait,
				     .login = !options.no_login,
				     .dry_run = options.dry_run};
		if (!options.controller.empty()) {
			const auto number = parse_number(options.controller, UINT16_MAX);
			if (!number)
				fail(Exit::usage, "'{}' is no number of a controller, 0 to 65535",
				     options.controller);
			request.controller = static_cast<unsigned>(*number);
		}
		const VportResult result = create_vport(host, request);
		return finish(options, result,
			      options.dry_run ? std::vector<VportStatus>{} : vports(host, domain));
	}
	case Npiv::attach:
		return give(host, options, *domain);
	case Npiv::login:
		return finish(options, login_vport(host, *domain, port, wait), vports(host, domain));
	case Npiv::logout:
		return finish(options, logout_vport(host, *domain, port, wait), {});
	case Npiv::detach:
	case Npiv::remove:
		return finish(options,
			      delete_vport(host, *domain, port, wait, options.npiv == Npiv::remove,
					   options.dry_run),
			      {});
	case Npiv::ports:
	case Npiv::status:
		break;
	}
	return Exit::done;
}

} // namespace vscsi
