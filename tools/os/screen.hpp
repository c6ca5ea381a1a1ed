// SPDX-License-Identifier: GPL-2.0
// A terminal that is drawn over and over, and keys without Enter.
#pragma once
#include <termios.h>

#include <array>
#include <chrono>
#include <csignal>
#include <optional>
#include <string>

namespace vscsi
{

struct Window {
	unsigned rows = 0;
	unsigned columns = 0;
};

// While there is one, signals that end or stop the program are heard in wait() alone, so that
// the terminal is put right before.
class Screen
{
public:
	Screen();
	Screen(const Screen &) = delete;
	Screen &operator=(const Screen &) = delete;
	~Screen();

	Window size() const;
	// Whole lines.
	void draw(const std::string &text) const;
	// A key, 'q' for a signal that ends it, or nothing: none came in time, or the picture is
	// to be drawn anew, since the window has another size or the program was stopped.
	std::optional<char> wait(std::chrono::milliseconds limit);

private:
	static constexpr std::array noted{SIGINT, SIGQUIT, SIGTERM, SIGHUP, SIGTSTP, SIGCONT, SIGWINCH};

	void remember();
	void enter() const;
	void leave() const;
	void stop();

	sigset_t m_mask{};
	std::array<struct sigaction, noted.size()> m_actions{};
	termios m_before{};
	bool m_known = false; // m_before
};

bool is_terminal();
// A pause that signals which end the program do end.
void pause_for(std::chrono::milliseconds limit);

} // namespace vscsi
