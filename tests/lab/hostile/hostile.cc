// SPDX-License-Identifier: GPL-2.0 OR MIT
// Carries out a script, one command a line, and prints what the backend
// answered; request.py writes such scripts.
#include <functional>
#include <iostream>
#include <sstream>

#include "assault.hpp"
#include "mischief.hpp"

namespace
{

constexpr std::chrono::seconds patience{20};

u32 number(const std::string &text)
{
	std::size_t used = 0;
	unsigned long value = 0;
	try {
		value = std::stoul(text, &used, 0);
	} catch (const std::exception &) {
	}
	if (used == 0 || used != text.size())
		fail("not a number: " + text);
	return static_cast<u32>(value);
}

std::string sense_text(const Response &response)
{
	if (!response.sense_length)
		return "-";
	const bool descriptors = (response.sense[0] & 0x7e) == 0x72;
	const u8 *sense = response.sense;
	char text[16];
	std::snprintf(text, sizeof text, "%02x/%02x/%02x", descriptors ? sense[1] : sense[2] & 0xf,
		      descriptors ? sense[2] : sense[12], descriptors ? sense[3] : sense[13]);
	return text;
}

class Script
{
public:
	void run(const std::string &line)
	{
		std::istringstream words{line};
		std::string name;
		words >> name;
		const auto found = commands().find(name);
		if (found == commands().end())
			fail("no such command: " + line);
		Words arguments;
		for (std::string word; words >> word;)
			arguments.push_back(word);
		found->second(*this, arguments);
		std::fflush(stdout);
	}

private:
	using Words = std::vector<std::string>;
	using Command = std::function<void(Script &, const Words &)>;

	static const std::map<std::string, Command> &commands()
	{
		static const std::map<std::string, Command> table{
			{"case", &Script::begin_case},
			{"request", &Script::request},
			{"go", [](Script &s, const Words &) { s.frontend_.push(), s.answers(patience); }},
			{"push", [](Script &s, const Words &) { s.frontend_.push(); }},
			{"answers",
			 [](Script &s, const Words &w) { s.answers(std::chrono::milliseconds(arg(w, 0))); }},
			{"jump", [](Script &s, const Words &w) { s.frontend_.jump(arg(w, 0)); }},
			{"fill", &Script::fill},
			{"same", &Script::same},
			{"tail", &Script::tail},
			{"dump", &Script::dump},
			{"list", &Script::list},
			{"stamp", &Script::stamp},
			{"stamped", &Script::stamped},
			{"grant", &Script::grant},
			{"scribble",
			 [](Script &s, const Words &w) { s.mischief_.scribble_responses(arg(w, 0)); }},
			{"storm", [](Script &s, const Words &w) { s.mischief_.storm(arg(w, 0)); }},
			{"fuzz",
			 [](Script &s, const Words &w) { s.mischief_.fuzz(arg(w, 0), arg(w, 1), luns(w)); }},
			{"race",
			 [](Script &s, const Words &w) { s.mischief_.race(arg(w, 0), arg(w, 1), luns(w)); }},
			{"scsi", &Script::scsi},
			{"sleep", [](Script &, const Words &w) { usleep(1000 * arg(w, 0)); }},
		};
		return table;
	}

	static u32 arg(const Words &words, std::size_t at)
	{
		if (at >= words.size())
			fail("too few arguments");
		return number(words[at]);
	}

	static std::vector<u16> luns(const Words &words)
	{
		std::vector<u16> found;
		for (std::size_t i = 2; i < words.size(); i++)
			found.push_back(static_cast<u16>(arg(words, i)));
		return found;
	}

	u8 *bytes_at(u32 page, u32 offset, u32 length)
	{
		if (page >= HOSTILE_PAGES || u64{offset} + length > u64{HOSTILE_PAGES - page} * page_bytes)
			fail("beyond the last page");
		return frontend_.page(page) + offset;
	}

	// "page/offset/length"; "!grant" names a grant that need not be ours.
	Segment segment(const std::string &text)
	{
		std::istringstream parts{text};
		std::string page, offset, length;
		std::getline(parts, page, '/');
		std::getline(parts, offset, '/');
		std::getline(parts, length, '/');
		const u32 grant =
			page.starts_with('!') ? number(page.substr(1)) : frontend_.grant(number(page));
		return {grant, static_cast<u16>(number(offset)), static_cast<u16>(number(length))};
	}

	void begin_case(const Words &words)
	{
		std::printf("case");
		for (const auto &word : words)
			std::printf(" %s", word.c_str());
		std::printf("\n");
	}

	void request(const Words &words)
	{
		Request made{};
		u32 segments = 0;
		const std::map<std::string, std::function<void(const std::string &)>> keys{
			{"rqid", [&](auto &v) { made.rqid = static_cast<u16>(number(v)); }},
			{"action", [&](auto &v) { made.action = static_cast<u8>(number(v)); }},
			{"length", [&](auto &v) { made.cdb_length = static_cast<u8>(number(v)); }},
			{"channel", [&](auto &v) { made.channel = static_cast<u16>(number(v)); }},
			{"id", [&](auto &v) { made.id = static_cast<u16>(number(v)); }},
			{"lun", [&](auto &v) { made.lun = static_cast<u16>(number(v)); }},
			{"ref", [&](auto &v) { made.ref = static_cast<u16>(number(v)); }},
			{"direction", [&](auto &v) { made.direction = static_cast<u8>(number(v)); }},
			{"segments", [&](auto &v) { made.segments = static_cast<u8>(number(v)); }},
			{"cdb",
			 [&](auto &v) {
				 for (std::size_t i = 0; i < 16 && 2 * i < v.size(); i++)
					 made.cdb[i] = static_cast<u8>(number("0x" + v.substr(2 * i, 2)));
			 }},
			{"seg",
			 [&](auto &v) {
				 if (segments == direct_segments)
					 fail("too many segments");
				 made.segment[segments++] = segment(v);
			 }},
		};
		for (const auto &word : words) {
			const auto equals = word.find('=');
			const auto key = keys.find(word.substr(0, equals));
			if (equals == std::string::npos || key == keys.end())
				fail("not a field of a request: " + word);
			key->second(word.substr(equals + 1));
		}
		frontend_.queue(made);
	}

	void answers(std::chrono::milliseconds limit)
	{
		frontend_.collect(frontend_.outstanding(), limit, [&](const Response &response) {
			residual_[response.rqid] = response.residual;
			std::printf("%u %#x %u %s\n", response.rqid, static_cast<u32>(response.result),
				    response.residual, sense_text(response).c_str());
		});
		if (frontend_.outstanding())
			std::printf("%u unanswered\n", frontend_.outstanding());
	}

	void fill(const Words &words) // first page, pages, byte
	{
		const u32 length = arg(words, 1) * page_bytes;
		std::memset(bytes_at(arg(words, 0), 0, length), static_cast<int>(arg(words, 2)), length);
	}

	void compare(u32 page, u32 offset, u32 length, u32 byte)
	{
		const u8 *bytes = bytes_at(page, offset, length);
		for (u32 i = 0; i < length; i++) {
			if (bytes[i] != byte) {
				std::printf("changed at byte %u: %#x\n", offset + i, bytes[i]);
				return;
			}
		}
		std::printf("same\n");
	}

	void same(const Words &words) // page, offset, length, byte
	{
		compare(arg(words, 0), arg(words, 1), arg(words, 2), arg(words, 3));
	}

	// What of a buffer the residual says was not transferred.
	void tail(const Words &words) // rqid, page, length, byte
	{
		const u32 length = arg(words, 2);
		const u32 residual = residual_[arg(words, 0)];
		if (residual > length) {
			std::printf("residual %u of %u\n", residual, length);
			return;
		}
		std::printf("%s ", residual == length ? "none" : residual ? "some" : "all");
		compare(arg(words, 1), length - residual, residual, arg(words, 3));
	}

	void dump(const Words &words) // page, offset, length
	{
		const u8 *bytes = bytes_at(arg(words, 0), arg(words, 1), arg(words, 2));
		for (u32 i = 0; i < arg(words, 2); i++)
			std::printf("%02x", bytes[i]);
		std::printf("\n");
	}

	void list(const Words &words) // page, offset, then segments, each "page/offset/length" and "*times"
	{
		u32 offset = arg(words, 1);
		for (std::size_t i = 2; i < words.size(); i++) {
			const auto star = words[i].find('*');
			const u32 times = star == std::string::npos ? 1 : number(words[i].substr(star + 1));
			std::string text = words[i].substr(0, star);
			for (u32 n = 0; n < times; n++, offset += sizeof(Segment)) {
				const Segment made = segment(text);
				std::memcpy(bytes_at(arg(words, 0), offset, sizeof made), &made, sizeof made);
				// Each the next page, unless it is no page of ours.
				if (!text.starts_with('!'))
					text = std::to_string(number(text.substr(0, text.find('/'))) + 1) +
					       text.substr(text.find('/'));
			}
		}
	}

	// Each block of 512 bytes says which one it is.
	void stamp(const Words &words) // first page, pages, seed
	{
		auto *at = reinterpret_cast<u64 *>(bytes_at(arg(words, 0), 0, arg(words, 1) * page_bytes));
		for (u32 i = 0; i < arg(words, 1) * page_bytes / sizeof(u64); i++)
			at[i] = u64{arg(words, 2)} << 32 | i;
	}

	void stamped(const Words &words)
	{
		const auto *at =
			reinterpret_cast<u64 *>(bytes_at(arg(words, 0), 0, arg(words, 1) * page_bytes));
		const u64 seed = arg(words, 2);
		for (u32 i = 0; i < arg(words, 1) * page_bytes / sizeof(u64); i++) {
			if (at[i] != (seed << 32 | i)) {
				std::printf("wrong at word %u\n", i);
				return;
			}
		}
		std::printf("as stamped\n");
	}

	void scsi(const Words &words) // seed, first number, how many, role, device, LUN, blocks
	{
		const std::map<std::string, Role> roles{{"ordinary", Role::ordinary},
							{"fenced", Role::fenced},
							{"read-only", Role::read_only}};
		const std::map<std::string, Device> devices{{"disk", Device::disk},
							    {"passed-disk", Device::passed_disk},
							    {"tape", Device::tape},
							    {"changer", Device::changer}};
		const auto role = words.size() < 5 ? roles.end() : roles.find(words[3]);
		const auto device = words.size() < 5 ? devices.end() : devices.find(words[4]);
		if (role == roles.end() || device == devices.end())
			fail("scsi: SEED FIRST COUNT ordinary|fenced|read-only disk|passed-disk|tape|changer "
			     "LUN BLOCKS");
		Assault{frontend_, arg(words, 0),
			Target{static_cast<u16>(arg(words, 5)), role->second, device->second, arg(words, 6)}}
			.run(arg(words, 1), arg(words, 2));
	}

	void grant(const Words &words) // rw, ro or end; page
	{
		const std::map<std::string, unsigned long> how{
			{"rw", HOSTILE_GRANT}, {"ro", HOSTILE_GRANT_READ_ONLY}, {"end", HOSTILE_GRANT_END}};
		const auto found = words.empty() ? how.end() : how.find(words[0]);
		if (found == how.end())
			fail("grant: rw, ro or end");
		frontend_.change_grant(arg(words, 1), found->second);
	}

	Frontend frontend_;
	Mischief mischief_{frontend_};
	std::map<u32, u32> residual_;
};

} // namespace

int main()
{
	Script script;
	for (std::string line; std::getline(std::cin, line);)
		if (!line.empty())
			script.run(line);
	return 0;
}
