// SPDX-License-Identifier: GPL-2.0 OR MIT
// What a harness makes of the fuzzer's bytes, and how it says that something is wrong.
#pragma once
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <string>
#include <type_traits>

namespace fuzz
{

using u8 = unsigned char;
using u16 = unsigned short;
using u32 = unsigned int;
using u64 = unsigned long long;
using i32 = int;

// Behind the end there are zeros.
class Input
{
public:
	Input(const u8 *data, std::size_t size) : at_{data}, left_{size} {}

	[[nodiscard]] bool empty() const { return left_ == 0; }
	[[nodiscard]] std::size_t left() const { return left_; }
	void fill(void *to, std::size_t bytes)
	{
		const std::size_t there = bytes < left_ ? bytes : left_;
		if (there)
			std::memcpy(to, at_, there);
		if (there < bytes)
			std::memset(static_cast<u8 *>(to) + there, 0, bytes - there);
		at_ += there;
		left_ -= there;
	}
	template <typename T>
	requires(std::is_integral_v<T> && !std::is_same_v<T, bool>) T take()
	{
		T value;
		fill(&value, sizeof value);
		return value;
	}
	u32 below(u32 limit) { return (limit <= 256 ? take<u8>() : take<u16>()) % limit; }
	bool flag() { return take<u8>() & 1; }
	// Up to the next zero, or so many.
	std::string text(std::size_t most)
	{
		std::string found;
		while (!empty() && found.size() < most) {
			const char c = static_cast<char>(take<u8>());
			if (!c)
				break;
			found += c;
		}
		return found;
	}
	std::string rest() { return text(left_); }

private:
	const u8 *at_;
	std::size_t left_;
};

inline void expect(bool good, const char *what)
{
	if (good) [[likely]]
		return;
	std::fprintf(stderr, "not so: %s\n", what);
	std::abort();
}

// Memory of an exact size, so that a sanitizer sees one byte too many.
class Exact
{
public:
	explicit Exact(std::size_t bytes)
	    : bytes_{bytes}, memory_{static_cast<u8 *>(std::malloc(bytes ? bytes : 1))}
	{
	}
	u8 *data() { return memory_.get(); }
	[[nodiscard]] std::size_t size() const { return bytes_; }

private:
	struct Free {
		void operator()(u8 *memory) const { std::free(memory); }
	};
	std::size_t bytes_;
	std::unique_ptr<u8, Free> memory_;
};

// Each is in the file of its name: of the engine, and of the tools.
void answers(Input input);
void cdb(Input input);
void decisions(Input input);
void front(Input input);
void gate(Input input);
void luns(Input input);
void names(Input input);
void ring(Input input);
void sense(Input input);

void addresses(Input input);
void configfs(Input input);
void journal(Input input);
void lines(Input input);
void xenstore(Input input);

} // namespace fuzz
