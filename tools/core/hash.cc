// SPDX-License-Identifier: GPL-2.0
#include "core/hash.hpp"

namespace vscsi
{

std::uint64_t stable_hash(std::string_view text)
{
	std::uint64_t hash = 0xcbf29ce484222325;
	for (const char byte : text) {
		hash ^= static_cast<unsigned char>(byte);
		hash *= 0x100000001b3;
	}
	return hash;
}

} // namespace vscsi
