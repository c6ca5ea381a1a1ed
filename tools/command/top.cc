// SPDX-License-Identifier: GPL-2.0
#include "command/top.hpp"

#include <chrono>
#include <cstdio>
#include <ctime>
#include <set>

#include "act/guests.hpp"
#include "command/options.hpp"
#include "command/topview.hpp"
#include "os/screen.hpp"
#include "os/statistics.hpp"

namespace vscsi
{

namespace
{

using Clock = std::chrono::steady_clock;

double seconds_now()
{
	return std::chrono::duration<double>(Clock::now().time_since_epoch()).count();
}

std::string time_of_day()
{
	const std::time_t now = std::time(nullptr);
	std::tm local{};
	char text[16] = "";
	if (localtime_r(&now, &local))
		(void)std::strftime(text, sizeof text, "%H:%M:%S", &local);
	return text;
}

// Samples, of the guests that are asked for.
class Watcher
{
public:
	Watcher(const Host &host, const Options &options) : m_host{host}, m_sysfs{options.sysfs}
	{
		if (!host.sysfs.module_loaded())
			fail(Exit::environment,
			     "the module xen-scsiback is not loaded: there is nothing to show");
		for (const std::string &name : options.names)
			m_wanted.insert(expect_domain(host.store, name).id);
		m_last = sample();
	}

	TopView look()
	{
		Sample next = sample();
		TopView view{load_between(m_last, next), {}, time_of_day()};
		m_last = std::move(next);
		for (const auto &[key, controller] : m_last.controllers)
			if (auto domain = find_domain(m_host.store, key.domain))
				view.domains.emplace(key.domain, *std::move(domain));
		return view;
	}

private:
	Sample sample() const
	{
		Sample found = read_statistics(m_sysfs, seconds_now());
		if (!m_wanted.empty())
			std::erase_if(found.controllers, [this](const auto &item) {
				return !m_wanted.contains(item.first.domain);
			});
		return found;
	}

	const Host &m_host;
	std::filesystem::path m_sysfs;
	std::set<DomId> m_wanted;
	Sample m_last;
};

void batch(Watcher &watcher, const Options &options, std::chrono::milliseconds every)
{
	for (unsigned shown = 0; options.count == 0 || shown < options.count; ++shown) {
		pause_for(every);
		const TopView view = watcher.look();
		const std::string text = options.json ? top_json(view) : top_text(view) + '\n';
		if (std::fputs(text.c_str(), stdout) < 0 || std::fflush(stdout) != 0)
			fail(Exit::failed, "the output cannot be written");
	}
}

void interactive(Watcher &watcher, const Options &options, std::chrono::milliseconds every)
{
	const Screen screen;
	TopOrder order = TopOrder::address;
	TopView view = watcher.look();
	auto next = Clock::now() + every;
	unsigned shown = 0;
	for (;;) {
		// The last row is for the keys.
		const unsigned rows = screen.rows();
		std::string text = top_text(view, order, rows > 1 ? rows - 1 : rows);
		text += fmt::format("q: quit  s: sort ({})\n", order_name(order));
		screen.draw(text);
		const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(next - Clock::now());
		const auto key = screen.wait(std::max(left, std::chrono::milliseconds{0}));
		if (key == 'q' || key == 'Q')
			return;
		if (key == 's')
			order = next_order(order);
		if (Clock::now() < next && key != ' ')
			continue;
		if (options.count && ++shown == options.count)
			return;
		view = watcher.look();
		next = Clock::now() + every;
	}
}

} // namespace

void top(const Host &host, const Options &options)
{
	Watcher watcher{host, options};
	const std::chrono::milliseconds every{static_cast<long>(options.delay * 1000)};
	if (options.batch || options.json || !is_terminal())
		batch(watcher, options, every);
	else
		interactive(watcher, options, every);
}

} // namespace vscsi
