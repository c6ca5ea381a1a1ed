// SPDX-License-Identifier: GPL-2.0
// What guests' own ports on a fabric cost: trees of files as sysfs and configfs have them, a store in memory.
// Of 16, 32 and 64 vports with 4 LUNs each; what takes four times as long for twice as many would show.
#include <benchmark/benchmark.h>
#include <fmt/core.h>
#include <malloc.h>

#include "act/npiv.hpp"
#include "act/survey.hpp"
#include "daemon/daemon.hpp"
#include "unit/fake_fabric.hpp"

namespace
{

using namespace vscsi;

constexpr unsigned luns_each = 4;
constexpr Wwn fabric_name{0x10000000000000fa};
constexpr Wwn array_port{0x5000000000000a11};

Wwn vport_name(unsigned number)
{
	return Wwn{made_wwn_base + number};
}

// So many guests, each with a vport that is shown its LUNs.
struct San {
	FakeHost fake;
	FakeFabric fabric{fake};
	Daemon daemon{fake.host,
		      DaemonSettings{[](DomId, bool) { return true; }, std::chrono::milliseconds{2000}}};
	unsigned count;

	explicit San(unsigned wanted) : count{wanted}
	{
		fabric.add_hba(5, Wwn{0x2000000000000a01}, fabric_name);
		for (unsigned number = 0; number < count; ++number)
			for (unsigned lun = 0; lun < luns_each; ++lun)
				fabric.shown[vport_name(number)].push_back(
					{array_port, lun, fmt::format("5{:015x}", number * luns_each + lun)});
	}
	void create()
	{
		for (unsigned number = 0; number < count; ++number) {
			const Domain domain =
				fake.store.add_domain(number + 2, fmt::format("guest{:03}", number));
			VportRequest request{.domain = domain,
					     .parent = {VportParent::By::fabric, fabric_name}};
			request.port = vport_name(number);
			create_vport(fake.host, request);
		}
	}
	void rounds(unsigned wanted)
	{
		for (unsigned round = 0; round < wanted; ++round) {
			daemon.pass();
			fake.peer.step();
			fake.store.pass_time(std::chrono::milliseconds{300});
		}
	}
	std::size_t given() const
	{
		std::size_t found = 0;
		for (const ListedGuest &guest : survey(fake.host, {}))
			for (const ListedController &controller : guest.controllers)
				found += controller.devices.size();
		return found;
	}
};

constexpr unsigned until_given = 12;

void say_counts(benchmark::State &state, const San &san)
{
	state.counters["vports"] = static_cast<double>(san.fabric.logged_in().size());
	state.counters["LUNs"] = static_cast<double>(san.given());
	state.SetComplexityN(san.count);
}

// All that is kept for them, beyond what is there without.
void create(benchmark::State &state)
{
	double memory = 0;
	for (auto _ : state) {
		state.PauseTiming();
		San san{static_cast<unsigned>(state.range(0))};
		const std::size_t before = mallinfo2().uordblks;
		state.ResumeTiming();
		san.create();
		state.PauseTiming();
		san.rounds(until_given);
		memory = static_cast<double>(mallinfo2().uordblks - before);
		say_counts(state, san);
		state.ResumeTiming();
	}
	state.counters["bytes"] = memory;
}
BENCHMARK(create)
	->RangeMultiplier(2)
	->Range(16, 64)
	->Complexity()
	->Unit(benchmark::kMillisecond)
	->Iterations(1);

// Of the daemon, when all is as it should be.
void daemon_round(benchmark::State &state)
{
	San san{static_cast<unsigned>(state.range(0))};
	san.create();
	san.rounds(until_given);
	for (auto _ : state)
		san.daemon.pass();
	say_counts(state, san);
}
BENCHMARK(daemon_round)->RangeMultiplier(2)->Range(16, 64)->Complexity()->Unit(benchmark::kMillisecond);

void list(benchmark::State &state)
{
	San san{static_cast<unsigned>(state.range(0))};
	san.create();
	san.rounds(until_given);
	for (auto _ : state)
		benchmark::DoNotOptimize(survey(san.fake.host, {}));
	say_counts(state, san);
}
BENCHMARK(list)->RangeMultiplier(2)->Range(16, 64)->Complexity()->Unit(benchmark::kMillisecond);

// The HBA is reset: all vports go, are made again, and each guest has its LUNs.
void flap(benchmark::State &state)
{
	San san{static_cast<unsigned>(state.range(0))};
	san.create();
	san.rounds(until_given);
	for (auto _ : state) {
		for (const Wwn &port : san.fabric.logged_in())
			san.fabric.lose(port);
		san.rounds(until_given);
	}
	say_counts(state, san);
}
BENCHMARK(flap)
	->RangeMultiplier(2)
	->Range(16, 64)
	->Complexity()
	->Unit(benchmark::kMillisecond)
	->Iterations(3);

} // namespace
