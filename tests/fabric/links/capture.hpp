// SPDX-License-Identifier: GPL-2.0 OR MIT
// A file that tcpdump and Wireshark read.
#pragma once
#include <chrono>
#include <cstdint>
#include <fstream>
#include <span>
#include <string>

namespace links
{

class Capture
{
public:
	explicit Capture(const std::string &path);
	void add(std::span<const std::uint8_t> ethernet, std::chrono::milliseconds time);

private:
	void word(std::uint32_t value);

	std::ofstream file_;
};

} // namespace links
