// SPDX-License-Identifier: GPL-2.0
#include "command/options.hpp"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <span>

#include <CLI/CLI.hpp>
#include <fmt/ranges.h>

#include "command/output.hpp"
#include "command/version.hpp"
#include "core/hints.hpp"

namespace vscsi
{

namespace
{

constexpr unsigned longest_wait = 86400;
constexpr double shortest_delay = 0.1;

const char *const footer =
	"PDEV: /dev/..., a file's path, id:IDENTITY, h:c:t:l, naa.WWN:LUN, naa.WWN,TPGT:LUN, ALIAS:LUN,\n"
	"host:N, adapter:IDENTITY, npiv:PARENT, or a backstore's name.\n"
	"VDEV: h:c:t:l in the guest; h is the number of the controller.\n"
	"Exit codes: 0 done, 1 failed, 2 wrong usage, 3 not found, 4 in use, 5 refused by backend or guest,\n"
	"6 not in time, 7 no Xen, xenstore, module or rights, 8 status lists problems, 9 interrupted,\n"
	"10 no NPIV, 11 no room for a vport, 12 HBA's link is down. See xl-vscsi(8).";

// Options as the manual has them: --wait SECONDS (default 30).
class PlainFormatter final : public CLI::Formatter
{
public:
	PlainFormatter()
	{
		label("SUBCOMMAND", "VERB");
		label("Positionals", "Arguments");
	}

	std::string make_usage(const CLI::App *app, std::string name) const override
	{
		std::string text = CLI::Formatter::make_usage(app, std::move(name));
		if (app->get_prefix_command())
			text.insert(text.size() - 1, " CONFIG [ARGUMENTS OF xl create]");
		return text;
	}

	std::string make_option_opts(const CLI::Option *option) const override
	{
		const bool several = option->get_expected_max() == CLI::detail::expected_max_vector_size;
		// What a positional is called says what it is.
		if (!option->nonpositional())
			return several ? " ..." : "";
		if (option->get_type_size() == 0)
			return {};
		std::string text = ' ' + option->get_type_name();
		if (!option->get_default_str().empty())
			text += fmt::format(" (default {})", option->get_default_str());
		return text;
	}
};

// CLI::Range takes a NaN for one that is in any range.
std::string delay_mistake(const std::string &text)
{
	char *end = nullptr;
	const double seconds = std::strtod(text.c_str(), &end);
	if (*end == '\0' && seconds >= shortest_delay && seconds <= longest_wait)
		return {};
	return fmt::format("'{}' is no number of seconds from {} to {}", text, shortest_delay, longest_wait);
}

std::string wait_mistake(const std::string &text)
{
	return parse_number(text, longest_wait)
		       ? std::string{}
		       : fmt::format("'{}' is no number of seconds from 0 to {}", text, longest_wait);
}

std::string count_mistake(const std::string &text)
{
	return parse_number(text, UINT32_MAX).value_or(0)
		       ? std::string{}
		       : fmt::format("'{}' is no number from 1 to {}", text, UINT32_MAX);
}

constexpr std::array<std::pair<std::string_view, Via>, 4> backstores{
	{{"auto", Via::fitting}, {"block", Via::iblock}, {"fileio", Via::fileio}, {"pscsi", Via::pscsi}}};

std::string backstore_mistake(const std::string &text)
{
	const bool known =
		std::ranges::any_of(backstores, [&](const auto &item) { return item.first == text; });
	return known ? std::string{} : fmt::format("'{}' is none of auto, block, fileio and pscsi", text);
}

void set_backstore(Options &options, const std::string &text)
{
	for (const auto &[name, via] : backstores)
		if (name == text)
			options.how.via = via;
}

std::string format_mistake(const std::string &text)
{
	return text == "text" || text == "json" || text == "openmetrics"
		       ? std::string{}
		       : fmt::format("'{}' is none of text, json and openmetrics", text);
}

void add_printing(CLI::App &verb, Options &options)
{
	verb.add_flag("--json", options.json, "print JSON");
}

void add_doing(CLI::App &verb, Options &options)
{
	add_printing(verb, options);
	verb.add_flag("-N,--dry-run", options.dry_run, "show what would be done, and do nothing");
	verb.add_flag("--save", options.save, "run `targetctl save` afterwards");
}

CLI::Option *add_wait(CLI::App &verb, Options &options, const char *text)
{
	return verb.add_option("--wait", options.wait, text)
		->check(wait_mistake)
		->type_name("SECONDS")
		->each([&options](const std::string &) { options.wait_given = true; });
}

void add_changing(CLI::App &verb, Options &options)
{
	add_doing(verb, options);
	add_wait(verb, options, "how long to wait for the guest")->capture_default_str();
	verb.add_option("--backend", options.backend, "domain that serves the device")
		->type_name("DOMAIN")
		->capture_default_str();
	verb.add_option("BACKEND", options.backend_word, "the same as --backend");
}

void add_exporting(CLI::App &verb, Options &options)
{
	verb.add_option_function<std::string>(
		    "--backstore", [&options](const std::string &text) { set_backstore(options, text); },
		    "what to export a device by that has no backstore yet; pscsi passes commands through")
		->check(backstore_mistake)
		->type_name("auto|block|fileio|pscsi")
		->default_str("auto");
	verb.add_flag("--share", options.how.share, "also a device that another guest has");
	verb.add_flag("--read-only", options.how.read_only, "the guest cannot write it");
	verb.add_flag("--across-hosts", options.how.across_hosts,
		      "other hosts have it as well: refuse reservations that would end at this one");
	verb.add_flag("--ring-per-lun", options.how.ring_per_lun, "a controller of its own for each LUN");
	verb.add_flag("--bind", options.how.bind,
		      "bind an unbound portal group to the guest, so that it has it after a reboot as well");
}

const char *const verb_group = "Verbs";
using Aliases = std::vector<const char *>;

CLI::App *add_verb(CLI::App &app, Options &options, Verb verb, const char *name, const Aliases &aliases,
		   const char *text)
{
	CLI::App *const sub = app.add_subcommand(name, text)->group(verb_group);
	for (const char *const alias : aliases)
		sub->alias(alias);
	sub->final_callback([&options, verb, sub] {
		options.verb = verb;
		options.create = sub->remaining();
	});
	return sub;
}

void add_guest_verbs(CLI::App &app, Options &options)
{
	CLI::App *verb = add_verb(app, options, Verb::attach, "attach", {"vscsi-attach", "scsi-attach"},
				  "give a guest a device");
	verb->add_option("DOMAIN", options.domain, "name, id or UUID")->required();
	verb->add_option("PDEV", options.pdev, "what to attach")->required();
	verb->add_option("VDEV", options.vdev, "its address in the guest; the next free one if left out");
	add_changing(*verb, options);
	add_exporting(*verb, options);

	verb = add_verb(app, options, Verb::assign, "assign", {},
			"let a guest that does not run have a device when it starts");
	verb->add_option("DOMAIN", options.domain, "the name that it will have")->required();
	verb->add_option("PDEV", options.pdev, "what it is to have")->required();
	verb->add_option("VDEV", options.vdev, "its address in the guest; the next free one if left out");
	add_doing(*verb, options);
	add_exporting(*verb, options);

	verb = add_verb(app, options, Verb::move, "move", {},
			"take a device from a guest and give it to another");
	verb->add_option("PDEV", options.pdev, "what is to be moved")->required();
	verb->add_option("DOMAIN", options.domain, "who is to have it: name, id or UUID")->required();
	verb->add_option("VDEV", options.vdev, "its address there; the next free one if left out");
	add_doing(*verb, options);
	add_wait(*verb, options, "how long to wait for each guest")->capture_default_str();

	verb = add_verb(app, options, Verb::detach, "detach", {"vscsi-detach", "scsi-detach", "unassign"},
			"take a device from a guest");
	verb->add_option("DOMAIN", options.domain, "name, id or UUID")->required();
	verb->add_option("VDEV", options.vdev,
			 "its address in the guest, or host:N or adapter:IDENTITY for an adapter")
		->required();
	add_changing(*verb, options);
	verb->add_flag("--remove-lun", options.remove_lun,
		       "also remove a LUN that the configuration binds to the guest");

	verb = add_verb(app, options, Verb::list, "list", {"vscsi-list", "scsi-list"},
			"list the devices of guests");
	verb->add_option("DOMAIN", options.names,
			 "names, ids or UUIDs of guests, or of domains that serve some; all if left out");
	add_printing(*verb, options);

	verb = add_verb(app, options, Verb::create, "create", {},
			"create a guest, with the devices of vscsi=[...] in its configuration");
	verb->prefix_command();
	verb->fallthrough(false);
	add_printing(*verb, options);
	add_wait(*verb, options,
		 "how long to wait for the devices in the running guest; not at all if left out");
}

void add_host_verbs(CLI::App &app, Options &options)
{
	CLI::App *verb = add_verb(app, options, Verb::resize, "resize", {},
				  "let guests see that a backstore's file has grown");
	verb->add_option("PDEV", options.pdev, "a file, device, LUN or backstore")->required();
	verb->add_option("SIZE", options.size, "bytes, or with K, M, G, T; all of the file if left out");
	verb->add_flag("--shrink", options.shrink, "also to a smaller size; what is beyond is lost");
	add_doing(*verb, options);

	verb = add_verb(app, options, Verb::devices, "devices", {},
			"list what this host has, with what each is whatever its number");
	verb->add_option("PDEV", options.names, "/dev/..., id:IDENTITY or h:c:t:l; all if left out");
	add_printing(*verb, options);

	verb = add_verb(app, options, Verb::status, "status", {},
			"show what is bound to whom, and what is wrong; ends with 8 if anything is");
	add_printing(*verb, options);

	verb = add_verb(app, options, Verb::top, "top", {}, "show what guests do, as xentop does");
	verb->add_option("DOMAIN", options.names, "names, ids or UUIDs; all guests if left out");
	verb->add_flag("-b,--batch", options.batch, "print one update after the other");
	verb->add_option("-n,--iterations", options.count, "how many updates; without end if left out")
		->check(count_mistake)
		->type_name("COUNT");
	verb->add_option("-d,--delay", options.delay, "time between updates")
		->check(delay_mistake)
		->type_name("SECONDS")
		->capture_default_str();
	verb->add_flag("--json", options.json, "print a line of JSON for each update");
	verb->add_option_function<std::string>(
		    "--format",
		    [&options](const std::string &text) {
			    options.json |= text == "json";
			    options.metrics = text == "openmetrics";
		    },
		    "what is printed; openmetrics has the counters, for monitoring")
		->check(format_mistake)
		->type_name("text|json|openmetrics")
		->default_str("text");

	verb = add_verb(app, options, Verb::report, "report", {},
			"gather what a report of a fault needs, without keys and passwords");
	verb->add_option("FILE", options.file, "where to write it; it is printed if left out");
}

CLI::App *add_npiv_verb(CLI::App &npiv, Options &options, Npiv what, const char *name, const char *text)
{
	CLI::App *const verb = npiv.add_subcommand(name, text)->group(verb_group);
	verb->final_callback([&options, what] { options.npiv = what; });
	return verb;
}

void add_vport(CLI::App &verb, Options &options)
{
	verb.add_option("DOMAIN", options.domain, "name, id or UUID; it need not run")->required();
	verb.add_option("--wwpn", options.wwpn, "which of its vports, if it has several")->type_name("WWPN");
	add_wait(verb, options, "how long to wait for fabric and guest")->capture_default_str();
}

void add_parent(CLI::App &verb, Options &options)
{
	verb.add_option("DOMAIN", options.domain, "name, id or UUID; it need not run")->required();
	verb.add_option("PARENT", options.parent, "fabric:WWN, any HBA of that fabric, or hba:WWPN")
		->required();
	verb.add_option("CONTROLLER", options.controller,
			"number of its controller in the guest; the next free one if left out");
	add_wait(verb, options, "how long to wait for fabric and guest")->capture_default_str();
	add_doing(verb, options);
}

void add_npiv_verbs(CLI::App &app, Options &options)
{
	CLI::App *const npiv = add_verb(app, options, Verb::npiv, "npiv", {},
					"give guests ports of their own on a SAN (NPIV)");
	npiv->require_subcommand(1);
	CLI::App *verb = add_npiv_verb(*npiv, options, Npiv::ports, "ports",
				       "list the HBAs of this host, their fabrics and what room they have");
	add_printing(*verb, options);
	verb = add_npiv_verb(*npiv, options, Npiv::create, "create",
			     "make a vport for a guest, and see whether the fabric takes it");
	add_parent(*verb, options);
	verb->add_option("--wwpn", options.wwpn, "its name; the one it had, or a new one, if left out")
		->type_name("WWPN");
	verb->add_option("--wwnn", options.wwnn, "its node's name; the guest's if left out")
		->type_name("WWNN");
	verb->add_flag("--no-login", options.no_login, "do not log in now");
	verb = add_npiv_verb(*npiv, options, Npiv::attach, "attach",
			     "give a guest that runs a vport, and what the SAN shows that");
	add_parent(*verb, options);
	verb = add_npiv_verb(*npiv, options, Npiv::detach, "detach",
			     "take a vport and its devices from a guest, which keeps the name");
	add_vport(*verb, options);
	add_doing(*verb, options);
	verb = add_npiv_verb(*npiv, options, Npiv::remove, "delete", "the same, and forget the name");
	add_vport(*verb, options);
	add_doing(*verb, options);
	verb = add_npiv_verb(
		*npiv, options, Npiv::login, "login",
		"log a vport in before its guest runs, so that it can be zoned; lists what it sees");
	add_vport(*verb, options);
	add_printing(*verb, options);
	verb = add_npiv_verb(*npiv, options, Npiv::logout, "logout", "log it out again");
	add_vport(*verb, options);
	add_printing(*verb, options);
	verb = add_npiv_verb(
		*npiv, options, Npiv::status, "status",
		"show vports, what they are logged in to, and why not; ends with 8 if one is not");
	verb->add_option("DOMAIN", options.domain, "name, id or UUID; all if left out");
	add_printing(*verb, options);
}

using Words = std::vector<std::string>;

std::string verbs_text(const CLI::App &app)
{
	std::vector<std::string> names;
	for (const CLI::App *const verb : app.get_subcommands({}))
		names.push_back(verb->get_name());
	return fmt::format("The verbs are {}; `xl-vscsi help VERB` tells more", fmt::join(names, ", "));
}

// The verb of this name; throws a Failure that names the one that was perhaps meant.
const CLI::App &expect_verb(const CLI::App &app, const std::string &word)
{
	std::vector<std::string_view> known;
	for (const CLI::App *const verb : app.get_subcommands({})) {
		known.emplace_back(verb->get_name());
		known.insert(known.end(), verb->get_aliases().begin(), verb->get_aliases().end());
		if (std::ranges::find(known, word) != known.end())
			return *verb;
	}
	const std::string meant = nearest(word, known);
	fail(Exit::usage, "unknown verb '{}'{} {}", word,
	     meant.empty() ? "." : fmt::format(": do you mean {}?", meant), verbs_text(app));
}

// The first word that is no option and no option's value.
std::string verb_word(const CLI::App &app, const Words &words)
{
	for (std::size_t at = 0; at < words.size(); ++at) {
		if (!words[at].starts_with('-'))
			return words[at];
		const CLI::Option *const option =
			words[at].starts_with("--") ? app.get_option_no_throw(words[at]) : nullptr;
		at += option && option->get_items_expected_min() > 0 ? 1 : 0;
	}
	return {};
}

// Only the parser knows --help and --version.
bool ends_itself(const Words &words)
{
	return std::ranges::any_of(words, [](const std::string &word) {
		return word == "-h" || word == "--help" || word == "--version";
	});
}

void check_together(Options &options)
{
	if (options.verb == Verb::create && options.create.empty())
		fail(Exit::usage, "create needs a configuration file: xl-vscsi create CONFIG");
	if (options.json && options.metrics)
		fail(Exit::usage, "--json and --format openmetrics: say one of both");
	if (options.backend_word.empty())
		return;
	if (options.backend != "0" && options.backend != options.backend_word)
		fail(Exit::usage, "'{}': --backend names another domain, {}", options.backend_word,
		     options.backend);
	options.backend = options.backend_word;
}

// The forms of PDEV and VDEV, which are usually looked at with the host.
void check_names(const Options &options)
{
	if (options.pdev.empty())
		return;
	const Source source = parse_source(options.pdev);
	const bool adapter = std::holds_alternative<HostAdapter>(source) ||
			     std::holds_alternative<AdapterIdentity>(source);
	if (!options.vdev.empty() && !(adapter && parse_number(options.vdev, UINT16_MAX)))
		expect_vdev(options.vdev);
}

Exit refuse(const std::string &what, const Options &options, const Words &words, const std::string &verb)
{
	const Failure failure{Exit::usage, what};
	// What comes behind a mistake has not been read.
	if (options.json || std::ranges::find(words, "--json") != words.end())
		std::fputs(failure_json(failure, verb == "top" ? Layout::line : Layout::lines).c_str(),
			   stdout);
	fmt::print(stderr, "xl-vscsi: {}\n", what);
	return failure.code();
}

void print_help(const CLI::App &app, const std::string &verb)
{
	const std::string text = verb.empty() ? app.get_formatter()->make_help(&app, app.get_name(),
									       CLI::AppFormatMode::Normal)
					      : expect_verb(app, verb).help(app.get_name());
	std::fputs(text.c_str(), stdout);
}

} // namespace

std::optional<Exit> parse(int argc, const char *const *argv, Options &options)
{
	CLI::App app{"PV SCSI devices of Xen guests", "xl-vscsi"};
	app.footer(footer);
	app.formatter(std::make_shared<PlainFormatter>());
	app.require_subcommand(1);
	app.fallthrough();
	app.set_version_flag("--version", fmt::format("xl-vscsi {}", tools_version()), "print the version");
	app.add_option("--configfs", options.configfs, "LIO's configuration")->group("");
	app.add_option("--sysfs", options.sysfs, "sysfs")->group("");
	app.add_option("--run", options.run, "locks and journals")->group("");
	app.add_option("--state", options.state, "what lines vscsi= meant")->group("");
	app.add_option("--config-dir", options.config_dirs, "configurations of domains")->group("");
	app.add_option("--saveconfig", options.saveconfig, "what targetctl saved")->group("");
	bool only_parse = false; // for the check of the documents' examples
	app.add_flag("--only-parse", only_parse, "say whether the words are right, and do nothing")
		->group("");
	add_guest_verbs(app, options);
	add_host_verbs(app, options);
	add_npiv_verbs(app, options);
	std::string topic;
	CLI::App *const help = app.add_subcommand("help", "tell how a verb is used")->group(verb_group);
	help->add_option("VERB", topic, "all of them if left out");

	const Words words(argv + std::min(argc, 1), argv + argc);
	const std::string verb = verb_word(app, words);
	try {
		if (!verb.empty())
			expect_verb(app, verb);
		else if (!ends_itself(words))
			fail(Exit::usage, "say what to do. {}", verbs_text(app));
		app.parse(argc, argv);
		if (help->parsed()) {
			print_help(app, topic);
			return Exit::done;
		}
		check_together(options);
		if (only_parse) {
			check_names(options);
			return Exit::done;
		}
	} catch (const CLI::ParseError &error) {
		if (error.get_exit_code() != 0)
			return refuse(fmt::format("{}; `xl-vscsi help{}{}` tells more", error.what(),
						  verb.empty() ? "" : " ", verb),
				      options, words, verb);
		app.exit(error);
		return Exit::done;
	} catch (const Failure &failure) {
		return refuse(failure.what(), options, words, verb);
	}
	return {};
}

} // namespace vscsi
