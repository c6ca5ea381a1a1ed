// SPDX-License-Identifier: GPL-2.0
#include "core/lio.hpp"

#include <algorithm>
#include <cctype>

#include "core/failure.hpp"
#include "core/hash.hpp"
#include "core/identity.hpp"

namespace vscsi
{

std::optional<BlockNumber> parse_block_number(std::string_view text)
{
	const std::size_t colon = text.find(':');
	if (colon == std::string_view::npos)
		return {};
	const auto major = parse_number(text.substr(0, colon), UINT32_MAX);
	const auto minor = parse_number(text.substr(colon + 1), UINT32_MAX);
	if (!major || !minor)
		return {};
	return BlockNumber{static_cast<unsigned>(*major), static_cast<unsigned>(*minor)};
}

std::string_view StoreId::plugin() const
{
	const std::string_view text{hba};
	return text.substr(0, text.rfind('_'));
}

std::string to_string(const StoreId &id)
{
	return fmt::format("{}/{}", id.plugin(), id.name);
}

const Lun *Tpg::lun(unsigned number) const
{
	const auto found = std::ranges::lower_bound(luns, number, {}, &Lun::number);
	return found == luns.end() || found->number != number ? nullptr : &*found;
}

const Tpg *Lio::tpg_of(const TpgId &id) const
{
	const auto found = std::ranges::find(tpgs, id, &Tpg::id);
	return found == tpgs.end() ? nullptr : &*found;
}

const Backstore *Lio::store_of(const StoreId &id) const
{
	const auto found = std::ranges::lower_bound(stores, id, {}, &Backstore::id);
	return found == stores.end() || found->id != id ? nullptr : &*found;
}

namespace
{

bool is_port(const Tpg &tpg, std::string_view port)
{
	constexpr std::string_view fc = "fc.";
	return tpg.id.wwn == port || (tpg.id.wwn.starts_with(fc) && tpg.id.wwn.substr(fc.size()) == port) ||
	       (!tpg.alias.empty() && tpg.alias == port);
}

} // namespace

LunRef LunFinder::find(const LunName &name)
{
	const auto [entry, fresh] = m_ports.try_emplace(name.port);
	if (fresh)
		for (const Tpg &tpg : m_lio.tpgs)
			if (is_port(tpg, name.port))
				entry->second.push_back(&tpg);
	// As Lio::find() does.
	LunRef best;
	for (const Tpg *const tpg : entry->second) {
		if (name.tpgt && *name.tpgt != tpg->id.tpgt)
			continue;
		const Lun *const lun = tpg->lun(name.lun);
		if (lun && (!best || tpg->id.tpgt < best.tpg->id.tpgt))
			best = {tpg, lun};
	}
	return best;
}

LunRef Lio::find(const LunName &name, std::string &why) const
{
	LunRef best;
	bool port = false;
	bool tag = false;
	for (const Tpg &tpg : tpgs) {
		if (!is_port(tpg, name.port))
			continue;
		port = true;
		if (name.tpgt && *name.tpgt != tpg.id.tpgt)
			continue;
		tag = true;
		const Lun *const lun = tpg.lun(name.lun);
		if (lun && (!best || tpg.id.tpgt < best.tpg->id.tpgt))
			best = {&tpg, lun};
	}
	if (!port)
		why = fmt::format("no target port or alias '{}' in the xen-pvscsi fabric; "
				  "`targetcli ls /xen-pvscsi` lists them",
				  name.port);
	else if (!tag)
		why = fmt::format("target port '{}' has no portal group {}", name.port, *name.tpgt);
	else
		why = fmt::format("target port '{}' has no LUN {}; `targetcli ls /xen-pvscsi` lists them",
				  name.port, name.lun);
	return best;
}

LunRef Lio::find(const LunName &name) const
{
	std::string why;
	return find(name, why);
}

std::vector<LunRef> Lio::exports_of(const StoreId &id) const
{
	std::vector<LunRef> found;
	for (const Tpg &tpg : tpgs)
		for (const Lun &lun : tpg.luns)
			if (lun.store == id)
				found.push_back({&tpg, &lun});
	return found;
}

bool Lio::exported(const StoreId &id) const
{
	return !exports_of(id).empty() ||
	       std::ranges::any_of(others, [&](const auto &other) { return other.first == id; });
}

bool made_by_tool(const Tpg &tpg)
{
	return tpg.alias.starts_with(auto_prefix) || tpg.alias.starts_with(adapter_alias_prefix);
}

bool made_by_tool(const StoreId &store)
{
	return store.name.starts_with(auto_prefix);
}

std::string identity_of_name(std::string_view name)
{
	if (!name.starts_with(auto_prefix))
		return {};
	name.remove_prefix(auto_prefix.size());
	// The second one of a device is auto-2-….
	if (const std::size_t dash = name.find('-'); parse_number(name.substr(0, dash), UINT32_MAX))
		name.remove_prefix(dash + 1);
	return is_identity(name) ? std::string{name} : std::string{};
}

std::string kept_identity(const Lun &lun)
{
	std::string kept = identity_of_link(lun.link);
	return kept.empty() ? identity_of_name(lun.store.name) : kept;
}

std::string adapter_alias(std::string_view identity)
{
	// A p-dev, of which it may be a part, has colons and commas of its own.
	constexpr std::size_t longest = 80;
	std::string readable{identity.substr(identity.size() - std::min(identity.size(), longest))};
	std::ranges::replace_if(
		readable, [](unsigned char letter) { return !std::isalnum(letter) && letter != '.'; }, '-');
	return fmt::format("{}{}-{:08x}", adapter_alias_prefix, readable, stable_hash(identity) >> 32);
}

} // namespace vscsi
