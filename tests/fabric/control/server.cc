// SPDX-License-Identifier: GPL-2.0 OR MIT
#include "control/server.hpp"

#include <array>
#include <cerrno>

#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "links/stream.hpp"

namespace control
{

namespace
{

constexpr std::size_t longest_line = 65536;

bool send_all(int file, const std::string &text)
{
	std::size_t sent = 0;
	while (sent < text.size()) {
		const ssize_t done = send(file, text.data() + sent, text.size() - sent, MSG_NOSIGNAL);
		if (done < 0 && errno == EINTR)
			continue;
		if (done <= 0)
			return false;
		sent += static_cast<std::size_t>(done);
	}
	return true;
}

// False at the end.
bool read_some(int file, std::string &text)
{
	std::array<char, 4096> data{};
	const ssize_t size = recv(file, data.data(), data.size(), 0);
	if (size < 0 && errno == EINTR)
		return true;
	if (size <= 0)
		return false;
	text.append(data.data(), static_cast<std::size_t>(size));
	return true;
}

} // namespace

Server::Server(links::Poller &poller, const std::string &path, Execute execute)
    : poller_{poller}, path_{path}, execute_{std::move(execute)}, listener_{links::listen_on(path)}
{
	poller_.watch(listener_.number(), EPOLLIN, [this](std::uint32_t) { accept(); });
}

Server::~Server()
{
	for (const auto &[number, client] : clients_)
		poller_.forget(number);
	poller_.forget(listener_.number());
	unlink(path_.c_str());
}

void Server::accept()
{
	links::File file{accept4(listener_.number(), nullptr, nullptr, SOCK_CLOEXEC)};
	if (!file.open())
		return;
	// Who asks and does not listen holds nobody up.
	const timeval limit{1, 0};
	setsockopt(file.number(), SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
	const int number = file.number();
	poller_.watch(number, EPOLLIN, [this, number](std::uint32_t) { receive(number); });
	clients_[number].file = std::move(file);
}

void Server::receive(int number)
{
	Client &client = clients_.at(number);
	bool good = read_some(number, client.text) && client.text.size() < longest_line;
	for (std::size_t end = client.text.find('\n'); good && end != std::string::npos;
	     end = client.text.find('\n')) {
		const std::string line = client.text.substr(0, end);
		client.text.erase(0, end + 1);
		good = send_all(number, execute_(line) + '\n');
	}
	if (good)
		return;
	poller_.forget(number);
	clients_.erase(number);
}

std::string ask(const std::string &path, const std::string &line)
{
	const links::File file = links::connect_to(path);
	std::string text;
	bool good = send_all(file.number(), line + '\n');
	while (good && text.find('\n') == std::string::npos)
		good = read_some(file.number(), text);
	if (!good)
		throw links::Failure{path + ": the switch went away without an answer"};
	return text;
}

} // namespace control
