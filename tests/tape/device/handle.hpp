// SPDX-License-Identifier: GPL-2.0 OR MIT
#pragma once
#include <stdexcept>
#include <string>
#include <utility>

#include <unistd.h>

namespace device
{

// tapecheck cannot go on; the text says why and what to do.
class Unusable : public std::runtime_error
{
public:
	using std::runtime_error::runtime_error;
};

class Handle
{
public:
	explicit Handle(int number = -1) : number_{number} {}
	Handle(Handle &&other) noexcept : number_{std::exchange(other.number_, -1)} {}
	Handle &operator=(Handle &&other) noexcept
	{
		std::swap(number_, other.number_);
		return *this;
	}
	~Handle()
	{
		if (number_ >= 0)
			::close(number_);
	}

	int get() const { return number_; }
	int release() { return std::exchange(number_, -1); }

private:
	int number_;
};

} // namespace device
