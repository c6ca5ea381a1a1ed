// SPDX-License-Identifier: GPL-2.0
// xl-vscsi: PV SCSI devices of guests; see xl-vscsi(8).
#include <algorithm>
#include <cstdio>
#include <exception>
#include <random>

#include "act/attach.hpp"
#include "act/detach.hpp"
#include "act/guests.hpp"
#include "act/resize.hpp"
#include "act/survey.hpp"
#include "command/create.hpp"
#include "command/options.hpp"
#include "command/output.hpp"
#include "command/top.hpp"
#include "os/interrupt.hpp"
#include "os/process.hpp"
#include "os/xenstore.hpp"
#include "os/xlconfig.hpp"

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

void save(const Options &options)
{
	if (options.save && !options.dry_run && run_program(aside({"targetctl", "save"})) != 0)
		fail(Exit::failed,
		     "it is done, but `targetctl save` failed, so it would not survive a reboot");
}

void warn(const AttachResult &result)
{
	for (const std::string &warning : result.warnings)
		fmt::print(stderr, "xl-vscsi: warning: {}\n", warning);
}

void run_attach(const Host &host, const Options &options)
{
	const AttachRequest request{expect_domain(host.store, options.domain),
				    options.pdev,
				    options.vdev,
				    options.how,
				    backend_of(host, options),
				    std::chrono::seconds{options.wait},
				    options.dry_run};
	if (!options.dry_run && request.backend == 0)
		load_module(host);
	const AttachResult result = attach(host, request);
	warn(result);
	print(options.json ? attach_json(request.domain, result, options.dry_run)
			   : attach_text(request.domain, result, options.dry_run));
	save(options);
}

void run_detach(const Host &host, const Options &options)
{
	const DetachRequest request{options.domain,
				    options.vdev,
				    backend_of(host, options),
				    std::chrono::seconds{std::max(options.wait, 1U)},
				    options.remove_lun,
				    options.dry_run};
	const DetachResult result = detach(host, request);
	print(options.json ? detach_json(result, options.dry_run) : detach_text(result, options.dry_run));
	save(options);
}

void run_resize(const Host &host, const Options &options)
{
	const ResizeResult result =
		resize(host, {options.pdev, options.size, options.shrink, options.dry_run});
	print(options.json ? resize_json(result, options.dry_run) : resize_text(result, options.dry_run));
	save(options);
}

void print_devices(const Sysfs &sysfs, const Options &options)
{
	const std::vector<HostDevice> found = find_devices(sysfs, options.names);
	print(options.json ? devices_json(found) : devices_text(found));
}

Exit run(const Options &options)
{
	const Sysfs sysfs{options.sysfs};
	// It needs no Xen.
	if (options.verb == Verb::devices) {
		print_devices(sysfs, options);
		return Exit::done;
	}
	if (options.verb == Verb::attach || options.verb == Verb::detach || options.verb == Verb::create)
		note_interrupts();
	Xenstore store;
	Configfs configfs{options.configfs};
	const Host host{store,
			configfs,
			sysfs,
			options.run,
			options.state,
			random_bits,
			{options.config_dirs.begin(), options.config_dirs.end()}};
	switch (options.verb) {
	case Verb::devices:
		break;
	case Verb::attach:
		run_attach(host, options);
		break;
	case Verb::detach:
		run_detach(host, options);
		break;
	case Verb::resize:
		run_resize(host, options);
		break;
	case Verb::list: {
		const auto guests = survey(host, options.names);
		print(options.json ? list_json(guests) : list_text(guests));
		break;
	}
	case Verb::create:
		return create(host, options);
	case Verb::status: {
		Status found = status(host);
		DomainConfigs configs = configured_domains(host.configs);
		found.configured = std::move(configs.domains);
		std::ranges::move(configs.complaints, std::back_inserter(found.problems));
		look_at_lines(host, found.configured, found.problems);
		print(options.json ? status_json(found) : status_text(found));
		break;
	}
	case Verb::top:
		top(host, options);
		break;
	}
	return Exit::done;
}

// What prints a line for each picture says it on a line if there will be no more.
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
