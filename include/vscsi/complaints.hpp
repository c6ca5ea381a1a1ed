// SPDX-License-Identifier: GPL-2.0 OR MIT
// What target core may write into dom0's log because of a guest, and how often.
#pragma once
#include <vscsi/complaints.h>
#include <vscsi/types.hpp>

namespace vscsi
{

[[nodiscard]] bool complains(const vscsi_complaint_view &view) noexcept;

// The time until which the complaints so far are paid for, after one more.
[[nodiscard]] u64 paid_until(u64 before, u64 now, u32 a_second) noexcept;

} // namespace vscsi
