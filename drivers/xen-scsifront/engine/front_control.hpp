// SPDX-License-Identifier: GPL-2.0 OR MIT
#pragma once
#include <vscsi/front.h>

namespace vscsi
{

[[nodiscard]] int front_step(const vscsi_front_view &view) noexcept;
[[nodiscard]] int front_device_step(const vscsi_front_device_view &view) noexcept;

} // namespace vscsi
