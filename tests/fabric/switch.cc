// SPDX-License-Identifier: GPL-2.0 OR MIT
#include "switch.hpp"

#include <algorithm>
#include <csignal>

#include <fmt/format.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>

#include "links/packet.hpp"
#include "links/stream.hpp"

namespace
{

links::File catch_signals()
{
	sigset_t set;
	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigprocmask(SIG_BLOCK, &set, nullptr);
	links::File file{signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK)};
	if (!file.open())
		throw links::Failure::last("signalfd");
	return file;
}

} // namespace

Switch::Switch(const Options &options)
    : verbose_{options.verbose}, signals_{catch_signals()},
      fabric_{options.domain, [this](fabric::LinkId link, frames::Bytes ethernet) { send(link, ethernet); },
	      [this](const std::string &text) {
		      if (verbose_)
			      fmt::print(stderr, "{:10.3f} {}\n", static_cast<double>(now().count()) / 1000,
					 text);
	      }}
{
	poller_.watch(signals_.number(), EPOLLIN, [this](std::uint32_t) { ended_ = true; });
	if (!options.capture.empty())
		capture_.emplace(options.capture);
	for (const std::string &line : options.commands) {
		control::Parts all = parts();
		const control::json answer = control::execute(all, line);
		if (answer.contains("error"))
			throw links::Failure{"--command '" + line +
					     "': " + answer["error"].get<std::string>()};
	}
	for (const std::string &interface : options.packets)
		add_link<links::PacketLink>(interface);
	for (const std::string &word : options.streams) {
		const std::size_t equals = word.find('=');
		if (equals == std::string::npos)
			throw links::Failure{word + ": say NAME=PATH"};
		add_link<links::StreamLink>(word.substr(0, equals), word.substr(equals + 1));
	}
	if (!options.control.empty())
		server_.emplace(poller_, options.control,
				[this](const std::string &line) { return execute(line); });
}

template <class Kind, class... Arguments>
void Switch::add_link(Arguments &&...arguments)
{
	const auto id = static_cast<fabric::LinkId>(links_.size());
	// Says that it is up before it is in its place.
	links_.push_back(nullptr);
	auto made = std::make_unique<Kind>(
		poller_, std::forward<Arguments>(arguments)...,
		[this, id](std::span<std::uint8_t> ethernet) { receive(id, ethernet); },
		[this, id](bool up) { changed(id, up); });
	const bool up = made->up();
	links_[links_.size() - 1] = std::move(made);
	if (up)
		fabric_.link_up(id, now());
}

fabric::Time Switch::now() const
{
	return std::chrono::duration_cast<fabric::Time>(std::chrono::steady_clock::now() - start_);
}

void Switch::receive(fabric::LinkId link, std::span<std::uint8_t> ethernet)
{
	if (capture_)
		capture_->add(ethernet, now());
	if (!impairment_.loses(ethernet))
		fabric_.receive(link, ethernet, now());
}

void Switch::send(fabric::LinkId link, frames::Bytes ethernet)
{
	if (!impairment_.delays(link, ethernet, now()))
		transmit(link, ethernet);
}

void Switch::transmit(fabric::LinkId link, frames::Bytes ethernet)
{
	if (capture_)
		capture_->add(ethernet, now());
	links_[static_cast<std::size_t>(link)]->send(ethernet);
}

void Switch::changed(fabric::LinkId link, bool up)
{
	const auto &found = links_[static_cast<std::size_t>(link)];
	if (!found)
		return;
	if (verbose_)
		fmt::print(stderr, "{:10.3f} link {} {}\n", static_cast<double>(now().count()) / 1000,
			   found->name(), up ? "up" : "down");
	if (up)
		fabric_.link_up(link, now());
	else
		fabric_.link_down(link);
}

control::Parts Switch::parts()
{
	return {fabric_, impairment_, [this] { return now(); },
		[this] {
			std::vector<control::LinkState> list;
			for (const auto &link : links_) {
				const links::Traffic &traffic = link->traffic();
				list.push_back({link->name(), link->up(), traffic.frames_in,
						traffic.frames_out, traffic.bytes_in, traffic.bytes_out,
						traffic.lost});
			}
			return list;
		},
		[this](std::size_t number, bool on) { links_[number]->carrier(on); }};
}

std::string Switch::execute(const std::string &line)
{
	control::Parts all = parts();
	return control::execute(all, line).dump();
}

void Switch::run()
{
	while (!ended_) {
		const fabric::Time due = std::min(fabric_.due(), impairment_.due());
		int timeout = -1;
		if (due != fabric::Time::max())
			timeout = static_cast<int>(
				std::clamp<fabric::Time::rep>((due - now()).count(), 0, 1000 * 1000));
		poller_.wait(timeout);
		impairment_.pass(now(), [this](fabric::LinkId link, frames::Bytes ethernet) {
			transmit(link, ethernet);
		});
		fabric_.pass(now());
	}
}
