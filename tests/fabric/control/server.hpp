// SPDX-License-Identifier: GPL-2.0 OR MIT
// Takes commands from a unix socket, a line each, and answers by a line of JSON.
#pragma once
#include <functional>
#include <map>
#include <string>

#include "links/poller.hpp"

namespace control
{

class Server
{
public:
	using Execute = std::function<std::string(const std::string &line)>;

	Server(links::Poller &poller, const std::string &path, Execute execute);
	Server(const Server &) = delete;
	Server &operator=(const Server &) = delete;
	~Server();

private:
	struct Client {
		links::File file;
		std::string text;
	};

	void accept();
	void receive(int number);

	links::Poller &poller_;
	std::string path_;
	Execute execute_;
	links::File listener_;
	std::map<int, Client> clients_;
};

// What the server at the path says to a line.
std::string ask(const std::string &path, const std::string &line);

} // namespace control
