// SPDX-License-Identifier: GPL-2.0
#include "os/screen.hpp"

#include <poll.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <thread>

namespace vscsi
{

namespace
{

constexpr unsigned usual_rows = 24;
constexpr unsigned usual_columns = 80;
// ECMA-48, and the alternate screen that all terminals of today have.
constexpr const char *enter = "\033[?1049h\033[?25l";
constexpr const char *leave = "\033[?25h\033[?1049l";
constexpr const char *home = "\033[H";
constexpr const char *rest_of_line = "\033[K\r\n";
constexpr const char *rest_of_screen = "\033[J";

volatile std::sig_atomic_t ended = 0;

void note_end(int)
{
	ended = 1;
}

void note_size(int) {}

winsize size_of_window()
{
	winsize size{};
	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_row == 0 || size.ws_col == 0)
		size = {usual_rows, usual_columns, 0, 0};
	return size;
}

void handle(int signal, void (*handler)(int))
{
	struct sigaction action {
	};
	action.sa_handler = handler;
	sigaction(signal, &action, nullptr);
}

} // namespace

Screen::Screen()
{
	handle(SIGINT, note_end);
	handle(SIGTERM, note_end);
	handle(SIGHUP, note_end);
	// It interrupts the wait, and the next picture has the new size.
	handle(SIGWINCH, note_size);
	if (tcgetattr(STDIN_FILENO, &m_before) == 0) {
		termios raw = m_before;
		raw.c_lflag &= ~static_cast<tcflag_t>(ICANON | ECHO);
		m_changed = tcsetattr(STDIN_FILENO, TCSANOW, &raw) == 0;
	}
	std::fputs(enter, stdout);
}

Screen::~Screen()
{
	std::fputs(leave, stdout);
	std::fflush(stdout);
	if (m_changed)
		tcsetattr(STDIN_FILENO, TCSANOW, &m_before);
	for (const int signal : {SIGINT, SIGTERM, SIGHUP, SIGWINCH})
		handle(signal, SIG_DFL);
}

unsigned Screen::rows() const
{
	return size_of_window().ws_row;
}

void Screen::draw(const std::string &text) const
{
	const std::size_t columns = size_of_window().ws_col;
	std::string picture = home;
	for (std::size_t begin = 0; begin < text.size();) {
		const std::size_t end = std::min(text.find('\n', begin), text.size());
		picture += text.substr(begin, std::min(end - begin, columns));
		begin = end + 1;
		// A line end on the last row would scroll.
		picture += begin < text.size() ? rest_of_line : "\033[K";
	}
	picture += rest_of_screen;
	std::fputs(picture.c_str(), stdout);
	std::fflush(stdout);
}

std::optional<char> Screen::wait(std::chrono::milliseconds limit) const
{
	pollfd input{STDIN_FILENO, POLLIN, 0};
	const int ready = ended ? 0 : poll(&input, 1, static_cast<int>(limit.count()));
	if (ended)
		return 'q';
	if (ready <= 0)
		return ready < 0 && errno != EINTR ? std::optional{'q'} : std::nullopt;
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
