// SPDX-License-Identifier: GPL-2.0 OR MIT
#include "harness.hpp"

extern "C" int LLVMFuzzerTestOneInput(const unsigned char *data, std::size_t size)
{
	fuzz::run({data, size});
	return 0;
}
