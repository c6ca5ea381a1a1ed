// SPDX-License-Identifier: GPL-2.0 OR MIT
#include "scsi/pattern.hpp"

#include <algorithm>
#include <cstring>

namespace scsi
{

std::uint64_t mixed(std::uint64_t number)
{
	number = (number ^ (number >> 33)) * 0xff51afd7ed558ccd;
	number = (number ^ (number >> 29)) * 0xc4ceb9fe1a85ec53;
	return number ^ (number >> 32);
}

Buffer pattern(std::uint64_t block, std::size_t size)
{
	Buffer data(size);
	for (std::size_t at = 0; at < size; at += 8) {
		const std::uint64_t word = mixed((block + 1) * 0x9e3779b97f4a7c15 + at);
		std::memcpy(&data[at], &word, std::min<std::size_t>(8, size - at));
	}
	return data;
}

bool matches(std::string_view wildcard, std::string_view name)
{
	if (wildcard.empty())
		return name.empty();
	if (wildcard[0] == '*')
		return matches(wildcard.substr(1), name) ||
		       (!name.empty() && matches(wildcard, name.substr(1)));
	return !name.empty() && (wildcard[0] == '?' || wildcard[0] == name[0]) &&
	       matches(wildcard.substr(1), name.substr(1));
}

} // namespace scsi
