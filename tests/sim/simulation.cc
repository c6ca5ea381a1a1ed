// SPDX-License-Identifier: GPL-2.0 OR MIT
#include "simulation.hpp"

#include "backend.hpp"
#include "device.hpp"
#include "frontend.hpp"
#include "ring.hpp"

namespace sim
{
namespace
{

void end_one(World &world, Device &device, Random &random)
{
	if (!end(world, device, random.word(), random))
		end_task(world, device, random.word(), random);
}

// Devices, other processors and a guest that rewrites what is being read.
void something_happens(World &world, Guest &guest, Random &random)
{
	if (guest.hostile && random.one_in(3))
		rewrite_memory(guest, random);
	if (!random.one_in(4) || world.fault)
		return;
	Device &device = world.device[random.below(world.plan.devices)];
	end_one(world, device, random);
	if (random.one_in(2))
		drain(world, guest.ring);
}

void check_all(World &world)
{
	u32 common = 0;
	for (u32 i = 0; i < world.plan.guests; i++) {
		check(world, world.guest[i]);
		common += world.guest[i].quota.common;
	}
	world.expect(common == world.pool.common, "common pages are lost");
	for (u32 i = 0; i < world.plan.devices; i++)
		check(world, world.device[i]);
}

void round(World &world, Random &random, bool slow_too)
{
	for (u32 i = 0; i < world.plan.guests && !world.fault; i++) {
		Guest &guest = world.guest[i];
		settle(world, guest);
		if (!guest.hostile)
			push(guest);
		if (is_due(guest.ring))
			pass(world, guest.ring, random, [](World &, Guest &, Random &) {});
		drain(world, guest.ring);
	}
	for (u32 i = 0; i < world.plan.devices && !world.fault; i++) {
		Device &device = world.device[i];
		device.stuck = device.stuck && !slow_too;
		for (u32 left = device.commands.count; left-- && !device.stuck && !world.fault;)
			end(world, device, 0, random);
		for (u32 left = device.tasks.count; left-- && !device.stuck && !world.fault;)
			end_task(world, device, 0, random);
	}
	world.now += 600;
	for (u32 i = 0; i < world.plan.guests && !world.fault; i++) {
		Guest &guest = world.guest[i];
		drain(world, guest.ring);
		look(world, guest.ring, random);
		if (!guest.hostile)
			read_answers(world, guest);
	}
}

bool waits_for_slow(const World &world, const Guest &guest)
{
	for (const Lun &lun : guest.lun)
		if (lun.used && lun.references && world.device[lun.device].stuck)
			return true;
	return false;
}

bool is_at_work(const World &world)
{
	for (u32 i = 0; i < world.plan.guests; i++) {
		const Guest &guest = world.guest[i];
		if ((!guest.hostile && outstanding(guest)) || is_due(guest.ring) || guest.ring.busy)
			return true;
	}
	for (u32 i = 0; i < world.plan.devices; i++)
		if (world.device[i].commands.count || world.device[i].tasks.count)
			return true;
	return false;
}

constexpr u32 most_rounds = 48;

// A device that gives nothing back delays those that use it, and nobody else.
void only_its_own_wait(World &world, Random &random)
{
	bool slow = false;
	for (u32 i = 0; i < world.plan.devices; i++)
		slow |= world.device[i].stuck;
	if (!slow)
		return;
	for (u32 i = 0; i < most_rounds / 2 && !world.fault && is_at_work(world); i++)
		round(world, random, false);
	for (u32 i = 0; i < world.plan.guests; i++) {
		const Guest &guest = world.guest[i];
		if (!guest.hostile && !waits_for_slow(world, guest))
			world.expect(!outstanding(guest), "a guest waits for another's slow device");
	}
}

void all_is_answered(World &world, Random &random)
{
	for (u32 i = 0; i < most_rounds && !world.fault; i++) {
		round(world, random, true);
		if (!is_at_work(world))
			break;
	}
	for (u32 i = 0; i < world.plan.guests && !world.fault; i++) {
		Guest &guest = world.guest[i];
		world.expect(guest.hostile || !outstanding(guest), "a request is never answered");
		settle(world, guest);
		check_at_rest(world, guest);
	}
}

Guest &guest_of(World &world, const Step &step)
{
	return world.guest[step.who % world.plan.guests];
}

Device &device_of(World &world, const Step &step)
{
	return world.device[step.who % world.plan.devices];
}

void pass_time(World &world, u32 what)
{
	constexpr std::array<u32, 8> steps{1, 30, 99, 101, 700, 1001, 10'001, 31'000};
	world.now += steps[what % steps.size()];
}

void take(World &world, const Step &step, Random &random)
{
	Guest &guest = guest_of(world, step);
	Device &device = device_of(world, step);
	switch (step.op) {
	case Op::send:
		for (u32 i = 0; i <= step.what % 3; i++)
			guest.hostile ? put_garbage(guest, random) : (void)send(world, guest, random);
		break;
	case Op::send_task:
		guest.hostile ? put_garbage(guest, random) : (void)send_task(world, guest, random);
		break;
	case Op::push:
		push(guest);
		break;
	case Op::read_answers:
		if (!guest.hostile)
			read_answers(world, guest);
		break;
	case Op::pass:
		if (is_due(guest.ring))
			pass(world, guest.ring, random, something_happens);
		break;
	case Op::drain:
		drain(world, guest.ring);
		break;
	case Op::look:
		look(world, guest.ring, random);
		break;
	case Op::execute:
		execute(world, device, step.what);
		break;
	case Op::end:
		end(world, device, step.what, random);
		if (random.one_in(2))
			drain(world, guest.ring);
		break;
	case Op::end_task:
		end_task(world, device, step.what, random);
		break;
	case Op::time:
		pass_time(world, step.what);
		break;
	case Op::pay:
		pay(world, device);
		break;
	case Op::power_on:
		power_on(world, device);
		break;
	case Op::trim:
		trim(world, guest.ring);
		break;
	case Op::memory:
		world.no_memory = step.what % 3;
		break;
	case Op::control_due:
		take_due(world, guest, step.what, guest.hostile && step.seed % 8 == 0);
		break;
	case Op::guest_event:
		if (!guest.hostile)
			take_guest_event(world, guest, static_cast<GuestEvent>(step.what % 6), step.seed & 1);
		break;
	case Op::toolstack_event:
		take_toolstack_event(world, guest, static_cast<ToolstackEvent>(step.what % 4), step.seed);
		break;
	case Op::hostile_ring:
		if (guest.hostile)
			put_garbage(guest, random);
		break;
	case Op::hostile_memory:
		if (guest.hostile)
			rewrite_memory(guest, random);
		break;
	case Op::hostile_state:
		if (guest.hostile)
			write_state(world, guest, step.what % 11, step.seed % 6);
		break;
	case Op::hostile_index:
		if (guest.hostile)
			jump_index(guest, random);
		break;
	}
}

} // namespace

void begin(World &world, const Plan &plan)
{
	world.plan = plan;
	world.pool = {plan.share, plan.common, 0};
	world.now = 1'000'000;
	world.no_memory = world.next_uid = world.next_number = 0;
	world.order = 0;
	world.fault = nullptr;
	for (u32 i = 0; i < most_devices; i++)
		begin(world.device[i], i, plan);
	for (u32 i = 0; i < most_guests; i++)
		world.guest[i].ring.there = false;
	for (u32 i = 0; i < plan.guests; i++) {
		begin(world, world.guest[i], i);
		settle(world, world.guest[i]);
	}
}

void take_step(World &world, const Step &step)
{
	Random random{step.seed};
	world.figures[steps_done]++;
	take(world, step, random);
	check_all(world);
}

void finish(World &world)
{
	Random random{world.plan.seed ^ 0x5eed};
	world.no_memory = 0;
	only_its_own_wait(world, random);
	all_is_answered(world, random);
	for (u32 i = 0; i < world.plan.guests && !world.fault; i++)
		go(world, world.guest[i]);
	for (u32 i = 0; i < world.plan.devices && !world.fault; i++) {
		for (u32 times = 0; times < 4; times++)
			pay(world, world.device[i]);
		check_at_end(world, world.device[i]);
	}
	check_all(world);
	world.expect(!world.pool.common, "common pages are lost");
}

} // namespace sim
