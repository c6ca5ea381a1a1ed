// SPDX-License-Identifier: GPL-2.0
// `xl-vscsi create`: what xl is told, and which domain is meant.
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "command/create.hpp"
#include "command/options.hpp"
#include "unit/fake_host.hpp"

namespace vscsi
{
namespace
{

using Words = std::vector<std::string>;

struct Created {
	Exit code = Exit::done;
	std::string said; // of a failure
	std::string out;
	std::string err;
};

class CommandCreate : public testing::Test
{
public:
	CommandCreate()
	{
		fake.add_scsi({2, 0, 0, 0}, 1, "nst0", 0);
		configure("new", "'/dev/nst0,0:0:0:0'");
	}

protected:
	void configure(const std::string &name, const std::string &vscsi)
	{
		m_name = name;
		put(config(), fmt::format("name = \"{}\"\nvscsi = [ {} ]\n", name, vscsi));
	}
	std::string config() const { return (fake.folder.path() / "new.cfg").string(); }

	Created create(Words words, bool json = false)
	{
		Options options;
		options.create = std::move(words);
		options.create.push_back(config());
		options.json = json;
		const Programs programs{[this](const Words &line) { return run(line); },
					[this](const Words &line) { become = line; }};
		testing::internal::CaptureStdout();
		testing::internal::CaptureStderr();
		Created result;
		try {
			result.code = vscsi::create(fake.host, options, programs);
		} catch (const Failure &failure) {
			result.code = failure.code();
			result.said = failure.what();
		}
		result.out = testing::internal::GetCapturedStdout();
		result.err = testing::internal::GetCapturedStderr();
		return result;
	}

	bool ran(const Words &line) const { return std::ranges::find(lines, line) != lines.end(); }
	bool has_devices(DomId id)
	{
		return fake.store.read(Txn::none, fmt::format("/local/domain/0/backend/vscsi/{}", id))
			.has_value();
	}

	FakeHost fake;
	std::vector<Words> lines; // what was run, without what only moves stdout
	Words become;
	DomId next = 9; // of the new domain; 0: xl makes none
	std::string failing;

private:
	int run(Words line)
	{
		if (line.front() == "sh")
			line.erase(line.begin(), line.begin() + 4);
		lines.push_back(line);
		if (line.at(1) == failing)
			return 1;
		if (line.at(1) == "create" && next)
			fake.store.add_domain(next, m_name);
		if (line.at(1) == "destroy")
			fake.store.remove_domain(static_cast<DomId>(std::stoul(line.at(2))));
		return 0;
	}
	std::string m_name;
};

TEST_F(CommandCreate, AttachesBeforeTheGuestRuns)
{
	const Created result = create({"-q"});
	EXPECT_EQ(result.code, Exit::done) << result.said;
	EXPECT_EQ(lines,
		  (std::vector<Words>{{"xl", "create", "-p", "-q", "-f", config()}, {"xl", "unpause", "9"}}));
	EXPECT_TRUE(become.empty());
	EXPECT_TRUE(has_devices(9));
	EXPECT_NE(result.out.find("0:0:0:0 of new"), std::string::npos) << result.out;
}

TEST_F(CommandCreate, TheConsoleComesWhenTheGuestRuns)
{
	for (const Words &words : {Words{"-c"}, Words{"-qc"}, Words{"-cd"}}) {
		lines.clear();
		EXPECT_EQ(create(words).code, Exit::done);
		for (const std::string &word : lines.at(0))
			EXPECT_TRUE(word != "-c" && word != "-qc" && word != "-cd") << word;
		EXPECT_EQ(lines.at(1), (Words{"xl", "unpause", std::to_string(next)}));
		EXPECT_EQ(become, (Words{"xl", "console", std::to_string(next)}));
		fake.store.remove_domain(next++);
		fake.store.remove(Txn::none, "/local/domain/0/backend");
	}
	const Created both = create({"-c"}, true);
	EXPECT_EQ(both.code, Exit::usage);
}

TEST_F(CommandCreate, TheViewerComesWhenTheGuestRuns)
{
	EXPECT_EQ(create({"-V"}).code, Exit::done);
	EXPECT_EQ(lines.at(0), (Words{"xl", "create", "-p", "-f", config()}));
	EXPECT_EQ(lines.at(2), (Words{"xl", "vncviewer", "9"}));
	EXPECT_TRUE(become.empty());
	fake.store.remove_domain(next++);
	lines.clear();
	failing = "vncviewer";
	const Created without = create({"--vncviewer-autopass"});
	EXPECT_EQ(without.code, Exit::done) << without.said;
	EXPECT_EQ(lines.at(2), (Words{"xl", "vncviewer", "--autopass", "10"}));
	EXPECT_NE(without.err.find("xl vncviewer does not"), std::string::npos) << without.err;
}

TEST_F(CommandCreate, TheForegroundIsRefused)
{
	for (const Words &words : {Words{"-F"}, Words{"-qF"}}) {
		const Created result = create(words);
		EXPECT_EQ(result.code, Exit::usage);
		EXPECT_NE(result.said.find("Leave -F out"), std::string::npos) << result.said;
	}
	EXPECT_TRUE(lines.empty());
}

TEST_F(CommandCreate, WithoutDevicesItIsXls)
{
	configure("new", "");
	create({"-F", "-c"});
	EXPECT_EQ(become, (Words{"xl", "create", "-F", "-c", config()}));
	EXPECT_TRUE(lines.empty());
}

TEST_F(CommandCreate, ANameOfDigitsIsNoId)
{
	fake.store.add_domain(7, "other");
	configure("7", "'/dev/nst0,0:0:0:0'");
	EXPECT_EQ(create({}).code, Exit::done);
	EXPECT_TRUE(has_devices(9));
	EXPECT_FALSE(has_devices(7));
	EXPECT_TRUE(ran({"xl", "unpause", "9"}));
}

TEST_F(CommandCreate, OnFailureOnlyTheNewDomainIsDestroyed)
{
	fake.store.add_domain(7, "other");
	configure("7", "'/dev/nst0,0:0:0:0', '/dev/nothing'");
	const std::string before = fake.configfs.snapshot();
	const Created result = create({});
	EXPECT_EQ(result.code, Exit::not_found);
	EXPECT_NE(result.said.find("destroyed again"), std::string::npos) << result.said;
	EXPECT_TRUE(ran({"xl", "destroy", "9"}));
	EXPECT_FALSE(ran({"xl", "destroy", "7"}));
	EXPECT_FALSE(has_devices(9));
	EXPECT_EQ(fake.configfs.snapshot(), before);
}

TEST_F(CommandCreate, OneThatWasThereBeforeIsNotMeant)
{
	fake.store.add_domain(8, "new");
	EXPECT_EQ(create({}).code, Exit::done);
	EXPECT_TRUE(has_devices(9));
	EXPECT_FALSE(has_devices(8));
}

TEST_F(CommandCreate, OneThatCannotBeFoundIsLeftAndTold)
{
	next = 0;
	const Created result = create({});
	EXPECT_EQ(result.code, Exit::failed);
	for (const char *remedy : {"xl list", "xl unpause", "xl destroy", "paused"})
		EXPECT_NE(result.said.find(remedy), std::string::npos) << result.said;
	EXPECT_EQ(lines.size(), 1U);
}

TEST_F(CommandCreate, AnIdMayBeUsedAgain)
{
	fake.store.add_domain(9, "new");
	fake.store.set("/local/domain/9/vm", "/vm/of-the-one-before");
	EXPECT_EQ(create({}).code, Exit::done);
	EXPECT_TRUE(has_devices(9));
}

TEST_F(CommandCreate, OneDocumentOfJson)
{
	const Created result = create({}, true);
	const auto json = nlohmann::json::parse(result.out);
	EXPECT_EQ(json.at("domain").at("domid"), 9);
	EXPECT_EQ(json.at("devices").size(), 1U);
}

TEST_F(CommandCreate, LinesNameTheNewForm)
{
	configure("new", "'phy:/dev/nst0,0:0:0:0'");
	const Created result = create({});
	EXPECT_EQ(result.code, Exit::usage);
	EXPECT_NE(result.said.find("Did you mean /dev/nst0?"), std::string::npos) << result.said;
	EXPECT_TRUE(lines.empty());
}

TEST(CreateWords, ShortOptionsShareAWord)
{
	// Neither is -p or -n, though their words have these letters.
	const CreateWords plain = read_create_words({"-fpn.cfg"});
	EXPECT_EQ(plain.config, "pn.cfg");
	EXPECT_FALSE(plain.paused || plain.dry_run);
	const CreateWords words = read_create_words({"-qpf", "g1.cfg", "name=pn", "-cn"});
	EXPECT_EQ(words.config, "g1.cfg");
	EXPECT_TRUE(words.paused && words.dry_run && words.console);
	EXPECT_EQ(words.others, (Words{"-q"}));
	EXPECT_EQ(words.lines, (Words{"name=pn"}));
	EXPECT_EQ(read_create_words({"-dqfg1.cfg"}).others, (Words{"-dq"}));
}

TEST(CreateWords, LongOptionsMayBeShortened)
{
	EXPECT_TRUE(read_create_words({"g1.cfg", "--dry"}).dry_run);
	EXPECT_EQ(read_create_words({"--def", "g1.cfg"}).config, "g1.cfg");
	EXPECT_EQ(read_create_words({"--defconfig=g1.cfg"}).config, "g1.cfg");
	EXPECT_EQ(read_create_words({"g1.cfg", "--vncviewer"}).viewer, Viewer::vnc);
	EXPECT_EQ(read_create_words({"g1.cfg", "--vncviewer-a"}).viewer, Viewer::vnc_with_password);
	EXPECT_EQ(read_create_words({"g1.cfg", "--new-one"}).others, (Words{"--new-one"}));
	EXPECT_EQ(read_create_words({"--", "-odd.cfg"}).config, "-odd.cfg");
	EXPECT_THROW(read_create_words({"g1.cfg", "--json"}), Failure);
	EXPECT_THROW(read_create_words({"g1.cfg", "-f", "g2.cfg"}), Failure);
}

} // namespace
} // namespace vscsi
