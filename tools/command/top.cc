// SPDX-License-Identifier: GPL-2.0
#include "command/top.hpp"

#include <algorithm>
#include <chrono>
#include <cstdio>

#include "command/options.hpp"
#include "command/topjson.hpp"
#include "command/topmetrics.hpp"
#include "command/toptext.hpp"
#include "command/watcher.hpp"
#include "core/failure.hpp"
#include "os/screen.hpp"

namespace vscsi
{

namespace
{

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

// The first picture does not keep anybody waiting for all of a long delay.
constexpr milliseconds first_wait{1000};
// Rates of less time say nothing, so no key brings a picture of it.
constexpr milliseconds least_time{200};

std::string batch_text(Store &store, const TopView &view, const Options &options)
{
	if (options.metrics)
		return top_metrics(view, device_names(store, view));
	return options.json ? top_json(view) : top_text(view) + '\n';
}

void batch(Store &store, Watcher &watcher, const Options &options, milliseconds every)
{
	for (unsigned shown = 0; options.count == 0 || shown < options.count; ++shown) {
		// Counters are not about the time since the last look.
		if (shown > 0 || !options.metrics)
			pause_for(every);
		const std::string text = batch_text(store, watcher.look(), options);
		if (std::fputs(text.c_str(), stdout) < 0 || std::fflush(stdout) != 0)
			fail(Exit::failed, "the output cannot be written");
	}
}

void interactive(Watcher &watcher, const Options &options, milliseconds every)
{
	Screen screen;
	TopOrder order = TopOrder::address;
	std::optional<TopView> view;
	auto looked = Clock::now();
	auto next = looked + std::min(every, first_wait);
	unsigned shown = 0;
	for (;;) {
		screen.draw(view ? top_screen(*view, order, screen.size()) : "xl-vscsi: one moment\n");
		const auto left = std::chrono::ceil<milliseconds>(next - Clock::now());
		const auto key = screen.wait(std::max(left, milliseconds{0}));
		if (key == 'q' || key == 'Q')
			return;
		if (key == 's')
			order = next_order(order);
		const auto now = Clock::now();
		if (now < next && (key != ' ' || now - looked < least_time))
			continue;
		if (view && options.count && ++shown == options.count)
			return;
		view = watcher.look();
		looked = Clock::now();
		next = looked + every;
	}
}

} // namespace

void top(const Host &host, const Options &options)
{
	Watcher watcher{host, options.sysfs, options.names};
	constexpr double per_second = 1000;
	const milliseconds every{static_cast<long>(options.delay * per_second)};
	if (options.batch || options.json || options.metrics || !is_terminal())
		batch(host.store, watcher, options, every);
	else
		interactive(watcher, options, every);
}

} // namespace vscsi
