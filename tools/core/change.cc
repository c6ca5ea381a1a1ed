// SPDX-License-Identifier: GPL-2.0
#include "core/change.hpp"

#include <algorithm>
#include <sstream>

#include <fmt/core.h>

namespace vscsi
{

namespace
{

std::string path(const TpgId &id)
{
	return fmt::format("xen-pvscsi/{}/tpgt_{}", id.wwn, id.tpgt);
}

std::string path(const StoreId &id)
{
	return fmt::format("core/{}/{}", id.hba, id.name);
}

struct ChangeDescriber {
	std::string operator()(const MakeStore &change) const
	{
		return fmt::format("configfs: make backstore {} for {}", path(change.id), change.udev_path);
	}
	std::string operator()(const MakeTpg &change) const
	{
		return fmt::format("configfs: make {}, bound to {}{}{}{}", path(change.id), change.domain,
				   change.ring_per_lun ? ", with a ring for each LUN" : "",
				   change.read_only ? ", read-only" : "",
				   change.vport ? fmt::format(", for vport {} of {}",
							      to_string(change.vport->port),
							      to_string(change.vport->parent))
						: "");
	}
	std::string operator()(const MakeLun &change) const
	{
		return fmt::format("configfs: make LUN {} of {} for {}, linked as {}", change.number,
				   path(change.tpg), path(change.store), change.link);
	}
	std::string operator()(const BindTpg &change) const
	{
		return change.domain.empty()
			       ? fmt::format("configfs: bind {} to nobody", path(change.id))
			       : fmt::format("configfs: bind {} to {}", path(change.id), change.domain);
	}
	std::string operator()(const SetAttribute &change) const
	{
		return fmt::format("configfs: set attribute {} of {} to {}", change.name, path(change.store),
				   change.value);
	}
	std::string operator()(const Resize &change) const
	{
		return fmt::format("configfs: make {} {} bytes large", path(change.store), change.size);
	}
	std::string operator()(const RemoveLun &change) const
	{
		return fmt::format("configfs: remove LUN {} of {}", change.number, path(change.tpg));
	}
	std::string operator()(const RemoveTpg &change) const
	{
		return fmt::format("configfs: remove {}", path(change.id));
	}
	std::string operator()(const RemoveStore &change) const
	{
		return fmt::format("configfs: remove backstore {}", path(change.id));
	}
};

struct Inverter {
	std::optional<Change> operator()(const MakeStore &change) const { return RemoveStore{change.id}; }
	std::optional<Change> operator()(const MakeTpg &change) const { return RemoveTpg{change.id}; }
	std::optional<Change> operator()(const MakeLun &change) const
	{
		return RemoveLun{change.tpg, change.number};
	}
	std::optional<Change> operator()(const BindTpg &change) const
	{
		return BindTpg{change.id, change.before, change.domain};
	}
	std::optional<Change> operator()(const SetAttribute &change) const
	{
		return SetAttribute{change.store, change.name, change.before, change.value};
	}
	std::optional<Change> operator()(const Resize &) const { return {}; }
	std::optional<Change> operator()(const RemoveLun &) const { return {}; }
	std::optional<Change> operator()(const RemoveTpg &) const { return {}; }
	std::optional<Change> operator()(const RemoveStore &) const { return {}; }
};

} // namespace

std::string describe(const Change &change)
{
	return std::visit(ChangeDescriber{}, change);
}

std::optional<Change> inverse(const Change &change)
{
	return std::visit(Inverter{}, change);
}

std::string to_line(const Change &change)
{
	if (const auto *lun = std::get_if<RemoveLun>(&change))
		return fmt::format("remove-lun\t{}\t{}\t{}", lun->tpg.wwn, lun->tpg.tpgt, lun->number);
	if (const auto *tpg = std::get_if<RemoveTpg>(&change))
		return fmt::format("remove-tpg\t{}\t{}", tpg->id.wwn, tpg->id.tpgt);
	if (const auto *store = std::get_if<RemoveStore>(&change))
		return fmt::format("remove-store\t{}\t{}", store->id.hba, store->id.name);
	if (const auto *bind = std::get_if<BindTpg>(&change))
		return fmt::format("bind\t{}\t{}\t{}", bind->id.wwn, bind->id.tpgt, bind->domain);
	if (const auto *set = std::get_if<SetAttribute>(&change))
		return fmt::format("set\t{}\t{}\t{}\t{}", set->store.hba, set->store.name, set->name,
				   set->value);
	return {};
}

std::optional<Change> from_line(std::string_view line)
{
	std::vector<std::string> fields;
	std::istringstream stream{std::string{line}};
	for (std::string field; std::getline(stream, field, '\t');)
		fields.push_back(field);
	const std::size_t written = fields.size();
	fields.resize(std::max<std::size_t>(written, 5));
	// Nothing has no name, and would stand for the folder that all of its kind are in.
	if (fields[1].empty() || fields[2].empty())
		return {};
	if (fields[0] == "remove-store" && written == 3)
		return RemoveStore{{fields[1], fields[2]}};
	if (fields[0] == "set" && written <= 5 && !fields[3].empty())
		return SetAttribute{{fields[1], fields[2]}, fields[3], fields[4], {}};
	const auto tag = parse_number(fields[2], UINT16_MAX);
	if (!tag)
		return {};
	const TpgId id{fields[1], static_cast<std::uint16_t>(*tag)};
	if (fields[0] == "remove-tpg" && written == 3)
		return RemoveTpg{id};
	// Bound to nobody, it has no last field.
	if (fields[0] == "bind" && written <= 4)
		return BindTpg{id, fields[3], {}};
	const auto number = parse_number(fields[3], greatest_lun);
	if (fields[0] != "remove-lun" || written != 4 || !number)
		return {};
	return RemoveLun{id, static_cast<unsigned>(*number)};
}

std::vector<Change> plan_removal(const Lio &lio, const TpgId &tpg_id, unsigned number)
{
	const Tpg *const tpg = lio.tpg_of(tpg_id);
	const Lun *const lun = tpg ? tpg->lun(number) : nullptr;
	if (!lun)
		return {};
	std::vector<Change> changes{RemoveLun{tpg_id, number}};
	if (made_by_tool(*tpg) && tpg->luns.size() == 1 && !tpg->alias.starts_with(adapter_alias_prefix))
		changes.emplace_back(RemoveTpg{tpg_id});
	Lio after = lio;
	for (Tpg &other : after.tpgs)
		if (other.id == tpg_id)
			std::erase_if(other.luns, [&](const Lun &item) { return item.number == number; });
	if (made_by_tool(lun->store) && !after.exported(lun->store))
		changes.emplace_back(RemoveStore{lun->store});
	return changes;
}

} // namespace vscsi
