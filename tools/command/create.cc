// SPDX-License-Identifier: GPL-2.0
#include "command/create.hpp"

#include <algorithm>
#include <cstdio>

#include "act/attach.hpp"
#include "act/converge.hpp"
#include "act/guests.hpp"
#include "act/perform.hpp"
#include "command/options.hpp"
#include "command/output.hpp"
#include "os/process.hpp"
#include "os/xlconfig.hpp"

namespace vscsi
{

namespace
{

constexpr std::chrono::seconds patience{10};

std::vector<std::string> xl_words(const std::vector<std::string> &words, bool pause)
{
	std::vector<std::string> all{"xl", "create"};
	if (pause)
		all.emplace_back("-p");
	all.insert(all.end(), words.begin(), words.end());
	return all;
}

// All of a configuration's devices, for a domain that does not run yet.
void attach_configured(const Host &host, const Domain &domain, const std::vector<VscsiLine> &lines,
		       AttachResult &all)
{
	for (const VscsiLine &line : lines) {
		const AttachRequest request{domain,       line.pdev, line.vdev,
					    line.options, 0,         std::chrono::seconds{0},
					    false,        true,      true};
		AttachResult result = attach(host, request);
		std::ranges::move(result.steps, std::back_inserter(all.steps));
		std::ranges::move(result.devices, std::back_inserter(all.devices));
		std::ranges::move(result.warnings, std::back_inserter(all.warnings));
		all.changed |= result.changed;
	}
}

// What became of the domain and of what was made for it.
std::string take_back(const Host &host, const Domain &domain)
{
	if (run_program({"xl", "destroy", std::to_string(domain.id)}) != 0)
		return "The domain could not be destroyed either";
	forget_domain(host.store, 0, domain.id);
	const Lock lock = Lock::take(host.config_lock(), patience);
	const std::string left = host.journal(domain).roll_back(host.configfs);
	return left.empty() ? "The domain was destroyed again"
			    : "The domain was destroyed again, but not all could be undone: " + left;
}

void run_or_fail(const std::vector<std::string> &words, const char *what)
{
	if (const int code = run_program(words); code != 0)
		fail(Exit::failed, "{} ended with {}", what, code);
}

// The lock keeps others away from the guest, and from the journal.
void start(const Host &host, const Domain &domain, const std::vector<VscsiLine> &lines, bool paused,
	   AttachResult &result)
{
	const Lock lock = Lock::take(host.guest_lock(domain), patience);
	attach_configured(host, domain, lines, result);
	if (!paused)
		run_or_fail(aside({"xl", "unpause", std::to_string(domain.id)}), "xl unpause");
	host.journal(domain).clear();
}

} // namespace

CreateWords read_create_words(const std::vector<std::string> &words)
{
	CreateWords found;
	for (std::size_t at = 0; at < words.size(); ++at) {
		const std::string &word = words[at];
		if (word == "-f" || word == "--defconfig") {
			if (++at == words.size())
				fail(Exit::usage, "{} needs a file", word);
			found.config = words[at];
		} else if (word.starts_with("--defconfig=")) {
			found.config = word.substr(word.find('=') + 1);
		} else if (word.starts_with("--")) {
			found.dry_run |= word == "--dryrun";
			found.others.push_back(word);
		} else if (word.starts_with('-')) {
			found.paused |= word.find('p') != std::string::npos;
			found.dry_run |= word.find('n') != std::string::npos;
			found.others.push_back(word);
		} else if (word.find('=') != std::string::npos) {
			found.lines.push_back(word);
		} else if (found.config.empty()) {
			found.config = word;
		} else {
			fail(Exit::usage, "'{}': there is a configuration file already, {}", word,
			     found.config);
		}
	}
	if (found.config.empty())
		fail(Exit::usage, "create needs a configuration file");
	return found;
}

Exit create(const Host &host, const Options &options)
{
	const CreateWords words = read_create_words(options.create);
	const DomainConfig config = read_config(words.config, words.lines);
	// All of them are read before anything is made.
	std::vector<VscsiLine> lines;
	for (const std::string &text : config.vscsi)
		lines.push_back(parse_vscsi_line(text));
	if (lines.empty() || words.dry_run)
		become_program(xl_words(options.create, false));
	if (config.name.empty())
		fail(Exit::usage, "{}: the domain needs a name", words.config);

	const auto xl_create = xl_words(options.create, !words.paused);
	run_or_fail(options.json ? aside(xl_create) : xl_create, "xl create");
	const Domain domain = expect_domain(host.store, config.name);
	AttachResult result;
	try {
		start(host, domain, lines, words.paused, result);
	} catch (const Failure &failure) {
		throw Failure{failure.code(), fmt::format("{}. {}", failure.what(), take_back(host, domain))};
	}
	for (const std::string &warning : result.warnings)
		fmt::print(stderr, "xl-vscsi: warning: {}\n", warning);
	std::vector<Wanted> devices;
	for (const Attached &item : result.devices)
		devices.push_back(item.wanted);
	const bool wait = options.wait_given && options.wait > 0 && !words.paused;
	const bool there = !wait || converge(
					    host.store, domain, 0, Aim{devices, {}},
					    [&](const Guest &guest) { return settled(guest, devices); },
					    host.store.now() + std::chrono::seconds{options.wait});
	const Guest guest = read_guest(host.store, Txn::none, domain, 0);
	for (Attached &item : result.devices)
		if (const Device *const device = guest.device_at(item.wanted.vdev))
			item.state = device->state;
	std::fputs((options.json ? attach_json(domain, result, false) : attach_text(domain, result, false))
			   .c_str(),
		   stdout);
	for (const Attached &item : result.devices)
		if (const Device *const device = guest.device_at(item.wanted.vdev);
		    device && device->state == State::closed)
			fail(Exit::refused, "{} runs, but {} was refused: {}", domain.name,
			     to_string(item.wanted.vdev), device->error);
	if (!there)
		fail(Exit::timed_out, "{} runs, but not all its devices are there after {} s", domain.name,
		     options.wait);
	return Exit::done;
}

} // namespace vscsi
