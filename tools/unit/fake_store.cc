// SPDX-License-Identifier: GPL-2.0
#include "unit/fake_store.hpp"

#include <algorithm>
#include <utility>

#include <fmt/core.h>

#include "core/failure.hpp"

namespace vscsi
{

std::string FakeStore::whole(const std::string &path) const
{
	return path.starts_with('/') ? path : home + '/' + path;
}

std::optional<std::string> FakeStore::read(Txn txn, const std::string &asked)
{
	++reads;
	const std::string path = whole(asked);
	if (hidden(path))
		fail(Exit::environment, "xenstore: cannot read {}: Permission denied", path);
	const Nodes &all = tree(txn);
	const auto found = all.find(path);
	if (found != all.end())
		return found->second;
	// A directory that was never written is empty.
	const auto below = all.lower_bound(path + '/');
	if (below != all.end() && below->first.starts_with(path + '/'))
		return std::string{};
	return {};
}

std::vector<std::string> FakeStore::list(Txn txn, const std::string &path)
{
	++reads;
	if (hidden(path))
		fail(Exit::environment, "xenstore: cannot list {}: Permission denied", path);
	std::vector<std::string> names;
	const std::string prefix = whole(path) + '/';
	const Nodes &all = tree(txn);
	for (auto at = all.lower_bound(prefix); at != all.end() && at->first.starts_with(prefix); ++at) {
		const std::string name =
			at->first.substr(prefix.size(), at->first.find('/', prefix.size()) - prefix.size());
		if (names.empty() || names.back() != name)
			names.push_back(name);
	}
	return names;
}

void FakeStore::begin_round()
{
	++rounds;
	if (broken)
		fail(Exit::environment, "xenstore: cannot ask: Broken pipe");
}

std::vector<std::optional<std::string>> FakeStore::read_visible(std::span<const std::string> paths)
{
	begin_round();
	std::vector<std::optional<std::string>> found;
	for (const std::string &path : paths)
		found.push_back(hidden(path) ? std::nullopt : read(Txn::none, path));
	return found;
}

std::vector<std::vector<std::string>> FakeStore::list_visible(std::span<const std::string> paths)
{
	begin_round();
	std::vector<std::vector<std::string>> found;
	for (const std::string &path : paths)
		found.push_back(hidden(path) ? std::vector<std::string>{} : list(Txn::none, path));
	return found;
}

void FakeStore::write(Txn txn, const std::string &path, const std::string &value)
{
	tree(txn)[path] = value;
}

void FakeStore::remove(Txn txn, const std::string &path)
{
	std::erase_if(tree(txn), [&](const auto &node) {
		return node.first == path || node.first.starts_with(path + '/');
	});
}

void FakeStore::permit(Txn, const std::string &path, const std::vector<Permission> &list)
{
	permissions[path] = list;
}

Txn FakeStore::begin()
{
	m_base = nodes;
	m_draft = nodes;
	return Txn{++m_number};
}

bool FakeStore::commit(Txn)
{
	if (until_killed == 0)
		throw Killed{};
	if (until_killed > 0)
		--until_killed;
	if (intruder)
		std::exchange(intruder, nullptr)();
	if (nodes != m_base) {
		++conflicts;
		return false;
	}
	nodes = m_draft;
	return true;
}

void FakeStore::cancel(Txn) noexcept {}

void FakeStore::watch(const std::string &path, const std::string &token)
{
	m_watches.emplace(path, token);
}

void FakeStore::unwatch(const std::string &path, const std::string &token)
{
	m_watches.erase({path, token});
}

void FakeStore::wait(std::chrono::milliseconds limit)
{
	const Nodes before = nodes;
	if (peer)
		peer();
	m_now += nodes == before ? limit : std::chrono::milliseconds{1};
}

std::string FakeStore::value(const std::string &path) const
{
	const auto found = nodes.find(path);
	return found == nodes.end() ? std::string{"(none)"} : found->second;
}

Domain FakeStore::add_domain(DomId id, const std::string &name)
{
	const std::string path = fmt::format("/local/domain/{}", id);
	const std::string uuid = fmt::format("00000000-0000-0000-0000-{:012}", id);
	set(path + "/name", name);
	set(path + "/vm", "/vm/" + uuid);
	return {id, name, uuid};
}

void FakeStore::remove_domain(DomId id)
{
	remove(Txn::none, fmt::format("/local/domain/{}", id));
}

void FakePeer::step()
{
	const std::string root = backend_root(0);
	for (const std::string &domain : m_store.list(Txn::none, root))
		for (const std::string &number : m_store.list(Txn::none, root + '/' + domain)) {
			const auto id = static_cast<DomId>(std::stoul(domain));
			if (m_store.read(Txn::none, fmt::format("/local/domain/{}/vm", id)))
				controller(id, fmt::format("{}/{}/{}", root, domain, number),
					   frontend_path(id, static_cast<unsigned>(std::stoul(number))));
		}
}

void FakePeer::controller(DomId domain, const std::string &back, const std::string &front)
{
	const std::string state = m_store.value(back + "/state");
	if (state == "1") {
		m_store.set(back + "/state", "2");
		return;
	}
	if (deaf.contains(domain))
		return;
	if (state == "2") {
		m_store.set(front + "/state", "4");
		devices(back);
		m_store.set(back + "/state", "4");
	} else if (state == "7") {
		if (!std::exchange(overlooks, false))
			devices(back);
		m_store.set(back + "/state", "4");
	} else if (state == "5") {
		m_store.set(front + "/state", "6");
		m_store.set(back + "/state", "6");
	}
}

void FakePeer::devices(const std::string &back)
{
	std::size_t taken = 0;
	for (const std::string &dir : m_store.list(Txn::none, back + "/vscsi-devs"))
		taken += m_store.value(back + "/vscsi-devs/" + dir + "/state") == "4" ? 1 : 0;
	for (const std::string &dir : m_store.list(Txn::none, back + "/vscsi-devs")) {
		const std::string path = back + "/vscsi-devs/" + dir;
		const std::string state = m_store.value(path + "/state");
		const auto waiting = std::ranges::find_if(waits, [&](const auto &entry) {
			return m_store.value(path + "/p-dev").starts_with(entry.first);
		});
		if (state == "1" && waiting != waits.end()) {
			m_store.set(path + "/error", waiting->second);
		} else if (state == "1" && taken >= most) {
			m_store.set(path + "/state", "3");
		} else if (state == "1") {
			const auto reason = refuse.find(m_store.value(path + "/p-dev"));
			m_store.set(path + "/state", reason == refuse.end() ? "4" : "6");
			if (reason != refuse.end())
				m_store.set(path + "/error", reason->second);
		} else if (state == "5" && !stubborn) {
			m_store.set(path + "/state", "6");
		}
	}
}

} // namespace vscsi
