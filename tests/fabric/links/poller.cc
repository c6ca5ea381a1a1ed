// SPDX-License-Identifier: GPL-2.0 OR MIT
#include "links/poller.hpp"

#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

#include <sys/epoll.h>
#include <unistd.h>

namespace links
{

Failure Failure::last(const std::string &what)
{
	const int number = errno;
	return Failure{what + ": " + strerrordesc_np(number)};
}

File &File::operator=(File &&other) noexcept
{
	if (this != &other) {
		close();
		number_ = other.release();
	}
	return *this;
}

void File::close()
{
	if (number_ >= 0)
		::close(number_);
	number_ = -1;
}

int File::release()
{
	return std::exchange(number_, -1);
}

Poller::Poller() : epoll_{epoll_create1(EPOLL_CLOEXEC)}
{
	if (!epoll_.open())
		throw Failure::last("epoll");
}

void Poller::watch(int file, std::uint32_t events, Ready ready)
{
	epoll_event event{};
	event.events = events;
	event.data.fd = file;
	if (epoll_ctl(epoll_.number(), EPOLL_CTL_ADD, file, &event) != 0)
		throw Failure::last("epoll");
	watched_[file] = std::make_shared<Ready>(std::move(ready));
}

void Poller::change(int file, std::uint32_t events)
{
	epoll_event event{};
	event.events = events;
	event.data.fd = file;
	if (epoll_ctl(epoll_.number(), EPOLL_CTL_MOD, file, &event) != 0)
		throw Failure::last("epoll");
}

void Poller::forget(int file)
{
	if (watched_.erase(file) != 0)
		epoll_ctl(epoll_.number(), EPOLL_CTL_DEL, file, nullptr);
}

void Poller::wait(int timeout)
{
	std::array<epoll_event, 32> events{};
	const int count =
		epoll_wait(epoll_.number(), events.data(), static_cast<int>(events.size()), timeout);
	if (count < 0 && errno != EINTR)
		throw Failure::last("epoll");
	for (int at = 0; at < count; at++) {
		const epoll_event &event = events[static_cast<std::size_t>(at)];
		const auto found = watched_.find(event.data.fd);
		if (found == watched_.end())
			continue;
		// Kept while it runs, since it may have itself forgotten.
		const std::shared_ptr<Ready> ready = found->second;
		(*ready)(event.events);
	}
}

} // namespace links
