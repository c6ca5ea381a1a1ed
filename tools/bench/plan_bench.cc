// SPDX-License-Identifier: GPL-2.0
// What it costs to decide what guests are to have, without xenstore and configfs.
#include <benchmark/benchmark.h>
#include <fmt/core.h>

#include "core/steps.hpp"

namespace
{

using namespace vscsi;

constexpr unsigned all_luns = 16'000;

struct World {
	Lio lio;
	std::vector<Guest> guests;
	std::vector<Domain> running;

	// Guests with so many LUNs in all; each has its devices already, or none.
	World(unsigned guests_wanted, bool there)
	{
		const unsigned each = all_luns / guests_wanted;
		for (unsigned number = 0; number < guests_wanted; ++number) {
			const Domain domain{number + 1, fmt::format("guest{:04}", number),
					    fmt::format("00000000-0000-0000-0000-{:012}", number)};
			Tpg tpg{{fmt::format("naa.5{:015}", number), 1}, {}, domain.name, false, true, {}};
			Guest guest{domain, {}};
			if (there)
				guest.controllers.push_back(
					{0, 0, State::connected, State::connected, true, {}});
			for (unsigned lun = 0; lun < each; ++lun)
				add(tpg, guest, lun);
			lio.tpgs.push_back(std::move(tpg));
			guests.push_back(std::move(guest));
			running.push_back(domain);
		}
	}

private:
	void add(Tpg &tpg, Guest &guest, unsigned lun)
	{
		const StoreId store{fmt::format("iblock_{:05}", lio.stores.size()), "disk"};
		lio.stores.push_back({store, "/dev/disk/by-id/x", {}, {}});
		tpg.luns.push_back({lun, "x", store});
		if (guest.controllers.empty())
			return;
		const Vdev vdev{0, 0, lun / frontend_luns, lun % frontend_luns};
		guest.controllers[0].devices.push_back({fmt::format("dev-{}", lun),
							to_string(tpg.name_of(tpg.luns.back())),
							"x",
							vdev,
							State::connected,
							{},
							true,
							tpg.domain});
	}
};

void plan(benchmark::State &state)
{
	const World world{static_cast<unsigned>(state.range(0)), state.range(1) != 0};
	for (auto step : state) {
		(void)step;
		for (const Guest &guest : world.guests) {
			std::vector<std::string> problems;
			const Aim aim = aim_of(world.lio, guest, world.running, problems);
			benchmark::DoNotOptimize(next_actions(guest, aim).size());
		}
	}
}

} // namespace

BENCHMARK(plan)
	->ArgNames({"guests", "there"})
	->ArgsProduct({{1, 500}, {0, 1}})
	->Unit(benchmark::kMillisecond);
BENCHMARK_MAIN();
