// SPDX-License-Identifier: GPL-2.0 OR MIT
// A logical unit, drive or changer, with what most tests do with it.
#pragma once
#include "check/verdict.hpp"
#include "device/sg.hpp"

namespace check
{

using device::Direction;
using device::Reply;
using scsi::Buffer;
using scsi::Bytes;
using scsi::Cdb;
using scsi::Key;

class Unit
{
public:
	Unit(device::Sg sg, std::string what) : sg_{std::move(sg)}, what_{std::move(what)} {}

	// A unit attention tells of something before, so the command is given again.
	Reply run(const Cdb &cdb, Direction direction = Direction::none,
		  std::span<std::uint8_t> data = {}) const;
	Reply once(const Cdb &cdb, Direction direction = Direction::none,
		   std::span<std::uint8_t> data = {}) const
	{
		return sg_.run(cdb, direction, data);
	}
	Reply send(const Cdb &cdb, Bytes data) const;

	// These throw Failed if the command fails, Skipped if the device has no such command.
	void good(const Cdb &cdb) const;
	void good(const Cdb &cdb, Bytes data) const;
	Buffer fetch(const Cdb &cdb, std::size_t size) const;

	// CHECK CONDITION with this sense is the right answer.
	void refused(const Cdb &cdb, Key key, scsi::Code code) const;
	void judge(const Reply &reply, const Cdb &cdb) const;

	const device::Sg &sg() const { return sg_; }

private:
	device::Sg sg_;
	std::string what_;
};

} // namespace check
