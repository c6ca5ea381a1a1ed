// SPDX-License-Identifier: GPL-2.0 OR MIT
#include "device.hpp"

#include "claims.hpp"

#include <vscsi/disk.h>

namespace sim
{
namespace
{

constexpr u32 good_status = 0, check_condition = 2, busy_status = 8, reservation_conflict = 0x18;
constexpr u16 power_on_code = 0x2900, reset_code = 0x2903, nexus_lost_code = 0x2907;
constexpr u32 most_blocks = 8; // of one command, as the adapter has it

Device &device_of(World &world, const Request &request)
{
	return world.device[request.lun->device];
}

void set_sense(Request &request, u8 key, u16 code, u32 information)
{
	request.has_sense = true;
	request.sense = {0x70, 0, key, 0, 0, 0, 0, 10};
	for (u32 i = 0; i < 4; i++)
		request.sense[3 + i] = static_cast<u8>(information >> (24 - 8 * i));
	request.sense[12] = static_cast<u8>(code >> 8);
	request.sense[13] = static_cast<u8>(code);
}

void note_attention(Device &device, u16 code)
{
	vscsi_attention_add(&device.attentions, code);
	device.history[device.heard++ % device.history.size()] = code;
}

// The next that this sharer hears, compared with what the device had in its order.
u16 next_attention(World &world, Device &device, Lun &lun)
{
	const u32 behind = device.heard - lun.heard;
	u16 expected = 0;
	if (behind > VSCSI_ATTENTIONS_KEPT) {
		expected = power_on_code;
		lun.heard = device.heard - VSCSI_ATTENTIONS_KEPT;
	} else if (behind) {
		expected = device.history[lun.heard++ % device.history.size()];
	}
	world.expect(vscsi_attention_due(&device.attentions, lun.told) == (expected != 0),
		     "it is not known whether a unit attention is due");
	const u16 code = vscsi_attention_next(&device.attentions, &lun.told);
	world.expect(code == expected, "a guest hears another unit attention than is its turn");
	return code;
}

void use_device(Device &device, Lun &lun, u32 nexus)
{
	lun.told = lun.heard = device.newcomer;
	lun.own_attention = vscsi_gate_comes_back(&device.gate, nexus) ? nexus_lost_code : u16{0};
}

void leave_gate(World &world, Request &request, u32 effect, u16 attention = 0)
{
	Device &device = device_of(world, request);
	std::array<u8, 24> data{};
	const Command command = command_of(request.cdb);
	if (command == Command::registration)
		data[15] = 1;
	if (command == Command::set_key || command == Command::set_key_of_all) {
		data[1] = 0x10;
		data[3] = 20;
		data[4] = command == Command::set_key ? 1 << 5 : 2 << 5;
		data[6] = 2;
		data[7] = 2;
	}
	const vscsi_gate_outcome outcome{data.data(), static_cast<u32>(data.size()), attention,
					 effect,      request.resets_known,          request.abandoned};
	const u32 nexus = world.guest[request.lun->guest].nexus();
	vscsi_gate_leave(&device.gate, nexus, request.cdb.data(), &outcome);
	if (device.kind == Kind::tape)
		vscsi_gate_paid(&device.gate,
				vscsi_keys_note(&device.keys, nexus, request.cdb.data(), &outcome));
	request.gated = false;
}

// More than the adapter takes goes in pieces, which are its blocks, all and each once.
void check_pieces(World &world, const Device &device, const Request &request)
{
	const u32 block = vscsi_split_block(request.cdb.data(), device.type, request.bytes);
	const Command command = command_of(request.cdb);
	if (command != Command::read && command != Command::write)
		return;
	const u32 blocks = get_be(request.cdb.data(), 7, 2);
	const u32 first = get_be(request.cdb.data(), 2, 4);
	if (device.kind != Kind::disk || !blocks || request.bytes % blocks ||
	    u64{first} + blocks > 1ull << 32 || request.cdb[1] & 1) {
		world.expect(!block, "what cannot be split is split");
		return;
	}
	world.expect(block == request.bytes / blocks, "a block has another size");
	for (u32 at = 0; at < blocks && at < 4 * most_blocks; at += most_blocks) {
		const u32 count = blocks - at < most_blocks ? blocks - at : most_blocks;
		std::array<u8, 16> piece{};
		vscsi_split_piece(request.cdb.data(), at, count, piece.data());
		world.expect(get_be(piece.data(), 2, 4) == first + at &&
				     get_be(piece.data(), 7, 2) == count && piece[0] == request.cdb[0],
			     "a piece of a command is for other blocks");
	}
}

void pass_to_device(World &world, Request &request)
{
	Device &device = device_of(world, request);
	const Nature *nature = nature_of(request);
	world.expect(!(request.lun->read_only && nature && nature->writes),
		     "a read-only guest's write comes to the device");
	// READ(10) and WRITE(10) are not known of a tape.
	const bool known = device.type == 0 || (request.cdb[0] != 0x28 && request.cdb[0] != 0x2a);
	world.expect(!(known && nature && nature->direction != request.direction && request.bytes &&
		       nature->direction != VSCSI_NO_DATA),
		     "data goes the wrong way to the device");
	if (device.passes()) {
		world.expect(!others_hold(world, device, request),
			     "a command gets past what another was told that he has");
		world.expect(!is_key_of_another(world, device, request),
			     "data is written with the key of a nexus that is over");
		check_pieces(world, device, request);
	}
	world.say("guest %u: command %02x to device %u, direction %u, %u bytes", request.lun->guest,
		  request.cdb[0], device.index, request.direction, request.bytes);
	request.place = Place::queued;
	device.commands.push(&request);
}

void enter_gate(World &world, Request &request)
{
	Device &device = device_of(world, request);
	const Guest &guest = world.guest[request.lun->guest];
	const Command command = command_of(request.cdb);
	const int verdict = vscsi_gate_enter(&device.gate, guest.nexus(), request.cdb.data());
	switch (verdict) {
	case VSCSI_GATE_PASS:
		request.gated = true;
		request.resets_known = device.gate.resets;
		pass_to_device(world, request);
		break;
	case VSCSI_GATE_CONFLICT:
		end_with(world, request, VSCSI_HOST_OK, reservation_conflict, request.bytes, false);
		break;
	case VSCSI_GATE_IGNORE:
		world.expect(command == Command::release || request.cdb[0] == 0x57 ||
				     command == Command::to_allow,
			     "what matters does not come to the device");
		if (command == Command::to_allow)
			device.preventers &= ~(1u << guest.index);
		end_with(world, request, VSCSI_HOST_OK, good_status, 0, true);
		break;
	default:
		end_with(world, request, VSCSI_HOST_OK, busy_status, request.bytes, false);
	}
}

// True if it was told instead of the command.
bool take_attention(World &world, Request &request)
{
	Device &device = device_of(world, request);
	if (request.cdb[0] == 0x12 || request.cdb[0] == 0x03)
		return false;
	u16 code = request.lun->own_attention;
	request.lun->own_attention = 0;
	if (!code) {
		code = next_attention(world, device, *request.lun);
		if (code)
			device.newcomer = device.heard;
	}
	if (code)
		end_with_check(world, request, 6, code);
	return code;
}

// It tells its own: to all who share it, to each in its turn.
void tell_attention(World &world, Device &device, Request &request)
{
	const u16 code = request.told;
	Lun &lun = *request.lun;
	const bool up_to_date = device.heard == lun.heard;
	if (request.gated)
		leave_gate(world, request, VSCSI_EFFECT_NONE, code);
	device.preventers = device.reserver = 0;
	note_attention(device, code);
	device.newcomer = device.heard;
	const u16 due = next_attention(world, device, lun);
	world.expect(!up_to_date || due == code, "a unit attention was lost");
	device.commands.remove(&request);
	end_with_check(world, request, 6, due);
}

void take_effect(World &world, Device &device, const Request &request)
{
	const Guest &guest = world.guest[request.lun->guest];
	world.say("device %u carries out %02x %u of guest %u", device.index, request.cdb[0], request.uid,
		  guest.index);
	switch (command_of(request.cdb)) {
	case Command::reserve:
		device.reserved = true;
		break;
	case Command::release:
		if (request.cdb[1] & 0x1f)
			break;
		device.reserved = false;
		if (device.reserver == guest.nexus())
			device.reserver = 0;
		break;
	case Command::registration:
		device.registered = true;
		if (device.registrant != guest.nexus())
			device.registrant = 0;
		break;
	case Command::persistent_reserve:
		device.persistent = exclusive_access;
		if (device.registrant != guest.nexus())
			device.registrant = 0;
		break;
	case Command::clear:
		device.registered = false;
		device.persistent = 0;
		break;
	case Command::to_prevent:
		device.prevents = true;
		break;
	case Command::to_allow:
		device.prevents = false;
		device.preventers &= ~(1u << guest.index);
		break;
	case Command::set_key:
		device.own_key = device.kind == Kind::tape ? guest.nexus() : 0;
		device.own_told = 0;
		break;
	case Command::set_key_of_all:
		device.all_key = device.kind == Kind::tape ? guest.nexus() : 0;
		device.all_told = 0;
		break;
	default:
		break;
	}
}

// It was carried out, and so it ends.
void end_executed(World &world, Device &device, Request &request, u32 residual)
{
	if (request.told) {
		tell_attention(world, device, request);
		return;
	}
	device.commands.remove(&request);
	if (request.gated)
		leave_gate(world, request, VSCSI_EFFECT_ALL);
	claim(world, device, request);
	set_sense(request, 0, 0, request.uid);
	end_with(world, request, VSCSI_HOST_OK, good_status, residual, true);
}

// The adapter gives it back, and nobody hears whether it was carried out.
void lose(World &world, Device &device, Request &request, u32 host)
{
	device.commands.remove(&request);
	if (request.gated)
		leave_gate(world, request, VSCSI_EFFECT_UNKNOWN);
	const Command command = command_of(request.cdb);
	if (command == Command::set_key)
		device.own_told = 0;
	if (command == Command::set_key_of_all)
		device.all_told = 0;
	end_with(world, request, host, good_status, request.bytes, false);
}

// Who is not registered cannot reserve.
void refuse(World &world, Device &device, Request &request)
{
	device.commands.remove(&request);
	if (request.gated)
		leave_gate(world, request, VSCSI_EFFECT_NONE);
	end_with(world, request, VSCSI_HOST_OK, reservation_conflict, request.bytes, false);
}

bool has(const Device &device, bool (*wanted)(const Request &))
{
	for (u32 i = 0; i < device.commands.count; i++)
		if (wanted(*device.commands.at[i]))
			return true;
	return false;
}

bool reserves(const Request &request)
{
	const Nature *nature = nature_of(request);
	return nature && nature->reserves;
}

bool moves_lock(const Request &request)
{
	const Command command = command_of(request.cdb);
	return command == Command::to_prevent || command == Command::to_allow;
}

} // namespace

void begin(Device &device, u32 index, const Plan &plan)
{
	device = {};
	device.index = index;
	device.kind = plan.kind[index];
	device.stuck = plan.stuck >> index & 1;
	device.type = device.kind == Kind::tape ? 1 : 0;
}

void end_with(World &world, Request &request, u32 host, u32 status, u32 residual, bool good)
{
	if (!request.task)
		world.say("command %02x %u of guest %u ends: host %u status %02x", request.cdb[0],
			  request.uid, request.ring->guest->index, host, status);
	request.host = host;
	request.status = status;
	request.residual = residual;
	request.good = good;
	request.done = world.now;
	over(world, request);
}

void end_with_check(World &world, Request &request, u8 key, u16 code)
{
	set_sense(request, key, code, request.uid);
	end_with(world, request, VSCSI_HOST_OK, check_condition, request.bytes, false);
}

void submit_to_device(World &world, Request &request, Random &random)
{
	Device &device = device_of(world, request);
	Guest &guest = world.guest[request.lun->guest];
	world.expect(!request.lun->abandoned, "a command overtakes one that the device does not give back");
	if (request.lun->told == none)
		use_device(device, *request.lun, guest.nexus());
	request.submitted = request.since = world.now;
	const vscsi_cdb_view view{request.cdb.data(), request.direction, request.bytes,
				  device.type,        !device.passes(),  request.lun->read_only};
	if (vscsi_cdb_verdict(&view) != VSCSI_CDB_PASS) {
		end_with_check(world, request, 5, 0x2400);
		return;
	}
	(void)random;
	if (!device.passes()) {
		pass_to_device(world, request);
		return;
	}
	if (!take_attention(world, request))
		enter_gate(world, request);
}

void ask_for(World &world, Request &request)
{
	if (request.task || request.place != Place::queued)
		return;
	Device &device = device_of(world, request);
	if (!device.passes())
		return;
	const u64 age = world.now - request.since;
	const u64 since_burst = device.burst ? world.now - device.burst_at : u64{none};
	const vscsi_early_abort_view view{static_cast<u32>(age), request.timeout,
					  static_cast<u32>(since_burst)};
	const int what = vscsi_early_abort_step(&view);
	const u64 limit = std::max<u64>(u64{request.timeout} * 1000, 30'000);
	const bool late = request.timeout && age >= limit;
	world.expect(!late || what == VSCSI_ABORT_NOW, "the guest's own time has passed in vain");
	world.expect(late || what != VSCSI_ABORT_NOW || since_burst <= 100,
		     "an adapter is disturbed too often");
	world.expect(what != VSCSI_ABORT_BEGINS_BURST || since_burst >= 10'000, "bursts come too often");
	if (what == VSCSI_ABORT_BEGINS_BURST) {
		device.burst = true;
		device.burst_at = world.now;
	}
}

bool execute(World &world, Device &device, u32 index)
{
	if (!device.commands.count || device.stuck)
		return false;
	Request &request = *device.commands.at[index % device.commands.count];
	if (request.executed)
		return false;
	if (!device.passes()) {
		request.executed = true;
		return true;
	}
	if (device.attention && request.cdb[0] != 0x12 && request.cdb[0] != 0x03) {
		request.told = device.attention;
		device.attention = 0;
		request.executed = true;
		return true;
	}
	if (command_of(request.cdb) == Command::persistent_reserve && !device.registered) {
		refuse(world, device, request);
		return true;
	}
	take_effect(world, device, request);
	request.executed = true;
	return true;
}

bool end(World &world, Device &device, u32 index, Random &random)
{
	if (!device.commands.count || device.stuck)
		return false;
	Request &request = *device.commands.at[index % device.commands.count];
	if (!request.told && random.one_in(request.executed ? 12 : 6)) {
		lose(world, device, request, VSCSI_HOST_ERROR);
		return true;
	}
	if (!request.executed) {
		if (!execute(world, device, index))
			return false;
		if (request.place != Place::queued)
			return true;
	}
	end_executed(world, device, request,
		     request.bytes && random.one_in(3) ? random.below(request.bytes + 9) : 0);
	return true;
}

bool end_task(World &world, Device &device, u32 index, Random &random)
{
	if (!device.tasks.count || (device.stuck && !random.one_in(8)))
		return false;
	Request &task = *device.tasks.take(index % device.tasks.count);
	const bool well = !random.one_in(5);
	// What it covers may be passed over: what ends at the same time.
	if (well && !device.stuck)
		for (u32 i = device.commands.count; i--;) {
			Request &request = *device.commands.at[i];
			if (!request.told && request.lun == task.lun && !random.one_in(4) &&
			    (!task.abort || task.covered & 1u << request.slot))
				lose(world, device, request, VSCSI_HOST_RESET);
		}
	if (!task.abort && device.passes() && !device.stuck)
		reset(world, device);
	world.figures[tasks_ended]++;
	task.good = well;
	over(world, task);
	return true;
}

void reset(World &world, Device &device)
{
	world.say("device %u is reset", device.index);
	device.preventers = device.reserver = 0;
	device.paying = 0;
	const int owed = vscsi_gate_reset(&device.gate);
	world.expect(!(static_cast<u32>(owed) & ~device.gate.owed), "the gate forgets what is owed");
	world.expect(!device.prevents || device.gate.owed & VSCSI_GATE_ALLOW || has(device, moves_lock),
		     "after a reset the device prevents");
	world.expect(!device.reserved || device.gate.owed & VSCSI_GATE_RELEASE || has(device, reserves),
		     "after a reset the device is reserved");
	note_attention(device, reset_code);
}

void power_on(World &world, Device &device)
{
	if (!device.passes() || device.attention)
		return;
	for (u32 i = 0; i < device.commands.count; i++)
		device.commands.at[i]->undone |= device.commands.at[i]->executed;
	device.attention = power_on_code;
	device.prevents = device.reserved = false;
	device.preventers = device.reserver = 0;
	device.own_key = device.all_key = 0;
	device.own_told = device.all_told = 0;
	world.say("device %u: power on", device.index);
}

// The host tells the device, and learns later that it was heard.
void pay(World &world, Device &device)
{
	if (!device.passes())
		return;
	if (!device.paying) {
		device.paying = static_cast<u32>(vscsi_gate_due(&device.gate));
		return;
	}
	if (device.attention) {
		vscsi_gate_hear(&device.gate, device.attention);
		note_attention(device, device.attention);
		device.attention = 0;
	}
	if (device.paying & VSCSI_GATE_RELEASE)
		device.reserved = false;
	if (device.paying & VSCSI_GATE_ALLOW)
		device.prevents = false;
	for (const int which : {VSCSI_GATE_CLEAR_KEYS, VSCSI_GATE_CLEAR_ALL_KEYS}) {
		if (!(device.paying & static_cast<u32>(which)))
			continue;
		std::array<u8, 12> cdb{};
		std::array<u8, VSCSI_CLEAR_KEYS_BYTES> data{};
		vscsi_keys_clear(&device.keys, which, cdb.data(), data.data());
		world.expect(cdb[0] == 0xb5 && cdb[1] == 0x20 && cdb[3] == 0x10 && !data[6] && !data[7],
			     "this clears no key");
		const bool of_all = data[4] >> 5 == 2;
		const u32 told = of_all ? device.all_told : device.own_told;
		world.expect(!told, "a guest's key is cleared that it has");
		(of_all ? device.all_key : device.own_key) = 0;
	}
	world.say("device %u heard %x", device.index, device.paying);
	vscsi_gate_paid(&device.gate, static_cast<int>(device.paying));
	device.paying = 0;
}

void session_ended(World &world, Device &device, const Guest &guest)
{
	if (!device.passes())
		return;
	const u32 nexus = guest.nexus(), bit = 1u << guest.index;
	const bool prevented = device.preventers & bit;
	const bool reserved = device.reserver == nexus;
	device.preventers &= ~bit;
	device.reserver = reserved ? 0 : device.reserver;
	device.away |= bit;
	if (device.own_told == nexus)
		device.own_told = 0;
	if (device.all_told == nexus)
		device.all_told = 0;
	const int owed = vscsi_gate_session_ended(&device.gate, nexus);
	world.expect(!(static_cast<u32>(owed) & ~device.gate.owed), "the gate forgets what is owed");
	vscsi_gate_owe(&device.gate, vscsi_keys_ended(&device.keys, nexus, true));
	if (!prevented && !reserved)
		return;
	vscsi_gate copy = device.gate;
	world.expect(vscsi_gate_comes_back(&copy, nexus), "a nexus does not hear of its loss");
	world.expect(!vscsi_gate_comes_back(&copy, nexus), "a nexus hears of its loss twice");
}

void check(World &world, const Device &device)
{
	if (!device.passes())
		return;
	world.expect(!device.reserved || device.gate.reserved || device.gate.owed & VSCSI_GATE_RELEASE ||
			     has(device, reserves),
		     "a device is reserved, and nobody knows");
	world.expect(!device.prevents || device.gate.prevented || device.gate.owed & VSCSI_GATE_ALLOW ||
			     has(device, moves_lock),
		     "a device prevents, and nobody knows");
}

void check_at_end(World &world, const Device &device)
{
	world.expect(!device.commands.count && !device.tasks.count,
		     "a device has something when all is over");
	if (!device.passes())
		return;
	const vscsi_gate &gate = device.gate;
	world.expect(!gate.reserving.nexus && !gate.keying.nexus && !gate.allowing,
		     "the gate counts what is over");
	world.expect(!gate.owed, "something is owed for ever");
	for (const auto &preventer : gate.preventers)
		world.expect(!preventer.nexus, "somebody who is gone prevents");
	world.expect(!device.prevents, "a device prevents for nobody");
	world.expect(!device.reserved, "a device is reserved for nobody");
	world.expect(!device.own_key && !device.all_key, "the key of a nexus that is over stays");
}

} // namespace sim
