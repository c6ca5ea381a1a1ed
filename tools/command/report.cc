// SPDX-License-Identifier: GPL-2.0
#include "command/report.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <cstdio>
#include <exception>
#include <fstream>
#include <string_view>

#include <fmt/core.h>

#include "command/options.hpp"
#include "command/status.hpp"
#include "command/version.hpp"
#include "os/files.hpp"

namespace vscsi
{

namespace
{

namespace fs = std::filesystem;

constexpr std::size_t most_log_lines = 300;
constexpr std::size_t deepest = 12;

const char *const head =
	"xl-vscsi report. Names of guests, devices and targets are in it, keys and passwords "
	"of targets are not:\nread it before you give it away.\n";

// Of the names that LIO gives to files with secrets.
bool is_secret(std::string_view name)
{
	std::string lower{name};
	std::ranges::transform(lower, lower.begin(),
			       [](unsigned char letter) { return static_cast<char>(std::tolower(letter)); });
	constexpr std::array<std::string_view, 4> marks{"auth", "password", "userid", "secret"};
	return std::ranges::any_of(
		marks, [&](std::string_view mark) { return lower.find(mark) != std::string::npos; });
}

std::string indented(std::string_view text)
{
	std::string all;
	while (!text.empty()) {
		const std::size_t end = text.find('\n');
		all += fmt::format("    {}\n", text.substr(0, end));
		text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
	}
	return all;
}

std::vector<std::string> lines_of_text(std::string_view text)
{
	std::vector<std::string> lines;
	while (!text.empty()) {
		const std::size_t end = text.find('\n');
		lines.emplace_back(text.substr(0, end));
		text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
	}
	return lines;
}

std::string last_lines(const std::vector<std::string> &lines)
{
	std::string text;
	const std::size_t left_out = lines.size() > most_log_lines ? lines.size() - most_log_lines : 0;
	if (left_out)
		text = fmt::format("({} earlier lines are left out)\n", left_out);
	for (std::size_t at = left_out; at < lines.size(); ++at)
		text += lines[at] + '\n';
	return text;
}

// A file's text, on its name's line if it has one line.
std::string file_text(const std::string &name, const fs::path &path)
{
	const auto text = read_file(path);
	if (!text)
		return fmt::format("{}: (cannot be read)\n", name);
	if (text->find('\n') >= text->size() - std::min<std::size_t>(text->size(), 1))
		return fmt::format("{}: {}\n", name, text->substr(0, text->find('\n')));
	return fmt::format("{}:\n{}", name, indented(*text));
}

// All below a directory, by paths relative to it; links with where they lead.
void add_tree(std::string &text, const fs::path &root, const std::string &below, std::size_t depth,
	      const std::function<bool(const std::string &)> &wanted)
{
	std::error_code error;
	for (const std::string &name : names_in(root / below)) {
		const std::string path = below.empty() ? name : below + '/' + name;
		if (is_secret(name)) {
			text += fmt::format("{}: (left out)\n", path);
			continue;
		}
		if (fs::is_symlink(root / path, error)) {
			text += fmt::format("{} -> {}\n", path,
					    fs::read_symlink(root / path, error).string());
		} else if (fs::is_directory(root / path, error)) {
			text += path + "/\n";
			if (depth < deepest)
				add_tree(text, root, path, depth + 1, wanted);
		} else if (wanted(name)) {
			text += file_text(path, root / path);
		}
	}
}

bool any_file(const std::string & /*name*/)
{
	return true;
}

std::string tree_text(const fs::path &root, const std::function<bool(const std::string &)> &wanted = any_file)
{
	std::error_code error;
	if (!fs::is_directory(root, error))
		return fmt::format("({} is not there)\n", root.string());
	std::string text;
	add_tree(text, root, {}, 0, wanted);
	return text.empty() ? fmt::format("({} is empty)\n", root.string()) : text;
}

class Report
{
public:
	Report(const ReportSources &sources, const Options &options) : m_sources{sources}, m_options{options}
	{
	}

	std::string whole()
	{
		m_text = head;
		section("versions", [this] { return versions(); });
		section("status", [this] { return status_part(); });
		section("list --json", [this] { return list_json(list_guests(host(), {})); });
		section("xenstore", [this] { return nodes(); });
		section("configfs: xen-pvscsi",
			[this] { return tree_text(m_sources.configfs / "xen-pvscsi"); });
		section("configfs: backstores", [this] {
			return tree_text(m_sources.configfs / "core", [](const std::string &name) {
				return name == "info" || name == "udev_path" || name == "enable";
			});
		});
		section("statistics", [this] { return statistics(); });
		section("debugfs", [this] { return tree_text(m_sources.debugfs / "xen-scsiback"); });
		section("parameters of the module",
			[this] { return tree_text(m_sources.sysfs / "module/xen_scsiback/parameters"); });
		section("kernel log", [this] { return kernel_log(); });
		section("log of xen-vscsid", [this] { return daemon_log(); });
		return std::move(m_text);
	}

private:
	void section(const char *title, const std::function<std::string()> &make)
	{
		m_text += fmt::format("\n==== {} ====\n", title);
		try {
			m_text += make();
		} catch (const std::exception &error) {
			m_text += fmt::format("(not to be had: {})\n", error.what());
		}
	}

	const Host &host() const
	{
		if (!m_sources.host)
			throw Failure{Exit::environment, m_sources.no_host};
		return *m_sources.host;
	}

	// What a program says, or that there is none.
	std::string said(const std::vector<std::string> &words) const
	{
		const Captured done = m_sources.run(words);
		constexpr int no_program = 127;
		if (done.code == no_program)
			return fmt::format("(there is no {})\n", words.front());
		std::string text = done.output;
		if (!text.empty() && !text.ends_with('\n'))
			text += '\n';
		if (done.code != 0)
			text += fmt::format("({} ended with {})\n", words.front(), done.code);
		return text.empty() ? "(it says nothing)\n" : text;
	}

	std::string versions() const
	{
		const fs::path module = m_sources.sysfs / "module/xen_scsiback";
		std::error_code error;
		std::string text = fmt::format("xl-vscsi: {}\n", tools_version());
		if (!fs::exists(module, error))
			text += "xen-scsiback: not loaded\n";
		else
			text += fmt::format(
				"xen-scsiback: {}, version {}, srcversion {}\n",
				fs::exists(module / "parameters/max_pool_pages", error) ? "this project's"
											: "the kernel's own",
				value_or_none(module / "version"), value_or_none(module / "srcversion"));
		text += "xen-scsiback on the disk: " + said({"modinfo", "-n", "xen-scsiback"});
		text += "kernel: " + said({"uname", "-a"});
		const fs::path xen = m_sources.sysfs / "hypervisor/version";
		text += fs::exists(xen, error)
				? fmt::format("Xen: {}.{}{}\n", first_line(xen / "major"),
					      first_line(xen / "minor"), first_line(xen / "extra"))
				: std::string{"Xen: none\n"};
		text += "system: " + first_line(m_sources.etc / "os-release") + '\n';
		text += "targetcli: " + said({"targetcli", "--version"});
		text += "rtslib: " +
			said({"python3", "-c",
			      "try:\n import rtslib_fb as r\n print(getattr(r, '__version__', '?'))\n"
			      "except ImportError:\n print('none')"});
		return text;
	}

	static std::string value_or_none(const fs::path &file)
	{
		const std::string text = first_line(file);
		return text.empty() ? "none" : text;
	}

	std::string status_part() const
	{
		const Status shown = look_at(host(), m_options);
		return status_text(shown) + status_json(shown);
	}

	void add_nodes(std::string &text, const std::string &path, std::size_t depth) const
	{
		text += fmt::format("{} = \"{}\"\n", path, host().store.read(Txn::none, path).value_or(""));
		if (depth < deepest)
			for (const std::string &name : host().store.list(Txn::none, path))
				add_nodes(text, path + '/' + name, depth + 1);
	}

	std::string nodes() const
	{
		std::string text;
		Store &store = host().store;
		for (const std::string &id : store.list(Txn::none, "/local/domain"))
			for (const char *const part : {"backend", "device"}) {
				const std::string path = fmt::format("/local/domain/{}/{}/vscsi", id, part);
				if (store.read(Txn::none, path))
					add_nodes(text, path, 0);
			}
		return text.empty() ? "(no domain has nodes of vscsi)\n" : text;
	}

	std::string statistics() const
	{
		const fs::path devices = m_sources.sysfs / "bus/xen-backend/devices";
		std::string text;
		for (const std::string &name : names_in(devices))
			if (name.starts_with("vscsi-"))
				text += name + ":\n" + indented(tree_text(devices / name / "statistics"));
		return text.empty() ? "(the backend has no controllers)\n" : text;
	}

	std::string kernel_log() const
	{
		const Captured log = m_sources.run({"dmesg"});
		if (log.code != 0)
			return said({"dmesg"});
		std::vector<std::string> found;
		for (std::string &line : lines_of_text(log.output)) {
			constexpr std::array<std::string_view, 4> marks{"vscsi", "scsiback", "xen-pvscsi",
									"TARGET_CORE"};
			if (std::ranges::any_of(marks, [&](std::string_view mark) {
				    return line.find(mark) != std::string::npos;
			    }))
				found.push_back(std::move(line));
		}
		return found.empty() ? "(no line of xen-scsiback)\n" : last_lines(found);
	}

	std::string daemon_log() const
	{
		return said({"journalctl", "-u", "xen-vscsid", "-b", "--no-pager", "-n",
			     std::to_string(most_log_lines)});
	}

	const ReportSources &m_sources;
	const Options &m_options;
	std::string m_text;
};

} // namespace

std::string report_text(const ReportSources &sources, const Options &options)
{
	return Report{sources, options}.whole();
}

void report(const Host *host, const std::string &no_host, const Options &options)
{
	constexpr std::chrono::seconds limit{20};
	const ReportSources sources{.host = host,
				    .no_host = no_host,
				    .configfs = options.configfs,
				    .sysfs = options.sysfs,
				    .run = [limit](const std::vector<std::string> &words) {
					    return capture_program(words, limit);
				    }};
	const std::string text = report_text(sources, options);
	if (options.file.empty()) {
		std::fputs(text.c_str(), stdout);
		return;
	}
	std::ofstream file{options.file};
	// Others need not read the logs.
	std::error_code error;
	if (fs::is_regular_file(options.file, error))
		fs::permissions(options.file, fs::perms::owner_read | fs::perms::owner_write, error);
	file << text << std::flush;
	if (!file)
		fail(Exit::failed, "{} cannot be written", options.file);
	fmt::print("{} is written; read it before you give it away\n", options.file);
}

} // namespace vscsi
