// SPDX-License-Identifier: GPL-2.0 OR MIT
// Instructions of this thread in user space, where processor and kernel let one
// count them.
#pragma once
#include <cstdint>
#include <string>

class Instructions
{
public:
	Instructions();
	Instructions(const Instructions &) = delete;
	Instructions &operator=(const Instructions &) = delete;
	~Instructions();

	bool counted() const { return m_file >= 0; }
	// Why not.
	const std::string &why() const { return m_why; }
	std::uint64_t now() const;

private:
	int m_file = -1;
	std::string m_why;
};

// The one of this program.
const Instructions &instructions();
