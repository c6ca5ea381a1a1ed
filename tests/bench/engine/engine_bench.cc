// SPDX-License-Identifier: GPL-2.0 OR MIT
// What the engine costs a request, without the kernel around it.
#include <benchmark/benchmark.h>

#include <cstdlib>

#include "rig.hpp"

namespace
{

using namespace bench;

constexpr vscsi_result good{VSCSI_HOST_OK, 0, 0, 0, nullptr};

// Tells the time of one request rather than of one iteration.
class PerRequest
{
public:
	PerRequest(benchmark::State &state, u32 requests) : m_state{state}, m_requests{requests} {}
	PerRequest(const PerRequest &) = delete;
	PerRequest &operator=(const PerRequest &) = delete;
	~PerRequest()
	{
		const auto requests = static_cast<double>(m_state.iterations()) * m_requests;
		m_state.SetItemsProcessed(static_cast<std::int64_t>(requests));
		m_state.counters["time/request"] = benchmark::Counter(
			requests, benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
		m_state.counters["requests"] = m_requests;
	}

private:
	benchmark::State &m_state;
	u32 m_requests;
};

// ITERATIONS=N: just so many, for who counts the instructions of the whole run.
void fixed(benchmark::internal::Benchmark *one)
{
	const char *iterations = std::getenv("ITERATIONS");
	if (iterations)
		one->Iterations(std::atoi(iterations));
}

u32 fetch(benchmark::State &state, Rig &rig, const Luns &luns, u32 pages)
{
	u32 slot = 0;
	int what = vscsi_fetch(rig.engine(), luns.map(), &slot);
	if (what == VSCSI_FETCH_LIST) {
		vscsi_copy copies[VSCSI_DIRECT_SEGMENTS];
		benchmark::DoNotOptimize(
			vscsi_list_copies(rig.engine(), slot, copies, VSCSI_DIRECT_SEGMENTS));
		for (u32 i = 0; i < pages; i++)
			rig.list(slot)[i] = {1000 + i, 0, wire::page_bytes};
		what = vscsi_lists_done(rig.engine(), slot, true);
	}
	if (what != VSCSI_FETCH_COMMAND)
		state.SkipWithError("a request was refused");
	vscsi_command command;
	vscsi_command_of(rig.engine(), slot, &command);
	benchmark::DoNotOptimize(command);
	return slot;
}

void copy_plan(Rig &rig, u32 slot)
{
	vscsi_cursor at{};
	vscsi_copy copies[32];
	while (vscsi_data_copies(rig.engine(), slot, &at, ~0u, copies, 32))
		benchmark::DoNotOptimize(copies);
}

// All requests of a pass: in, copies for the data, out, one publication.
void round_trip(benchmark::State &state, u32 depth, u32 pages)
{
	Rig rig;
	const Luns luns{1};
	vscsi_lun_statistics lun{};
	const wire::Request request = read_request(1, pages);
	const PerRequest told{state, depth};
	for (auto _ : state) {
		u32 slots[VSCSI_SLOTS] = {};
		for (u32 i = 0; i < depth; i++) {
			wire::Request one = request;
			one.head.rqid = static_cast<u16>(i);
			rig.put(one);
		}
		rig.push();
		for (u32 i = 0; i < depth; i++) {
			slots[i] = fetch(state, rig, luns, pages);
			vscsi_lun_requested(&lun, 0);
		}
		benchmark::DoNotOptimize(vscsi_more_requests(rig.engine()));
		for (u32 i = 0; i < depth; i++) {
			const vscsi_times times{1000, 2000, 50000, 60000};
			vscsi_outcome outcome;
			vscsi_set_result(rig.engine(), slots[i], &good);
			copy_plan(rig, slots[i]);
			vscsi_outcome_of(rig.engine(), slots[i], &outcome);
			vscsi_lun_completed(&lun, &outcome, &times);
			vscsi_respond(rig.engine(), slots[i]);
		}
		benchmark::DoNotOptimize(vscsi_publish(rig.engine()));
	}
}

void NoData(benchmark::State &state)
{
	round_trip(state, static_cast<u32>(state.range(0)), 0);
}
BENCHMARK(NoData)->Apply(fixed)->Arg(1)->Arg(16);

void Read4k(benchmark::State &state)
{
	round_trip(state, static_cast<u32>(state.range(0)), 1);
}
BENCHMARK(Read4k)->Apply(fixed)->Arg(1)->Arg(16);

void Read64k(benchmark::State &state)
{
	round_trip(state, static_cast<u32>(state.range(0)), 16);
}
BENCHMARK(Read64k)->Apply(fixed)->Arg(1)->Arg(16);

void Read512k(benchmark::State &state)
{
	round_trip(state, static_cast<u32>(state.range(0)), VSCSI_FEW_SEGMENTS);
}
BENCHMARK(Read512k)->Apply(fixed)->Arg(1)->Arg(16);

void Rejected(benchmark::State &state)
{
	Rig rig;
	const Luns luns{1};
	const wire::Request request = read_request(1, 1, 9);
	const PerRequest told{state, 1};
	for (auto _ : state) {
		u32 slot = 0;
		rig.put(request);
		rig.push();
		if (vscsi_fetch(rig.engine(), luns.map(), &slot) != VSCSI_FETCH_REJECT)
			state.SkipWithError("a request was accepted");
		vscsi_respond(rig.engine(), slot);
		benchmark::DoNotOptimize(vscsi_publish(rig.engine()));
	}
}
BENCHMARK(Rejected)->Apply(fixed);

void LookUp(benchmark::State &state)
{
	const auto count = static_cast<u32>(state.range(0));
	const Luns luns{count};
	u32 lun = 0, device = 0;
	const PerRequest told{state, 1};
	for (auto _ : state) {
		lun = (lun + 7919) % count;
		const vscsi_address address{0, 0, 0, lun};
		if (!vscsi_luns_find(luns.map(), &address, &device))
			state.SkipWithError("a LUN is not there");
		benchmark::DoNotOptimize(device);
	}
}
BENCHMARK(LookUp)->Apply(fixed)->Arg(1)->Arg(64)->Arg(1024)->Arg(16384);

// What statistics add to a request.
void Count(benchmark::State &state)
{
	vscsi_lun_statistics lun{};
	vscsi_times times{1000, 2000, 50000, 60000};
	const vscsi_outcome outcome{VSCSI_HOST_OK, 0, VSCSI_FROM_DEVICE, 4096, 4096};
	const PerRequest told{state, 1};
	for (auto _ : state) {
		benchmark::DoNotOptimize(times);
		vscsi_lun_requested(&lun, 0);
		vscsi_lun_completed(&lun, &outcome, &times);
	}
	if (lun.completed != lun.requests)
		state.SkipWithError("some were not counted");
}
BENCHMARK(Count)->Apply(fixed);

} // namespace

BENCHMARK_MAIN();
