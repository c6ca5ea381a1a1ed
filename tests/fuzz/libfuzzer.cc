// SPDX-License-Identifier: GPL-2.0 OR MIT
#include "harness.hpp"

// HARNESS: one of those of harness.hpp.
extern "C" int LLVMFuzzerTestOneInput(const unsigned char *data, std::size_t size)
{
	fuzz::HARNESS({data, size});
	return 0;
}
