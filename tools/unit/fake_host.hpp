// SPDX-License-Identifier: GPL-2.0
// A host of temporary folders: a configfs that behaves like the kernel's, a
// sysfs with some devices, a xenstore, and guests.
#pragma once
#include <filesystem>
#include <map>
#include <string>

#include "act/host.hpp"
#include "core/failure.hpp"
#include "unit/fake_store.hpp"

namespace vscsi
{

class TemporaryFolder
{
public:
	TemporaryFolder();
	TemporaryFolder(const TemporaryFolder &) = delete;
	TemporaryFolder &operator=(const TemporaryFolder &) = delete;
	~TemporaryFolder();
	const std::filesystem::path &path() const { return m_path; }

private:
	std::filesystem::path m_path;
};

void put(const std::filesystem::path &file, const std::string &text);

class FakeConfigfs final : public Configfs
{
public:
	explicit FakeConfigfs(const std::filesystem::path &root);

	int until_killed = -1;                   // changes that still go through; -1: all
	std::string refuse_write;                // a part of the path of an attribute
	std::string busy;                        // a part of the path of a directory
	std::map<std::string, NodeNumber> nodes; // device nodes that there are
	bool old_kernel = false;                 // backstores have no emulate_pr

	// What stock tools would have made.
	StoreId add_store(const std::string &hba, const std::string &name, const std::string &info = {});
	// A fileio backstore, of a file or block device.
	StoreId add_file(const std::string &hba, const std::string &name, const std::filesystem::path &file,
			 std::uint64_t size);
	void set_attribute(const StoreId &store, const std::string &name, const std::string &value);
	std::string attribute(const StoreId &store, const std::string &name) const;
	TpgId add_tpg(const std::string &wwn, unsigned tag, const std::string &domain = {},
		      const std::string &alias = {});
	void add_lun(const TpgId &tpg, unsigned number, const StoreId &store, const std::string &link = "x");

	// What targetctl makes of what it saved: devices are looked up by their paths anew.
	void restore(const std::function<std::optional<Hctl>(const std::string &)> &address);

	// All directories, links and parameters, to compare.
	std::string snapshot() const;

protected:
	void make_directory(const std::filesystem::path &path) override;
	void remove_directory(const std::filesystem::path &path) override;
	void write(const std::filesystem::path &path, const std::string &value) override;

private:
	void step();
	void put_attributes(const std::filesystem::path &store) const;
	std::string info_of(const std::string &control) const;
	void drop(const StoreId &store);
};

// What the work fails with; Exit::done if it does not.
Failure failure_of(const std::function<void()> &work);

// A line for each device that dom0 serves: p-dev, v-dev, state.
std::string devices_of(FakeStore &store, const Domain &domain);

// What a device says of itself.
struct Says {
	std::string naa; // hexadecimal; empty: no VPD page 83h
	std::string serial;
	std::string vendor = "IBM";
	std::string model = "ULT3580-TD5";
};

struct FakeHost {
	FakeHost();

	TemporaryFolder folder;
	FakeStore store;
	FakePeer peer{store};
	FakeConfigfs configfs{folder.path() / "target"};
	Sysfs sysfs;
	Host host;
	Domain guest; // g1, domain 1

	// A disk, tape or changer of adapter N, with its device node.
	void add_scsi(const Hctl &address, unsigned type, const std::string &node, unsigned minor);
	void remove_scsi(const Hctl &address);
	void says(const Hctl &address, const Says &what) const;
	// A link below /dev, `tape/by-id/scsi-35000-nst`; its path.
	std::string add_link(const std::string &name, const std::string &node);
	// No device, node or link is left, and all guests are gone; then, with other devices, LIO's
	// configuration is as targetctl restores it.
	void shut_down();
	void restore();
	std::map<unsigned, std::string> places{}; // where adapters sit, if it matters
	void add_volume(const std::string &node, unsigned minor);
	// A block device takes writes in order only.
	void make_zoned(unsigned major, unsigned minor) const;
	static constexpr unsigned zoned_disk = 20; // a peripheral device type
};

} // namespace vscsi
