// SPDX-License-Identifier: GPL-2.0
// Journals of commands that died: any bytes; and what was written, cut anywhere.  What is
// read of a cut one is what was written whole, and nothing else.
#include <filesystem>
#include <fstream>
#include <sys/stat.h>
#include <unistd.h>
#include <vector>

#include "act/journal.hpp"
#include "act/memory.hpp"
#include "os/files.hpp"

#include "harness.hpp"

namespace fuzz
{
namespace
{

using namespace vscsi;
namespace fs = std::filesystem;

// One for each process, in memory where there is such a place.
const fs::path &file()
{
	static const fs::path path = [] {
		const fs::path folder =
			fs::exists("/dev/shm") ? fs::path{"/dev/shm"} : fs::temp_directory_path();
		return folder / ("vscsi-fuzz-" + std::to_string(getpid()) + ".journal");
	}();
	static const struct Remover {
		~Remover()
		{
			std::error_code error;
			fs::remove(file(), error);
		}
	} remover;
	return path;
}

void store(const std::string &text)
{
	std::ofstream{file(), std::ios::trunc | std::ios::binary} << text;
}

// A word of configfs: no tab, no end of a line, no slash.
std::string word(Input &input)
{
	constexpr char letters[] = "abz019.-_ :,";
	std::string text;
	for (u32 left = 1 + input.below(8); left; left--)
		text += letters[input.below(sizeof letters - 1)];
	return text;
}

Change change(Input &input)
{
	const TpgId tpg{word(input), input.take<u16>()};
	const StoreId store{word(input), word(input)};
	switch (input.below(5)) {
	case 0:
		return RemoveLun{tpg, input.take<u16>() % (greatest_lun + 1)};
	case 1:
		return RemoveTpg{tpg};
	case 2:
		return RemoveStore{store};
	case 3:
		return BindTpg{tpg, input.flag() ? word(input) : std::string{}, {}};
	default:
		return SetAttribute{store, word(input), word(input), {}};
	}
}

std::string text_of(const std::vector<Change> &changes)
{
	std::string text;
	for (const Change &one : changes)
		text += to_line(one) + '\n';
	return text;
}

std::string text_of(const std::vector<Given> &all)
{
	std::string text;
	for (const Given &one : all)
		text += std::to_string(one.backend) + '\t' + std::to_string(one.domain.id) + '\t' +
			one.domain.uuid + '\t' + one.domain.name + '\t' + to_string(one.vdev) + '\t' +
			to_string(one.pdev) + '\n';
	return text;
}

void cut(Input &input)
{
	std::error_code error;
	fs::remove(file(), error);
	Journal journal{file()};
	std::vector<Change> changes;
	std::vector<Given> given;
	std::vector<std::pair<std::size_t, bool>> ends;
	const u16 where = input.take<u16>();
	while (!input.empty() && ends.size() < 12) {
		const bool device = input.flag();
		if (device) {
			Given one;
			one.backend = input.take<u8>();
			one.domain = {input.take<u16>(), word(input), input.flag() ? "12-34" : ""};
			one.domain.name.erase(0, one.domain.name.find_first_not_of(' '));
			if (one.domain.name.empty())
				one.domain.name = "g";
			one.vdev = {input.take<u8>(), 0, input.take<u8>() % 64u, input.take<u8>()};
			one.pdev = {"naa." + word(input), {}, input.take<u8>()};
			if (one.pdev.port.find_first_of(",:") != std::string::npos)
				one.pdev.port = "naa.1";
			if (input.flag())
				one.pdev.tpgt = input.take<u8>();
			journal.add(one);
			given.push_back(one);
		} else {
			changes.push_back(change(input));
			journal.add(changes.back());
		}
		ends.emplace_back(fs::file_size(file()), device);
	}
	expect(text_of(journal.pending()) == text_of(changes), "a change is read as another");
	expect(text_of(journal.given()) == text_of(given), "a device is read as another");
	if (ends.empty())
		return;
	const std::size_t at = where % (ends.back().first + 1);
	fs::resize_file(file(), at);
	std::size_t whole_changes = 0, whole_given = 0;
	for (const auto &[end, device] : ends)
		if (end <= at)
			++(device ? whole_given : whole_changes);
	changes.resize(whole_changes);
	given.resize(whole_given);
	expect(text_of(journal.pending()) == text_of(changes), "half a line undoes something");
	expect(text_of(journal.given()) == text_of(given), "half a line takes a device");
	// Who writes on does not write into that line.
	if (input.flag())
		return;
	changes.push_back(RemoveTpg{{"naa.7", 3}});
	journal.add(changes.back());
	expect(text_of(journal.pending()) == text_of(changes), "half a line spoils the next");
}

void anything(const std::string &text)
{
	store(text);
	const Journal journal{file()};
	for (const Change &one : journal.pending()) {
		const auto again = from_line(to_line(one));
		expect(again && to_line(*again) == to_line(one), "a change becomes another");
		expect(!describe(one).empty(), "nothing is said of it");
	}
	for (const Given &one : journal.given())
		expect(parse_lun_name(to_string(one.pdev)) == one.pdev, "a device becomes another");
	const Memory memory{file()};
	(void)memory.of("g1", "/dev/sda");
}

} // namespace

void journal(Input input)
{
	if (input.flag())
		return cut(input);
	std::string text;
	while (!input.empty())
		text += static_cast<char>(input.take<u8>());
	anything(text);
}

} // namespace fuzz
