// SPDX-License-Identifier: GPL-2.0 OR MIT
// Runs schedules; a failing one is named, made short and shown.
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <string>

#include "simulation.hpp"

namespace sim
{
namespace
{

struct Options {
	u64 first{1};
	u64 schedules{1000};
	double seconds{}; // 0: as many as there are
	bool one{}, trace{}, shrink{true};
	std::string steps{"all"};
};

[[noreturn]] void usage(const std::string &what)
{
	std::fprintf(
		stderr,
		"sim: %s\n"
		"usage: sim [--first SEED] [--schedules N | --seconds S]\n"
		"       sim --seed N [--steps LIST] [--trace] [--no-shrink]   LIST: all, none or 0,3,7-9\n",
		what.c_str());
	std::exit(2);
}

u64 number(const char *option, const char *text)
{
	char *end = nullptr;
	const u64 value = text ? std::strtoull(text, &end, 0) : 0;
	if (!text || end == text || *end)
		usage(std::string{option} + " wants a number");
	return value;
}

Options options_of(int count, char **arguments)
{
	Options options;
	for (int i = 1; i < count; i++) {
		const std::string option = arguments[i];
		const char *value = i + 1 < count ? arguments[i + 1] : nullptr;
		if (option == "--trace") {
			options.trace = true;
		} else if (option == "--no-shrink") {
			options.shrink = false;
		} else if (option == "--first") {
			options.first = number("--first", value), i++;
		} else if (option == "--schedules") {
			options.schedules = number("--schedules", value), i++;
		} else if (option == "--seconds") {
			options.seconds = static_cast<double>(number("--seconds", value)), i++;
			options.schedules = ~u64{0};
		} else if (option == "--seed") {
			options.first = number("--seed", value), i++;
			options.schedules = 1;
			options.one = true;
		} else if (option == "--steps") {
			if (!value)
				usage("--steps wants a list");
			options.steps = value, i++;
		} else {
			usage("unknown option " + option);
		}
	}
	return options;
}

std::vector<u32> parse_steps(const std::string &text, u32 count)
{
	std::vector<u32> kept;
	if (text == "all" || text == "none") {
		for (u32 i = 0; text == "all" && i < count; i++)
			kept.push_back(i);
		return kept;
	}
	const char *at = text.c_str();
	while (*at) {
		char *end = nullptr;
		const u64 from = std::strtoull(at, &end, 10);
		u64 to = from;
		if (end == at)
			usage("--steps: what is " + std::string{at} + "?");
		if (*end == '-') {
			at = end + 1;
			to = std::strtoull(at, &end, 10);
		}
		if (to < from || to >= count)
			usage("--steps: this schedule has steps 0 to " + std::to_string(count - 1));
		for (u64 i = from; i <= to; i++)
			kept.push_back(static_cast<u32>(i));
		at = *end == ',' ? end + 1 : end;
	}
	return kept;
}

std::string text_of(const std::vector<u32> &kept)
{
	std::string text;
	for (std::size_t i = 0; i < kept.size();) {
		std::size_t last = i;
		while (last + 1 < kept.size() && kept[last + 1] == kept[last] + 1)
			last++;
		text += (text.empty() ? "" : ",") + std::to_string(kept[i]);
		if (last > i)
			text += "-" + std::to_string(kept[last]);
		i = last + 1;
	}
	return text.empty() ? "none" : text;
}

class Runner
{
public:
	Runner() : world_{std::make_unique<World>()} {}

	// What was wrong, or null.
	const char *run(u64 seed, const std::vector<u32> *kept, bool trace)
	{
		World &world = *world_;
		const Plan plan = plan_of(seed);
		steps_of(plan, steps_);
		world.trace = trace;
		begin(world, plan);
		const std::size_t count = kept ? kept->size() : steps_.size();
		for (std::size_t i = 0; i < count && !world.fault; i++) {
			const Step &step = steps_[kept ? (*kept)[i] : i];
			if (trace)
				show(kept ? (*kept)[i] : static_cast<u32>(i), step);
			take_step(world, step);
		}
		if (!world.fault) {
			if (trace)
				std::printf("     the end\n");
			finish(world);
		}
		return world.fault;
	}
	[[nodiscard]] const World &world() const { return *world_; }
	[[nodiscard]] u32 steps(u64 seed) { return plan_of(seed).steps; }

private:
	std::unique_ptr<World> world_;
	std::vector<Step> steps_;

	void show(u32 index, const Step &step)
	{
		const World &world = *world_;
		std::printf("%4u %-16s guest %u device %u, %08x %08x;", index, name_of(step.op),
			    step.who % world.plan.guests, step.who % world.plan.devices, step.what,
			    step.seed);
		for (u32 i = 0; i < world.plan.guests; i++) {
			const Guest &guest = world.guest[i];
			std::printf(" [%s%s %04x w%u d%u a%u p%u/%u]", guest.hostile ? "!" : "",
				    guest.ring.live    ? "live"
				    : guest.ring.there ? "draining"
						       : "-",
				    guest.ring.there ? guest.ring.busy : 0, guest.ring.waiting.count,
				    guest.ring.done.count, guest.ring.abandoned.count, guest.ring.lent,
				    guest.quota.pages);
		}
		std::printf("\n");
	}
};

// Leaves out what the same fault does not need, in ever smaller pieces.
std::vector<u32> shrink(Runner &runner, u64 seed, std::vector<u32> kept, const char *fault)
{
	for (std::size_t piece = (kept.size() + 1) / 2; piece;) {
		bool smaller = false;
		for (std::size_t at = 0; at < kept.size();) {
			std::vector<u32> fewer(kept.begin(), kept.begin() + static_cast<long>(at));
			const std::size_t next = std::min(at + piece, kept.size());
			fewer.insert(fewer.end(), kept.begin() + static_cast<long>(next), kept.end());
			const char *other = runner.run(seed, &fewer, false);
			if (other && !std::strcmp(other, fault)) {
				kept = fewer;
				smaller = true;
			} else {
				at = next;
			}
		}
		if (!smaller)
			piece /= 2;
	}
	return kept;
}

int report(Runner &runner, const Options &options, u64 seed, std::vector<u32> kept, const char *fault)
{
	std::printf("seed %llu: %s\n", seed, fault);
	if (options.shrink && !options.trace) {
		kept = shrink(runner, seed, kept, fault);
		std::printf("to see it: sim --seed %llu --steps %s --trace\n", seed, text_of(kept).c_str());
	}
	return 1;
}

int run(const Options &options)
{
	Runner runner;
	using Clock = std::chrono::steady_clock;
	const auto begin = Clock::now();
	const auto elapsed = [&] { return std::chrono::duration<double>(Clock::now() - begin).count(); };
	u64 done = 0;
	for (; done < options.schedules; done++) {
		const u64 seed = options.first + done;
		if (options.seconds > 0 && done % 256 == 0 && elapsed() >= options.seconds)
			break;
		const bool all = options.steps == "all";
		const auto kept = all ? std::vector<u32>{} : parse_steps(options.steps, runner.steps(seed));
		if (const char *fault = runner.run(seed, all ? nullptr : &kept, options.trace))
			return report(runner, options, seed,
				      all ? parse_steps("all", runner.steps(seed)) : kept, fault);
	}
	const auto &f = runner.world().figures;
	std::printf("%llu schedules from seed %llu, %llu steps: %llu requests, %llu"
		    " answered, %llu of rings that went, %llu abandoned, %llu tasks, %llu"
		    " connections, %llu copies; nothing found\n",
		    done, options.first, f[steps_done], f[fetched], f[answered], f[forgotten],
		    f[abandonments], f[tasks_ended], f[connections], f[copies]);
	std::fprintf(stderr, "%.1f s\n", elapsed());
	return 0;
}

} // namespace
} // namespace sim

int main(int count, char **arguments)
{
	std::setvbuf(stdout, nullptr, _IOLBF, 0);
	return sim::run(sim::options_of(count, arguments));
}
