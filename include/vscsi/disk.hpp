// SPDX-License-Identifier: GPL-2.0 OR MIT
// Capacity, registrations of other ports, and split reads and writes; see disk.h.
#pragma once
#include <vscsi/disk.h>
#include <vscsi/types.hpp>

namespace vscsi
{

[[nodiscard]] u32 capacity_answer(const vscsi_capacity &capacity, const u8 *cdb, Span<u8> out) noexcept;
[[nodiscard]] bool cdb_hears_attention(const u8 *cdb) noexcept;

[[nodiscard]] bool registers_other_ports(const u8 *cdb, Span<const u8> data) noexcept;
void hide_other_ports(const u8 *cdb, Span<u8> data) noexcept;

void hide_explicit_alua(const u8 *cdb, Span<u8> data) noexcept;

[[nodiscard]] u32 split_block(const u8 *cdb, u32 device_type, u32 bytes) noexcept;
void split_piece(const u8 *cdb, u32 first, u32 blocks, Span<u8> out) noexcept;

} // namespace vscsi
