// SPDX-License-Identifier: GPL-2.0 OR MIT
// Writes a block device with data that depends on seed and position, in
// requests of random size and memory alignment, and reads it back in others.
#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <string>
#include <unistd.h>

namespace
{

constexpr std::uint64_t sector = 512;
constexpr std::uint64_t page = 4096;

std::uint64_t mix(std::uint64_t x)
{
	x += 0x9e3779b97f4a7c15;
	x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9;
	x = (x ^ (x >> 27)) * 0x94d049bb133111eb;
	return x ^ (x >> 31);
}

struct Job {
	std::string device;
	std::uint64_t offset = 0;
	std::uint64_t bytes = 64 << 20;
	std::uint64_t largest = 508 << 10;
	std::uint64_t align = page; // of memory: a multiple of 4
	std::uint64_t block = sector;
	std::uint64_t seed = 1;
};

[[noreturn]] void fail(const std::string &what)
{
	std::fprintf(stderr, "ioverify: %s\n", what.c_str());
	std::exit(1);
}

class Transfer
{
public:
	explicit Transfer(const Job &job) : job_{job}, random_{job.seed}
	{
		if (posix_memalign(reinterpret_cast<void **>(&memory_), page, job.largest + 2 * page))
			fail("out of memory");
	}
	~Transfer() { std::free(memory_); }
	Transfer(const Transfer &) = delete;
	Transfer &operator=(const Transfer &) = delete;

	// Runs over the whole area in one direction; returns the requests made.
	std::uint64_t run(bool write)
	{
		const int file = open(job_.device.c_str(), (write ? O_WRONLY : O_RDONLY) | O_DIRECT | O_SYNC);
		if (file < 0)
			fail(job_.device + ": " + std::strerror(errno));
		std::uint64_t requests = 0;
		for (std::uint64_t done = 0; done < job_.bytes; requests++) {
			const std::uint64_t size = next_size(job_.bytes - done);
			char *const data = memory_ + next() % (page / job_.align) * job_.align;
			const std::uint64_t at = job_.offset + done;
			if (write)
				fill(data, at, size);
			else
				std::memset(data, 0xa5, size);
			const auto moved = write ? pwrite(file, data, size, static_cast<off_t>(at))
						 : pread(file, data, size, static_cast<off_t>(at));
			if (moved != static_cast<ssize_t>(size))
				fail(job_.device + (write ? ": write of " : ": read of ") +
				     std::to_string(size) + " at " + std::to_string(at) + " moved " +
				     std::to_string(moved) + " " + std::strerror(errno));
			if (!write)
				check(data, at, size);
			done += size;
		}
		if (close(file))
			fail(job_.device + ": " + std::strerror(errno));
		return requests;
	}

private:
	std::uint64_t next() { return mix(random_++); }

	// Small, medium and large requests alike.
	std::uint64_t next_size(std::uint64_t left)
	{
		std::uint64_t most = job_.largest;
		switch (next() % 4) {
		case 0:
			most = 4 * job_.block;
			break;
		case 1:
			most = 16 * page;
			break;
		case 2:
			return left < job_.largest ? left : job_.largest;
		default:
			break;
		}
		const std::uint64_t size = (1 + next() % (most / job_.block)) * job_.block;
		return size < left ? size : left;
	}

	void fill(char *data, std::uint64_t at, std::uint64_t size) const
	{
		for (std::uint64_t i = 0; i < size; i += 8) {
			const std::uint64_t word = mix(job_.seed * 0x100000001b3 + at + i);
			std::memcpy(data + i, &word, 8);
		}
	}

	void check(const char *data, std::uint64_t at, std::uint64_t size) const
	{
		for (std::uint64_t i = 0; i < size; i += 8) {
			std::uint64_t word;
			std::memcpy(&word, data + i, 8);
			if (word != mix(job_.seed * 0x100000001b3 + at + i))
				fail(job_.device + ": wrong data at byte " + std::to_string(at + i));
		}
	}

	const Job &job_;
	std::uint64_t random_;
	char *memory_{};
};

std::uint64_t number(const char *text)
{
	char *end = nullptr;
	const auto value = std::strtoull(text, &end, 0);
	if (*end == 'k')
		return value << 10;
	if (*end == 'M')
		return value << 20;
	if (*end)
		fail(std::string(text) + ": not a number");
	return value;
}

} // namespace

int main(int argc, char **argv)
{
	Job job;
	for (int i = 1; i < argc; i++) {
		const std::string word = argv[i];
		const auto equals = word.find('=');
		if (equals == std::string::npos) {
			job.device = word;
			continue;
		}
		const std::string key = word.substr(0, equals);
		const auto value = number(word.c_str() + equals + 1);
		if (key == "offset")
			job.offset = value;
		else if (key == "bytes")
			job.bytes = value;
		else if (key == "largest")
			job.largest = value;
		else if (key == "align")
			job.align = value;
		else if (key == "block")
			job.block = value;
		else if (key == "seed")
			job.seed = value;
		else
			fail("unknown option " + key);
	}
	if (job.device.empty() || job.block < sector || job.bytes % job.block || job.offset % job.block ||
	    job.largest % job.block || job.largest < job.block || job.align == 0 || page % job.align)
		fail("usage: ioverify DEVICE [offset=N] [bytes=N] [largest=N] [align=N] [block=N] [seed=N]");
	Transfer transfer{job};
	const auto writes = transfer.run(true);
	const auto reads = transfer.run(false);
	std::printf("%llu bytes right, %llu writes, %llu reads\n", static_cast<unsigned long long>(job.bytes),
		    static_cast<unsigned long long>(writes), static_cast<unsigned long long>(reads));
}
