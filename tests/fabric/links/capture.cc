// SPDX-License-Identifier: GPL-2.0 OR MIT
#include "links/capture.hpp"

#include "links/poller.hpp"

namespace links
{

Capture::Capture(const std::string &path) : file_{path, std::ios::binary | std::ios::trunc}
{
	if (!file_)
		throw Failure::last(path);
	for (const std::uint32_t value : {0xa1b2c3d4U, 0x00040002U, 0U, 0U, 65535U, 1U})
		word(value);
}

void Capture::word(std::uint32_t value)
{
	for (unsigned at = 0; at < 4; at++)
		file_.put(static_cast<char>(value >> (8 * at)));
}

void Capture::add(std::span<const std::uint8_t> ethernet, std::chrono::milliseconds time)
{
	const auto milliseconds = static_cast<std::uint64_t>(time.count());
	word(static_cast<std::uint32_t>(milliseconds / 1000));
	word(static_cast<std::uint32_t>(milliseconds % 1000 * 1000));
	word(static_cast<std::uint32_t>(ethernet.size()));
	word(static_cast<std::uint32_t>(ethernet.size()));
	for (const std::uint8_t byte : ethernet)
		file_.put(static_cast<char>(byte));
	file_.flush();
}

} // namespace links
