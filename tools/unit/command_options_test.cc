// SPDX-License-Identifier: GPL-2.0
// What is typed: verbs, old and new, mistakes, and help.
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "command/hinted.hpp"
#include "command/options.hpp"
#include "command/version.hpp"
#include "core/hints.hpp"

namespace vscsi
{
namespace
{

struct Typed {
	std::optional<Exit> code;
	Options options;
	std::string out;
	std::string err;
};

Typed typed(std::vector<const char *> words)
{
	words.insert(words.begin(), "xl-vscsi");
	Typed result;
	testing::internal::CaptureStdout();
	testing::internal::CaptureStderr();
	result.code = parse(static_cast<int>(words.size()), words.data(), result.options);
	result.out = testing::internal::GetCapturedStdout();
	result.err = testing::internal::GetCapturedStderr();
	return result;
}

bool contains(const std::string &text, std::string_view part)
{
	return text.find(part) != std::string::npos;
}

TEST(CommandOptions, TheVersion)
{
	const Typed result = typed({"--version"});
	EXPECT_EQ(result.code, Exit::done);
	EXPECT_EQ(result.out, std::string{"xl-vscsi "} + tools_version() + "\n");
}

TEST(CommandOptions, AnUnknownVerbIsTold)
{
	const Typed near = typed({"atach", "g1", "/dev/st0"});
	EXPECT_EQ(near.code, Exit::usage);
	EXPECT_TRUE(contains(near.err, "unknown verb 'atach': do you mean attach?")) << near.err;
	EXPECT_TRUE(contains(near.err, "attach, assign, move, detach, list, create, resize")) << near.err;
	const Typed far = typed({"fly"});
	EXPECT_TRUE(contains(far.err, "unknown verb 'fly'.")) << far.err;
	EXPECT_TRUE(contains(typed({"vscsi-atach"}).err, "do you mean vscsi-attach?"));
	EXPECT_TRUE(contains(typed({"--sysfs", "/x", "lst"}).err, "'lst': do you mean list?"));
	const Typed none = typed({});
	EXPECT_EQ(none.code, Exit::usage);
	EXPECT_TRUE(contains(none.err, "The verbs are attach")) << none.err;
}

TEST(CommandOptions, HelpOfVerbs)
{
	const Typed all = typed({"help"});
	EXPECT_EQ(all.code, Exit::done);
	for (const char *part : {"attach", "vscsi-list", "report", "Exit codes", "--version"})
		EXPECT_TRUE(contains(all.out, part)) << all.out;
	const Typed one = typed({"help", "attach"});
	EXPECT_EQ(one.code, Exit::done);
	EXPECT_TRUE(contains(one.out, "--wait SECONDS (default 30)")) << one.out;
	EXPECT_TRUE(contains(one.out, "--backstore auto|block|fileio|pscsi (default auto)")) << one.out;
	EXPECT_TRUE(contains(one.out, "--backend DOMAIN (default 0)")) << one.out;
	EXPECT_EQ(typed({"help", "vscsi-attach"}).out, one.out);
	for (const char *inside : {"UINT", "TEXT", "->", " in [", "REQUIRED", "FLOAT"})
		for (const char *verb : {"attach", "detach", "list", "create", "resize", "devices", "status",
					 "top", "report", "help"}) {
			EXPECT_FALSE(contains(typed({verb, "--help"}).out, inside)) << verb << ' ' << inside;
			EXPECT_FALSE(contains(typed({"help", verb}).out, inside)) << verb << ' ' << inside;
		}
	EXPECT_FALSE(contains(all.out, "TEXT")) << all.out;
	EXPECT_TRUE(contains(typed({"help", "detatch"}).err, "do you mean detach?"));
	EXPECT_TRUE(contains(typed({"attach", "--help"}).out, "Usage: xl-vscsi attach"));
}

TEST(CommandOptions, MistakesAreJsonIfThatIsAskedFor)
{
	for (const auto &words :
	     std::vector<std::vector<const char *>>{{"--json", "attach", "g1"},
						    {"attach", "g1", "--json"},
						    {"list", "--what", "--json"},
						    {"atach", "--json"},
						    {"attach", "g1", "x", "--wait", "soon", "--json"},
						    {"create", "--json"}}) {
		const Typed result = typed(words);
		EXPECT_EQ(result.code, Exit::usage);
		const auto json = nlohmann::json::parse(result.out);
		EXPECT_EQ(json.at("code"), 2);
		EXPECT_FALSE(json.at("error").get<std::string>().empty());
		EXPECT_TRUE(result.err.starts_with("xl-vscsi: ")) << result.err;
	}
	const Typed line = typed({"top", "--json", "-n", "0"});
	EXPECT_EQ(std::ranges::count(line.out, '\n'), 1) << line.out;
	EXPECT_EQ(typed({"attach", "g1"}).out, "");
}

TEST(CommandOptions, MistakesAreToldInPlainWords)
{
	for (const auto &[words, part] : std::vector<std::pair<std::vector<const char *>, const char *>>{
		     {{"attach", "g1", "x", "--backstore", "tape"},
		      "'tape' is none of auto, block, fileio and pscsi"},
		     {{"attach", "g1", "x", "--wait", "soon"},
		      "'soon' is no number of seconds from 0 to 86400"},
		     {{"top", "-n", "0"}, "'0' is no number from 1 to"},
		     {{"top", "--format", "xml"}, "'xml' is none of text, json and openmetrics"},
		     {{"attach", "g1"}, "`xl-vscsi help attach` tells more"}}) {
		const Typed result = typed(words);
		EXPECT_EQ(result.code, Exit::usage);
		EXPECT_TRUE(contains(result.err, part)) << result.err;
	}
}

TEST(CommandOptions, VerbsOfXm)
{
	for (const char *verb : {"attach", "vscsi-attach", "scsi-attach"}) {
		const Typed result = typed({verb, "g1", "/dev/st0", "0:0:0:0", "storage1"});
		EXPECT_FALSE(result.code) << result.err;
		EXPECT_EQ(result.options.verb, Verb::attach);
		EXPECT_EQ(result.options.vdev, "0:0:0:0");
		EXPECT_EQ(result.options.backend, "storage1");
	}
	for (const char *verb : {"detach", "vscsi-detach", "scsi-detach"}) {
		const Typed result = typed({verb, "g1", "0:0:0:0", "storage1"});
		EXPECT_FALSE(result.code) << result.err;
		EXPECT_EQ(result.options.verb, Verb::detach);
		EXPECT_EQ(result.options.backend, "storage1");
	}
	for (const char *verb : {"list", "vscsi-list", "scsi-list"}) {
		const Typed result = typed({verb, "g1", "storage1"});
		EXPECT_EQ(result.options.verb, Verb::list);
		EXPECT_EQ(result.options.names.size(), 2U);
	}
	EXPECT_EQ(typed({"attach", "g1", "x", "0:0:0:0"}).options.backend, "0");
	EXPECT_FALSE(typed({"attach", "g1", "x", "0:0:0:0", "s", "--backend", "s"}).code);
	EXPECT_EQ(typed({"attach", "g1", "x", "0:0:0:0", "s", "--backend", "t"}).code, Exit::usage);
	// A guest may be called as a verb is.
	EXPECT_EQ(typed({"attach", "list", "x"}).options.domain, "list");
}

TEST(CommandOptions, FormatsOfTop)
{
	EXPECT_TRUE(typed({"top", "--format", "openmetrics", "-n", "1"}).options.metrics);
	EXPECT_TRUE(typed({"top", "--format", "json"}).options.json);
	EXPECT_FALSE(typed({"top", "--format", "text"}).options.json);
	EXPECT_EQ(typed({"top", "--format", "openmetrics", "--json"}).code, Exit::usage);
}

TEST(Hints, Distance)
{
	EXPECT_EQ(edit_distance("attach", "attach"), 0U);
	EXPECT_EQ(edit_distance("atach", "attach"), 1U);
	EXPECT_EQ(edit_distance("attahc", "attach"), 1U);
	EXPECT_EQ(edit_distance("", "top"), 3U);
	EXPECT_EQ(edit_distance("list", "top"), 4U);
	constexpr std::array<std::string_view, 3> known{"attach", "detach", "top"};
	EXPECT_EQ(nearest("detatch", known), "detach");
	EXPECT_EQ(nearest("tpo", known), "top");
	EXPECT_EQ(nearest("xyz", known), "");
}

TEST(CommandOptions, WordsCanBeCheckedAlone)
{
	EXPECT_EQ(typed({"--only-parse", "attach", "g1", "/dev/sdb", "0:0:0:1"}).code, Exit::done);
	EXPECT_EQ(typed({"--only-parse", "attach", "g1", "host:2", "1"}).code, Exit::done);
	EXPECT_EQ(typed({"--only-parse", "attach", "g1", "/dev/sdb", "1"}).code, Exit::usage);
	EXPECT_EQ(typed({"--only-parse", "attach", "g1", "naa.5:x"}).code, Exit::usage);
	EXPECT_EQ(typed({"--only-parse", "attach", "g1"}).code, Exit::usage);
}

TEST(Hints, OldNamesOfDevices)
{
	for (const auto &[word, part] : std::vector<std::pair<const char *, const char *>>{
		     {"phy:/dev/sdb", "Did you mean /dev/sdb?"},
		     {"phy:sdb", "Did you mean /dev/sdb?"},
		     {"file:/srv/disk.img", "Did you mean /srv/disk.img?"},
		     {"tap:aio:/srv/disk.img", "Did you mean /srv/disk.img?"},
		     {"tap:qcow2:/srv/disk.qcow2", "qemu-img convert -O raw /srv/disk.qcow2"},
		     {"host", "host:N"},
		     {"sdb", "Did you mean /dev/sdb?"},
		     {"sdb1", "Did you mean /dev/sdb1?"},
		     {"nst0", "Did you mean /dev/nst0?"},
		     {"sg3", "Did you mean /dev/sg3?"},
		     {"nvme0n1", "Did you mean /dev/nvme0n1?"},
		     {"wwn-0x5000C500a1b2c3d4",
		      "/dev/disk/by-id/wwn-0x5000C500a1b2c3d4, or id:naa.5000c500a1b2c3d4"},
		     {"scsi-35000c500a1b2c3d4", "/dev/disk/by-id/scsi-35000c500a1b2c3d4"},
		     {"naa.5001405000000001", "naa.5001405000000001:0"},
		     {"5000c500a1b2c3d4", "Did you mean id:naa.5000c500a1b2c3d4?"},
		     {"0x5000c500a1b2c3d4", "Did you mean id:naa.5000c500a1b2c3d4?"},
		     {"iqn.2003-01.org.example:disk", "iqn.2003-01.org.example:disk:N"},
		     {"3:0:0", "Did you mean 3:0:0:0"},
		     {"/dev/sdb,0:0:0:0", "/dev/sdb 0:0:0:0"}})
		EXPECT_TRUE(contains(pdev_hint(word), part)) << word << ": " << pdev_hint(word);
	for (const char *fine : {"/dev/sdb", "naa.5001405000000001:0", "3:0:0:1", "host:3", "disk", "sdisk",
				 "fileio/disk", "iqn.2003-01.org.example:disk:0", "standard", "id:naa.5", ""})
		EXPECT_EQ(pdev_hint(fine), "") << fine;
}

TEST(Hints, OldNamesInTheGuest)
{
	for (const auto &[word, part] :
	     std::vector<std::pair<const char *, const char *>>{{"sda", "an address, not a name"},
								{"/dev/sda", "an address, not a name"},
								{"xvdb", "an address, not a name"},
								{"host", "leave VDEV out"},
								{"0:0:0", "Did you mean 0:0:0:0"}})
		EXPECT_TRUE(contains(vdev_hint(word), part)) << word << ": " << vdev_hint(word);
	EXPECT_EQ(vdev_hint("0:0:0:0"), "");
	EXPECT_EQ(vdev_hint(""), "");
}

TEST(Hints, AreSaidOnlyWhereANameIsWrong)
{
	EXPECT_STREQ(hinted(Failure{Exit::not_found, "no backstore 'sdb'"}, "sdb").what(),
		     "no backstore 'sdb'. Did you mean /dev/sdb?");
	EXPECT_STREQ(hinted(Failure{Exit::in_use, "taken"}, "sdb").what(), "taken");
	EXPECT_STREQ(hinted(Failure{Exit::usage, "what"}, "/dev/sdb", "0:0:0:0").what(), "what");
	EXPECT_TRUE(contains(hinted(Failure{Exit::usage, "v-dev 'sda'"}, "/dev/sdb", "sda").what(),
			     "an address"));
	// It is about something else.
	EXPECT_STREQ(hinted(Failure{Exit::not_found, "domain 3 has ended"}, "sdb").what(),
		     "domain 3 has ended");
}

} // namespace
} // namespace vscsi
