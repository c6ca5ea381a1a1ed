// SPDX-License-Identifier: GPL-2.0
// xenstore.  Tests have a store of their own.
#pragma once
#include <chrono>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "core/guest.hpp"

namespace vscsi
{

enum class Txn : std::uint32_t { none = 0 };

struct Permission {
	DomId domain = 0;
	bool read = false;
	bool operator==(const Permission &) const = default;
};

struct WatchEvent {
	std::string path;
	std::string token;
};

class Store
{
public:
	Store() = default;
	Store(const Store &) = delete;
	Store &operator=(const Store &) = delete;
	virtual ~Store() = default;

	// What is not there reads as nothing.  Any other error is a Failure.
	virtual std::optional<std::string> read(Txn txn, const std::string &path) = 0;
	virtual std::vector<std::string> list(Txn txn, const std::string &path) = 0;
	// The same of many, each as if it were asked alone; in less time, but for a transaction.
	virtual std::vector<std::optional<std::string>> read_all(Txn txn, std::span<const std::string> paths)
	{
		std::vector<std::optional<std::string>> found;
		for (const std::string &path : paths)
			found.push_back(read(txn, path));
		return found;
	}
	virtual std::vector<std::vector<std::string>> list_all(Txn txn, std::span<const std::string> paths)
	{
		std::vector<std::vector<std::string>> found;
		for (const std::string &path : paths)
			found.push_back(list(txn, path));
		return found;
	}
	// As read_all and list_all; what may not be read is not there either.  A driver domain
	// sees little of others.
	virtual std::vector<std::optional<std::string>> read_visible(std::span<const std::string> paths) = 0;
	virtual std::vector<std::vector<std::string>> list_visible(std::span<const std::string> paths) = 0;
	virtual void write(Txn txn, const std::string &path, const std::string &value) = 0;
	virtual void remove(Txn txn, const std::string &path) = 0;
	// The first is the owner, with what all others may do.
	virtual void permit(Txn txn, const std::string &path, const std::vector<Permission> &permissions) = 0;

	virtual Txn begin() = 0;
	virtual bool commit(Txn txn) = 0; // false: somebody else was faster
	virtual void cancel(Txn txn) noexcept = 0;

	virtual void watch(const std::string &path, const std::string &token) = 0;
	virtual void unwatch(const std::string &path, const std::string &token) = 0;
	virtual std::vector<WatchEvent> events() = 0; // those that are there
	// Until there is an event, at most this long.
	virtual void wait(std::chrono::milliseconds limit) = 0;
	virtual std::chrono::steady_clock::time_point now() const = 0;
	virtual int descriptor() const { return -1; }
};

// Throws a Failure.
[[noreturn]] void refuse_to_try_again();

// Runs work(txn) until its transaction goes through; it returns whether there
// is anything to commit.
template <typename Work>
void transact(Store &store, Work work)
{
	constexpr int most_tries = 200;
	for (int tries = 0; tries < most_tries; ++tries) {
		const Txn txn = store.begin();
		bool changed = false;
		try {
			changed = work(txn);
		} catch (...) {
			store.cancel(txn);
			throw;
		}
		if (!changed) {
			store.cancel(txn);
			return;
		}
		if (store.commit(txn))
			return;
	}
	refuse_to_try_again();
}

class Watch
{
public:
	Watch(Store &store, std::string path, std::string token)
	    : m_store{store}, m_path{std::move(path)}, m_token{std::move(token)}
	{
		m_store.watch(m_path, m_token);
	}
	Watch(const Watch &) = delete;
	Watch &operator=(const Watch &) = delete;
	~Watch()
	{
		try {
			m_store.unwatch(m_path, m_token);
		} catch (...) {
			// The connection is gone, and the watch with it.
			return;
		}
	}

private:
	Store &m_store;
	std::string m_path;
	std::string m_token;
};

} // namespace vscsi
