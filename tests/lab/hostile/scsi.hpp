// SPDX-License-Identifier: GPL-2.0 OR MIT
// Hostile SCSI: every operation code with every direction and length, then CDBs by chance
// with fields that mean something.  Number N of a seed is the same anywhere and by itself.
#pragma once
#include <algorithm>
#include <array>
#include <span>

#include "random.hpp"

// passed_disk: one that the guest can bring into any state, such as stopped or protected.
enum class Device : u8 { disk, passed_disk, tape, changer };

// What the guest may do at its LUN: anything; nothing that a reservation of another's keeps
// it from; nothing that writes.
enum class Role : u8 { ordinary, fenced, read_only };

enum class Way : u8 { out = 1, in = 2, none = 3 };

struct Attack {
	std::array<u8, 16> cdb{};
	u8 cdb_length = 0;
	Way way = Way::none;
	u32 bytes = 0;
	std::array<u8, 64> parameters{}; // what goes out begins with this
};

class HostileScsi
{
public:
	static constexpr std::array<Way, 3> ways{Way::out, Way::in, Way::none};
	// Of the sweep; by chance there are others.
	static constexpr std::array<u32, 8> lengths{0, 1, 8, 24, 255, 512, 4096, 65536};
	static constexpr u32 most_bytes = 128 * 4096;
	// Whose second byte names one of 32 service actions.
	static constexpr std::array<u8, 17> with_actions{0x3b, 0x3c, 0x48, 0x5e, 0x5f, 0x7f, 0x83, 0x84, 0x9d,
							 0x9e, 0x9f, 0xa3, 0xa4, 0xa9, 0xab, 0x94, 0x95};

	HostileScsi(u64 seed, Role role, Device device, u64 blocks)
	    : seed_{seed}, role_{role}, device_{device}, blocks_{blocks}
	{
	}

	// The sweep is the first so many numbers.
	static constexpr u32 sweep()
	{
		return (256 + 31 * with_actions.size()) * ways.size() * lengths.size();
	}

	[[nodiscard]] Attack make(u64 number) const
	{
		Random random{mixed(seed_ * 0x100000001b3 + number)};
		Attack made = number < sweep() ? swept(static_cast<u32>(number), random) : guessed(random);
		if (!fair(made))
			made = {.cdb = {0x12, 0, 0, 0, 96, 0}, .cdb_length = 6, .way = Way::in, .bytes = 96};
		return made;
	}

	// What the standards let a guest do to others is no fault: to register and then to
	// preempt, to reserve what nobody has reserved.
	[[nodiscard]] bool fair(const Attack &attack) const
	{
		const u8 action = attack.cdb[1] & 0x1f;
		const bool reserves = attack.cdb[0] == 0x16 || attack.cdb[0] == 0x56;
		if (role_ == Role::fenced)
			return attack.cdb[0] != 0x5f || (action != 0 && action != 6);
		if (role_ == Role::read_only)
			return attack.cdb[0] != 0x5f && !reserves;
		return true;
	}

private:
	static constexpr u64 mixed(u64 x)
	{
		x += 0x9e3779b97f4a7c15;
		x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9;
		x = (x ^ (x >> 27)) * 0x94d049bb133111eb;
		return x ^ (x >> 31);
	}

	static constexpr u8 length_of(u8 opcode)
	{
		constexpr std::array<u8, 8> by_group{6, 10, 10, 12, 16, 12, 10, 12};
		return opcode == 0x7f ? 16 : by_group[opcode >> 5];
	}

	template <std::size_t N>
	static auto one_of(Random &random, const std::array<u8, N> &set)
	{
		return set[random.below(N)];
	}

	Attack swept(u32 number, Random &random) const
	{
		constexpr u32 all_lengths = lengths.size(), all_ways = ways.size();
		Attack made;
		made.bytes = lengths[number % all_lengths];
		number /= all_lengths;
		made.way = ways[number % all_ways];
		number /= all_ways;
		if (number < 256) {
			made.cdb[0] = static_cast<u8>(number);
		} else {
			made.cdb[0] = with_actions[(number - 256) / 31];
			made.cdb[1] = static_cast<u8>(1 + (number - 256) % 31);
		}
		made.cdb_length = length_of(made.cdb[0]);
		// Of half, the length that the CDB asks for is another than that of the data.
		set_length(made, random.one_in(2) ? made.bytes : static_cast<u32>(random.next()));
		if (made.cdb[0] == 0x7f)
			set_variable(made, random);
		finish(made, random);
		return made;
	}

	Attack guessed(Random &random) const
	{
		Attack made;
		made.cdb[0] = opcode(random);
		made.cdb_length =
			random.one_in(32) ? static_cast<u8>(1 + random.below(16)) : length_of(made.cdb[0]);
		made.way = ways[random.below(ways.size())];
		if (random.one_in(8))
			random.fill(&made.cdb[1], 15);
		else
			fields(made, random);
		finish(made, random);
		return made;
	}

	u8 opcode(Random &random) const
	{
		static constexpr std::array<u8, 52> disk{
			0x00, 0x01, 0x03, 0x04, 0x07, 0x08, 0x0a, 0x0b, 0x12, 0x15, 0x16, 0x17, 0x1a,
			0x1b, 0x1d, 0x1e, 0x25, 0x28, 0x2a, 0x2b, 0x2e, 0x2f, 0x34, 0x35, 0x37, 0x3b,
			0x41, 0x42, 0x48, 0x4c, 0x4d, 0x53, 0x55, 0x5a, 0x5e, 0x5f, 0x7f, 0x83, 0x84,
			0x85, 0x88, 0x89, 0x8a, 0x8e, 0x8f, 0x91, 0x93, 0x9e, 0xa0, 0xa3, 0xa8, 0xaa};
		static constexpr std::array<u8, 36> tape{
			0x00, 0x01, 0x03, 0x05, 0x08, 0x0a, 0x0b, 0x0f, 0x10, 0x11, 0x12, 0x13,
			0x15, 0x16, 0x17, 0x19, 0x1a, 0x1b, 0x1e, 0x2b, 0x34, 0x3b, 0x3c, 0x44,
			0x4c, 0x4d, 0x55, 0x56, 0x57, 0x5a, 0x5e, 0x5f, 0x82, 0x8c, 0x8d, 0x91};
		static constexpr std::array<u8, 16> changer{0x00, 0x03, 0x07, 0x12, 0x15, 0x16, 0x17, 0x1a,
							    0x1e, 0x2b, 0x37, 0x5e, 0x5f, 0xa5, 0xa6, 0xb8};
		if (random.one_in(4))
			return static_cast<u8>(random.next());
		if (device_ == Device::tape)
			return one_of(random, tape);
		return device_ == Device::changer ? one_of(random, changer) : one_of(random, disk);
	}

	void fields(Attack &made, Random &random) const
	{
		auto &cdb = made.cdb;
		if (random.one_in(2))
			cdb[1] = static_cast<u8>(random.one_in(2) ? random.below(32) : random.next());
		static constexpr std::array<u8, 20> pages{0x00, 0x01, 0x02, 0x03, 0x04, 0x08, 0x0a,
							  0x0d, 0x0f, 0x10, 0x18, 0x19, 0x1c, 0x3f,
							  0x80, 0x83, 0x86, 0xb0, 0xb1, 0xb2};
		put(cdb, 2, made.cdb_length == 16 ? 8 : made.cdb_length == 6 ? 2 : 4, address(random));
		if (random.one_in(3))
			cdb[2] = one_of(random, pages);
		static constexpr std::array<u16, 14> sizes{0,   1,   2,   4,    8,     18,    24,
							   252, 255, 256, 4096, 32767, 32768, 65535};
		const u32 said = random.one_in(2) ? sizes[random.below(sizes.size())]
						  : random.below(random.one_in(4) ? 1 << 20 : 300);
		set_length(made, said);
		// What a length says in bytes, in blocks, or neither.
		static constexpr std::array<u32, 12> others{0,   1,    3,    36,   511,   512,
							    513, 4095, 4097, 8192, 65537, most_bytes};
		made.bytes = random.one_in(2)   ? std::min(said, most_bytes)
			     : random.one_in(2) ? std::min(said, most_bytes / 512) * 512
						: others[random.below(others.size())];
		if (made.cdb[0] == 0x7f)
			set_variable(made, random);
		if (random.one_in(8))
			cdb[made.cdb_length - 1U] = static_cast<u8>(random.next());
	}

	// At the ends of things.
	[[nodiscard]] u64 address(Random &random) const
	{
		const std::array<u64, 10> ends{0,        1,          blocks_ - 1, blocks_,      blocks_ + 1,
					       0x1fffff, 0x7fffffff, 0xffffffff,  ~u64{0} >> 1, ~u64{0}};
		return random.one_in(3) ? ends[random.below(ends.size())]
					: random.next() % std::max<u64>(blocks_, 1);
	}

	static void put(std::array<u8, 16> &cdb, u32 at, u32 bytes, u64 value)
	{
		for (u32 i = 0; i < bytes; i++)
			cdb[at + i] = static_cast<u8>(value >> 8 * (bytes - 1 - i));
	}

	static void set_length(Attack &made, u32 length)
	{
		switch (made.cdb_length) {
		case 10:
			return put(made.cdb, 7, 2, length);
		case 12:
			return put(made.cdb, 6, 4, length);
		case 16:
			return put(made.cdb, 10, 4, length);
		default:
			return put(made.cdb, 4, 1, length);
		}
	}

	static void set_variable(Attack &made, Random &random)
	{
		made.cdb[7] = random.one_in(4) ? static_cast<u8>(random.next()) : u8{8};
		made.cdb[8] = 0;
		made.cdb[9] = static_cast<u8>(random.one_in(2) ? 7 + random.below(8) : random.next());
	}

	// Parameters that may be taken for some: of MODE SELECT, UNMAP, PERSISTENT RESERVE OUT.
	static void finish(Attack &made, Random &random)
	{
		if (made.way == Way::none)
			made.bytes = 0;
		if (made.way != Way::out)
			return;
		if (random.one_in(2))
			random.fill(made.parameters.data(), made.parameters.size());
		else
			for (u8 &byte : made.parameters)
				byte = random.one_in(4) ? static_cast<u8>(random.below(32)) : u8{0};
		if (made.cdb[0] == 0x42) {
			made.parameters[1] = static_cast<u8>(made.bytes - 2);
			made.parameters[3] = static_cast<u8>(made.bytes - 8);
		}
	}

	u64 seed_;
	Role role_;
	Device device_;
	u64 blocks_;
};
