// SPDX-License-Identifier: GPL-2.0 OR MIT
// Frames of Linux's fcoe, libfc and tcm_fc with this switch, as `fcswitch run --capture` writes them.
#pragma once
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <string>
#include <vector>

#include "frames/bytes.hpp"

namespace test
{

struct Captured {
	unsigned milliseconds = 0;
	frames::Buffer ethernet;
};

inline unsigned little_endian(frames::Reader &reader)
{
	unsigned value = 0;
	for (unsigned at = 0; at < 4; at++)
		value |= static_cast<unsigned>(reader.u8()) << (8 * at);
	return value;
}

inline std::vector<Captured> capture(const std::string &name)
{
	std::ifstream file{std::string{CAPTURES} + "/" + name, std::ios::binary};
	const frames::Buffer data{std::istreambuf_iterator<char>{file}, {}};
	frames::Reader reader{data};
	if (little_endian(reader) != 0xa1b2c3d4)
		throw std::runtime_error{name + ": no capture"};
	reader.skip(20);
	std::vector<Captured> result;
	while (reader.left() > 0) {
		Captured frame;
		frame.milliseconds = little_endian(reader) * 1000;
		frame.milliseconds += little_endian(reader) / 1000;
		const std::size_t size = little_endian(reader);
		reader.skip(4);
		const frames::Bytes bytes = reader.take(size);
		frame.ethernet.assign(bytes.begin(), bytes.end());
		if (!reader.good())
			throw std::runtime_error{name + ": ends within a frame"};
		result.push_back(std::move(frame));
	}
	return result;
}

} // namespace test
