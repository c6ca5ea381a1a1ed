// SPDX-License-Identifier: GPL-2.0 OR MIT
// Small vocabulary types that work in a kernel object as in user space:
// bounds-checked array and span that trap, and lock-free atomics.
#pragma once
#include <cstddef>
#include <type_traits>

namespace vscsi
{

// The same types as in engine.h.
using u8 = unsigned char;
using u16 = unsigned short;
using u32 = unsigned int;
using u64 = unsigned long long;
using i32 = int;

template <typename T, std::size_t N>
struct Array {
	T items[N];

	[[nodiscard]] static constexpr std::size_t size() noexcept { return N; }
	constexpr T *begin() noexcept { return items; }
	constexpr T *end() noexcept { return items + N; }
	constexpr const T *begin() const noexcept { return items; }
	constexpr const T *end() const noexcept { return items + N; }
	constexpr T &operator[](std::size_t i) noexcept
	{
		check(i);
		return items[i];
	}
	constexpr const T &operator[](std::size_t i) const noexcept
	{
		check(i);
		return items[i];
	}

private:
	static constexpr void check(std::size_t i) noexcept
	{
		if (i >= N) [[unlikely]]
			__builtin_trap();
	}
};

template <typename T>
class Span
{
public:
	constexpr Span() noexcept = default;
	constexpr Span(T *first, std::size_t count) noexcept : first_{first}, count_{count} {}

	[[nodiscard]] constexpr std::size_t size() const noexcept { return count_; }
	[[nodiscard]] constexpr bool empty() const noexcept { return count_ == 0; }
	constexpr T *begin() const noexcept { return first_; }
	constexpr T *end() const noexcept { return first_ + count_; }
	constexpr T &operator[](std::size_t i) const noexcept
	{
		if (i >= count_) [[unlikely]]
			__builtin_trap();
		return first_[i];
	}
	[[nodiscard]] constexpr Span first(std::size_t count) const noexcept
	{
		if (count > count_) [[unlikely]]
			__builtin_trap();
		return {first_, count};
	}

private:
	T *first_{};
	std::size_t count_{};
};

enum class Order : int {
	relaxed = __ATOMIC_RELAXED,
	acquire = __ATOMIC_ACQUIRE,
	release = __ATOMIC_RELEASE,
};

// std::atomic's <atomic> is not usable freestanding with g++ 12.
template <typename T>
requires(std::is_integral_v<T>) class Atomic
{
	static_assert(__atomic_always_lock_free(sizeof(T), nullptr));

public:
	constexpr Atomic() noexcept = default;
	constexpr explicit Atomic(T value) noexcept : value_{value} {}
	Atomic(const Atomic &) = delete;
	Atomic &operator=(const Atomic &) = delete;

	[[nodiscard]] T load(Order order) const noexcept
	{
		return __atomic_load_n(&value_, static_cast<int>(order));
	}
	void store(T value, Order order) noexcept
	{
		__atomic_store_n(&value_, value, static_cast<int>(order));
	}
	T fetch_add(T n) noexcept { return __atomic_fetch_add(&value_, n, __ATOMIC_RELAXED); }
	T fetch_or(T bits) noexcept { return __atomic_fetch_or(&value_, bits, __ATOMIC_ACQ_REL); }
	T fetch_and(T bits) noexcept { return __atomic_fetch_and(&value_, bits, __ATOMIC_ACQ_REL); }

private:
	T value_{};
};

// A statistic; readers may see it mid-batch.
class Counter
{
public:
	// For one writer at a time.
	void add(u64 n) noexcept { value_.store(value_.load(Order::relaxed) + n, Order::relaxed); }
	// For writers at the same time.
	void add_shared(u64 n) noexcept { value_.fetch_add(n); }
	[[nodiscard]] u64 read() const noexcept { return value_.load(Order::relaxed); }

private:
	Atomic<u64> value_{};
};

} // namespace vscsi
