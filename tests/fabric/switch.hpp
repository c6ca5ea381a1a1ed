// SPDX-License-Identifier: GPL-2.0 OR MIT
// The fabric with links, a clock and an operator.
#pragma once
#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "control/commands.hpp"
#include "control/server.hpp"
#include "fabric/fabric.hpp"
#include "fabric/impairment.hpp"
#include "links/capture.hpp"
#include "links/link.hpp"
#include "links/poller.hpp"

struct Options {
	unsigned domain = 1;
	std::vector<std::string> packets;
	// NAME=PATH
	std::vector<std::string> streams;
	std::string control;
	std::string capture;
	std::vector<std::string> commands;
	bool verbose = false;
};

class Switch
{
public:
	explicit Switch(const Options &options);
	// Until a signal ends it.
	void run();

private:
	fabric::Time now() const;
	void receive(fabric::LinkId link, std::span<std::uint8_t> ethernet);
	void send(fabric::LinkId link, frames::Bytes ethernet);
	void transmit(fabric::LinkId link, frames::Bytes ethernet);
	void changed(fabric::LinkId link, bool up);
	control::Parts parts();
	std::string execute(const std::string &line);

	template <class Kind, class... Arguments>
	void add_link(Arguments &&...arguments);

	std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
	bool verbose_;
	links::Poller poller_;
	links::File signals_;
	bool ended_ = false;
	fabric::Fabric fabric_;
	fabric::Impairment impairment_;
	std::optional<links::Capture> capture_;
	std::vector<std::unique_ptr<links::Link>> links_;
	std::optional<control::Server> server_;
};
