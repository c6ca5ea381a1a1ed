// SPDX-License-Identifier: GPL-2.0
// Counts how often each translation block runs, over all that the machine runs: Xen, dom0, guests.
//
// -plugin counts.so,socket=PATH; a client of the socket sends lines and gets "ok" or "error ..." for each:
//   reset        all counts become 0
//   dump FILE    writes a struct Row for each block that has run since
// The machine has to be stopped meanwhile.
#include "qemu_plugin.hpp"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstdio>
#include <cstring>
#include <deque>
#include <fstream>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <unordered_map>

int qemu_plugin_version = 1;

namespace
{

struct Row {
	std::uint64_t address; // as the processor sees it
	std::uint64_t memory;  // offset in the machine's memory: tells whose code it is
	std::uint64_t length;  // instructions
	std::uint64_t runs;
	std::uint64_t calls; // address of what it calls or jumps to at its end, or 0
};

struct Place {
	std::uint64_t address;
	std::uint64_t memory;
	std::uint64_t length;
	std::uint64_t calls;

	bool operator==(const Place &) const = default;
};

struct PlaceHash {
	std::size_t operator()(const Place &place) const
	{
		std::uint64_t mixed = place.address * 0x9e3779b97f4a7c15U;
		mixed = (mixed ^ (mixed >> 29) ^ place.memory) * 0xbf58476d1ce4e5b9U;
		return (mixed ^ (mixed >> 32)) + place.length;
	}
};

class Counts
{
public:
	// The same code is translated again and again; it keeps its row.
	std::uint64_t *counter(const Place &place)
	{
		const std::lock_guard guard(mutex_);
		const auto [found, is_new] = index_.try_emplace(place, nullptr);

		if (is_new)
			found->second = &rows_.emplace_back(Row{.address = place.address,
								.memory = place.memory,
								.length = place.length,
								.runs = 0,
								.calls = place.calls});
		return &found->second->runs;
	}

	void reset()
	{
		const std::lock_guard guard(mutex_);

		for (Row &row : rows_)
			row.runs = 0;
	}

	bool dump(const std::string &path)
	{
		const std::lock_guard guard(mutex_);
		std::ofstream out(path, std::ios::binary | std::ios::trunc);

		for (const Row &row : rows_)
			if (row.runs)
				out.write(reinterpret_cast<const char *>(&row), sizeof(row));
		out.flush();
		return out.good();
	}

private:
	std::mutex mutex_;
	std::deque<Row> rows_; // addresses stay, translated code has them
	std::unordered_map<Place, Row *, PlaceHash> index_;
};

Counts &counts()
{
	static Counts all;
	return all;
}

// Where the machine's memory begins here: the largest mapping.
std::uint64_t memory_base()
{
	std::ifstream maps("/proc/self/maps");
	std::uint64_t base = 0, largest = 0;

	for (std::string line; std::getline(maps, line);) {
		unsigned long begin = 0, end = 0;
		char mode[5] = {};

		if (std::sscanf(line.c_str(), "%lx-%lx %4s", &begin, &end, mode) == 3 && mode[1] == 'w' &&
		    end - begin > largest) {
			largest = end - begin;
			base = begin;
		}
	}
	return base;
}

// Where a direct call goes, or the jump that a compiler makes of a call at a function's end.
std::uint64_t callee(const qemu_plugin_insn *instruction)
{
	constexpr std::size_t size = 5;
	constexpr unsigned char call = 0xe8, jump = 0xe9;
	const auto *code = static_cast<const unsigned char *>(qemu_plugin_insn_data(instruction));
	std::int32_t distance = 0;

	if (qemu_plugin_insn_size(instruction) != size || (code[0] != call && code[0] != jump))
		return 0;
	std::memcpy(&distance, code + 1, sizeof(distance));
	return qemu_plugin_insn_vaddr(instruction) + size +
	       static_cast<std::uint64_t>(std::int64_t{distance});
}

void translated(qemu_plugin_id_t, qemu_plugin_tb *tb)
{
	static const std::uint64_t base = memory_base();
	const auto host =
		reinterpret_cast<std::uint64_t>(qemu_plugin_insn_haddr(qemu_plugin_tb_get_insn(tb, 0)));
	const std::size_t length = qemu_plugin_tb_n_insns(tb);
	std::uint64_t *counter = counts().counter({.address = qemu_plugin_tb_vaddr(tb),
						   .memory = host - base,
						   .length = length,
						   .calls = callee(qemu_plugin_tb_get_insn(tb, length - 1))});

	qemu_plugin_register_vcpu_tb_exec_inline(tb, QEMU_PLUGIN_INLINE_ADD_U64, counter, 1);
}

std::string obey(std::string_view line)
{
	if (line == "reset") {
		counts().reset();
		return "ok\n";
	}
	if (line.starts_with("dump "))
		return counts().dump(std::string(line.substr(5))) ? "ok\n" : "error cannot write the file\n";
	return "error no such command\n";
}

void talk(int client)
{
	std::string pending;
	char buffer[4096];

	for (;;) {
		const ssize_t got = read(client, buffer, sizeof(buffer));

		if (got <= 0)
			return;
		pending.append(buffer, static_cast<std::size_t>(got));
		for (std::size_t end = 0; (end = pending.find('\n')) != std::string::npos;
		     pending.erase(0, end + 1)) {
			const std::string answer = obey(std::string_view(pending).substr(0, end));

			if (write(client, answer.data(), answer.size()) !=
			    static_cast<ssize_t>(answer.size()))
				return;
		}
	}
}

int listen_at(std::string_view path)
{
	sockaddr_un address{.sun_family = AF_UNIX, .sun_path = {}};
	const int server = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (path.size() >= sizeof(address.sun_path) || server < 0)
		return -1;
	std::memcpy(address.sun_path, path.data(), path.size());
	if (bind(server, reinterpret_cast<const sockaddr *>(&address), sizeof(address)) ||
	    listen(server, 1)) {
		close(server);
		return -1;
	}
	return server;
}

} // namespace

int qemu_plugin_install(qemu_plugin_id_t id, const qemu_info_t *, int argc, char **argv)
{
	constexpr std::string_view option = "socket=";
	const std::string_view given = argc == 1 ? argv[0] : "";

	if (!given.starts_with(option)) {
		std::fputs("counts: say socket=PATH\n", stderr);
		return -1;
	}
	const int server = listen_at(given.substr(option.size()));

	if (server < 0) {
		std::perror("counts: socket");
		return -1;
	}
	qemu_plugin_register_vcpu_tb_trans_cb(id, translated);
	std::thread([server] {
		for (;;) {
			const int client = accept4(server, nullptr, nullptr, SOCK_CLOEXEC);

			if (client < 0)
				return;
			talk(client);
			close(client);
		}
	}).detach();
	return 0;
}
