#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# check-engine-object.sh OBJECT: fails if a C++ object of the module needs a
# symbol that is not allowed, or has constructors, TLS, exception tables or
# mutable inline variables, none of which work in a module.
set -u
object=$1
status=0

# What the compiler inserts, the memory functions of the kernel, and the
# engine's own symbols.
allowed='__fentry__|__stack_chk_fail|__ref_stack_chk_guard|__stack_chk_guard|__x86_return_thunk'
allowed="$allowed|__x86_indirect_thunk_[a-z0-9]+|__x86_indirect_(call|jump)_thunk_[a-z0-9]+"
allowed="$allowed|mem(cpy|set|move|cmp)|strlen|__mem(cpy|set|move)"
allowed="$allowed|__(asan|tsan|gcov)_.*|__ubsan_handle_.*|__sanitizer_cov_.*"
allowed="$allowed|_Z[A-Z]*5vscsi.*"

undefined=$(${NM:-nm} -u "$object" | awk '{print $2}' | grep -vxE "$allowed")
if [ -n "$undefined" ]; then
	echo "$object: undefined symbols that are not on the allow-list:" $undefined >&2
	status=1
fi

sections='tdata|tbss|eh_frame|gcc_except_table'
# KASAN and gcov kernels run constructors, and the compiler makes some there.
[ "${CONSTRUCTORS:-}" = y ] || sections="$sections|init_array|fini_array|ctors|dtors"
if ${OBJDUMP:-objdump} -h "$object" | grep -E " \.($sections)" >&2; then
	echo "$object: section not allowed in a module (constructor, TLS or exception table)" >&2
	status=1
fi

if ${OBJDUMP:-objdump} -t "$object" | grep -E '^[0-9a-f]+ .{0,3}[wu].* \.(data|bss)|\*COM\*' |
	grep -v '\.data\.rel\.ro' >&2; then
	echo "$object: mutable inline variable, or static of an inline function" >&2
	status=1
fi
exit $status
