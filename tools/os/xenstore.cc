// SPDX-License-Identifier: GPL-2.0
#include "os/xenstore.hpp"

#include <poll.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>

#include "core/failure.hpp"
#include "core/quota.hpp"

extern "C" {
#include <xenstore.h>
}

namespace vscsi
{

namespace
{

struct Release {
	void operator()(void *memory) const { std::free(memory); }
};
template <typename T>
using Owned = std::unique_ptr<T, Release>;

constexpr std::array absent{ENOENT};
constexpr std::array absent_or_hidden{ENOENT, EACCES};

xs_transaction_t raw(Txn txn)
{
	return static_cast<xs_transaction_t>(txn);
}

[[noreturn]] void refuse(const char *what, const std::string &path)
{
	fail(Exit::environment, "xenstore: cannot {} {}: {}", what, path, error_text(errno));
}

// Only domains other than dom0 have a quota, so this is one: a driver domain.
[[noreturn]] void refuse_to_write(const char *what, const std::string &path)
{
	const int error = errno;
	const std::string quota = quota_refusal(error);
	fail(Exit::environment, "xenstore: cannot {} {}: {}{}{}", what, path, error_text(error),
	     quota.empty() ? "" : ". ", quota);
}

} // namespace

Xenstore::Xenstore() : m_handle{xs_open(0)}
{
	if (!m_handle)
		fail(Exit::environment,
		     "cannot reach xenstore: {}. This must run as root, in dom0 or a driver domain, with "
		     "xenstored running",
		     error_text(errno));
}

Xenstore::~Xenstore()
{
	xs_close(m_handle);
}

std::optional<std::string> Xenstore::read(Txn txn, const std::string &path)
{
	unsigned length = 0;
	const Owned<void> value{xs_read(m_handle, raw(txn), path.c_str(), &length)};
	if (value)
		return std::string{static_cast<const char *>(value.get()), length};
	if (errno != ENOENT)
		refuse("read", path);
	return {};
}

std::vector<std::string> Xenstore::list(Txn txn, const std::string &path)
{
	unsigned count = 0;
	const Owned<char *> names{xs_directory(m_handle, raw(txn), path.c_str(), &count)};
	if (!names) {
		if (errno != ENOENT)
			refuse("list", path);
		return {};
	}
	return std::vector<std::string>(names.get(), names.get() + count);
}

std::vector<std::optional<std::string>> Xenstore::many_values(std::span<const std::string> paths,
							      std::span<const int> errors)
{
	std::vector<std::optional<std::string>> found;
	for (Reply &reply : m_bulk.ask(Question::read, paths)) {
		if (reply.error == 0)
			found.emplace_back(std::move(reply.text));
		else if (std::ranges::find(errors, reply.error) != errors.end())
			found.emplace_back();
		else // it says what is wrong
			found.push_back(read(Txn::none, paths[found.size()]));
	}
	return found;
}

std::vector<std::vector<std::string>> Xenstore::many_names(std::span<const std::string> paths,
							   std::span<const int> errors)
{
	std::vector<std::vector<std::string>> found;
	for (const Reply &reply : m_bulk.ask(Question::list, paths)) {
		if (reply.error == 0)
			found.push_back(split_names(reply.text));
		else if (std::ranges::find(errors, reply.error) != errors.end())
			found.emplace_back();
		else // it also knows long directories
			found.push_back(list(Txn::none, paths[found.size()]));
	}
	return found;
}

std::vector<std::optional<std::string>> Xenstore::read_all(Txn txn, std::span<const std::string> paths)
{
	return txn == Txn::none ? many_values(paths, absent) : Store::read_all(txn, paths);
}

std::vector<std::vector<std::string>> Xenstore::list_all(Txn txn, std::span<const std::string> paths)
{
	return txn == Txn::none ? many_names(paths, absent) : Store::list_all(txn, paths);
}

std::vector<std::optional<std::string>> Xenstore::read_visible(std::span<const std::string> paths)
{
	return many_values(paths, absent_or_hidden);
}

std::vector<std::vector<std::string>> Xenstore::list_visible(std::span<const std::string> paths)
{
	return many_names(paths, absent_or_hidden);
}

void Xenstore::write(Txn txn, const std::string &path, const std::string &value)
{
	if (!xs_write(m_handle, raw(txn), path.c_str(), value.data(), static_cast<unsigned>(value.size())))
		refuse_to_write("write", path);
}

void Xenstore::remove(Txn txn, const std::string &path)
{
	if (!xs_rm(m_handle, raw(txn), path.c_str()) && errno != ENOENT)
		refuse("remove", path);
}

void Xenstore::permit(Txn txn, const std::string &path, const std::vector<Permission> &permissions)
{
	std::vector<xs_permissions> entries;
	for (const Permission &permission : permissions)
		entries.push_back({permission.domain,
				   static_cast<unsigned>(permission.read ? XS_PERM_READ : XS_PERM_NONE)});
	if (!xs_set_permissions(m_handle, raw(txn), path.c_str(), entries.data(),
				static_cast<unsigned>(entries.size())))
		refuse_to_write("set permissions of", path);
}

Txn Xenstore::begin()
{
	const xs_transaction_t txn = xs_transaction_start(m_handle);
	if (txn == XBT_NULL)
		fail(Exit::environment, "xenstore: cannot start a transaction: {}", error_text(errno));
	return Txn{txn};
}

bool Xenstore::commit(Txn txn)
{
	if (xs_transaction_end(m_handle, raw(txn), false))
		return true;
	if (errno != EAGAIN)
		refuse_to_write("end", "a transaction");
	return false;
}

void Xenstore::cancel(Txn txn) noexcept
{
	xs_transaction_end(m_handle, raw(txn), true);
}

void Xenstore::watch(const std::string &path, const std::string &token)
{
	if (!xs_watch(m_handle, path.c_str(), token.c_str()))
		refuse("watch", path);
}

void Xenstore::unwatch(const std::string &path, const std::string &token)
{
	if (!xs_unwatch(m_handle, path.c_str(), token.c_str()))
		refuse("unwatch", path);
}

std::vector<WatchEvent> Xenstore::events()
{
	std::vector<WatchEvent> found;
	while (const Owned<char *> event{xs_check_watch(m_handle)})
		found.push_back({event.get()[XS_WATCH_PATH], event.get()[XS_WATCH_TOKEN]});
	if (errno != EAGAIN)
		fail(Exit::environment, "xenstore: lost the connection: {}", error_text(errno));
	return found;
}

void Xenstore::wait(std::chrono::milliseconds limit)
{
	pollfd entry{xs_fileno(m_handle), POLLIN, 0};
	if (poll(&entry, 1, static_cast<int>(limit.count())) > 0)
		events();
}

std::chrono::steady_clock::time_point Xenstore::now() const
{
	return std::chrono::steady_clock::now();
}

int Xenstore::descriptor() const
{
	return xs_fileno(m_handle);
}

} // namespace vscsi
