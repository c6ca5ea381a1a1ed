// SPDX-License-Identifier: GPL-2.0 OR MIT
// Raw SCSI commands by SG_IO.
#pragma once
#include <chrono>
#include <cstdio>
#include <optional>
#include <span>
#include <string>

#include "device/handle.hpp"
#include "scsi/cdb.hpp"
#include "scsi/sense.hpp"

namespace device
{

enum class Direction { none, in, out };

struct Reply {
	std::uint8_t status = 0;
	std::uint16_t host = 0; // DID_ code of the kernel
	std::uint16_t driver = 0;
	std::optional<scsi::Sense> sense;
	std::int64_t residual = 0;
	std::size_t moved = 0; // bytes of the buffer that count

	bool good() const { return status == 0 && host == 0 && !sense_means_failure(); }
	bool is(scsi::Key key, scsi::Code code) const { return sense && sense->is(key, code); }
	std::string text() const;

private:
	// Sense without CHECK CONDITION is no answer of a device; only DRIVER_SENSE may be set.
	bool sense_means_failure() const { return (driver & 0x0f) != 0 && (driver & 0x0f) != 8; }
};

class Sg
{
public:
	Sg(const std::string &path, std::chrono::seconds timeout, bool verbose);

	Reply run(const scsi::Cdb &cdb, Direction direction = Direction::none,
		  std::span<std::uint8_t> data = {}) const;
	// The largest transfer that the path takes.
	std::size_t largest() const;
	const std::string &path() const { return path_; }

private:
	std::string path_;
	Handle file_;
	std::chrono::milliseconds timeout_;
	bool verbose_;
};

} // namespace device
