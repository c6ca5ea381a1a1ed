// SPDX-License-Identifier: GPL-2.0 OR MIT
// A tape through Linux's st driver, as backup programs use it.
#pragma once
#include <span>
#include <string>

#include <sys/mtio.h>

#include "device/handle.hpp"
#include "scsi/bytes.hpp"

namespace device
{

// Bytes moved, or an error number.
struct Moved {
	std::size_t bytes = 0;
	int error = 0;
	bool is(std::size_t wanted) const { return !error && bytes == wanted; }
	std::string text() const;
};

class St
{
public:
	St(const std::string &path, bool verbose);

	// 0 or an error number.
	int op(short operation, int count = 1) const;
	Moved read(std::span<std::uint8_t> data) const;
	Moved write(scsi::Bytes data) const;
	// Of the block that comes next; an error number instead if negative.
	long tell() const;
	mtget status() const;
	// Writes what close() writes; 0 or an error number.
	int close();

private:
	void trace(const std::string &line) const;

	Handle file_;
	bool verbose_;
};

std::string error_name(int error);

} // namespace device
