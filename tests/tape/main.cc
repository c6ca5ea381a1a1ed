// SPDX-License-Identifier: GPL-2.0 OR MIT
// tapecheck: what a tape drive and a media changer do, against what the
// standards say.  See Documentation/tapecheck.md.
#include <cstdio>
#include <exception>

#include <fmt/format.h>

#include "device/sysfs.hpp"
#include "options.hpp"
#include "report.hpp"
#include "scsi/lists.hpp"

namespace
{

using check::Bench;
using device::Unusable;

device::Nodes find(const std::string &path, int type, std::string_view what)
{
	device::Nodes nodes = device::find_nodes(path);
	if (nodes.type != type)
		throw Unusable{fmt::format("{}: no {} (its peripheral device type is {:02x}h, not {:02x}h)",
					   path, what, nodes.type, type)};
	return nodes;
}

Bench open_all(const Options &options)
{
	Bench bench;
	bench.fill_limit = options.fill_limit;
	if (!options.device.empty()) {
		const device::Nodes nodes = find(options.device, scsi::type_tape, "tape drive");
		bench.drive = std::make_unique<check::Drive>(
			nodes, device::Sg{nodes.generic, options.timeout, options.verbose}, options.verbose);
	}
	if (!options.changer.empty()) {
		const device::Nodes nodes = find(options.changer, scsi::type_changer, "media changer");
		bench.changer = std::make_unique<check::Changer>(
			device::Sg{nodes.generic, options.timeout, options.verbose}, options.drive_element);
	}
	return bench;
}

// What keeps a test from being run; empty if nothing does.
std::string obstacle(unsigned needs, const Bench &bench, const Options &options)
{
	const auto needed = [&](unsigned flags) { return (needs & flags) == flags; };
	if (needed(check::drive) && !bench.drive)
		return "no tape drive was given";
	if (needed(check::changer) && !bench.changer)
		return "no --changer was given";
	if (needed(check::moves) && !options.move_media)
		return "moves the cartridge, which needs --move-media";
	if (needed(check::writes) && !options.permission.overwrite)
		return "writes on the tape, which needs --overwrite-tape";
	if (needed(check::fills) && !options.fill_tape)
		return "writes or erases to the end of the tape, which needs --fill-tape";
	if (needed(check::driver) && !bench.drive->has_st())
		return "the drive has no /dev/nst (modprobe st)";
	if (needed(check::empty) && bench.drive->has_medium())
		return "there is a cartridge in the drive";
	if (needed(check::medium) && !bench.drive->has_medium())
		return "there is no cartridge in the drive";
	return {};
}

Result run(const check::Test &test, Bench &bench, const Options &options)
{
	if (options.verbose)
		fmt::print(stderr, "{}\n", test.name);
	try {
		const std::string reason = obstacle(test.needs, bench, options);
		if (!reason.empty())
			return {test, Verdict::skip, reason};
		test.run(bench);
	} catch (const check::Skipped &skipped) {
		return {test, Verdict::skip, skipped.reason};
	} catch (const check::Failed &failed) {
		return {test, Verdict::fail, failed.reason};
	} catch (const std::exception &error) {
		return {test, Verdict::fail, error.what()};
	}
	return {test, Verdict::pass, {}};
}

// Whether there are tests to come that write; throws if this tape must not be lost.
void prepare_tape(Bench &bench, const Options &options)
{
	const check::Drive &drive = *bench.drive;
	if (!options.permission.overwrite || !drive.has_medium())
		return;
	if (drive.mode().write_protected())
		throw Unusable{"the cartridge is write-protected, so nothing can be overwritten. Leave out "
			       "--overwrite-tape, or insert another cartridge"};
	drive.rewind();
	drive.block_length(0);
	const scsi::Decision decision = scsi::decide(drive.look_at_start(), options.permission);
	if (!decision.write)
		throw Unusable{decision.refusal};
	drive.write_label();
	bench.drive->set_label_written();
}

// Mode, position and lock as they were.  Tells what could not be done.
std::string tidy(const check::Drive &drive, const std::optional<scsi::Mode> &before)
{
	std::string complaint;
	const auto attempt = [&](auto step) {
		try {
			step();
		} catch (const check::Failed &failed) {
			complaint = failed.reason;
		} catch (const check::Skipped &) {
			return;
		} catch (const std::exception &error) {
			complaint = error.what();
		}
	};
	attempt([&] { drive.run(scsi::cdb::prevent_removal(false)); });
	attempt([&] {
		if (drive.has_medium())
			drive.rewind();
	});
	attempt([&] {
		if (before && before->has_descriptor)
			drive.restore(*before);
	});
	return complaint;
}

std::vector<Result> run_all(Bench &bench, const Options &options)
{
	std::vector<Result> results;
	for (const auto &test : check::all_tests()) {
		if (!options.chosen(test.name))
			continue;
		results.push_back(run(test, bench, options));
		if (!options.json)
			print_line(results.back());
	}
	return results;
}

int work(const Options &options)
{
	Bench bench = open_all(options);
	std::optional<scsi::Mode> before;
	if (bench.drive)
		before = bench.drive->mode();
	std::vector<Result> results;
	std::string complaint;
	try {
		if (bench.drive)
			prepare_tape(bench, options);
		results = run_all(bench, options);
	} catch (...) {
		if (bench.drive)
			tidy(*bench.drive, before);
		throw;
	}
	if (bench.drive)
		complaint = tidy(*bench.drive, before);
	const std::string note = bench.drive && !options.permission.overwrite
					 ? "Read-only: nothing was written or erased."
					 : std::string{};
	if (options.json) {
		print_json(results, note);
	} else {
		if (!note.empty())
			fmt::print("{}\n", note);
		print_summary(results);
	}
	if (!complaint.empty())
		throw Unusable{
			fmt::format("the drive could not be put back as it was: {}. Check its block size "
				    "with `mt status`",
				    complaint)};
	if (results.empty())
		throw Unusable{"no test has a name like that; --list tells the names"};
	return any_failed(results) ? Exit::failed : Exit::passed;
}

int guarded(int argc, char **argv)
{
	Options options;
	if (const auto code = parse(argc, argv, options))
		return *code;
	if (options.list) {
		print_list(check::all_tests());
		return Exit::passed;
	}
	try {
		return work(options);
	} catch (const check::Failed &failed) {
		fmt::print(stderr, "tapecheck: the drive cannot be prepared: {}\n", failed.reason);
	} catch (const check::Skipped &skipped) {
		fmt::print(stderr, "tapecheck: the drive cannot be prepared: {}\n", skipped.reason);
	} catch (const std::exception &error) {
		fmt::print(stderr, "tapecheck: {}\n", error.what());
	}
	return Exit::cannot_run;
}

} // namespace

int main(int argc, char **argv)
{
	try {
		return guarded(argc, argv);
	} catch (const std::exception &error) {
		std::fputs("tapecheck: ", stderr);
		std::fputs(error.what(), stderr);
		std::fputs("\n", stderr);
		return Exit::cannot_run;
	}
}
