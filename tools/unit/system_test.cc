// SPDX-License-Identifier: GPL-2.0
// The thin layers: files of xl, programs, systemd, options, printed forms.
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cstdlib>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "command/createwords.hpp"
#include "command/options.hpp"
#include "command/output.hpp"
#include "daemon/events.hpp"
#include "daemon/notify.hpp"
#include "os/files.hpp"
#include "os/process.hpp"
#include "os/xlconfig.hpp"
#include "unit/fake_host.hpp"

namespace vscsi
{
namespace
{

TEST(XlConfig, IsReadAsXlDoes)
{
	const DomainConfig config =
		parse_config("name = \"g1\"\nvscsi = [ '/dev/st0, 0:0:0:0',\n 'host:2' ]\n", "x");
	EXPECT_EQ(config.name, "g1");
	EXPECT_EQ(config.vscsi, (std::vector<std::string>{"/dev/st0, 0:0:0:0", "host:2"}));
	EXPECT_TRUE(parse_config("name='g1'", "x").vscsi.empty());
	EXPECT_EQ(parse_config("name='g1'\n", "x", {"name='g2'"}).name, "g2");
}

TEST(XlConfig, MistakesNameTheFile)
{
	for (const char *bad : {"name='g1\n", "vscsi='/dev/st0'\n", "vscsi=[['a']]\n"}) {
		try {
			parse_config(bad, "/etc/xen/g1.cfg");
			ADD_FAILURE() << bad;
		} catch (const Failure &failure) {
			EXPECT_EQ(failure.code(), Exit::usage);
			EXPECT_NE(std::string{failure.what()}.find("/etc/xen/g1.cfg"), std::string::npos);
		}
	}
	EXPECT_THROW(read_config("/nonexistent/g1.cfg"), Failure);
}

TEST(Process, TellsHowItEnded)
{
	EXPECT_EQ(run_program({"true"}), 0);
	EXPECT_EQ(run_program({"sh", "-c", "exit 3"}), 3);
	EXPECT_EQ(run_program({"sh", "-c", "kill -9 $$"}), 137);
	EXPECT_EQ(run_program({"no-such-program-here"}), 127);
	EXPECT_EQ(run_program({"sleep", "100"}, std::chrono::seconds{1}), 124);
	EXPECT_EQ(run_program({"true"}, std::chrono::seconds{10}), 0);
	testing::internal::CaptureStdout();
	testing::internal::CaptureStderr();
	EXPECT_EQ(run_program(aside({"sh", "-c", "echo a 'b  c'; exit 4"})), 4);
	EXPECT_EQ(testing::internal::GetCapturedStdout(), "");
	EXPECT_EQ(testing::internal::GetCapturedStderr(), "a b  c\n");
}

TEST(Attributes, ErrorsAreToldAndNothingIsMade)
{
	const TemporaryFolder folder;
	EXPECT_EQ(write_attribute(folder.path() / "nothing", "1"), ENOENT);
	EXPECT_FALSE(std::filesystem::exists(folder.path() / "nothing"));
	put(folder.path() / "one", "x");
	EXPECT_EQ(write_attribute(folder.path() / "one", "value"), 0);
	EXPECT_EQ(first_line(folder.path() / "one"), "value");
	EXPECT_EQ(write_attribute("/dev/full", "1"), ENOSPC);
	EXPECT_EQ(first_line(folder.path() / "none"), "");
}

TEST(Events, TreeWatchSeesWhatStockToolsDo)
{
	FakeHost fake;
	const TpgId tpg = fake.configfs.add_tpg("naa.5", 1);
	const StoreId store = fake.configfs.add_store("rd_mcp_0", "ram");
	TreeWatch watch{fake.configfs.root()};
	watch.refresh();
	watch.drain();
	EXPECT_FALSE(watch.drain());
	const auto param = fake.configfs.fabric() / "naa.5/tpgt_1/param/domain";
	write_attribute(param, "g1");
	EXPECT_TRUE(watch.drain());
	fake.configfs.add_lun(tpg, 0, store);
	EXPECT_TRUE(watch.drain());
	watch.refresh();
	fake.configfs.apply(RemoveLun{tpg, 0});
	EXPECT_TRUE(watch.drain());
	// To read is no change.
	fake.configfs.read();
	EXPECT_FALSE(watch.drain());
}

// The part of systemd.
class Listener
{
public:
	Listener() : m_socket{socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)}
	{
		const std::string path = (m_folder.path() / "notify").string();
		sockaddr_un address{};
		address.sun_family = AF_UNIX;
		path.copy(address.sun_path, sizeof address.sun_path - 1);
		if (bind(m_socket.number(), reinterpret_cast<const sockaddr *>(&address), sizeof address) !=
		    0)
			throw std::runtime_error{"bind"};
		setenv("NOTIFY_SOCKET", path.c_str(), 1); // NOLINT(concurrency-mt-unsafe)
	}
	Listener(const Listener &) = delete;
	Listener &operator=(const Listener &) = delete;
	~Listener() { unsetenv("NOTIFY_SOCKET"); } // NOLINT(concurrency-mt-unsafe)
	std::string heard() const
	{
		std::array<char, 256> buffer;
		const ssize_t got = recv(m_socket.number(), buffer.data(), buffer.size(), 0);
		return got < 0 ? "nothing" : std::string{buffer.data(), static_cast<std::size_t>(got)};
	}

private:
	TemporaryFolder m_folder;
	Descriptor m_socket;
};

TEST(Notify, SystemdIsTold)
{
	const Listener listener;
	notify_ready();
	EXPECT_EQ(listener.heard(), "READY=1");
	notify_alive();
	EXPECT_EQ(listener.heard(), "WATCHDOG=1");
	notify_stopping();
	EXPECT_EQ(listener.heard(), "STOPPING=1");
	EXPECT_EQ(listener.heard(), "nothing");
}

TEST(Notify, WatchdogOnlyIfAskedFor)
{
	EXPECT_FALSE(watchdog_period());
	setenv("WATCHDOG_USEC", "20000000", 1);                      // NOLINT(concurrency-mt-unsafe)
	setenv("WATCHDOG_PID", std::to_string(getpid()).c_str(), 1); // NOLINT(concurrency-mt-unsafe)
	EXPECT_EQ(watchdog_period(), std::chrono::milliseconds{10000});
	setenv("WATCHDOG_PID", "1", 1); // NOLINT(concurrency-mt-unsafe)
	EXPECT_FALSE(watchdog_period());
	unsetenv("WATCHDOG_USEC"); // NOLINT(concurrency-mt-unsafe)
	unsetenv("WATCHDOG_PID");  // NOLINT(concurrency-mt-unsafe)
}

std::optional<Exit> parsed(Options &options, std::vector<const char *> words, std::string *said = nullptr)
{
	words.insert(words.begin(), "xl-vscsi");
	testing::internal::CaptureStdout();
	testing::internal::CaptureStderr();
	const auto code = parse(static_cast<int>(words.size()), words.data(), options);
	testing::internal::GetCapturedStdout();
	const std::string errors = testing::internal::GetCapturedStderr();
	if (said)
		*said = errors;
	return code;
}

TEST(Options, ADelayIsANumberOfSeconds)
{
	for (const char *bad : {"nan", "-nan", "inf", "-inf", "0", "-1", "0.09", "86401", "1s", ""}) {
		Options options;
		std::string said;
		EXPECT_EQ(parsed(options, {"top", "-d", bad}, &said), Exit::usage) << bad;
		EXPECT_NE(said.find("is no number of seconds from 0.1 to 86400"), std::string::npos) << said;
	}
	for (const char *good : {"0.1", "3", "1e3", "86400"}) {
		Options options;
		EXPECT_FALSE(parsed(options, {"top", "-d", good})) << good;
		EXPECT_EQ(options.delay, std::atof(good));
	}
}

TEST(Options, NewAndOldNamesOfVerbs)
{
	for (const char *name : {"attach", "scsi-attach"}) {
		Options options;
		EXPECT_FALSE(parsed(options, {name, "g1", "/dev/st0", "0:0:0:0", "--json", "--wait", "5",
					      "--backstore", "pscsi"}));
		EXPECT_EQ(options.verb, Verb::attach);
		EXPECT_EQ(options.vdev, "0:0:0:0");
		EXPECT_EQ(options.wait, 5U);
		EXPECT_EQ(options.how.via, Via::pscsi);
	}
	Options options;
	EXPECT_FALSE(parsed(options, {"scsi-detach", "g1", "0:0:0:0", "-N"}));
	EXPECT_TRUE(options.verb == Verb::detach && options.dry_run);
	EXPECT_FALSE(parsed(options, {"attach", "g1", "disk", "--across-hosts"}));
	EXPECT_TRUE(options.how.across_hosts);
	EXPECT_FALSE(parsed(options, {"resize", "fileio/disk", "2G", "--shrink", "-N", "--save", "--json"}));
	EXPECT_EQ(options.verb, Verb::resize);
	EXPECT_EQ(options.pdev, "fileio/disk");
	EXPECT_EQ(options.size, "2G");
	EXPECT_TRUE(options.shrink && options.dry_run && options.save && options.json);
	EXPECT_FALSE(parsed(options, {"scsi-list", "g1", "g2"}));
	EXPECT_EQ(options.names.size(), 2U);
	EXPECT_FALSE(parsed(options, {"status"}));
	EXPECT_EQ(options.verb, Verb::status);
	EXPECT_FALSE(parsed(options, {"devices", "/dev/nst0", "3:0:0:1"}));
	EXPECT_EQ(options.verb, Verb::devices);
	EXPECT_EQ(options.names.size(), 2U);
}

TEST(Options, WhatXlCreateKnowsIsPassedOn)
{
	Options options;
	EXPECT_FALSE(parsed(options, {"create", "g1.cfg", "-c", "memory=512"}));
	EXPECT_EQ(options.verb, Verb::create);
	EXPECT_EQ(options.create, (std::vector<std::string>{"g1.cfg", "-c", "memory=512"}));
}

TEST(Options, MistakesAreUsage)
{
	Options options;
	for (const auto &words :
	     std::vector<std::vector<const char *>>{{},
						    {"attach"},
						    {"attach", "g1"},
						    {"detach", "g1"},
						    {"resize"},
						    {"resize", "disk", "--wait", "3"},
						    {"fly"},
						    {"create"},
						    {"attach", "g1", "x", "--wait", "-3"},
						    {"attach", "g1", "x", "--backstore", "tape"},
						    {"list", "--what"}})
		EXPECT_EQ(parsed(options, words), Exit::usage) << (words.empty() ? "" : words.back());
	EXPECT_EQ(parsed(options, {"--help"}), Exit::done);
}

TEST(Create, WordsOfXl)
{
	const CreateWords words = read_create_words({"-p", "g1.cfg", "memory=512", "--vncviewer"});
	EXPECT_EQ(words.config, "g1.cfg");
	EXPECT_TRUE(words.paused);
	EXPECT_FALSE(words.dry_run);
	EXPECT_EQ(words.lines, (std::vector<std::string>{"memory=512"}));
	EXPECT_EQ(read_create_words({"-f", "g1.cfg"}).config, "g1.cfg");
	EXPECT_EQ(read_create_words({"--defconfig=g1.cfg", "-n"}).dry_run, true);
	for (const auto &bad : std::vector<std::vector<std::string>>{{}, {"-p"}, {"a.cfg", "b.cfg"}, {"-f"}})
		EXPECT_THROW(read_create_words(bad), Failure);
}

ListedGuest sample()
{
	const Device device{"dev-0", "naa.5,1:0", "/dev/st0", Vdev{0, 0, 0, 0}, State::connected, {}, true};
	Device bad{"dev-1", "naa.5,1:1", "", Vdev{0, 0, 0, 1}, State::closed, "no such LUN", false};
	const Controller controller{0, 0, State::connected, State::connected, true, {device, bad}};
	return {{3, "g1", "aabb"},
		true,
		{{controller,
		  {{device, Hctl{2, 0, 0, 0}, LunName{"naa.5", 1, 0}, {}, Reach::one_registrant},
		   {bad, {}, {}}}}}};
}

TEST(Output, ListHasTheColumnsThatUsersKnow)
{
	const std::string text = list_text({sample()});
	EXPECT_EQ(text.substr(0, text.find('\n')),
		  "Idx BE  state ctrl phy-hctl   phy              vir-hctl   devstate     domain     p-dev   "
		  "                reservations");
	EXPECT_NE(text.find("0   0   4     4    2:0:0:0    /dev/st0         0:0:0:0    connected    g1"),
		  std::string::npos)
		<< text;
	EXPECT_NE(text.find("naa.5,1:0               one registrant\n"), std::string::npos) << text;
	EXPECT_NE(text.find("naa.5,1:1               -\n"), std::string::npos) << text;
	EXPECT_NE(text.find("no such LUN"), std::string::npos);
}

TEST(Output, DevicesHaveWhatTheyAreCalledByAfterAReboot)
{
	FakeHost fake;
	fake.add_scsi({3, 0, 0, 1}, 1, "nst0", 1);
	fake.says({3, 0, 0, 1}, {"5000c50000000001", "LTO-1"});
	fake.add_scsi({3, 0, 0, 2}, 1, "nst1", 2);
	const std::string link = fake.add_link("tape/by-id/scsi-35000c50000000001-nst", "/dev/nst0");
	const auto all = find_devices(fake.sysfs, {});
	EXPECT_EQ(devices_text(all),
		  fmt::format("{:<12} {:<16} {:<44} device\n{:<12} {:<16} {:<44} IBM ULT3580-TD5 LTO-1\n"
			      "    {}\n{:<12} {:<16} {:<44}\n",
			      "hctl", "node", "identity", "3:0:0:1", "/dev/nst0", "id:naa.5000c50000000001",
			      link, "3:0:0:2", "/dev/nst1", "-"));
	const auto json = nlohmann::json::parse(devices_json(all));
	EXPECT_EQ(json.at(0).at("identity"), "naa.5000c50000000001");
	EXPECT_EQ(json.at(0).at("link"), link);
	EXPECT_EQ(json.at(0).at("identities").size(), 2U);
	EXPECT_EQ(json.at(0).at("numbered"), true);
	EXPECT_TRUE(json.at(1).at("identity").is_null());
	for (const char *name : {"/dev/nst0", "3:0:0:1", "id:naa.5000c50000000001"})
		EXPECT_EQ(find_devices(fake.sysfs, {name}).at(0).node, "/dev/nst0");
	EXPECT_THROW(find_devices(fake.sysfs, {"naa.5:0"}), Failure);
}

TEST(Output, JsonNamesAreAnInterface)
{
	const auto json = nlohmann::json::parse(list_json({sample()}));
	const auto &device = json.at(0).at("controllers").at(0).at("devices").at(0);
	EXPECT_EQ(json.at(0).at("domid"), 3);
	EXPECT_EQ(json.at(0).at("running"), true);
	EXPECT_EQ(device.at("p-dev"), "naa.5,1:0");
	EXPECT_EQ(device.at("v-dev"), "0:0:0:0");
	EXPECT_EQ(device.at("phy-hctl"), "2:0:0:0");
	EXPECT_EQ(device.at("state"), 4);
	EXPECT_EQ(device.at("state-name"), "connected");
	EXPECT_TRUE(device.at("error").is_null());
	EXPECT_EQ(device.at("reservations"), "one registrant");
	EXPECT_TRUE(json.at(0).at("controllers").at(0).at("devices").at(1).at("reservations").is_null());
	const auto failure = nlohmann::json::parse(failure_json(Failure{Exit::in_use, "\xff taken"}));
	EXPECT_EQ(failure.at("code"), 4);
	Status status;
	status.tpgs.push_back({{{"naa.5", 1}, "auto-1", "g1", false, true, {{0, "x", {"rd_mcp_0", "ram"}}}},
			       Domain{3, "g1", "aabb"},
			       {{{"naa.5", 1, 0}, "ram", {0, 0, 0, 0}, true}},
			       {"domid=3 vhost=0"},
			       {{0, Reach::none}}});
	status.domains.push_back({3, "g1", "aabb"});
	status.configured.push_back({"g2", {}, "ccdd", "/etc/xen/g2.cfg"});
	const auto shown = nlohmann::json::parse(status_json(status));
	EXPECT_EQ(shown.at("domains").at(0).at("domid"), 3);
	EXPECT_EQ(shown.at("configured").at(0).at("file"), "/etc/xen/g2.cfg");
	EXPECT_TRUE(shown.at("guests").empty());
	EXPECT_EQ(shown.at("tpgs").at(0).at("luns").at(0).at("v-dev"), "0:0:0:0");
	EXPECT_EQ(shown.at("tpgs").at(0).at("made-by-tool"), true);
	EXPECT_EQ(shown.at("tpgs").at(0).at("luns").at(0).at("reservations"), "none");
	EXPECT_NE(status_text(status).find("bound to g1 (domain 3), made by xl-vscsi"), std::string::npos);
	EXPECT_NE(status_text(status).find("rd_mcp_0/ram, reservations: none\n"), std::string::npos);
}

} // namespace
} // namespace vscsi
