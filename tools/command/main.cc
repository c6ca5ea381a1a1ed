// SPDX-License-Identifier: GPL-2.0
// xl-vscsi: PV SCSI devices of guests; see xl-vscsi(8).
#include <cstdio>
#include <exception>
#include <optional>
#include <random>

#include "act/detach.hpp"
#include "act/guests.hpp"
#include "act/move.hpp"
#include "act/resize.hpp"
#include "act/survey.hpp"
#include "command/create.hpp"
#include "command/hinted.hpp"
#include "command/npiv.hpp"
#include "command/options.hpp"
#include "command/outcome.hpp"
#include "command/output.hpp"
#include "command/report.hpp"
#include "command/status.hpp"
#include "command/top.hpp"
#include "os/interrupt.hpp"
#include "os/modules.hpp"
#include "os/process.hpp"
#include "os/xenstore.hpp"

namespace
{

using namespace vscsi;

std::uint64_t random_bits()
{
	std::random_device device;
	return (std::uint64_t{device()} << 32) | device();
}

void print(const std::string &text)
{
	std::fputs(text.c_str(), stdout);
}

DomId backend_of(const Host &host, const Options &options)
{
	return options.backend == "0" ? 0 : expect_domain(host.store, options.backend).id;
}

// A module that is only installed is loaded, as LIO's tools do.
void load_module(const Host &host)
{
	if (!host.sysfs.module_loaded() && run_program({"modprobe", "xen-scsiback"}) != 0)
		fail(Exit::environment, "the module xen-scsiback cannot be loaded; see the kernel log");
}

// Nothing, or that it is done and not saved.
std::optional<Failure> save(const Options &options)
{
	if (!options.save || options.dry_run || run_program(aside({"targetctl", "save"})) == 0)
		return {};
	return Failure{Exit::failed,
		       "it is done, but `targetctl save` failed, so it would not survive a reboot"};
}

Exit run_attach(const Host &host, const Options &options)
{
	const AttachRequest request{.domain = expect_domain(host.store, options.domain),
				    .pdev = options.pdev,
				    .vdev = options.vdev,
				    .options = options.how,
				    .backend = backend_of(host, options),
				    .wait = std::chrono::seconds{options.wait},
				    .dry_run = options.dry_run};
	if (!options.dry_run && request.backend == 0)
		load_module(host);
	AttachResult result;
	try {
		result = attach_any(host, request);
	} catch (const Failure &failure) {
		// Of another domain's devices nothing is known here.
		throw hinted(failure, request.backend == 0 ? options.pdev : std::string{}, options.vdev);
	}
	if (result.devices.empty())
		result.warnings.push_back(nothing_yet(request.domain, options.pdev));
	const auto unsaved = save(options);
	return print_outcome(options, attach_text(request.domain, result, options.dry_run),
			     attach_json(request.domain, result, options.dry_run), result.warnings, unsaved);
}

Exit run_assign(const Host &host, const Options &options)
{
	for (const Domain &domain : list_domains(host.store))
		if (means_domain(options.domain, domain))
			fail(Exit::usage, "{} runs: `xl-vscsi attach` gives it the device now", domain.name);
	if (parse_number(options.domain, UINT32_MAX))
		fail(Exit::usage, "'{}' is an id, which is nobody's before it runs: say its name",
		     options.domain);
	if (!options.dry_run)
		load_module(host);
	AttachRequest request{.domain = {0, options.domain, options.domain},
			      .pdev = options.pdev,
			      .vdev = options.vdev,
			      .options = options.how};
	request.dry_run = options.dry_run;
	request.later = true;
	AttachResult result;
	try {
		result = attach_any(host, request);
	} catch (const Failure &failure) {
		throw hinted(failure, options.pdev, options.vdev);
	}
	const auto unsaved = save(options);
	return print_outcome(options, attach_text(request.domain, result, options.dry_run),
			     attach_json(request.domain, result, options.dry_run), result.warnings, unsaved);
}

Exit run_move(const Host &host, const Options &options)
{
	MoveResult result;
	const Domain to = expect_domain(host.store, options.domain);
	try {
		result = move_device(host, {.pdev = options.pdev,
					    .to = to,
					    .vdev = options.vdev,
					    .options = options.how,
					    .wait = std::chrono::seconds{std::max(options.wait, 1U)},
					    .dry_run = options.dry_run});
	} catch (const Failure &failure) {
		throw hinted(failure, options.pdev, options.vdev);
	}
	const auto unsaved = save(options);
	std::vector<std::string> &steps = result.attached.steps;
	steps.insert(steps.begin(), result.detached.steps.begin(), result.detached.steps.end());
	return print_outcome(options, attach_text(to, result.attached, options.dry_run),
			     attach_json(to, result.attached, options.dry_run), result.attached.warnings,
			     unsaved);
}

Exit run_detach(const Host &host, const Options &options)
{
	const DetachRequest request{.domain = options.domain,
				    .vdev = options.vdev,
				    .backend = backend_of(host, options),
				    .wait = std::chrono::seconds{std::max(options.wait, 1U)},
				    .remove_lun = options.remove_lun,
				    .dry_run = options.dry_run};
	DetachResult result;
	try {
		result = detach(host, request);
	} catch (const Failure &failure) {
		throw hinted(failure, {}, options.vdev);
	}
	const auto unsaved = save(options);
	return print_outcome(options, detach_text(result, options.dry_run),
			     detach_json(result, options.dry_run), {}, unsaved);
}

Exit run_resize(const Host &host, const Options &options)
{
	ResizeResult result;
	try {
		result = resize(host, {.pdev = options.pdev,
				       .size = options.size,
				       .shrink = options.shrink,
				       .dry_run = options.dry_run});
	} catch (const Failure &failure) {
		throw hinted(failure, options.pdev);
	}
	const auto unsaved = save(options);
	return print_outcome(options, resize_text(result, options.dry_run),
			     resize_json(result, options.dry_run), {}, unsaved);
}

void print_devices(const Sysfs &sysfs, const Options &options)
{
	std::vector<HostDevice> found;
	try {
		found = find_devices(sysfs, options.names);
	} catch (const Failure &failure) {
		throw hinted(failure, options.names.size() == 1 ? options.names.front() : std::string{});
	}
	std::vector<std::vector<User>> users;
	try {
		Xenstore store;
		Configfs configfs{options.configfs};
		users = users_of_devices({store, configfs, sysfs, options.run, options.state, random_bits},
					 found);
	} catch (const Failure &) {
		users.clear(); // A host without Xen has devices as well.
	}
	print(options.json ? devices_json(found, users) : devices_text(found, users));
}

Exit run(const Host &host, const Options &options)
{
	switch (options.verb) {
	case Verb::devices:
	case Verb::report:
		break;
	case Verb::attach:
		return run_attach(host, options);
	case Verb::assign:
		return run_assign(host, options);
	case Verb::move:
		return run_move(host, options);
	case Verb::detach:
		return run_detach(host, options);
	case Verb::resize:
		return run_resize(host, options);
	case Verb::list: {
		const auto guests = list_guests(host, options.names);
		print(options.json ? list_json(guests) : list_text(guests));
		break;
	}
	case Verb::npiv:
		return run_npiv(host, options);
	case Verb::create:
		return create(host, options);
	case Verb::status:
		return show_status(host, options);
	case Verb::top:
		top(host, options);
		break;
	}
	return Exit::done;
}

Exit run(const Options &options)
{
	const Sysfs sysfs{options.sysfs};
	// It needs no Xen.
	if (options.verb == Verb::devices) {
		print_devices(sysfs, options);
		return Exit::done;
	}
	if (options.verb == Verb::attach || options.verb == Verb::detach || options.verb == Verb::create ||
	    options.verb == Verb::move || options.verb == Verb::npiv)
		note_interrupts();
	std::optional<Xenstore> store;
	std::string no_store;
	try {
		store.emplace();
	} catch (const Failure &failure) {
		// That is a part of what is reported.
		if (options.verb != Verb::report)
			throw;
		no_store = failure.what();
	}
	Configfs configfs{options.configfs};
	if (!store) {
		report(nullptr, no_store, options);
		return Exit::done;
	}
	const Host host{*store,
			configfs,
			sysfs,
			options.run,
			options.state,
			random_bits,
			{options.config_dirs.begin(), options.config_dirs.end()},
			modules_of_this_kernel()};
	if (options.verb != Verb::report)
		return run(host, options);
	report(&host, {}, options);
	return Exit::done;
}

// What prints a line for each update says it on a line if there will be no more.
Layout layout_of(Verb verb)
{
	return verb == Verb::top ? Layout::line : Layout::lines;
}

Exit guarded(int argc, char **argv)
{
	Options options;
	if (const auto code = parse(argc, argv, options))
		return *code;
	try {
		return run(options);
	} catch (const Failure &failure) {
		if (options.json)
			print(failure_json(failure, layout_of(options.verb)));
		fmt::print(stderr, "xl-vscsi: {}\n", failure.what());
		return failure.code();
	} catch (const std::exception &error) {
		if (options.json)
			print(failure_json(Failure{Exit::failed, error.what()}, layout_of(options.verb)));
		throw;
	}
}

} // namespace

int main(int argc, char **argv)
{
	try {
		return static_cast<int>(guarded(argc, argv));
	} catch (const std::exception &error) {
		std::fputs("xl-vscsi: ", stderr);
		std::fputs(error.what(), stderr);
		std::fputs("\n", stderr);
		return static_cast<int>(Exit::failed);
	}
}
