// SPDX-License-Identifier: GPL-2.0
// Stands in for QEMU: loads the plugin, and runs what it reads as if a processor did.
//
// pretended-qemu PLUGIN OPTION; a line "ADDRESS RUNS HEX..." is a block of instructions, answered with "ok".
#include "../qemu_plugin.hpp"

#include <dlfcn.h>
#include <sys/mman.h>

#include <cstdio>
#include <iostream>
#include <sstream>
#include <string>
#include <vector>

struct qemu_plugin_insn {
	std::uint64_t address;
	std::vector<unsigned char> code;
};

struct qemu_plugin_tb {
	std::vector<qemu_plugin_insn> instructions;
	std::uint64_t *counter;
};

namespace
{

// The largest mapping, as the machine's memory is; nothing is ever in it.
constexpr std::size_t memory_size = std::size_t{1} << 30;
char *memory;
void (*translate)(qemu_plugin_id_t, qemu_plugin_tb *);

qemu_plugin_tb block(std::uint64_t address, std::istream &words)
{
	qemu_plugin_tb tb{};

	for (std::string hex; words >> hex;) {
		qemu_plugin_insn instruction{.address = address, .code = {}};

		for (std::size_t at = 0; at < hex.size(); at += 2)
			instruction.code.push_back(
				static_cast<unsigned char>(std::stoul(hex.substr(at, 2), nullptr, 16)));
		address += instruction.code.size();
		tb.instructions.push_back(instruction);
	}
	return tb;
}

} // namespace

#define EXPORT extern "C" [[gnu::visibility("default")]]

EXPORT void qemu_plugin_register_vcpu_tb_trans_cb(qemu_plugin_id_t,
						  void (*callback)(qemu_plugin_id_t, qemu_plugin_tb *))
{
	translate = callback;
}

EXPORT void qemu_plugin_register_vcpu_tb_exec_inline(qemu_plugin_tb *tb, qemu_plugin_op, void *counter,
						     std::uint64_t)
{
	tb->counter = static_cast<std::uint64_t *>(counter);
}

EXPORT std::size_t qemu_plugin_tb_n_insns(const qemu_plugin_tb *tb)
{
	return tb->instructions.size();
}

EXPORT std::uint64_t qemu_plugin_tb_vaddr(const qemu_plugin_tb *tb)
{
	return tb->instructions.front().address;
}

EXPORT qemu_plugin_insn *qemu_plugin_tb_get_insn(const qemu_plugin_tb *tb, std::size_t index)
{
	return const_cast<qemu_plugin_insn *>(&tb->instructions.at(index));
}

EXPORT void *qemu_plugin_insn_haddr(const qemu_plugin_insn *insn)
{
	return memory + insn->address % memory_size;
}

EXPORT std::uint64_t qemu_plugin_insn_vaddr(const qemu_plugin_insn *insn)
{
	return insn->address;
}

EXPORT const void *qemu_plugin_insn_data(const qemu_plugin_insn *insn)
{
	return insn->code.data();
}

EXPORT std::size_t qemu_plugin_insn_size(const qemu_plugin_insn *insn)
{
	return insn->code.size();
}

int main(int argc, char **argv)
{
	memory = static_cast<char *>(mmap(nullptr, memory_size, PROT_READ | PROT_WRITE,
					  MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0));
	void *plugin = argc == 3 && memory != MAP_FAILED ? dlopen(argv[1], RTLD_NOW) : nullptr;
	const auto install = plugin ? reinterpret_cast<decltype(&qemu_plugin_install)>(
					      dlsym(plugin, "qemu_plugin_install"))
				    : nullptr;

	if (!install || install(1, nullptr, 1, &argv[2]) != 0 || !translate) {
		std::fprintf(stderr, "the plugin is of no use: %s\n", dlerror());
		return 1;
	}
	std::cout << "ok" << std::endl;
	for (std::string line; std::getline(std::cin, line);) {
		std::istringstream words(line);
		std::uint64_t address = 0, runs = 0;

		words >> std::hex >> address >> std::dec >> runs;
		qemu_plugin_tb tb = block(address, words);
		translate(1, &tb);
		*tb.counter += runs;
		std::cout << "ok" << std::endl;
	}
	return 0;
}
