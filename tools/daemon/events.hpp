// SPDX-License-Identifier: GPL-2.0
// What wakes the daemon: LIO's tree, the kernel's devices, signals.
#pragma once
#include <filesystem>
#include <string_view>
#include <utility>

namespace vscsi
{

class Descriptor
{
public:
	explicit Descriptor(int number) : m_number{number} {}
	Descriptor(const Descriptor &) = delete;
	Descriptor &operator=(const Descriptor &) = delete;
	~Descriptor();
	int number() const { return m_number; }

private:
	int m_number;
};

// Changes that LIO's tools make below the fabric.
class TreeWatch
{
public:
	explicit TreeWatch(std::filesystem::path root);
	int descriptor() const { return m_inotify.number(); }
	// Watches also what came since the last time.
	void refresh();
	// Takes all events; whether there was any.
	bool drain();

private:
	void add(const std::filesystem::path &path);
	std::filesystem::path m_root;
	Descriptor m_inotify;
};

// SCSI devices that come and go.
class DeviceWatch
{
public:
	DeviceWatch(); // without rights it watches nothing
	int descriptor() const { return m_socket.number(); }
	bool drain();
	// Whether a target has said since the last time that it has other LUNs.
	// Of a device; by the text of its event.
	bool matters(std::string_view event);
	bool take_luns_changed() { return std::exchange(m_luns_changed, false); }

private:
	Descriptor m_socket;
	bool m_luns_changed = false;
};

class Signals
{
public:
	Signals(); // blocks those that it takes
	int descriptor() const { return m_file.number(); }
	enum class Wish { none, stop, retry };
	Wish next();

private:
	Descriptor m_file;
};

} // namespace vscsi
