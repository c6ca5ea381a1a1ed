// SPDX-License-Identifier: GPL-2.0 OR MIT
// Reads of the engine, told before they happen.
#pragma once
#include "harness.hpp"

namespace fuzz
{

// Who is told of reads in a range of memory.
class Reader
{
public:
	virtual void reads(std::size_t at, std::size_t bytes) = 0;

protected:
	~Reader() = default;
};

struct Watched {
	const u8 *begin{};
	std::size_t bytes{};
	Reader *reader{};
};
extern Watched watched;

} // namespace fuzz
