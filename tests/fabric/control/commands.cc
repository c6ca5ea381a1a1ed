// SPDX-License-Identifier: GPL-2.0 OR MIT
#include "control/commands.hpp"

#include <charconv>
#include <sstream>

namespace control
{

using fabric::Duplicate;
using fabric::Port;
using fabric::Time;
using fabric::Zone;
using frames::Reject;
using frames::Wwn;

namespace
{

using Words = std::vector<std::string>;

struct Reason {
	std::string_view name;
	Reject why;
};

constexpr Reason reasons[] = {
	{"not-supported", frames::not_supported},    {"no-resources", frames::no_resources},
	{"invalid-name", frames::invalid_port_name}, {"busy", frames::busy},
	{"login-required", frames::login_required},
};

Words split(std::string_view line)
{
	std::istringstream stream{std::string{line}};
	Words words;
	for (std::string word; stream >> word;)
		words.push_back(word);
	return words;
}

void expect(const Words &words, std::size_t least, std::size_t most, const char *usage)
{
	if (words.size() < least || words.size() > most)
		throw Mistake{std::string{"say: "} + usage};
}

unsigned read_number(const std::string &word, unsigned most, int base = 10)
{
	unsigned value = 0;
	const char *end = word.data() + word.size();
	const auto result = std::from_chars(word.data(), end, value, base);
	if (result.ec != std::errc{} || result.ptr != end || value > most)
		throw Mistake{word + ": a number from 0 to " + std::to_string(most) + " is expected"};
	return value;
}

bool choice(const std::string &word, const char *yes, const char *no)
{
	if (word != yes && word != no)
		throw Mistake{word + ": say " + yes + " or " + no};
	return word == yes;
}

Wwn read_wwn(const std::string &word)
{
	const auto found = frames::parse_wwn(word);
	if (!found)
		throw Mistake{word +
			      ": no WWN, which has 16 hexadecimal digits, like 20:00:00:11:22:33:44:55"};
	return *found;
}

Reject read_reason(const std::string &word)
{
	for (const Reason &one : reasons)
		if (one.name == word)
			return one.why;
	const std::size_t slash = word.find('/');
	if (slash != std::string::npos)
		return {static_cast<std::uint8_t>(read_number(word.substr(0, slash), 255, 16)),
			static_cast<std::uint8_t>(read_number(word.substr(slash + 1), 255, 16))};
	std::string names;
	for (const Reason &one : reasons)
		names += std::string{one.name} + ", ";
	throw Mistake{word + ": no reason; say " + names +
		      "or reason and explanation in hexadecimal, like 9/29"};
}

json show_ports(Parts &parts)
{
	const auto links = parts.links();
	json list = json::array();
	for (const auto &[id, port] : parts.fabric.ports().all())
		list.push_back({{"id", text(id)},
				{"wwpn", text(port.name)},
				{"wwnn", text(port.node_name)},
				{"link", links[static_cast<std::size_t>(port.node.link)].name},
				{"enode", text(port.node.address)},
				{"virtual", port.is_virtual},
				{"frames_in", port.sent},
				{"frames_out", port.received}});
	return {{"ports", list}};
}

json types_of(const Port &port)
{
	json list = json::array();
	for (unsigned type = 0; type < 256; type++)
		if (port.has_type(static_cast<std::uint8_t>(type)))
			list.push_back(type);
	return list;
}

// JSON has no place for bytes that are no text.
std::string printable(std::string value)
{
	for (char &character : value)
		if (character < ' ' || character > '~')
			character = '?';
	return value;
}

json show_names(Parts &parts)
{
	json list = json::array();
	for (const auto &[id, port] : parts.fabric.ports().all())
		if (port.registered())
			list.push_back({{"id", text(id)},
					{"wwpn", text(port.name)},
					{"wwnn", text(port.node_name)},
					{"port_name", printable(port.port_text)},
					{"node_name", printable(port.node_text)},
					{"types", types_of(port)},
					{"features", port.features},
					{"state_changes", port.wants_changes}});
	return {{"names", list}};
}

json texts(const std::vector<Wwn> &names)
{
	json list = json::array();
	for (const Wwn name : names)
		list.push_back(text(name));
	return list;
}

json show_zones(Parts &parts)
{
	json list = json::array();
	for (const auto &[name, zone] : parts.fabric.zoning().zones()) {
		json one = {{"name", name}, {"members", texts(zone.members)}};
		if (zone.peer)
			one["principals"] = texts(zone.principals);
		list.push_back(one);
	}
	return {{"zones", list}, {"default", parts.fabric.zoning().permit_unzoned ? "permit" : "deny"}};
}

json do_zone(Parts &parts, const Words &words)
{
	constexpr const char *usage =
		"zone add NAME WWPN..., zone peer NAME PRINCIPAL [WWPN...], zone remove NAME, "
		"zone clear, zone default permit|deny, zone list";
	expect(words, 2, SIZE_MAX, usage);
	const std::string &what = words[1];
	if (what == "list") {
		return show_zones(parts);
	} else if (what == "clear" && words.size() == 2) {
		parts.fabric.rezone([](fabric::Zoning &zoning) { zoning.clear(); });
	} else if (what == "default" && words.size() == 3) {
		const bool permit = choice(words[2], "permit", "deny");
		parts.fabric.rezone([&](fabric::Zoning &zoning) { zoning.permit_unzoned = permit; });
	} else if (what == "remove" && words.size() == 3) {
		bool found = false;
		parts.fabric.rezone([&](fabric::Zoning &zoning) { found = zoning.remove(words[2]); });
		if (!found)
			throw Mistake{words[2] + ": no such zone (`zone list` shows them)"};
	} else if ((what == "add" || what == "peer") && words.size() > 3) {
		Zone made;
		made.peer = what == "peer";
		for (std::size_t at = 3; at < words.size(); at++)
			(made.peer && at == 3 ? made.principals : made.members)
				.push_back(read_wwn(words[at]));
		parts.fabric.rezone([&](fabric::Zoning &zoning) { zoning.set(words[2], made); });
	} else {
		throw Mistake{std::string{"say: "} + usage};
	}
	return json::object();
}

void set_reject(fabric::Settings &settings, const Words &words)
{
	const bool none = words[2] == "none";
	if (words.size() == 4) {
		if (none)
			settings.fdisc_rejects.erase(read_wwn(words[3]));
		else
			settings.fdisc_rejects[read_wwn(words[3])] = read_reason(words[2]);
	} else if (none) {
		settings.fdisc_reject.reset();
		settings.fdisc_rejects.clear();
	} else {
		settings.fdisc_reject = read_reason(words[2]);
	}
}

json do_set(Parts &parts, const Words &words)
{
	constexpr const char *usage =
		"set npiv on|off, set vport-limit N|none, set fdisc-reject REASON|none "
		"[WWPN], set fdisc-delay MS, "
		"set duplicate first|last, set ids kept|new, set silent on|off, set fka MS";
	constexpr unsigned day_ms = 86400000;
	constexpr unsigned least_keep_alive = 500;
	expect(words, 3, 4, usage);
	fabric::Settings &settings = parts.fabric.settings;
	const std::string &what = words[1];
	const std::string &value = words[2];
	if (what == "fdisc-reject") {
		set_reject(settings, words);
		return json::object();
	}
	expect(words, 3, 3, usage);
	if (what == "npiv") {
		settings.npiv = choice(value, "on", "off");
	} else if (what == "vport-limit") {
		settings.virtual_port_limit.reset();
		if (value != "none")
			settings.virtual_port_limit = read_number(value, 255);
	} else if (what == "fdisc-delay") {
		settings.fdisc_delay = Time{read_number(value, day_ms)};
	} else if (what == "duplicate") {
		settings.duplicate =
			choice(value, "first", "last") ? Duplicate::first_wins : Duplicate::last_wins;
	} else if (what == "ids") {
		parts.fabric.keep_ids(choice(value, "kept", "new"));
	} else if (what == "silent") {
		settings.silent = choice(value, "on", "off");
	} else if (what == "fka") {
		const unsigned period = read_number(value, day_ms);
		if (period < least_keep_alive)
			throw Mistake{value + ": less than " + std::to_string(least_keep_alive) +
				      " ms, which initiators ignore"};
		parts.fabric.keep_alive(period, parts.now());
	} else {
		throw Mistake{std::string{"say: "} + usage};
	}
	return json::object();
}

json show_counts(Parts &parts)
{
	const fabric::Counts &counts = parts.fabric.counts();
	json links = json::array();
	for (const LinkState &link : parts.links())
		links.push_back({{"name", link.name},
				 {"up", link.up},
				 {"frames_in", link.frames_in},
				 {"frames_out", link.frames_out},
				 {"bytes_in", link.bytes_in},
				 {"bytes_out", link.bytes_out},
				 {"lost", link.lost}});
	return {{"forwarded", counts.forwarded},
		{"for_services", counts.for_services},
		{"logins", counts.logins},
		{"logouts", counts.logouts},
		{"rejected_logins", counts.rejected_logins},
		{"state_changes", counts.state_changes},
		{"links_cleared", counts.links_cleared},
		{"malformed", counts.malformed},
		{"bad_crc", counts.bad_crc},
		{"unknown_source", counts.unknown_source},
		{"unknown_destination", counts.unknown_destination},
		{"not_zoned", counts.not_zoned},
		{"dropped", parts.impairment.lost()},
		{"links", links}};
}

json log_out(Parts &parts, const Words &words)
{
	expect(words, 2, 2, "logout WWPN");
	if (!parts.fabric.log_out(read_wwn(words[1])))
		throw Mistake{words[1] + ": not logged in (`ports` shows who is)"};
	return json::object();
}

json do_power(Parts &parts, const Words &words)
{
	expect(words, 2, 2, "power on|off");
	const bool on = choice(words[1], "on", "off");
	parts.fabric.power(on, parts.now());
	for (std::size_t at = 0; at < parts.links().size(); at++)
		parts.carrier(at, on);
	return json::object();
}

json do_link(Parts &parts, const Words &words)
{
	expect(words, 3, 3, "link NAME up|down");
	const bool up = choice(words[2], "up", "down");
	const auto links = parts.links();
	for (std::size_t at = 0; at < links.size(); at++) {
		if (links[at].name != words[1])
			continue;
		parts.carrier(at, up);
		return json::object();
	}
	throw Mistake{words[1] + ": no such link (`counts` shows them)"};
}

json do_drop(Parts &parts, const Words &words)
{
	expect(words, 2, 2, "drop PERMILLE");
	parts.impairment.drop_permille = read_number(words[1], 1000);
	return json::object();
}

json do_delay(Parts &parts, const Words &words)
{
	constexpr unsigned minute_ms = 60000;
	expect(words, 2, 2, "delay MS");
	parts.impairment.delay = Time{read_number(words[1], minute_ms)};
	return json::object();
}

struct Command {
	std::string_view name;
	json (*run)(Parts &, const Words &);
};

constexpr Command commands[] = {
	{"ports", [](Parts &parts, const Words &) { return show_ports(parts); }},
	{"names", [](Parts &parts, const Words &) { return show_names(parts); }},
	{"counts", [](Parts &parts, const Words &) { return show_counts(parts); }},
	{"zone", do_zone},
	{"set", do_set},
	{"logout", log_out},
	{"power", do_power},
	{"link", do_link},
	{"drop", do_drop},
	{"delay", do_delay},
};

json run(Parts &parts, std::string_view line)
{
	const Words words = split(line);
	std::string names;
	for (const Command &command : commands) {
		if (!words.empty() && words[0] == command.name)
			return command.run(parts, words);
		names += std::string{names.empty() ? "" : ", "} + std::string{command.name};
	}
	throw Mistake{(words.empty() ? "nothing was said" : words[0] + ": no such command") +
		      "; commands are " + names};
}

} // namespace

json execute(Parts &parts, std::string_view line)
{
	try {
		return run(parts, line);
	} catch (const std::runtime_error &error) {
		return {{"error", error.what()}};
	}
}

} // namespace control
