// SPDX-License-Identifier: GPL-2.0 OR MIT
#pragma once
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <stdexcept>
#include <string>

namespace links
{

// Says what did not work and what to do.
class Failure : public std::runtime_error
{
public:
	using std::runtime_error::runtime_error;
	// With the meaning of errno.
	static Failure last(const std::string &what);
};

// A file descriptor's owner.
class File
{
public:
	File() = default;
	explicit File(int number) : number_{number} {}
	File(File &&other) noexcept : number_{other.release()} {}
	File &operator=(File &&other) noexcept;
	File(const File &) = delete;
	File &operator=(const File &) = delete;
	~File() { close(); }

	int number() const { return number_; }
	bool open() const { return number_ >= 0; }
	void close();

private:
	int release();

	int number_ = -1;
};

// Calls back when a file can be read, or written to. What is watched has to be forgotten before it is closed.
class Poller
{
public:
	using Ready = std::function<void(std::uint32_t events)>;

	Poller();
	void watch(int file, std::uint32_t events, Ready ready);
	void change(int file, std::uint32_t events);
	void forget(int file);
	// For so many milliseconds at most; -1 for ever.
	void wait(int timeout);

private:
	File epoll_;
	std::map<int, std::shared_ptr<Ready>> watched_;
};

} // namespace links
