// SPDX-License-Identifier: GPL-2.0 OR MIT
// Decisions about tasks, and about what a device does not end in time.  Pure
// functions; the shim carries the actions out and asks again.
#pragma once
#include <vscsi/engine.h>
#include <vscsi/types.hpp>

namespace vscsi
{

enum class TaskAction : int {
	done = VSCSI_TASK_DONE,
	submit = VSCSI_TASK_SUBMIT,
	reset_device = VSCSI_TASK_RESET_DEVICE,
};

enum class OverdueAction : int {
	wait = VSCSI_OVERDUE_WAIT,
	answer = VSCSI_OVERDUE_ANSWER,
};

enum class ParkedAction : int {
	keep = VSCSI_PARKED_KEEP,
	submit = VSCSI_PARKED_SUBMIT,
	busy = VSCSI_PARKED_BUSY,
};

enum class EarlyAbortAction : int {
	later = VSCSI_ABORT_LATER,
	now = VSCSI_ABORT_NOW,
	begins_burst = VSCSI_ABORT_BEGINS_BURST,
};

[[nodiscard]] TaskAction task_step(const vscsi_task_view &view) noexcept;
[[nodiscard]] OverdueAction overdue_step(const vscsi_overdue_view &view) noexcept;
[[nodiscard]] ParkedAction parked_step(const vscsi_parked_view &view) noexcept;
[[nodiscard]] EarlyAbortAction early_abort_step(const vscsi_early_abort_view &view) noexcept;

} // namespace vscsi
