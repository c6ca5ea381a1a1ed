// SPDX-License-Identifier: GPL-2.0
// A terminal that is drawn over and over, and keys without Enter.
#pragma once
#include <termios.h>

#include <chrono>
#include <optional>
#include <string>

namespace vscsi
{

// Until then SIGINT and SIGTERM are noted, so that the terminal is put right.
class Screen
{
public:
	Screen();
	Screen(const Screen &) = delete;
	Screen &operator=(const Screen &) = delete;
	~Screen();

	unsigned rows() const;
	// Whole lines; those that are too long are cut.
	void draw(const std::string &text) const;
	// A key, nothing if none came in time, or 'q' for a signal that ends it.
	std::optional<char> wait(std::chrono::milliseconds limit) const;

private:
	termios m_before{};
	bool m_changed = false;
};

bool is_terminal();
// A pause that signals which end the program do end.
void pause_for(std::chrono::milliseconds limit);

} // namespace vscsi
