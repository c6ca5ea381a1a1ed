// SPDX-License-Identifier: GPL-2.0
// Changes of LIO's configuration, and how each is undone.
#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "core/lio.hpp"

namespace vscsi
{

struct MakeStore {
	StoreId id;
	std::string udev_path;
	std::string control; // what its plugin has to know
	std::string serial;  // empty: the device has its own
	// What is kept in udev_path in place of the node; empty: that.
	std::string shown{};
};
struct MakeTpg {
	TpgId id;
	std::string alias;
	std::string domain;
	bool ring_per_lun = false;
	bool read_only = false;
	std::optional<VportId> vport{};
};
struct MakeLun {
	TpgId tpg;
	unsigned number = 0;
	std::string link;
	StoreId store;
};
struct BindTpg {
	TpgId id;
	std::string domain;
	std::string before;
};
struct SetAttribute {
	StoreId store;
	std::string name;
	std::string value;
	std::string before;
};
// Of a fileio backstore on a file.
struct Resize {
	StoreId store;
	std::uint64_t size = 0;
};
struct RemoveLun {
	TpgId tpg;
	unsigned number = 0;
};
struct RemoveTpg {
	TpgId id;
};
struct RemoveStore {
	StoreId id;
};
using Change = std::variant<MakeStore, MakeTpg, MakeLun, BindTpg, SetAttribute, Resize, RemoveLun, RemoveTpg,
			    RemoveStore>;

std::string describe(const Change &change);

// What undoes it; nothing for a removal or a new size.
std::optional<Change> inverse(const Change &change);

// A line of the journal.  Only what undoes something can be written and read.
std::string to_line(const Change &change);
std::optional<Change> from_line(std::string_view line);

// Removes a LUN, and what the tool made for it and nobody else uses.
std::vector<Change> plan_removal(const Lio &lio, const TpgId &tpg, unsigned lun);

} // namespace vscsi
