// SPDX-License-Identifier: GPL-2.0
#include "os/capture.hpp"

#include <unistd.h>

#include <array>
#include <cstdio>
#include <memory>

#include "core/failure.hpp"
#include "os/process.hpp"

namespace vscsi
{

namespace
{

struct Close {
	void operator()(FILE *file) const { std::fclose(file); }
};

} // namespace

Captured capture_program(const std::vector<std::string> &words, std::chrono::seconds limit)
{
	// A file takes any amount without somebody who reads it meanwhile.
	const std::unique_ptr<FILE, Close> file{std::tmpfile()};
	if (!file)
		return {1, "no temporary file can be made\n"};
	const std::string path = fmt::format("/proc/{}/fd/{}", getpid(), fileno(file.get()));
	std::vector<std::string> all{"sh", "-c", R"(out=$1; shift; exec "$@" >>"$out" 2>&1 </dev/null)", "sh",
				     path};
	all.insert(all.end(), words.begin(), words.end());
	Captured captured{run_program(all, limit), {}};
	std::rewind(file.get());
	std::array<char, 4096> part{};
	for (std::size_t got = 0; (got = std::fread(part.data(), 1, part.size(), file.get())) > 0;)
		captured.output.append(part.data(), got);
	return captured;
}

} // namespace vscsi
