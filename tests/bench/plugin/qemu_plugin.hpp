// SPDX-License-Identifier: GPL-2.0
// What is used of QEMU's interface for TCG plugins, version 1; Debian packages no header of it.
#pragma once

#include <cstddef>
#include <cstdint>

struct qemu_info_t;
struct qemu_plugin_tb;
struct qemu_plugin_insn;
using qemu_plugin_id_t = std::uint64_t;

enum qemu_plugin_op : int { QEMU_PLUGIN_INLINE_ADD_U64 };

extern "C" {
[[gnu::visibility("default")]] extern int qemu_plugin_version;
[[gnu::visibility("default")]] int qemu_plugin_install(qemu_plugin_id_t id, const qemu_info_t *info, int argc,
						       char **argv);

void qemu_plugin_register_vcpu_tb_trans_cb(qemu_plugin_id_t id,
					   void (*callback)(qemu_plugin_id_t, qemu_plugin_tb *));
void qemu_plugin_register_vcpu_tb_exec_inline(qemu_plugin_tb *tb, qemu_plugin_op op, void *counter,
					      std::uint64_t amount);
std::size_t qemu_plugin_tb_n_insns(const qemu_plugin_tb *tb);
std::uint64_t qemu_plugin_tb_vaddr(const qemu_plugin_tb *tb);
qemu_plugin_insn *qemu_plugin_tb_get_insn(const qemu_plugin_tb *tb, std::size_t index);
void *qemu_plugin_insn_haddr(const qemu_plugin_insn *insn);
std::uint64_t qemu_plugin_insn_vaddr(const qemu_plugin_insn *insn);
const void *qemu_plugin_insn_data(const qemu_plugin_insn *insn);
std::size_t qemu_plugin_insn_size(const qemu_plugin_insn *insn);
}
