// SPDX-License-Identifier: GPL-2.0 OR MIT
#pragma once
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace frames
{

using Bytes = std::span<const std::uint8_t>;
using Buffer = std::vector<std::uint8_t>;

// Big endian. What is not there reads as zero, and good() tells that it was not.
class Reader
{
public:
	explicit Reader(Bytes data) : data_{data} {}

	bool good() const { return good_; }
	std::size_t left() const { return data_.size(); }

	std::uint64_t number(std::size_t size)
	{
		std::uint64_t value = 0;
		for (const std::uint8_t byte : take(size))
			value = value << 8 | byte;
		return value;
	}

	std::uint8_t u8() { return static_cast<std::uint8_t>(number(1)); }
	std::uint16_t u16() { return static_cast<std::uint16_t>(number(2)); }
	std::uint32_t u24() { return static_cast<std::uint32_t>(number(3)); }
	std::uint32_t u32() { return static_cast<std::uint32_t>(number(4)); }
	std::uint64_t u64() { return number(8); }

	// All of it or nothing.
	Bytes take(std::size_t size)
	{
		if (size > data_.size()) {
			good_ = false;
			data_ = {};
			return {};
		}
		const Bytes found = data_.first(size);
		data_ = data_.subspan(size);
		return found;
	}

	void skip(std::size_t size) { (void)take(size); }

private:
	Bytes data_;
	bool good_ = true;
};

class Writer
{
public:
	Writer &number(std::uint64_t value, std::size_t size)
	{
		for (std::size_t at = size; at-- > 0;)
			data_.push_back(static_cast<std::uint8_t>(value >> (8 * at)));
		return *this;
	}

	Writer &u8(std::uint64_t value) { return number(value, 1); }
	Writer &u16(std::uint64_t value) { return number(value, 2); }
	Writer &u24(std::uint64_t value) { return number(value, 3); }
	Writer &u32(std::uint64_t value) { return number(value, 4); }
	Writer &u64(std::uint64_t value) { return number(value, 8); }

	Writer &bytes(Bytes data)
	{
		data_.insert(data_.end(), data.begin(), data.end());
		return *this;
	}

	Writer &text(std::string_view value)
	{
		for (const char character : value)
			data_.push_back(static_cast<std::uint8_t>(character));
		return *this;
	}

	Writer &zeros(std::size_t count)
	{
		data_.resize(data_.size() + count);
		return *this;
	}

	// Zeros until it has this size.
	Writer &pad_to(std::size_t size)
	{
		data_.resize(std::max(data_.size(), size));
		return *this;
	}

	std::size_t size() const { return data_.size(); }
	Bytes view() const { return data_; }
	Buffer take() { return std::move(data_); }

private:
	Buffer data_;
};

} // namespace frames
