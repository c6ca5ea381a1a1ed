// SPDX-License-Identifier: GPL-2.0
// A xenstore in memory, and a model of the kernel and of guests beside it.
#pragma once
#include <functional>
#include <map>
#include <set>

#include "os/store.hpp"

namespace vscsi
{

// What a test throws where a program is to die; nothing catches it.
struct Killed {
};

class FakeStore final : public Store
{
public:
	using Nodes = std::map<std::string, std::string>;

	Nodes nodes;
	std::map<std::string, std::vector<Permission>> permissions;
	std::function<bool(const std::string &)> denied; // paths that may not be read: EACCES
	std::string home;                                // relative paths begin there
	std::function<void()> peer;                      // acts whenever somebody waits
	std::function<void()> intruder;                  // acts once, before a commit
	int until_killed = -1;                           // commits that still go through; -1: all
	unsigned reads = 0;
	bool broken = false; // the connection of read_visible and list_visible
	unsigned rounds = 0; // of read_visible and list_visible
	unsigned conflicts = 0;

	std::optional<std::string> read(Txn txn, const std::string &path) override;
	std::vector<std::string> list(Txn txn, const std::string &path) override;
	std::vector<std::optional<std::string>> read_visible(std::span<const std::string> paths) override;
	std::vector<std::vector<std::string>> list_visible(std::span<const std::string> paths) override;
	void write(Txn txn, const std::string &path, const std::string &value) override;
	void remove(Txn txn, const std::string &path) override;
	void permit(Txn txn, const std::string &path, const std::vector<Permission> &list) override;
	Txn begin() override;
	bool commit(Txn txn) override;
	void cancel(Txn txn) noexcept override;
	void watch(const std::string &path, const std::string &token) override;
	void unwatch(const std::string &path, const std::string &token) override;
	std::vector<WatchEvent> events() override { return {}; }
	void wait(std::chrono::milliseconds limit) override;
	std::chrono::steady_clock::time_point now() const override { return m_now; }

	void pass_time(std::chrono::milliseconds time) { m_now += time; }
	std::size_t watches() const { return m_watches.size(); }

	std::string value(const std::string &path) const;
	void set(const std::string &path, const std::string &text) { write(Txn::none, path, text); }
	Domain add_domain(DomId id, const std::string &name);
	void remove_domain(DomId id);

private:
	void begin_round();
	std::string whole(const std::string &path) const;
	bool hidden(const std::string &path) const { return denied && denied(whole(path)); }
	Nodes &tree(Txn txn) { return txn == Txn::none ? nodes : m_draft; }

	Nodes m_draft;
	Nodes m_base;
	std::uint32_t m_number = 0;
	std::set<std::pair<std::string, std::string>> m_watches;
	std::chrono::steady_clock::time_point m_now{std::chrono::hours{1}};
};

// Backend and frontends, as Xen's io/vscsiif.h has their states.
class FakePeer
{
public:
	explicit FakePeer(FakeStore &store) : m_store{store} {}

	std::set<DomId> deaf;                      // guests without a frontend
	std::map<std::string, std::string> refuse; // p-dev, reason
	std::map<std::string, std::string> waits;  // how the p-dev begins, reason: it stays at 1
	bool stubborn = false;                     // guests do not let go of devices
	bool overlooks = false;                    // one change of devices
	std::size_t most = SIZE_MAX;               // devices of a controller that a guest can write

	void step();

private:
	void controller(DomId domain, const std::string &back, const std::string &front);
	void devices(const std::string &back);
	FakeStore &m_store;
};

} // namespace vscsi
