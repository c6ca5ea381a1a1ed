// SPDX-License-Identifier: GPL-2.0 OR MIT
#include "loads.hpp"

namespace fuzz
{

Watched watched;

namespace
{

void loads(const void *from, std::size_t bytes)
{
	const auto at =
		reinterpret_cast<std::uintptr_t>(from) - reinterpret_cast<std::uintptr_t>(watched.begin);
	if (at < watched.bytes) [[unlikely]]
		watched.reader->reads(at, bytes);
}

} // namespace
} // namespace fuzz

// Called before each read by what is compiled with -fsanitize-coverage=trace-loads.
extern "C" {
void __sanitizer_cov_load1(const void *from)
{
	fuzz::loads(from, 1);
}
void __sanitizer_cov_load2(const void *from)
{
	fuzz::loads(from, 2);
}
void __sanitizer_cov_load4(const void *from)
{
	fuzz::loads(from, 4);
}
void __sanitizer_cov_load8(const void *from)
{
	fuzz::loads(from, 8);
}
void __sanitizer_cov_load16(const void *from)
{
	fuzz::loads(from, 16);
}
}
