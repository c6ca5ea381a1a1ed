// SPDX-License-Identifier: GPL-2.0 OR MIT
// The shim's part in tasks and in what is overdue: what the ring's thread, its
// completers, target core and adapters do, all decisions the engine's.  Each
// event returns false if it cannot happen now.
#pragma once
#include <bit>
#include <vscsi/engine.h>

#include "task_world.hpp"

namespace tasks
{

// What can come between, when a slot is about to be abandoned.
enum class Mishap { none, ends, no_memory };

class Shim
{
public:
	explicit Shim(World &world) : w_{world}, s_{world.s} {}

	// The ring's thread reads a request; victim: the slot that an abort means, or none.
	bool fetch(Kind kind, Target target, u32 victim)
	{
		const u32 i = w_.free_one();
		// What comes behind a task may as well come later.
		if (s_.stopped || i == s_.count || w_.at(waits) & w_.all_tasks())
			return false;
		u32 covered = 0;
		if (kind == reset_task)
			covered = w_.of(command) & w_.on(target);
		if (kind == abort_task && victim < s_.count) {
			covered = w_.of(command) & w_.on(target) & 1u << victim;
			if (!covered)
				return false;
		}
		s_.slots[i] = {kind, target, waits, 0, static_cast<u8>(covered), 0};
		s_.order[s_.waiting++] = static_cast<u8>(i);
		return true;
	}
	// It submits what has pages, loaded in number, and the tasks behind that.
	// drained: whatever is over meanwhile is answered, by nobody else.
	bool pass(u32 loaded, bool drained)
	{
		if (s_.stopped || !s_.waiting || loaded > s_.waiting)
			return false;
		if (loaded < s_.waiting && s_.slots[s_.order[loaded]].kind != command)
			return false;
		if (!drained && !(w_.at(waits) & w_.all_tasks()))
			return false;
		drained_ = drained;
		while (loaded--) {
			const u32 i = s_.order[0];
			waits_no_more(1u << i);
			submit(i);
		}
		while (const u32 tasks = w_.at(waits) & w_.all_tasks())
			submit_first(tasks);
		return true;
	}
	// Whoever can answers what is over.
	bool drain()
	{
		const u32 done = w_.at(over);
		if (!done)
			return false;
		for (u32 i = 0; i < s_.count; i++) {
			if (!(done & 1u << i))
				continue;
			Slot &slot = s_.slots[i];
			if (slot.kind != command && slot.ok && slot.covered)
				slot.place = held;
			else
				w_.answer(i);
		}
		answer_held();
		return true;
	}
	// A device ends a command, or target core a task.
	bool ends(u32 i, bool ok)
	{
		const Slot slot = s_.slots[i];
		if (slot.kind == free_slot || slot.place != running)
			return false;
		if (slot.kind == reset_task)
			reset_over(slot.target, ok);
		complete(i, slot.kind != command && ok);
		return true;
	}
	bool abandoned_command_ends(u32 target) { return forget(s_.abandoned[target].commands); }
	bool abandoned_abort_ends(u32 target) { return forget(s_.abandoned[target].aborts); }
	bool abandoned_reset_ends(u32 target, bool ok)
	{
		if (!forget(s_.abandoned[target].leading))
			return false;
		reset_over(target, ok);
		return true;
	}
	// The once-a-second look.  mishap: to this slot, when it is about to be abandoned.
	bool look(Mishap mishap, u32 slot)
	{
		if (s_.stopped || !(submitted_tasks() || w_.at(parked) || w_.abandoned() > s_.others))
			return false;
		mishap_ = mishap;
		mishap_slot_ = slot;
		look_at_parked();
		drain();
		const u32 tasks = submitted_tasks();
		u32 covered = 0;
		for (u32 i = 0; i < s_.count; i++) {
			if (!(tasks & 1u << i))
				continue;
			covered |= s_.slots[i].covered;
			look_at_task(i);
		}
		answer_held();
		ask(covered);
		drain();
		// Else it is the look without a mishap.
		return mishap_ == Mishap::none;
	}
	// The guest's frontend goes; nobody fetches, looks or submits any more.
	bool stop()
	{
		if (s_.stopped)
			return false;
		s_.stopped = 1;
		drain();
		ask(~0u);
		const u32 dropped = w_.at(parked) | w_.at(waits);
		waits_no_more(dropped);
		drop(dropped);
		drain();
		// No decision looks at these any more.
		s_.burst = long_ago;
		for (auto &slot : s_.slots)
			slot.late = 0;
		return true;
	}

private:
	World &w_;
	State &s_;
	bool drained_{true};
	Mishap mishap_{Mishap::none};
	u32 mishap_slot_{};

	// The last that is not late, or the first that is.
	[[nodiscard]] u32 age_of(const Slot &slot) const
	{
		if (slot.kind != command)
			return 10'000u + slot.late;
		return slot.place == parked ? 1'000u + slot.late : s_.timeout * 30'000u - !slot.late;
	}
	static bool forget(u8 &count)
	{
		if (!count)
			return false;
		count--;
		return true;
	}
	// It is over; from here on nothing takes it back.
	void complete(u32 i, bool ok)
	{
		Slot &slot = s_.slots[i];
		slot.place = over;
		slot.ok = ok;
		if (slot.kind == command || !ok)
			slot.late = 0;
	}
	void answer_held()
	{
		const u32 waiting = w_.at(held);
		for (u32 i = 0; i < s_.count; i++)
			if (waiting & 1u << i && !s_.slots[i].covered)
				w_.answer(i);
	}
	void waits_no_more(u32 slots)
	{
		u8 kept = 0;
		for (u8 i = 0; i < s_.waiting; i++)
			if (!(slots & 1u << s_.order[i]))
				s_.order[kept++] = s_.order[i];
		for (u8 i = kept; i < s_.waiting; i++)
			s_.order[i] = 0;
		s_.waiting = kept;
	}
	void drop(u32 slots)
	{
		for (u32 i = 0; i < s_.count; i++)
			if (slots & 1u << i)
				complete(i, false);
	}
	void submit_first(u32 tasks)
	{
		for (const u8 i : s_.order) {
			if (!(tasks & 1u << i))
				continue;
			waits_no_more(1u << i);
			submit_task(i);
			return;
		}
	}
	void submit(u32 i)
	{
		Slot &slot = s_.slots[i];
		if (slot.kind != command) {
			submit_task(i);
		} else if (slot.target == well_known) {
			complete(i, false);
		} else {
			slot.place = parked;
			look_at_parked(i);
		}
	}
	void look_at_parked(u32 i)
	{
		Slot &slot = s_.slots[i];
		const vscsi_parked_view view{.age_ms = age_of(slot), .abandoned = w_.is_behind(slot.target)};
		switch (vscsi_parked_step(&view)) {
		case VSCSI_PARKED_SUBMIT:
			w_.expect(!w_.is_behind(slot.target),
				  "a command was submitted to a device that has abandoned ones");
			slot.place = running;
			slot.late = 0;
			break;
		case VSCSI_PARKED_BUSY:
			w_.expect(slot.late, "a guest was told at once to try again");
			complete(i, false);
			break;
		default:
			break;
		}
	}
	void look_at_parked()
	{
		const u32 slots = w_.at(parked);
		for (u32 i = 0; i < s_.count; i++)
			if (slots & 1u << i)
				look_at_parked(i);
	}
	void submit_task(u32 i)
	{
		Slot &task = s_.slots[i];
		const u32 never = task.covered & (w_.at(waits) | w_.at(parked));
		waits_no_more(never);
		drop(never);
		if (drained_)
			drain();
		const u32 has = task.covered & w_.at(running);
		const vscsi_task_view view{
			.function = task.kind == abort_task ? u32{VSCSI_TASK_ABORT} : u32{VSCSI_TASK_RESET},
			.covered = has,
			.comes_back = has & w_.on(executor),
			.well_known = task.target == well_known,
			.abandoned = w_.is_behind(task.target),
			// A reset that only the device hears of waits for nobody, and nobody for it.
			.passed_through = false,
		};
		ask(has);
		if (vscsi_task_step(&view) == VSCSI_TASK_DONE) {
			w_.expect(!(has & ~w_.on(executor)), "nobody aborts what a task covers");
			w_.expect(task.kind == abort_task || task.target == well_known || !has,
				  "a reset does not reach its device");
			w_.expect(task.kind == abort_task || task.target == well_known ||
					  w_.is_behind(task.target),
				  "a reset of an idle device does nothing");
			complete(i, true);
			return;
		}
		if (task.target == well_known) {
			w_.expect(false, "target core has no well known logical unit");
			complete(i, false);
			return;
		}
		w_.expect(has || (task.kind == reset_task && !w_.is_behind(task.target)),
			  "target core is asked for what it does not have");
		w_.expect(task.kind == reset_task || has & ~w_.on(executor),
			  "target core waits for what an adapter gives back");
		task.place = task.kind == reset_task && is_resetting(task.target) ? queued : running;
		task.late = 0;
	}
	[[nodiscard]] bool is_resetting(u32 target) const
	{
		return s_.abandoned[target].leading || (w_.of(reset_task) & w_.on(target) & w_.at(running));
	}
	// The one with target core is over: those that shared it are too, the others share the next.
	void reset_over(u32 target, bool ok)
	{
		const u32 resets = w_.of(reset_task) & w_.on(target);
		const u32 shared = resets & w_.at(follows);
		const u32 rest = resets & w_.at(queued);
		auto &abandoned = s_.abandoned[target];
		abandoned.following = abandoned.queued = 0;
		const u32 next = s_.stopped ? 0 : rest & (~rest + 1);
		for (u32 i = 0; i < s_.count; i++) {
			const u32 bit = 1u << i;
			if (shared & bit || (s_.stopped && rest & bit))
				complete(i, ok);
			else if (rest & bit)
				s_.slots[i].place = next & bit ? running : follows;
		}
	}
	[[nodiscard]] u32 submitted_tasks() const
	{
		return w_.all_tasks() & ~w_.on(well_known) & ~w_.at(waits);
	}
	void look_at_task(u32 i)
	{
		const Slot task = s_.slots[i];
		const vscsi_overdue_view view{
			.age_ms = age_of(task), .abandoned = w_.abandoned(), .covered = task.covered};
		if (vscsi_overdue_step(&view) != VSCSI_OVERDUE_ANSWER)
			return;
		w_.expect(task.late, "a device was given too little time");
		for (u32 other = 0; other < s_.count; other++) {
			if (!(task.covered & 1u << other))
				continue;
			if (!abandon(other))
				return;
			w_.answer(other);
		}
		if (task.place == held || !abandon(i))
			return;
		s_.slots[i].ok = 1;
		w_.answer(i);
	}
	// False if it is over, or nothing can take its place.
	bool abandon(u32 i)
	{
		const Slot slot = s_.slots[i];
		if (mishap_ != Mishap::none && i == mishap_slot_) {
			if (mishap_ == Mishap::no_memory) {
				mishap_ = Mishap::none;
				return false;
			}
			if (ends(i, true))
				mishap_ = Mishap::none;
		}
		if (s_.slots[i].place == over)
			return false;
		w_.expect(slot.place == running || slot.place == queued || slot.place == follows,
			  "what its device never had was abandoned to it");
		auto &abandoned = s_.abandoned[slot.target];
		if (slot.kind == command)
			abandoned.commands++;
		else if (slot.kind == abort_task)
			abandoned.aborts++;
		else if (slot.place == running)
			abandoned.leading++;
		else if (slot.place == queued)
			abandoned.queued++;
		else
			abandoned.following++;
		w_.expect(w_.abandoned() <= abandoned_limit, "a guest may abandon too much");
		return true;
	}

	// The adapter is asked for commands, and for all that were abandoned.
	void ask(u32 slots)
	{
		const u32 has = slots & w_.of(command) & w_.on(executor) & w_.at(running);
		for (u32 i = 0; i < s_.count; i++)
			if (has & 1u << i && may_ask(s_.slots[i].late))
				w_.asked |= 1u << i;
		if (w_.is_behind(executor) && may_ask(true))
			w_.asked_abandoned = true;
	}
	// Of a command that has no limit the age is as high as can be.
	bool may_ask(bool late)
	{
		static constexpr u32 since[] = {100, 9'999, 10'000};
		const vscsi_early_abort_view view{.age_ms = s_.timeout * 30'000u - !late,
						  .timeout = s_.timeout * 30u,
						  .since_burst_ms = since[s_.burst]};
		const int what = vscsi_early_abort_step(&view);
		const bool early = !late || !s_.timeout;
		w_.expect(early || what == VSCSI_ABORT_NOW, "the guest's limit has passed in vain");
		w_.expect(!early || what == VSCSI_ABORT_LATER || s_.burst != lately,
			  "an adapter was disturbed too often");
		w_.expect(!early || what != VSCSI_ABORT_NOW || s_.burst == now, "a burst does not begin");
		w_.expect(what != VSCSI_ABORT_BEGINS_BURST || s_.burst == long_ago, "a burst does not end");
		if (what == VSCSI_ABORT_BEGINS_BURST)
			s_.burst = now;
		return what != VSCSI_ABORT_LATER;
	}
};

} // namespace tasks
