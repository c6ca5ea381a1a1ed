// SPDX-License-Identifier: GPL-2.0 OR MIT
#include "options.hpp"

#include <algorithm>

#include <CLI/CLI.hpp>

#include "scsi/pattern.hpp"

bool Options::chosen(std::string_view name) const
{
	const auto fits = [&](const std::string &wildcard) { return scsi::matches(wildcard, name); };
	return (only.empty() || std::ranges::any_of(only, fits)) && std::ranges::none_of(except, fits);
}

std::optional<int> parse(int argc, char **argv, Options &options)
{
	CLI::App app{"Tests whether a tape drive, and a media changer, do what the SCSI standards say.\n"
		     "Without --overwrite-tape nothing is written; without --move-media no cartridge moves.\n"
		     "Exit codes: 0 all passed or skipped, 1 something failed, 2 cannot run.",
		     "tapecheck"};
	long seconds = options.timeout.count();
	app.add_option("device", options.device, "tape drive: /dev/nstN or its /dev/sgN");
	app.add_option("--changer", options.changer, "media changer: /dev/sgN or /dev/schN");
	app.add_flag(
		"--overwrite-tape", options.permission.overwrite,
		"allow tests that write; refused for a tape that is neither blank nor labelled by tapecheck");
	auto *const destroy = app.add_option("--yes-destroy", options.permission.destroy,
					     "lose the tape that begins with this text")
				      ->type_name("LABELTEXT");
	app.add_flag("--force", options.permission.force, "lose the tape whatever is on it")
		->excludes(destroy);
	app.add_flag("--move-media", options.move_media, "allow tests that move, load or unload cartridges");
	app.add_flag("--fill-tape", options.fill_tape,
		     "allow tests that write to the end of the tape or erase all of it; may take hours");
	app.add_option("--fill-limit", options.fill_limit, "stop filling after this many MiB")
		->default_val(20'000'000)
		->check(CLI::PositiveNumber);
	app.add_option(
		"--drive-element", options.drive_element,
		"which of the changer's drives this is, from 0; found by its serial number if not given");
	app.add_option("--only", options.only, "run tests that match, like 'ssc.read.*'; may be repeated")
		->type_name("PATTERN")
		->allow_extra_args(false);
	app.add_option("--except", options.except, "leave out tests that match; may be repeated")
		->type_name("PATTERN")
		->allow_extra_args(false);
	app.add_option("--timeout", seconds, "seconds that one command may take")
		->capture_default_str()
		->check(CLI::Range(1, 86400));
	app.add_flag("--list", options.list, "list the tests with their clauses and what they need");
	app.add_flag("--json", options.json, "print the result as JSON");
	app.add_flag("--verbose", options.verbose, "tell each command, its status and sense data on stderr");
	try {
		app.parse(argc, argv);
		if (!options.list && options.device.empty() && options.changer.empty())
			throw CLI::RequiredError{"a tape drive or --changer"};
	} catch (const CLI::ParseError &error) {
		return app.exit(error) ? Exit::cannot_run : Exit::passed;
	}
	options.timeout = std::chrono::seconds{seconds};
	// Whoever names the tape to be lost means it.
	if (options.permission.destroy || options.permission.force)
		options.permission.overwrite = true;
	return {};
}
