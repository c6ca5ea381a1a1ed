// SPDX-License-Identifier: GPL-2.0
#include "command/topview.hpp"

#include <array>
#include <ctime>

namespace vscsi
{

const char *order_name(TopOrder order)
{
	switch (order) {
	case TopOrder::address:
		return "address";
	case TopOrder::rate:
		return "rate";
	case TopOrder::bytes:
		return "bytes";
	case TopOrder::latency:
		return "latency";
	case TopOrder::depth:
		return "depth";
	case TopOrder::errors:
		return "errors";
	}
	return "";
}

TopOrder next_order(TopOrder order)
{
	return order == TopOrder::errors ? TopOrder::address
					 : static_cast<TopOrder>(static_cast<int>(order) + 1);
}

std::string local_time(const TopView &view, const char *format)
{
	const std::time_t time = std::chrono::system_clock::to_time_t(view.when);
	std::tm local{};
	std::array<char, 64> text{};
	if (!localtime_r(&time, &local))
		return {};
	return {text.data(), std::strftime(text.data(), text.size(), format, &local)};
}

} // namespace vscsi
