// SPDX-License-Identifier: GPL-2.0
// What fuzzers have found worth keeping, and what found something: each file once more.
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include <gtest/gtest.h>

#include "harness.hpp"

namespace vscsi
{
namespace
{

namespace corpora = std::filesystem;

struct Harness {
	const char *name;
	void (*run)(fuzz::Input input);
};

class Corpora : public testing::TestWithParam<Harness>
{
};

// A harness aborts where something is not so.
TEST_P(Corpora, HoldWhatTheyHave)
{
	unsigned files = 0;
	for (const auto &entry : corpora::directory_iterator{corpora::path{FUZZ_CORPORA} / GetParam().name}) {
		std::ifstream in{entry.path(), std::ios::binary};
		const std::string data{std::istreambuf_iterator<char>{in}, {}};
		SCOPED_TRACE(entry.path());
		GetParam().run({reinterpret_cast<const fuzz::u8 *>(data.data()), data.size()});
		files++;
	}
	EXPECT_GT(files, 20U);
}

INSTANTIATE_TEST_SUITE_P(Of, Corpora,
			 testing::Values(Harness{"addresses", fuzz::addresses},
					 Harness{"configfs", fuzz::configfs},
					 Harness{"journal", fuzz::journal}, Harness{"lines", fuzz::lines},
					 Harness{"xenstore", fuzz::xenstore}),
			 [](const auto &of) { return std::string{of.param.name}; });

} // namespace
} // namespace vscsi
