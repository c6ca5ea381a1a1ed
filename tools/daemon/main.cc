// SPDX-License-Identifier: GPL-2.0
// xen-vscsid: guests get and keep the devices that LIO binds to them; see
// xen-vscsid(8).
#include <poll.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <exception>
#include <mutex>
#include <random>
#include <set>
#include <thread>

#include <CLI/CLI.hpp>

#include "core/failure.hpp"
#include "daemon/daemon.hpp"
#include "daemon/events.hpp"
#include "daemon/missing.hpp"
#include "daemon/notify.hpp"
#include "os/process.hpp"
#include "os/xenstore.hpp"
#include "versionnumber.hpp"

namespace
{

using namespace vscsi;
using std::chrono::milliseconds;

// Many events come at once; they are one change.
constexpr milliseconds gather{100};
constexpr std::chrono::seconds xl_limit{20};

struct Options {
	std::string configfs = "/sys/kernel/config/target";
	std::string sysfs = "/sys";
	std::string run = "/run/xen-vscsi";
	std::string state = "/var/lib/xen-vscsi";
	std::vector<std::string> directories{"/etc/xen/auto", "/etc/xen"};
	bool hold = true;
	bool once = false;
	bool verbose = false;
};

std::optional<Exit> parse(int argc, char **argv, Options &options)
{
	CLI::App app{
		"Keeps PV SCSI devices of guests in step with the LIO configuration; runs in the foreground.",
		"xen-vscsid"};
	app.add_option("--config-dir", options.directories,
		       "directory of domain configurations with vscsi=; may be repeated")
		->capture_default_str();
	app.add_flag("!--no-pause", options.hold, "let guests run before they have their devices");
	app.add_flag("--once", options.once, "bring guests into step once, and end");
	app.set_version_flag("--version", "xen-vscsid " XEN_PVSCSI_VERSION, "print the version");
	app.add_flag("--verbose", options.verbose, "tell more");
	app.add_option("--configfs", options.configfs, "LIO's configuration")->group("");
	app.add_option("--sysfs", options.sysfs, "sysfs")->group("");
	app.add_option("--run", options.run, "locks and journals")->group("");
	app.add_option("--state", options.state, "what lines vscsi= meant")->group("");
	try {
		app.parse(argc, argv);
	} catch (const CLI::ParseError &error) {
		return app.exit(error) ? Exit::usage : Exit::done;
	}
	return {};
}

std::uint64_t random_bits()
{
	std::random_device device;
	return (std::uint64_t{device()} << 32) | device();
}

// The plugin of targetcli keeps what is missing, and can make it; without it there is no such file.
constexpr const char *missing_file = "/run/xen-pvscsi-targetcli/missing.json";

void restore_missing()
{
	run_program({"python3", "-m", "xen_pvscsi_targetcli", "restore-missing"}, xl_limit);
}

bool pause_domain(DomId id, bool paused)
{
	return run_program({"xl", paused ? "pause" : "unpause", std::to_string(id)}, xl_limit) == 0;
}

// A target that does not answer holds it up for as long as the kernel waits; so nobody waits for it.
void scan_aside(const FibreChannel &fc, unsigned host)
{
	static std::mutex guard;
	static std::set<unsigned> running;
	{
		const std::lock_guard lock{guard};
		if (!running.insert(host).second)
			return;
	}
	std::thread{[fc, host] {
		fc.scan(host);
		const std::lock_guard lock{guard};
		running.erase(host);
	}}.detach();
}

class Loop
{
public:
	Loop(Store &store, Daemon &daemon, const std::string &configfs)
	    : m_store{store}, m_daemon{daemon}, m_tree{configfs}, m_watchdog{watchdog_period()}
	{
		m_store.watch("@introduceDomain", "domains");
		m_store.watch("@releaseDomain", "domains");
		m_store.watch(backend_root(0), "backends");
	}

	void run()
	{
		bool ready = false;
		auto next = m_store.now();
		for (;;) {
			if (m_store.now() >= next) {
				// Before, so that what changes meanwhile is seen the next time.
				m_tree.refresh();
				const auto missing = m_missing.look(m_store.now());
				next = std::min(m_daemon.pass(), missing);
				if (!ready)
					notify_ready();
				ready = true;
			}
			if (m_watchdog)
				notify_alive();
			const bool event = wait(next);
			const Signals::Wish wish = m_signals.next();
			if (wish == Signals::Wish::stop)
				break;
			if (wish == Signals::Wish::retry)
				m_daemon.retry();
			if (event || wish == Signals::Wish::retry)
				next = std::min(next, m_store.now() + gather);
		}
		notify_stopping();
	}

private:
	// Whether something happened that the daemon must look at.
	bool wait(Daemon::Time until)
	{
		auto limit = std::chrono::ceil<milliseconds>(until - m_store.now());
		if (m_watchdog)
			limit = std::min(limit, *m_watchdog);
		std::array<pollfd, 4> files{{{m_store.descriptor(), POLLIN, 0},
					     {m_tree.descriptor(), POLLIN, 0},
					     {m_devices.descriptor(), POLLIN, 0},
					     {m_signals.descriptor(), POLLIN, 0}}};
		poll(files.data(), files.size(), static_cast<int>(std::max(limit, milliseconds{0}).count()));
		bool event = m_tree.drain();
		if (m_devices.drain()) {
			m_missing.note();
			if (m_devices.take_luns_changed())
				m_daemon.luns_changed();
			event = true;
		}
		event |= !m_store.events().empty();
		return event;
	}

	Store &m_store;
	Daemon &m_daemon;
	TreeWatch m_tree;
	DeviceWatch m_devices;
	Signals m_signals;
	Missing m_missing{missing_file, restore_missing};
	std::optional<milliseconds> m_watchdog;
};

// `xl-vscsi status` has the lock for a moment, to see whether we have it.
Lock only_one(const Host &host)
{
	try {
		return Lock::take(host.daemon_lock(), std::chrono::seconds{2});
	} catch (const Failure &failure) {
		if (failure.code() != Exit::timed_out)
			throw;
		fail(Exit::in_use, "xen-vscsid runs already");
	}
}

Exit run(const Options &options)
{
	Xenstore store;
	Configfs configfs{options.configfs};
	const Sysfs sysfs{options.sysfs};
	const Host host{store,
			configfs,
			sysfs,
			options.run,
			options.state,
			random_bits,
			{options.directories.begin(), options.directories.end()}};
	const Lock alone = only_one(host);
	DaemonSettings settings{pause_domain};
	settings.scan = [fc = FibreChannel{options.sysfs}](unsigned number) { scan_aside(fc, number); };
	if (!options.hold)
		settings.pause = [](DomId, bool) { return false; };
	Daemon daemon{host, settings};
	if (options.once)
		daemon.pass();
	else
		Loop{store, daemon, options.configfs}.run();
	return Exit::done;
}

} // namespace

int main(int argc, char **argv)
{
	try {
		Options options;
		if (const auto code = parse(argc, argv, options))
			return static_cast<int>(*code);
		log_verbose(options.verbose);
		return static_cast<int>(run(options));
	} catch (const Failure &failure) {
		log_line(Level::error, failure.what());
		return static_cast<int>(failure.code());
	} catch (const std::exception &error) {
		std::fputs("xen-vscsid: ", stderr);
		std::fputs(error.what(), stderr);
		std::fputs("\n", stderr);
		return static_cast<int>(Exit::failed);
	}
}
