// SPDX-License-Identifier: GPL-2.0
#include "command/options.hpp"

#include <cstdlib>
#include <map>

#include <CLI/CLI.hpp>
#include <fmt/core.h>

namespace vscsi
{

namespace
{

constexpr unsigned longest_wait = 86400;
constexpr double shortest_delay = 0.1;

const char *const footer =
	"PDEV: /dev/..., id:IDENTITY, h:c:t:l, naa.WWN:LUN, naa.WWN,TPGT:LUN, ALIAS:LUN, host:N,\n"
	"adapter:IDENTITY, or a backstore's name.\n"
	"VDEV: h:c:t:l in the guest; h is the number of the controller.\n"
	"Exit codes: 0 done, 1 failed, 2 wrong usage, 3 not found, 4 in use, 5 refused by backend or guest,\n"
	"6 not in time, 7 no Xen, xenstore, module or rights. See xl-vscsi(8).";

// CLI::Range takes a NaN for one that is in any range.
std::string delay_mistake(const std::string &text)
{
	char *end = nullptr;
	const double seconds = std::strtod(text.c_str(), &end);
	if (*end == '\0' && seconds >= shortest_delay && seconds <= longest_wait)
		return {};
	return fmt::format("'{}' is no number of seconds from {} to {}", text, shortest_delay, longest_wait);
}

void add_printing(CLI::App &verb, Options &options)
{
	verb.add_flag("--json", options.json, "print JSON");
}

void add_doing(CLI::App &verb, Options &options)
{
	add_printing(verb, options);
	verb.add_flag("-N,--dry-run", options.dry_run, "tell what would be done, and do nothing");
	verb.add_flag("--save", options.save, "run `targetctl save` afterwards");
}

void add_changing(CLI::App &verb, Options &options)
{
	add_doing(verb, options);
	verb.add_option("--wait", options.wait, "seconds to wait for the guest")
		->check(CLI::Range(0U, longest_wait))
		->capture_default_str()
		->each([&options](const std::string &) { options.wait_given = true; });
	verb.add_option("--backend", options.backend, "domain that serves the device")
		->type_name("DOMAIN")
		->capture_default_str();
}

void add_exporting(CLI::App &verb, Options &options)
{
	static const std::map<std::string, Via> kinds{
		{"auto", Via::fitting}, {"pscsi", Via::pscsi}, {"block", Via::iblock}};
	verb.add_option(
		    "--backstore", options.how.via,
		    "auto, pscsi (pass commands through) or block, for a device that has no backstore yet")
		->transform(CLI::CheckedTransformer(kinds))
		->type_name("KIND");
	verb.add_flag("--share", options.how.share, "also a device that another guest has");
	verb.add_flag("--across-hosts", options.how.across_hosts,
		      "other hosts have it as well: refuse reservations that would end at this one");
	verb.add_flag("--ring-per-lun", options.how.ring_per_lun, "a controller of its own for each LUN");
	verb.add_flag("--bind", options.how.bind,
		      "bind an unbound portal group to the guest, so that it has it after a reboot as well");
}

CLI::App *add_verb(CLI::App &app, Options &options, Verb verb, const char *name, const char *alias,
		   const char *text)
{
	CLI::App *const sub = app.add_subcommand(name, text);
	if (*alias)
		sub->alias(alias);
	sub->final_callback([&options, verb, sub] {
		options.verb = verb;
		options.create = sub->remaining();
	});
	return sub;
}

} // namespace

std::optional<Exit> parse(int argc, const char *const *argv, Options &options)
{
	CLI::App app{"PV SCSI devices of Xen guests", "xl-vscsi"};
	app.footer(footer);
	app.require_subcommand(1);
	app.fallthrough();
	app.add_option("--configfs", options.configfs, "LIO's configuration")->group("");
	app.add_option("--sysfs", options.sysfs, "sysfs")->group("");
	app.add_option("--run", options.run, "locks and journals")->group("");
	app.add_option("--state", options.state, "what lines vscsi= meant")->group("");
	app.add_option("--config-dir", options.config_dirs, "configurations of domains")->group("");

	CLI::App *verb =
		add_verb(app, options, Verb::attach, "attach", "scsi-attach", "give a guest a device");
	verb->add_option("DOMAIN", options.domain, "name, id or UUID")->required();
	verb->add_option("PDEV", options.pdev, "what to attach")->required();
	verb->add_option("VDEV", options.vdev, "its address in the guest; the next free one if left out");
	add_changing(*verb, options);
	add_exporting(*verb, options);

	verb = add_verb(app, options, Verb::detach, "detach", "scsi-detach", "take a device from a guest");
	verb->add_option("DOMAIN", options.domain, "name, id or UUID")->required();
	verb->add_option("VDEV", options.vdev,
			 "its address in the guest, or host:N or adapter:IDENTITY for an adapter")
		->required();
	add_changing(*verb, options);
	verb->add_flag("--remove-lun", options.remove_lun,
		       "also remove a LUN that the configuration binds to the guest");

	verb = add_verb(app, options, Verb::list, "list", "scsi-list", "list the devices of guests");
	verb->add_option("DOMAIN", options.names, "names, ids or UUIDs; all guests if left out");
	add_printing(*verb, options);

	verb = add_verb(app, options, Verb::create, "create", "",
			"create a guest, with the devices of vscsi=[...] in its configuration");
	verb->prefix_command();
	verb->fallthrough(false);
	verb->add_flag("--json", options.json, "print JSON");
	verb->add_option("--wait", options.wait, "seconds to wait for the devices in the running guest; 0")
		->check(CLI::Range(0U, longest_wait))
		->each([&options](const std::string &) { options.wait_given = true; });

	verb = add_verb(app, options, Verb::resize, "resize", "",
			"let guests see that a backstore's file has grown");
	verb->add_option("PDEV", options.pdev, "a file, device, LUN or backstore")->required();
	verb->add_option("SIZE", options.size, "bytes, or with K, M, G, T; all of the file if left out");
	verb->add_flag("--shrink", options.shrink, "also to a smaller size; what is beyond is lost");
	add_doing(*verb, options);

	verb = add_verb(app, options, Verb::devices, "devices", "",
			"list what this host has, with what each is whatever its number");
	verb->add_option("PDEV", options.names, "/dev/..., id:IDENTITY or h:c:t:l; all if left out");
	add_printing(*verb, options);

	verb = add_verb(app, options, Verb::status, "status", "",
			"show what is bound to whom, and what is wrong");
	add_printing(*verb, options);

	verb = add_verb(app, options, Verb::top, "top", "", "show what guests do, as xentop does");
	verb->add_option("DOMAIN", options.names, "names, ids or UUIDs; all guests if left out");
	verb->add_flag("-b,--batch", options.batch, "print one picture after the other");
	verb->add_option("-n,--iterations", options.count, "how many pictures; without end if left out")
		->check(CLI::Range(1U, UINT32_MAX));
	verb->add_option("-d,--delay", options.delay, "seconds between pictures")
		->check(delay_mistake)
		->type_name("SECONDS")
		->capture_default_str();
	verb->add_flag("--json", options.json, "print a line of JSON for each picture");

	try {
		app.parse(argc, argv);
		if (options.verb == Verb::create && options.create.empty())
			throw CLI::RequiredError{"CONFIG"};
	} catch (const CLI::ParseError &error) {
		return app.exit(error) ? Exit::usage : Exit::done;
	}
	return {};
}

} // namespace vscsi
