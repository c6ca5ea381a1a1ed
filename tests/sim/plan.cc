// SPDX-License-Identifier: GPL-2.0 OR MIT
#include "plan.hpp"

namespace sim
{
namespace
{

struct Weight {
	Op op;
	const char *name;
	u8 weight;
};

// In the order of Op.
constexpr std::array<Weight, ops> weights{{
	{Op::send, "send", 52},
	{Op::send_task, "send-task", 10},
	{Op::push, "push", 10},
	{Op::read_answers, "read-answers", 24},
	{Op::pass, "pass", 36},
	{Op::drain, "drain", 12},
	{Op::look, "look", 10},
	{Op::execute, "execute", 16},
	{Op::end, "end", 24},
	{Op::end_task, "end-task", 8},
	{Op::time, "time", 10},
	{Op::pay, "pay", 6},
	{Op::power_on, "power-on", 1},
	{Op::trim, "trim", 2},
	{Op::memory, "memory", 3},
	{Op::control_due, "control-due", 14},
	{Op::guest_event, "guest-event", 2},
	{Op::toolstack_event, "toolstack-event", 2},
	{Op::hostile_ring, "hostile-ring", 8},
	{Op::hostile_memory, "hostile-memory", 3},
	{Op::hostile_state, "hostile-state", 1},
	{Op::hostile_index, "hostile-index", 1},
}};

constexpr u32 sum()
{
	u32 all = 0;
	for (const auto &weight : weights)
		all += weight.weight;
	return all;
}

constexpr bool is_in_order()
{
	for (std::size_t i = 0; i < ops; i++)
		if (weights[i].op != static_cast<Op>(i))
			return false;
	return true;
}
static_assert(is_in_order());

// Each number picks an op.
constexpr auto picks = [] {
	std::array<Op, sum()> all{};
	u32 at = 0;
	for (const auto &weight : weights)
		for (u32 i = 0; i < weight.weight; i++)
			all[at++] = weight.op;
	return all;
}();

} // namespace

const char *name_of(Op op)
{
	return weights[static_cast<std::size_t>(op)].name;
}

Plan plan_of(u64 seed)
{
	Random random{seed};
	Plan plan{};
	plan.seed = seed;
	plan.guests = 1 + random.below(most_guests);
	for (u32 guest = 0; guest < plan.guests; guest++)
		plan.hostile |= u32{random.one_in(3)} << guest;
	plan.devices = 1 + random.below(most_devices);
	for (auto &kind : plan.kind)
		kind = static_cast<Kind>(random.below(3));
	for (u32 device = 0; device < plan.devices; device++)
		plan.stuck |= u32{random.one_in(5)} << device;
	for (u32 guest = 0; guest < most_guests; guest++)
		for (u32 i = 0; i < 2; i++) {
			plan.uses[guest][i] = static_cast<u8>(random.below(plan.devices));
			plan.read_only[guest][i] = random.one_in(6);
		}
	constexpr u32 enough = 4096;
	plan.share = random.one_in(2) ? enough : 1 + random.below(40);
	plan.common = random.one_in(2) ? enough : random.below(60);
	plan.steps = random.one_in(8) ? 120 + random.below(160) : 16 + random.below(64);
	return plan;
}

void steps_of(const Plan &plan, std::vector<Step> &out)
{
	Random random{~plan.seed};
	out.clear();
	for (u32 i = 0; i < plan.steps; i++) {
		const u64 word = random.next();
		out.push_back({picks[static_cast<u32>(word) % picks.size()], static_cast<u32>(word >> 32),
			       random.word(), random.word()});
	}
}

} // namespace sim
