// SPDX-License-Identifier: GPL-2.0
#include "os/screen.hpp"

#include <poll.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <thread>

namespace vscsi
{

namespace
{

constexpr unsigned usual_rows = 24;
constexpr unsigned usual_columns = 80;
// ECMA-48, and what all terminals of today have: the alternate screen, and lines that end at
// its edge.
constexpr const char *enter_modes = "\033[?1049h\033[?7l\033[?25l";
constexpr const char *leave_modes = "\033[?25h\033[?7h\033[?1049l";
constexpr const char *home = "\033[H";
constexpr const char *rest_of_line = "\033[K";
constexpr const char *rest_of_screen = "\033[J";

volatile std::sig_atomic_t ended = 0;
volatile std::sig_atomic_t stopping = 0;
volatile std::sig_atomic_t continued = 0;

// SIGWINCH has done its work when it ends the wait.
void note(int signal)
{
	switch (signal) {
	case SIGINT:
	case SIGQUIT:
	case SIGTERM:
	case SIGHUP:
		ended = 1;
		break;
	case SIGTSTP:
		stopping = 1;
		break;
	case SIGCONT:
		continued = 1;
		break;
	}
}

struct sigaction action_of(void (*handler)(int))
{
	struct sigaction action {
	};
	action.sa_handler = handler;
	return action;
}

// In the background this stops the program until it is in the foreground again.
void set_modes(const termios &modes)
{
	while (tcsetattr(STDIN_FILENO, TCSANOW, &modes) != 0 && errno == EINTR)
		;
}

void print(const char *text)
{
	std::fputs(text, stdout);
	std::fflush(stdout);
}

} // namespace

Screen::Screen()
{
	ended = 0;
	stopping = 0;
	continued = 0;
	sigset_t set;
	sigemptyset(&set);
	for (const int signal : noted)
		sigaddset(&set, signal);
	pthread_sigmask(SIG_BLOCK, &set, &m_mask);
	const struct sigaction ours = action_of(note);
	for (std::size_t at = 0; at < noted.size(); ++at) {
		sigaction(noted[at], &ours, &m_actions[at]);
		// As whoever started it wants it.
		if (m_actions[at].sa_handler == SIG_IGN)
			sigaction(noted[at], &m_actions[at], nullptr);
	}
	remember();
	enter();
}

Screen::~Screen()
{
	leave();
	for (std::size_t at = 0; at < noted.size(); ++at)
		sigaction(noted[at], &m_actions[at], nullptr);
	pthread_sigmask(SIG_SETMASK, &m_mask, nullptr);
}

void Screen::remember()
{
	m_known = tcgetattr(STDIN_FILENO, &m_before) == 0;
}

void Screen::enter() const
{
	if (m_known) {
		termios raw = m_before;
		raw.c_lflag &= ~static_cast<tcflag_t>(ICANON | ECHO);
		set_modes(raw);
	}
	print(enter_modes);
}

void Screen::leave() const
{
	print(leave_modes);
	if (m_known)
		set_modes(m_before);
}

// As if nobody had caught the signal, but with a terminal that the shell can use.
void Screen::stop()
{
	leave();
	const struct sigaction usual = action_of(SIG_DFL);
	struct sigaction ours {
	};
	sigaction(SIGTSTP, &usual, &ours);
	kill(getpid(), SIGTSTP);
	sigset_t set;
	sigemptyset(&set);
	sigaddset(&set, SIGTSTP);
	sigaddset(&set, SIGCONT);
	pthread_sigmask(SIG_UNBLOCK, &set, nullptr);
	// Here it was stopped.
	pthread_sigmask(SIG_BLOCK, &set, nullptr);
	sigaction(SIGTSTP, &ours, nullptr);
	// The shell may have other modes by now.
	remember();
	enter();
}

Window Screen::size() const
{
	winsize size{};
	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_row == 0 || size.ws_col == 0)
		return {usual_rows, usual_columns};
	return {size.ws_row, size.ws_col};
}

void Screen::draw(const std::string &text) const
{
	std::string picture = home;
	for (std::size_t begin = 0; begin < text.size();) {
		const std::size_t end = std::min(text.find('\n', begin), text.size());
		picture += text.substr(begin, end - begin);
		picture += rest_of_line;
		begin = end + 1;
		// A line end on the last row would scroll.
		if (begin < text.size())
			picture += "\r\n";
	}
	picture += rest_of_screen;
	print(picture.c_str());
}

std::optional<char> Screen::wait(std::chrono::milliseconds limit)
{
	constexpr long per_second = 1000;
	constexpr long nanoseconds = 1'000'000;
	const timespec time{limit.count() / per_second, limit.count() % per_second * nanoseconds};
	pollfd input{STDIN_FILENO, POLLIN, 0};
	const int ready = ppoll(&input, 1, &time, &m_mask);
	const bool broken = ready < 0 && errno != EINTR;
	if (ended || broken)
		return 'q';
	if (stopping)
		stop();
	// By SIGSTOP it was stopped without being asked.
	else if (continued)
		enter();
	stopping = 0;
	continued = 0;
	if (ready <= 0)
		return {};
	char key = 0;
	return read(STDIN_FILENO, &key, 1) == 1 ? key : 'q';
}

bool is_terminal()
{
	return isatty(STDOUT_FILENO) == 1 && isatty(STDIN_FILENO) == 1;
}

void pause_for(std::chrono::milliseconds limit)
{
	std::this_thread::sleep_for(limit);
}

} // namespace vscsi
