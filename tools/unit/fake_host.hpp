// SPDX-License-Identifier: GPL-2.0
// A host of temporary folders: a configfs that behaves like the kernel's, a
// sysfs with some devices, a xenstore, and guests.
#pragma once
#include <filesystem>
#include <map>
#include <string>

#include "act/host.hpp"
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

	// What stock tools would have made.
	StoreId add_store(const std::string &hba, const std::string &name, const std::string &info = {});
	TpgId add_tpg(const std::string &wwn, unsigned tag, const std::string &domain = {},
		      const std::string &alias = {});
	void add_lun(const TpgId &tpg, unsigned number, const StoreId &store, const std::string &link = "x");

	// All directories, links and parameters, to compare.
	std::string snapshot() const;

protected:
	void make_directory(const std::filesystem::path &path) override;
	void remove_directory(const std::filesystem::path &path) override;
	void write(const std::filesystem::path &path, const std::string &value) override;

private:
	void step();
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
	void add_volume(const std::string &node, unsigned minor);
};

} // namespace vscsi
