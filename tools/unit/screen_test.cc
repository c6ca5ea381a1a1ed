// SPDX-License-Identifier: GPL-2.0
// `xl-vscsi top` on a terminal, as a job of a shell.
#include <poll.h>
#include <pty.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <regex>

#include <gtest/gtest.h>

#include "command/options.hpp"
#include "command/top.hpp"
#include "unit/statistics_tree.hpp"

namespace vscsi
{
namespace
{

constexpr const char *enter = "\033[?1049h";
constexpr const char *leave = "\033[?1049l";

void say(const std::string &text)
{
	if (write(STDOUT_FILENO, text.data(), text.size()) < 0)
		_exit(1);
}

const char *modes()
{
	termios now{};
	tcgetattr(STDIN_FILENO, &now);
	return (now.c_lflag & ICANON) && (now.c_lflag & ECHO) ? "cooked" : "raw";
}

void into_foreground(pid_t group)
{
	tcsetpgrp(STDIN_FILENO, group);
}

// Says what becomes of its job; any line brings that back.
[[noreturn]] void be_shell(const std::function<void()> &program)
{
	signal(SIGTTOU, SIG_IGN);
	termios usual{};
	tcgetattr(STDIN_FILENO, &usual);
	const pid_t job = fork();
	if (job == 0) {
		setpgid(0, 0);
		into_foreground(getpid());
		// As a login's shell does, whatever these tests were started with.
		for (const int signal : {SIGTTOU, SIGINT, SIGQUIT})
			::signal(signal, SIG_DFL);
		say("[job " + std::to_string(getpid()) + "]");
		program();
		_exit(0);
	}
	setpgid(job, job);
	int status = 0;
	while (waitpid(job, &status, WUNTRACED) == job && WIFSTOPPED(status)) {
		into_foreground(getpgrp());
		say(std::string{"[stopped "} + modes() + "]");
		tcsetattr(STDIN_FILENO, TCSANOW, &usual);
		char line[16];
		if (read(STDIN_FILENO, line, sizeof line) <= 0)
			_exit(1);
		into_foreground(job);
		kill(-job, SIGCONT);
	}
	into_foreground(getpgrp());
	say("[ended " + std::to_string(status) + ' ' + modes() + "]");
	_exit(0);
}

// top of one LUN.
class Terminal
{
public:
	explicit Terminal(double delay, unsigned short columns = 100)
	{
		m_tree.set("vscsi-1-0", ControllerCounters{});
		m_tree.set("vscsi-1-0", {0, 0, 0, 1}, LunCounters{});
		Options options;
		options.sysfs = m_tree.sysfs().string();
		options.delay = delay;
		const Sysfs sysfs{options.sysfs};
		const Host host{m_fake.store,         m_fake.configfs,   sysfs,
				m_fake.folder.path(), m_fake.host.state, m_fake.host.random};
		winsize size{10, columns, 0, 0};
		m_shell = forkpty(&m_file, nullptr, nullptr, &size);
		if (m_shell == 0)
			be_shell([&] { top(host, options); });
	}
	Terminal(const Terminal &) = delete;
	Terminal &operator=(const Terminal &) = delete;
	~Terminal()
	{
		// Whatever is left gets SIGHUP.
		close(m_file);
		waitpid(m_shell, nullptr, 0);
	}

	void type(const std::string &keys) const
	{
		EXPECT_EQ(write(m_file, keys.data(), keys.size()), keys.size());
	}
	void resize(unsigned short columns) const
	{
		const winsize size{10, columns, 0, 0};
		EXPECT_EQ(ioctl(m_file, TIOCSWINSZ, &size), 0);
	}
	void send(int signal) const
	{
		const std::size_t at = m_text.find("[job ");
		ASSERT_NE(at, std::string::npos);
		EXPECT_EQ(kill(std::stoi(m_text.substr(at + 5)), signal), 0);
	}
	// Whether this comes, after what was waited for before.
	testing::AssertionResult comes(const std::string &wanted)
	{
		for (;;) {
			if (const std::size_t at = m_text.find(wanted, m_seen); at != std::string::npos) {
				m_seen = at + wanted.size();
				return testing::AssertionSuccess();
			}
			pollfd entry{m_file, POLLIN, 0};
			char part[4096];
			const ssize_t got =
				poll(&entry, 1, longest_ms) > 0 ? read(m_file, part, sizeof part) : 0;
			if (got <= 0)
				return testing::AssertionFailure() << m_text.substr(m_seen);
			m_text.append(part, static_cast<std::size_t>(got));
		}
	}
	const std::string &text() const { return m_text; }

private:
	static constexpr int longest_ms = 20000;

	FakeHost m_fake;
	StatisticsTree m_tree;
	pid_t m_shell = -1;
	int m_file = -1;
	std::string m_text;
	std::size_t m_seen = 0;
};

TEST(Screen, KeysAreHeardAndAllIsPutRight)
{
	Terminal terminal{60};
	EXPECT_TRUE(terminal.comes(enter));
	EXPECT_TRUE(terminal.comes("0:0:0:1"));
	terminal.type("s");
	EXPECT_TRUE(terminal.comes("sort (rate)"));
	terminal.type("q");
	EXPECT_TRUE(terminal.comes(leave));
	EXPECT_TRUE(terminal.comes("[ended 0 cooked]"));
}

TEST(Screen, SignalsThatEndItPutAllRight)
{
	for (const int signal : {SIGINT, SIGQUIT, SIGTERM}) {
		Terminal terminal{60};
		EXPECT_TRUE(terminal.comes("0:0:0:1"));
		if (signal == SIGTERM)
			terminal.send(signal);
		else
			terminal.type(signal == SIGINT ? "\003" : "\034");
		EXPECT_TRUE(terminal.comes(leave)) << signal;
		EXPECT_TRUE(terminal.comes("[ended 0 cooked]")) << signal;
	}
}

TEST(Screen, ItCanBeStoppedAndGoesOn)
{
	Terminal terminal{60};
	EXPECT_TRUE(terminal.comes("0:0:0:1"));
	for (int time = 0; time < 2; ++time) {
		terminal.type("\032");
		EXPECT_TRUE(terminal.comes(leave));
		EXPECT_TRUE(terminal.comes("[stopped cooked]"));
		terminal.type("fg\n");
		EXPECT_TRUE(terminal.comes(enter));
		EXPECT_TRUE(terminal.comes("0:0:0:1"));
	}
	terminal.type("q");
	EXPECT_TRUE(terminal.comes("[ended 0 cooked]"));
}

TEST(Screen, ItGoesOnWhereItWasNotAskedBefore)
{
	Terminal terminal{60};
	EXPECT_TRUE(terminal.comes("0:0:0:1"));
	terminal.send(SIGSTOP);
	EXPECT_TRUE(terminal.comes("[stopped raw]"));
	terminal.type("fg\n");
	EXPECT_TRUE(terminal.comes(enter));
	EXPECT_TRUE(terminal.comes("0:0:0:1"));
	terminal.type("q");
	EXPECT_TRUE(terminal.comes("[ended 0 cooked]"));
}

TEST(Screen, AnotherSizeIsDrawnAtOnce)
{
	Terminal terminal{60, 60};
	EXPECT_TRUE(terminal.comes("0:0:0:1"));
	EXPECT_EQ(terminal.text().find("ERR ABRT"), std::string::npos);
	terminal.resize(120);
	EXPECT_TRUE(terminal.comes("ERR ABRT"));
	terminal.type("q");
	EXPECT_TRUE(terminal.comes("[ended 0 cooked]"));
}

TEST(Screen, ShowsNoRatesOfNoTime)
{
	Terminal terminal{0.5};
	EXPECT_TRUE(terminal.comes("0:0:0:1"));
	terminal.type("  ");
	EXPECT_TRUE(terminal.comes("0:0:0:1"));
	terminal.type("s");
	EXPECT_TRUE(terminal.comes("sort (rate)"));
	EXPECT_TRUE(terminal.comes("0:0:0:1"));
	terminal.type("q");
	EXPECT_TRUE(terminal.comes("[ended 0 cooked]"));
	const std::regex seconds{"  (\\d+\\.\\d) s  "};
	const std::string &text = terminal.text();
	std::sregex_iterator at{text.begin(), text.end(), seconds}, end;
	ASSERT_NE(at, end) << text;
	EXPECT_GE(std::stod((*at)[1]), 0.5) << "the first";
	for (; at != end; ++at)
		EXPECT_GE(std::stod((*at)[1]), 0.2);
}

} // namespace
} // namespace vscsi
