// SPDX-License-Identifier: GPL-2.0
#include "command/create.hpp"

#include <algorithm>
#include <cstdio>
#include <optional>

#include "act/converge.hpp"
#include "act/guests.hpp"
#include "act/npiv.hpp"
#include "act/perform.hpp"
#include "command/hinted.hpp"
#include "command/options.hpp"
#include "command/outcome.hpp"
#include "command/output.hpp"
#include "os/process.hpp"
#include "os/xlconfig.hpp"

namespace vscsi
{

namespace
{

constexpr std::chrono::seconds patience{10};

// A line vscsi= whose names are wrong says what was meant.
VscsiLine read_line(const std::string &text)
{
	const std::size_t comma = text.find(',');
	const std::string vdev = comma == std::string::npos ? std::string{} : text.substr(comma + 1);
	try {
		return parse_vscsi_line(text);
	} catch (const Failure &failure) {
		throw hinted(failure, text.substr(0, comma), vdev.substr(0, vdev.find(',')));
	}
}

// All of a configuration's devices, for a domain that does not run yet.
void attach_configured(const Host &host, const Domain &domain, const std::vector<VscsiLine> &lines,
		       AttachResult &all)
{
	for (const VscsiLine &line : lines) {
		const AttachRequest request{.domain = domain,
					    .pdev = line.pdev,
					    .vdev = line.vdev,
					    .options = line.options,
					    .wait = std::chrono::seconds{0},
					    .part = true,
					    .configured = true};
		AttachResult result;
		try {
			result = attach_any(host, request);
		} catch (const Failure &failure) {
			throw hinted(failure, line.pdev, line.vdev);
		}
		if (result.devices.empty())
			result.warnings.push_back(nothing_yet(domain, line.pdev));
		std::ranges::move(result.steps, std::back_inserter(all.steps));
		std::ranges::move(result.devices, std::back_inserter(all.devices));
		std::ranges::move(result.warnings, std::back_inserter(all.warnings));
		all.changed |= result.changed;
	}
}

class Creator
{
public:
	Creator(const Host &host, const Options &options, const Programs &programs, CreateWords words)
	    : m_host{host}, m_options{options}, m_programs{programs}, m_words{std::move(words)}
	{
	}

	Exit run()
	{
		m_config = read_config(m_words.config, m_words.lines);
		// All of them are read before anything is made.
		std::vector<VscsiLine> lines;
		for (const std::string &text : m_config.vscsi)
			lines.push_back(read_line(text));
		if (lines.empty() || m_words.dry_run) {
			std::vector<std::string> all{"xl", "create"};
			all.insert(all.end(), m_options.create.begin(), m_options.create.end());
			m_programs.become(all);
			return Exit::done;
		}
		expect_possible();
		const std::vector<Domain> before = list_domains(m_host.store);
		run_or_fail(quiet(xl_create()), "xl create");
		m_domain = find_new(before);
		try {
			start(lines);
		} catch (const Failure &failure) {
			throw Failure{failure.code(), fmt::format("{}. {}", failure.what(), take_back())};
		}
		const Exit code = tell();
		return code == Exit::done ? watch_it() : code;
	}

private:
	void expect_possible() const
	{
		if (m_config.name.empty())
			fail(Exit::usage, "{}: the domain needs a name", m_words.config);
		// xl would wait for the domain's end before the devices can be attached.
		if (m_words.foreground)
			fail(Exit::usage,
			     "-F: xl would stay in the foreground while the guest is still paused, and it "
			     "would "
			     "never run. Leave -F out; -c connects the console, and `xl list {}` shows "
			     "whether "
			     "it runs",
			     m_config.name);
		if (m_options.json && m_words.console)
			fail(Exit::usage, "-c: the console would follow the JSON. Leave out one of both");
	}

	// Of ours that xl must not do itself, as it would before the guest has its devices, none is in it.
	std::vector<std::string> xl_create() const
	{
		std::vector<std::string> all{"xl", "create", "-p"};
		all.insert(all.end(), m_words.others.begin(), m_words.others.end());
		all.emplace_back("-f");
		all.push_back(m_words.config);
		all.insert(all.end(), m_words.lines.begin(), m_words.lines.end());
		return all;
	}

	std::vector<std::string> quiet(const std::vector<std::string> &words) const
	{
		return m_options.json ? aside(words) : words;
	}

	void run_or_fail(const std::vector<std::string> &words, const char *what) const
	{
		if (const int code = m_programs.run(words); code != 0)
			fail(Exit::failed, "{} ended with {}", what, code);
	}

	// A name may be one of digits, and so look like another domain's id: only one that was not there
	// before is meant.
	Domain find_new(const std::vector<Domain> &before) const
	{
		std::vector<Domain> found;
		std::string why = "xenstore has no new domain of that name";
		try {
			found = list_domains(m_host.store);
			std::erase_if(found, [&](const Domain &domain) {
				return domain.name != m_config.name || domain.id == 0 ||
				       std::ranges::any_of(before, [&](const Domain &old) {
					       return old.id == domain.id && old.uuid == domain.uuid;
				       });
			});
			if (found.size() > 1)
				why = "xenstore has several new domains of that name";
		} catch (const Failure &failure) {
			why = failure.what();
		}
		if (found.size() == 1)
			return found.front();
		fail(Exit::failed,
		     "xl create made {}, but it cannot be found: {}. It is paused, without its PV SCSI "
		     "devices: "
		     "`xl list` shows its ID, `xl destroy ID` ends it, and `xl unpause ID` lets it run "
		     "without "
		     "them",
		     m_config.name, why);
	}

	// The lock keeps others away from the guest, and from the journal.
	void start(const std::vector<VscsiLine> &lines)
	{
		const Lock lock = Lock::take(m_host.guest_lock(m_domain), patience);
		attach_configured(m_host, m_domain, lines, m_result);
		if (!m_words.paused)
			run_or_fail(aside({"xl", "unpause", std::to_string(m_domain.id)}), "xl unpause");
		m_host.journal(m_domain).clear();
	}

	// What became of the domain and of what was made for it.
	std::string take_back() const
	{
		const std::string id = std::to_string(m_domain.id);
		if (m_programs.run(quiet({"xl", "destroy", id})) != 0)
			return fmt::format("The domain could not be destroyed either: `xl destroy {}`", id);
		std::string left;
		try {
			forget_domain(m_host.store, 0, m_domain.id);
			const Lock lock = Lock::take(m_host.config_lock(), patience);
			left = m_host.journal(m_domain).roll_back(m_host.configfs);
		} catch (const Failure &failure) {
			left = failure.what();
		}
		return left.empty() ? "The domain was destroyed again"
				    : "The domain was destroyed again, but not all could be undone: " + left;
	}

	// Whether all are there that are to be.
	bool wait_for(const std::vector<Wanted> &devices) const
	{
		if (!m_options.wait_given || m_options.wait == 0 || m_words.paused)
			return true;
		return converge(
			m_host.store, m_domain, 0, Aim{devices, {}},
			[&](const Guest &guest) { return settled(guest, devices); },
			m_host.store.now() + std::chrono::seconds{m_options.wait});
	}

	Exit tell()
	{
		std::vector<Wanted> devices;
		for (const Attached &item : m_result.devices)
			devices.push_back(item.wanted);
		const bool there = wait_for(devices);
		const Guest guest = read_guest(m_host.store, Txn::none, m_domain, 0);
		std::optional<Failure> wrong;
		if (!there)
			wrong = Failure{Exit::timed_out,
					fmt::format("{} runs, but not all its devices are there after {} s",
						    m_domain.name, m_options.wait)};
		for (Attached &item : m_result.devices)
			if (const Device *const device = guest.device_at(item.wanted.vdev)) {
				item.state = device->state;
				if (device->state == State::closed)
					wrong = Failure{
						Exit::refused,
						fmt::format("{} runs, but {} was refused: {}", m_domain.name,
							    to_string(item.wanted.vdev), device->error)};
			}
		return print_outcome(m_options, attach_text(m_domain, m_result, false),
				     attach_json(m_domain, m_result, false), m_result.warnings, wrong);
	}

	// What xl would have begun by itself; the console takes our place.
	Exit watch_it() const
	{
		const std::string id = std::to_string(m_domain.id);
		if (m_words.viewer != Viewer::none) {
			std::vector<std::string> words{"sh", "-c", "\"$@\" >&2 &", "sh", "xl", "vncviewer"};
			if (m_words.viewer == Viewer::vnc_with_password)
				words.emplace_back("--autopass");
			words.push_back(id);
			if (m_programs.run(words) != 0)
				fmt::print(stderr, "xl-vscsi: warning: {} runs, but xl vncviewer does not\n",
					   m_domain.name);
		}
		if (m_words.console) {
			std::fflush(stdout);
			m_programs.become({"xl", "console", id});
		}
		return Exit::done;
	}

	const Host &m_host;
	const Options &m_options;
	const Programs &m_programs;
	CreateWords m_words;
	DomainConfig m_config;
	Domain m_domain;
	AttachResult m_result;
};

} // namespace

Programs real_programs()
{
	return {[](const std::vector<std::string> &words) { return run_program(words); },
		[](const std::vector<std::string> &words) { become_program(words); }};
}

Exit create(const Host &host, const Options &options, const Programs &programs)
{
	return Creator{host, options, programs, read_create_words(options.create)}.run();
}

} // namespace vscsi
