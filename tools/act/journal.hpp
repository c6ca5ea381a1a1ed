// SPDX-License-Identifier: GPL-2.0
// One at a time changes a guest, and what he began is undone if he dies.
#pragma once
#include <chrono>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "core/guest.hpp"
#include "os/configfs.hpp"

namespace vscsi
{

// flock() on a file, until destroyed.
class Lock
{
public:
	// Nothing if somebody else has it.
	static std::optional<Lock> attempt(const std::filesystem::path &file);
	// Throws a Failure that names the holder.
	static Lock take(const std::filesystem::path &file, std::chrono::seconds patience);

	// Unless somebody has it.
	static void remove_file(const std::filesystem::path &file);

	Lock(Lock &&other) noexcept : m_file{other.m_file} { other.m_file = -1; }
	Lock &operator=(Lock &&) = delete;
	Lock(const Lock &) = delete;
	Lock &operator=(const Lock &) = delete;
	~Lock();

private:
	explicit Lock(int file) : m_file{file} {}
	int m_file;
};

// A device that a guest is being given.
struct Given {
	DomId backend = 0;
	Domain domain;
	Vdev vdev;
	LunName pdev;
};

// What has to be undone if the work is not finished; written before each step.
class Journal
{
public:
	explicit Journal(std::filesystem::path file) : m_file{std::move(file)} {}

	const std::filesystem::path &file() const { return m_file; }

	void add(const Change &undo);
	std::vector<Change> pending() const;
	// If the guest has it by then, there is nothing to undo.
	void add(const Given &given);
	std::vector<Given> given() const;
	// The work is done: there is nothing to undo.
	void clear();
	// Undoes the last step first.  What could not be undone stays written, and
	// the reason is returned; empty if all is undone.
	std::string roll_back(Configfs &configfs);

private:
	void append(const std::string &line);
	void rewrite(const std::vector<Change> &changes);
	std::filesystem::path m_file;
};

// Carries out changes, each noted first.  If one fails, all are undone.
void apply_all(Configfs &configfs, Journal &journal, const std::vector<Change> &changes);

// Removal may have to wait a moment for the kernel to let go.
void apply_patiently(Configfs &configfs, const Change &change);

} // namespace vscsi
