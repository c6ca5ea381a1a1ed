// SPDX-License-Identifier: GPL-2.0 OR MIT
// fcswitch: a Fibre Channel switch for FCoE, with NPIV.  See README.md.
#include <cstdio>
#include <exception>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "switch.hpp"

namespace
{

int ask(const std::string &socket, const std::vector<std::string> &words)
{
	const auto answer =
		control::json::parse(control::ask(socket, fmt::format("{}", fmt::join(words, " "))));
	if (answer.contains("error")) {
		fmt::print(stderr, "fcswitch: {}\n", answer["error"].get<std::string>());
		return 1;
	}
	if (!answer.empty())
		fmt::print("{}\n", answer.dump(2));
	return 0;
}

int run(int count, char **words)
{
	CLI::App program{"A Fibre Channel switch for FCoE: an FCF with NPIV, name server and zoning."};
	program.require_subcommand(1);

	Options options;
	CLI::App *start = program.add_subcommand("run", "be a switch until SIGINT or SIGTERM");
	start->add_option("--packet", options.packets, "a network interface that an HBA is behind")
		->type_name("INTERFACE");
	start->add_option("--stream", options.streams, "a socket for QEMU's -netdev stream")
		->type_name("NAME=PATH");
	start->add_option("--control", options.control, "where `fcswitch ctl` reaches it")->type_name("PATH");
	start->add_option("--domain", options.domain,
			  "of the fabric's ids, addresses and names; 1 if not given")
		->check(CLI::Range(1, 239));
	start->add_option("--command", options.commands, "a line as of `fcswitch ctl`, done at the start")
		->type_name("LINE");
	start->add_option("--capture", options.capture, "write all frames to a pcap file")->type_name("FILE");
	start->add_flag("-v,--verbose", options.verbose, "tell of logins on stderr");

	std::string socket;
	std::vector<std::string> line;
	CLI::App *client = program.add_subcommand("ctl", "give a command to a switch and print what it says");
	client->add_option("socket", socket, "the switch's --control")->required()->type_name("SOCKET");
	client->add_option("words", line, "the command, like: set npiv off")
		->required()
		->type_name("WORD...");

	try {
		program.parse(count, words);
	} catch (const CLI::ParseError &error) {
		return program.exit(error) == 0 ? 0 : 2;
	}
	if (client->parsed())
		return ask(socket, line);
	if (options.packets.empty() && options.streams.empty())
		throw links::Failure{"a switch without links: say --packet INTERFACE or --stream NAME=PATH"};
	Switch{options}.run();
	return 0;
}

} // namespace

int main(int count, char **words)
{
	try {
		return run(count, words);
	} catch (const std::exception &error) {
		fmt::print(stderr, "fcswitch: {}\n", error.what());
		return 2;
	}
}
