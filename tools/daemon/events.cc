// SPDX-License-Identifier: GPL-2.0
#include "daemon/events.hpp"

#include <linux/netlink.h>
#include <pthread.h>
#include <sys/inotify.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <string_view>

#include "core/failure.hpp"
#include "os/files.hpp"

namespace vscsi
{

namespace
{

namespace fs = std::filesystem;

constexpr std::size_t buffer_bytes = 16384;

int open_uevents()
{
	const int file =
		socket(AF_NETLINK, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_KOBJECT_UEVENT);
	if (file < 0)
		return -1;
	sockaddr_nl address{};
	address.nl_family = AF_NETLINK;
	address.nl_groups = 1; // the kernel's own
	if (bind(file, reinterpret_cast<const sockaddr *>(&address), sizeof address) == 0)
		return file;
	close(file);
	return -1;
}

int open_signals()
{
	sigset_t set;
	sigemptyset(&set);
	for (const int number : {SIGTERM, SIGINT, SIGHUP})
		sigaddset(&set, number);
	if (pthread_sigmask(SIG_BLOCK, &set, nullptr) != 0)
		return -1;
	return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

int checked(int file, const char *what)
{
	if (file < 0)
		fail(Exit::environment, "cannot watch {}: {}", what, error_text(errno));
	return file;
}

} // namespace

Descriptor::~Descriptor()
{
	if (m_number >= 0)
		close(m_number);
}

TreeWatch::TreeWatch(fs::path root)
    : m_root{std::move(root)}, m_inotify{checked(inotify_init1(IN_CLOEXEC | IN_NONBLOCK), "directories")}
{
}

void TreeWatch::add(const fs::path &path)
{
	// To add one again changes nothing; one that is gone is no error.
	inotify_add_watch(m_inotify.number(), path.c_str(),
			  IN_CREATE | IN_DELETE | IN_MODIFY | IN_MOVE | IN_ONLYDIR);
}

void TreeWatch::refresh()
{
	add(m_root);
	const fs::path fabric = m_root / "xen-pvscsi";
	add(fabric);
	for (const std::string &wwn : names_in(fabric)) {
		add(fabric / wwn);
		for (const std::string &name : names_in(fabric / wwn)) {
			const fs::path tpg = fabric / wwn / name;
			if (!name.starts_with("tpgt_"))
				continue;
			add(tpg / "param");
			add(tpg / "lun");
			for (const std::string &lun : names_in(tpg / "lun"))
				add(tpg / "lun" / lun);
		}
	}
}

bool TreeWatch::drain()
{
	alignas(inotify_event) std::array<char, buffer_bytes> buffer;
	bool any = false;
	while (read(m_inotify.number(), buffer.data(), buffer.size()) > 0)
		any = true;
	return any;
}

DeviceWatch::DeviceWatch() : m_socket{open_uevents()} {}

bool DeviceWatch::matters(std::string_view event)
{
	const auto says = [&](std::string_view what) { return event.find(what) != std::string_view::npos; };
	m_luns_changed |= says("SDEV_UA=REPORTED_LUNS_DATA_HAS_CHANGED");
	return says("SUBSYSTEM=scsi") || says("SUBSYSTEM=block") || says("SUBSYSTEM=fc_");
}

bool DeviceWatch::drain()
{
	std::array<char, buffer_bytes> buffer;
	bool any = false;
	for (;;) {
		const ssize_t got = recv(m_socket.number(), buffer.data(), buffer.size(), 0);
		// Events that were lost are events as well.
		if (got < 0 && errno == ENOBUFS)
			any = true;
		else if (got <= 0)
			return any;
		else
			any |= matters({buffer.data(), static_cast<std::size_t>(got)});
	}
}

Signals::Signals() : m_file{checked(open_signals(), "signals")} {}

Signals::Wish Signals::next()
{
	signalfd_siginfo info{};
	if (read(m_file.number(), &info, sizeof info) != static_cast<ssize_t>(sizeof info))
		return Wish::none;
	return info.ssi_signo == SIGHUP ? Wish::retry : Wish::stop;
}

} // namespace vscsi
