// SPDX-License-Identifier: GPL-2.0 OR MIT
#include "links/stream.hpp"

#include <algorithm>
#include <array>
#include <cerrno>

#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

namespace links
{

namespace
{

constexpr std::size_t prefix = 4;
// A machine that is stopped takes nothing; more than it could ever miss need not be kept.
constexpr std::size_t most_queued = 64 << 20;

sockaddr_un address_of(const std::string &path)
{
	sockaddr_un address{};
	address.sun_family = AF_UNIX;
	if (path.empty() || path.size() >= sizeof address.sun_path)
		throw Failure{path + ": a socket's path has at most " +
			      std::to_string(sizeof address.sun_path - 1) + " characters"};
	std::copy(path.begin(), path.end(), address.sun_path);
	return address;
}

File make_socket(const std::string &path)
{
	File file{socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)};
	if (!file.open())
		throw Failure::last(path);
	return file;
}

} // namespace

File listen_on(const std::string &path)
{
	const sockaddr_un address = address_of(path);
	const auto *plain = reinterpret_cast<const sockaddr *>(&address);
	{
		const File other = make_socket(path);
		if (connect(other.number(), plain, sizeof address) == 0)
			throw Failure{path + ": another program listens there"};
		if (errno == ECONNREFUSED)
			unlink(path.c_str());
	}
	File file = make_socket(path);
	if (bind(file.number(), plain, sizeof address) != 0 || listen(file.number(), 4) != 0)
		throw Failure::last(path);
	return file;
}

File connect_to(const std::string &path)
{
	const sockaddr_un address = address_of(path);
	File file = make_socket(path);
	if (connect(file.number(), reinterpret_cast<const sockaddr *>(&address), sizeof address) != 0)
		throw Failure::last(path + ": no switch answers there");
	return file;
}

bool Framing::feed(std::span<const std::uint8_t> data, const Link::Frame &frame)
{
	data_.insert(data_.end(), data.begin(), data.end());
	std::size_t at = 0;
	while (data_.size() - at >= prefix) {
		std::size_t size = 0;
		for (std::size_t byte = 0; byte < prefix; byte++)
			size = size << 8U | data_[at + byte];
		if (size > largest_frame)
			return false;
		if (data_.size() - at - prefix < size)
			break;
		frame(std::span{data_}.subspan(at + prefix, size));
		at += prefix + size;
	}
	data_.erase(data_.begin(), data_.begin() + static_cast<std::ptrdiff_t>(at));
	return true;
}

StreamLink::StreamLink(Poller &poller, const std::string &name, const std::string &path, Frame frame,
		       State state)
    : Link{name, std::move(frame), std::move(state)}, poller_{poller}, path_{path}, listener_{listen_on(path)}
{
	poller_.watch(listener_.number(), EPOLLIN, [this](std::uint32_t) { accept(); });
}

StreamLink::~StreamLink()
{
	if (connection_.open())
		poller_.forget(connection_.number());
	poller_.forget(listener_.number());
	unlink(path_.c_str());
}

void StreamLink::accept()
{
	File file{accept4(listener_.number(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK)};
	// A second one is shown out.
	if (!file.open() || connection_.open())
		return;
	connection_ = std::move(file);
	poller_.watch(connection_.number(), EPOLLIN, [this](std::uint32_t events) { receive(events); });
	became(carrier_);
}

void StreamLink::disconnect()
{
	poller_.forget(connection_.number());
	connection_.close();
	framing_.reset();
	queue_.clear();
	queued_ = sent_ = 0;
	became(false);
}

void StreamLink::receive(std::uint32_t events)
{
	static std::array<std::uint8_t, 65536> data;
	if (events & EPOLLOUT)
		flush();
	if (!connection_.open() || !(events & ~static_cast<std::uint32_t>(EPOLLOUT)))
		return;
	const ssize_t size = recv(connection_.number(), data.data(), data.size(), 0);
	if (size < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	const auto frame = [this](std::span<std::uint8_t> ethernet) {
		if (carrier_)
			arrived(ethernet);
	};
	if (size <= 0 || !framing_.feed(std::span{data}.first(static_cast<std::size_t>(size)), frame))
		disconnect();
}

void StreamLink::send(std::span<const std::uint8_t> ethernet)
{
	if (!connection_.open() || !carrier_ || queued_ > most_queued)
		return lost();
	std::vector<std::uint8_t> framed;
	framed.reserve(prefix + ethernet.size());
	for (std::size_t at = prefix; at-- > 0;)
		framed.push_back(static_cast<std::uint8_t>(ethernet.size() >> (8 * at)));
	framed.insert(framed.end(), ethernet.begin(), ethernet.end());
	left(ethernet.size());
	queued_ += framed.size();
	queue_.push_back(std::move(framed));
	if (queue_.size() == 1)
		flush();
}

// An error is met again by who reads.
void StreamLink::flush()
{
	while (!queue_.empty()) {
		const auto rest = std::span{queue_.front()}.subspan(sent_);
		const ssize_t done = ::send(connection_.number(), rest.data(), rest.size(), MSG_NOSIGNAL);
		if (done < 0)
			break;
		sent_ += static_cast<std::size_t>(done);
		if (sent_ < queue_.front().size())
			break;
		queued_ -= queue_.front().size();
		queue_.pop_front();
		sent_ = 0;
	}
	poller_.change(connection_.number(), queue_.empty() ? EPOLLIN : EPOLLIN | EPOLLOUT);
}

void StreamLink::carrier(bool on)
{
	carrier_ = on;
	became(on && connection_.open());
}

} // namespace links
