// SPDX-License-Identifier: GPL-2.0 OR MIT
#pragma once
#include <vscsi/front.h>
#include <vscsi/types.hpp>

namespace vscsi
{

[[nodiscard]] vscsi_front_limits front_limits(const vscsi_front_offer &offer) noexcept;
[[nodiscard]] u32 front_lists(u32 segments) noexcept;
[[nodiscard]] u32 front_list_bytes(u32 segments, u32 list) noexcept;

} // namespace vscsi
