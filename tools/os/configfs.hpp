// SPDX-License-Identifier: GPL-2.0
#pragma once
#include <filesystem>
#include <string>

#include "core/change.hpp"
#include "core/lio.hpp"

namespace vscsi
{

// LIO's configuration below a root, /sys/kernel/config/target.
class Configfs
{
public:
	explicit Configfs(std::filesystem::path root) : m_root{std::move(root)} {}
	Configfs(const Configfs &) = delete;
	Configfs &operator=(const Configfs &) = delete;
	virtual ~Configfs() = default;

	const std::filesystem::path &root() const { return m_root; }
	std::filesystem::path fabric() const { return m_root / "xen-pvscsi"; }

	Lio read() const;
	// All of it or, with a Failure, nothing.  A removal of what is not there does nothing.
	void apply(const Change &change);
	// The lines of `guests` of a portal group.
	std::vector<std::string> guests(const TpgId &id) const;

protected:
	// What tests replace, since a directory of configfs is not an ordinary one.
	virtual void make_directory(const std::filesystem::path &path);
	virtual void remove_directory(const std::filesystem::path &path);
	virtual void write(const std::filesystem::path &path, const std::string &value);

private:
	struct Applier;
	std::filesystem::path path_of(const TpgId &id) const;
	std::filesystem::path path_of(const StoreId &id) const;
	bool make_missing(const std::filesystem::path &path);

	std::filesystem::path m_root;
};

} // namespace vscsi
