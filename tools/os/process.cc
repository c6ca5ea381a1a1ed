// SPDX-License-Identifier: GPL-2.0
#include "os/process.hpp"

#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <thread>

#include "core/failure.hpp"

namespace vscsi
{

namespace
{

constexpr int no_program = 127;
constexpr int timed_out = 124;
constexpr int signal_base = 128;

std::vector<char *> arguments(std::vector<std::string> &words)
{
	std::vector<char *> list;
	list.reserve(words.size() + 1);
	for (std::string &word : words)
		list.push_back(word.data());
	list.push_back(nullptr);
	return list;
}

int code_of(int status)
{
	return WIFEXITED(status) ? WEXITSTATUS(status) : signal_base + WTERMSIG(status);
}

} // namespace

int run_program(const std::vector<std::string> &words, std::chrono::seconds limit)
{
	std::vector<std::string> copy = words;
	const std::vector<char *> argv = arguments(copy);
	// The daemon blocks signals that the program must get.
	posix_spawnattr_t attributes;
	posix_spawnattr_init(&attributes);
	sigset_t none;
	sigemptyset(&none);
	posix_spawnattr_setsigmask(&attributes, &none);
	posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK);
	pid_t child = 0;
	const int error = posix_spawnp(&child, argv[0], nullptr, &attributes, argv.data(), environ);
	posix_spawnattr_destroy(&attributes);
	if (error)
		return no_program;
	int status = 0;
	if (limit.count() == 0) {
		waitpid(child, &status, 0);
		return code_of(status);
	}
	const auto end = std::chrono::steady_clock::now() + limit;
	while (waitpid(child, &status, WNOHANG) == 0) {
		if (std::chrono::steady_clock::now() >= end) {
			kill(child, SIGKILL);
			waitpid(child, &status, 0);
			return timed_out;
		}
		std::this_thread::sleep_for(std::chrono::milliseconds{10});
	}
	return code_of(status);
}

std::vector<std::string> aside(const std::vector<std::string> &words)
{
	std::vector<std::string> all{"sh", "-c", "exec \"$@\" >&2", "sh"};
	all.insert(all.end(), words.begin(), words.end());
	return all;
}

void become_program(const std::vector<std::string> &words)
{
	std::vector<std::string> copy = words;
	const std::vector<char *> argv = arguments(copy);
	execvp(argv[0], argv.data());
	fail(Exit::environment, "cannot run {}: {}", words.front(), error_text(errno));
}

} // namespace vscsi
