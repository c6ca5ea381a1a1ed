// SPDX-License-Identifier: GPL-2.0 OR MIT
// Sends hostile SCSI, and looks at each answer: that there is one, that it makes sense, that
// no byte comes which is not due.
#pragma once
#include <map>
#include <string>

#include "frontend.hpp"
#include "scsi.hpp"

struct Target {
	u16 lun;
	Role role;
	Device device;
	u64 blocks;
};

class Assault
{
public:
	Assault(Frontend &frontend, u64 seed, const Target &target)
	    : frontend_{frontend}, target_{target}, scsi_{seed, target.role, target.device, target.blocks}
	{
		for (u32 i = 0; i < sizeof(marker); i++)
			magic_[i] = static_cast<u8>(marker >> 8 * i);
	}

	// Numbers from first on; between them, commands whose answers are known.
	void run(u64 first, u32 count)
	{
		settle();
		for (u64 number = first; number < first + count;) {
			const u32 room =
				std::min<u64>(ring_slots - frontend_.outstanding(), first + count - number);
			for (u32 i = 0; i < room; i++)
				queue(number++);
			frontend_.push();
			if (!frontend_.collect(1, patience, [this](const Response &r) { judge(r); })) {
				wrong(number, "no answer");
				break;
			}
			if (number / probe_every != (number - room) / probe_every)
				probe();
		}
		frontend_.collect(frontend_.outstanding(), patience, [this](const Response &r) { judge(r); });
		if (frontend_.outstanding())
			wrong(first + count, std::to_string(frontend_.outstanding()) + " unanswered");
		probe();
		report(count);
	}

private:
	static constexpr std::chrono::seconds patience{120};
	static constexpr u32 probe_every = 256;
	static constexpr u32 slot_pages = 128;
	static constexpr u8 pattern = 0xa5;
	// What the neighbour's medium is full of, where its load is not.
	static constexpr u64 marker = 0x4b52414d50565353;
	static constexpr u32 checked_bytes = 16 * page_bytes;
	static constexpr u16 probing = 99;

	struct Pending {
		u64 number = 0;
		Attack attack;
	};

	u8 *data(u32 slot) { return frontend_.page(slot * slot_pages); }

	void segments(Request &request, u32 slot, u32 bytes)
	{
		const u32 pages = (bytes + page_bytes - 1) / page_bytes;
		const u32 list = ring_slots * slot_pages + slot;
		auto *to = pages > direct_segments ? reinterpret_cast<Segment *>(frontend_.page(list))
						   : request.segment;
		for (u32 i = 0; i < pages; i++)
			to[i] = {frontend_.grant(slot * slot_pages + i), 0,
				 static_cast<u16>(std::min(bytes - i * page_bytes, page_bytes))};
		request.segments = static_cast<u8>(pages);
		if (to != request.segment) {
			request.segments = indirect | 1;
			request.segment[0] = {frontend_.grant(list), 0,
					      static_cast<u16>(pages * sizeof(Segment))};
		}
	}

	Request command(u16 rqid, u32 slot, const Attack &attack)
	{
		Request request{};
		request.rqid = rqid;
		request.action = 1;
		request.lun = target_.lun;
		request.cdb_length = attack.cdb_length;
		std::copy(attack.cdb.begin(), attack.cdb.end(), request.cdb);
		request.direction = static_cast<u8>(attack.way);
		segments(request, slot, attack.bytes);
		return request;
	}

	void queue(u64 number)
	{
		u32 slot = 0;
		while (busy_ >> slot & 1)
			slot++;
		busy_ |= 1U << slot;
		Attack attack = scsi_.make(number);
		std::memset(data(slot), pattern, std::min(attack.bytes, checked_bytes));
		if (attack.way == Way::out)
			std::memcpy(data(slot), attack.parameters.data(),
				    std::min<std::size_t>(attack.bytes, attack.parameters.size()));
		frontend_.queue(command(static_cast<u16>(slot), slot, attack));
		pending_[slot] = {number, attack};
	}

	void judge(const Response &response)
	{
		const u32 slot = response.rqid;
		if (slot >= ring_slots || !(busy_ >> slot & 1))
			return wrong(0, "an answer to nothing");
		busy_ &= ~(1U << slot);
		answers_++;
		results_[static_cast<u32>(response.result)]++;
		const auto &[number, attack] = pending_[slot];
		const char *fault = fault_of(response, attack);
		if (!fault && attack.way == Way::in)
			fault = fault_of_data(data(slot), response, attack);
		if (fault)
			wrong(number, fault);
	}

	static const char *fault_of(const Response &response, const Attack &attack)
	{
		const u32 status = static_cast<u32>(response.result) & 0xff;
		const u32 host = static_cast<u32>(response.result) >> 16;
		static constexpr std::array<u8, 8> known{0x00, 0x02, 0x04, 0x08, 0x18, 0x28, 0x30, 0x40};
		if (std::find(known.begin(), known.end(), status) == known.end())
			return "no status";
		if (host > 0x14)
			return "no host status";
		if (response.residual > attack.bytes)
			return "a residual of more than there was";
		if (status != 0x02)
			return response.sense_length ? "sense data without CHECK CONDITION" : nullptr;
		if (response.sense_length < 8 || response.sense_length > sizeof response.sense)
			return "CHECK CONDITION with no sense data, or too much";
		return (response.sense[0] & 0x7f) < 0x70 || (response.sense[0] & 0x7f) > 0x73
			       ? "no sense data"
			       : nullptr;
	}

	const char *fault_of_data(const u8 *bytes, const Response &response, const Attack &attack) const
	{
		const u32 looked_at = std::min(attack.bytes, checked_bytes);
		const u32 moved = attack.bytes - response.residual;
		for (u32 i = moved; i < looked_at; i++)
			if (bytes[i] != pattern)
				return "a byte comes that the residual says did not";
		if (target_.role == Role::fenced &&
		    std::search(bytes, bytes + std::min(moved, looked_at), magic_.begin(), magic_.end()) !=
			    bytes + std::min(moved, looked_at))
			return "the fenced guest reads the medium";
		return nullptr;
	}

	// One command by itself.
	Response ask(const Attack &attack)
	{
		std::memset(data(0), attack.way == Way::out ? static_cast<int>(answers_ & 0xff) : pattern,
			    attack.bytes);
		frontend_.collect(frontend_.outstanding(), patience, [this](const Response &r) { judge(r); });
		frontend_.queue(command(probing, 0, attack));
		frontend_.push();
		Response answered{};
		if (!frontend_.collect(1, patience, [&](const Response &r) { answered = r; }))
			wrong(0, "a well-formed command has no answer");
		return answered;
	}

	// Past what its own mischief has to tell.
	Response settled(const Attack &attack)
	{
		Response answered = ask(attack);
		for (int i = 0; i < 8 && (answered.result & 0xff) == 0x02 && answered.sense_length > 2 &&
				(answered.sense[2] & 0xf) == 6;
		     i++)
			answered = ask(attack);
		return answered;
	}

	static Attack inquiry()
	{
		return {.cdb = {0x12, 0, 0, 0, 36, 0}, .cdb_length = 6, .way = Way::in, .bytes = 36};
	}
	Attack block(u8 opcode, Way way) const
	{
		return {.cdb = {opcode, 0, 0, 0, 0x50, 0, 0, 0, 8, 0},
			.cdb_length = 10,
			.way = way,
			.bytes = 4096};
	}

	void settle()
	{
		if (settled(inquiry()).result)
			wrong(0, "INQUIRY fails to begin with");
		std::memcpy(inquired_.data(), data(0), inquired_.size());
	}

	void expect(const char *what, u32 got, u32 wanted)
	{
		if (got != wanted)
			wrong(0, std::string{what} + ": " + std::to_string(got));
	}

	void probe()
	{
		probes_++;
		expect("INQUIRY", static_cast<u32>(settled(inquiry()).result), 0);
		if (std::memcmp(inquired_.data(), data(0), inquired_.size()))
			wrong(0, "INQUIRY has other data than before");
		if (target_.device != Device::disk || !target_.blocks)
			return;
		const Response wrote = settled(block(0x2a, Way::out));
		std::array<u8, 4096> sent;
		std::memcpy(sent.data(), data(0), sent.size());
		const Response read = settled(block(0x28, Way::in));
		switch (target_.role) {
		case Role::ordinary:
			expect("WRITE(10)", static_cast<u32>(wrote.result), 0);
			expect("READ(10)", static_cast<u32>(read.result), 0);
			if (std::memcmp(sent.data(), data(0), sent.size()))
				wrong(0, "READ(10) has other data than were written");
			break;
		case Role::fenced:
			expect("WRITE(10) beside a reservation", static_cast<u32>(wrote.result), 0x18);
			expect("READ(10) beside a reservation", static_cast<u32>(read.result), 0x18);
			break;
		case Role::read_only:
			expect("WRITE(10) where nothing may be written", static_cast<u32>(wrote.result),
			       0x02);
			expect("READ(10) where nothing may be written", static_cast<u32>(read.result), 0);
			break;
		}
	}

	void wrong(u64 number, const std::string &what)
	{
		if (faults_++ >= most_told)
			return;
		std::printf("fault at %llu: %s;", static_cast<unsigned long long>(number), what.c_str());
		const Attack attack = scsi_.make(number);
		for (u32 i = 0; i < attack.cdb_length; i++)
			std::printf(" %02x", attack.cdb[i]);
		std::printf(" way %u, %u bytes\n", static_cast<unsigned>(attack.way), attack.bytes);
	}

	void report(u32 count)
	{
		std::printf("scsi %u requests %u answers %u probes %u faults\n", count, answers_, probes_,
			    faults_);
		for (const auto &[result, times] : results_)
			std::printf("result %#x %u times\n", result, times);
	}

	static constexpr u32 most_told = 20;

	Frontend &frontend_;
	Target target_;
	HostileScsi scsi_;
	std::array<u8, sizeof(u64)> magic_{};
	std::array<u8, 36> inquired_{};
	std::array<Pending, ring_slots> pending_{};
	u32 busy_ = 0;
	u32 answers_ = 0;
	u32 probes_ = 0;
	u32 faults_ = 0;
	std::map<u32, u32> results_;
};
