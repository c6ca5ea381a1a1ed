// SPDX-License-Identifier: GPL-2.0
// What is refused, and how the operator is told.
#pragma once
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "core/failure.hpp"

namespace vscsi
{

// act must end in an error of this code, which has all these words; the error.
template <typename Act>
std::string refusal(const Act &act, Exit code, const std::vector<std::string> &words)
{
	try {
		act();
	} catch (const Failure &failure) {
		const std::string said = failure.what();
		EXPECT_EQ(failure.code(), code) << said;
		for (const std::string &word : words)
			EXPECT_NE(said.find(word), std::string::npos) << said;
		return said;
	}
	ADD_FAILURE() << "it is not refused";
	return {};
}

} // namespace vscsi
