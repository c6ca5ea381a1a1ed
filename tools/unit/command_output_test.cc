// SPDX-License-Identifier: GPL-2.0
// What the verbs print, and how they end.
#include <sstream>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "command/options.hpp"
#include "command/outcome.hpp"
#include "command/report.hpp"
#include "command/status.hpp"
#include "command/table.hpp"
#include "command/topmetrics.hpp"
#include "command/version.hpp"
#include "unit/statistics_tree.hpp"

namespace vscsi
{
namespace
{

std::vector<std::string> split_lines(const std::string &text)
{
	std::istringstream stream{text};
	std::vector<std::string> lines;
	for (std::string line; std::getline(stream, line);)
		lines.push_back(line);
	return lines;
}

bool says(const std::string &text, std::string_view part)
{
	return text.find(part) != std::string::npos;
}

TEST(CommandTable, ColumnsAreAsWideAsTheyMustBe)
{
	TextTable table{{3, 5}};
	table.add({"a", "b", "c"});
	table.add({"longer", "\xc3\xa4", "c"});
	table.note("    below");
	EXPECT_EQ(table.text(), "a      b     c\nlonger \xc3\xa4     c\n    below\n");
}

TEST(CommandTable, NamesThatLookLikeSeveralWords)
{
	EXPECT_EQ(as_word("g1"), "g1");
	EXPECT_EQ(as_word("my guest"), "\"my guest\"");
	EXPECT_EQ(as_word("a\"b"), "\"a\\\"b\"");
	EXPECT_EQ(as_word("a\033[2Jb"), "\"a?[2Jb\"");
	EXPECT_EQ(as_word(""), "\"\"");
}

ListedGuest guest_with(const std::string &name, const std::string &pdevname, DomId backend = 0)
{
	const Device device{"dev-0", "naa.5,1:0", pdevname, Vdev{0, 0, 0, 0}, State::connected, {}, true};
	const Controller controller{0, backend, State::connected, State::connected, true, {device}};
	return {{3, name, "aabb"}, true, {{controller, {{device, {}, {}}}}}};
}

TEST(CommandOutput, ListStaysInItsColumns)
{
	const std::string link = "/dev/tape/by-id/scsi-350000000000000a1-nst";
	const auto lines = split_lines(
		list_text({guest_with("g1", "/dev/nst0"), guest_with("a guest of some name", link)}));
	ASSERT_EQ(lines.size(), 3U);
	for (const char *title : {"vir-hctl", "devstate", "domain", "p-dev", "reservations"}) {
		const std::size_t place = lines[0].find(title);
		for (std::size_t at = 1; at < lines.size(); ++at) {
			EXPECT_EQ(lines[at][place - 1], ' ') << title << '\n' << lines[at];
			EXPECT_NE(lines[at][place], ' ') << title << '\n' << lines[at];
		}
	}
	EXPECT_TRUE(says(lines[2], " \"a guest of some name\" ")) << lines[2];
}

TEST(CommandOutput, StatusStaysInItsColumns)
{
	Status status;
	status.tpgs.push_back(
		{.tpg = {{"naa.5", 1},
			 "my alias",
			 "my guest",
			 false,
			 true,
			 {{0, "x", {"rd_mcp_0", "a"}}, {1000, "x", {"fileio_0", "a long name"}}}},
		 .domain = {},
		 .devices = {{{"naa.5", 1, 1000}, "ram", {0, 0, 63, 16000}, true}},
		 .connected = {}});
	const auto lines = split_lines(status_text(status));
	ASSERT_EQ(lines.size(), 4U);
	EXPECT_TRUE(says(lines[1], "alias \"my alias\": bound to \"my guest\"")) << lines[1];
	EXPECT_TRUE(says(lines[3], "\"fileio_0/a long name\",")) << lines[3];
	EXPECT_EQ(lines[2].find("rd_mcp_0"), lines[3].find("\"fileio_0"));
	EXPECT_EQ(lines[2].find("reservations"), lines[3].find("reservations"));
}

TEST(CommandOutput, OneDocumentWhenSavingFails)
{
	Options options;
	options.json = true;
	testing::internal::CaptureStdout();
	testing::internal::CaptureStderr();
	const Exit code = print_outcome(options, "text", R"({"changed":true})", {"a warning"},
					Failure{Exit::failed, "not saved"});
	const auto json = nlohmann::json::parse(testing::internal::GetCapturedStdout());
	const std::string err = testing::internal::GetCapturedStderr();
	EXPECT_EQ(code, Exit::failed);
	EXPECT_EQ(json.at("changed"), true);
	EXPECT_EQ(json.at("error"), "not saved");
	EXPECT_EQ(json.at("code"), 1);
	EXPECT_TRUE(says(err, "warning: a warning") && says(err, "xl-vscsi: not saved")) << err;
}

TEST(CommandOutput, AnAdapterWithoutDevicesIsTold)
{
	const std::string text = nothing_yet({1, "g1", ""}, "host:3");
	EXPECT_TRUE(says(text, "host:3 has no devices now; g1 gets those that come")) << text;
}

struct StatusTest : testing::Test {
	std::pair<Exit, std::string> show(bool json = false)
	{
		Options options;
		options.json = json;
		options.config_dirs = {(fake.folder.path() / "etc").string()};
		testing::internal::CaptureStdout();
		const Exit code = show_status(fake.host, options);
		return {code, testing::internal::GetCapturedStdout()};
	}
	void load_ours() const
	{
		put(fake.folder.path() / "sys/module/xen_scsiback/parameters/max_pool_pages", "1\n");
	}

	FakeHost fake;
};

TEST_F(StatusTest, EndsWithItsOwnCodeIfThereAreProblems)
{
	load_ours();
	const auto [bad, text] = show();
	EXPECT_EQ(static_cast<int>(bad), 8);
	EXPECT_TRUE(says(text, "problem: the daemon does not run")) << text;
	EXPECT_EQ(show(true).first, bad);
	const Lock daemon = Lock::take(fake.host.daemon_lock(), std::chrono::seconds{1});
	const auto [good, nothing] = show();
	EXPECT_EQ(good, Exit::done) << nothing;
	EXPECT_TRUE(says(nothing, "module loaded, daemon running")) << nothing;
}

TEST_F(StatusTest, TellsTheKernelsOwnModule)
{
	const Lock daemon = Lock::take(fake.host.daemon_lock(), std::chrono::seconds{1});
	const auto [code, text] = show();
	EXPECT_EQ(code, Exit::problems);
	EXPECT_TRUE(says(text, "module loaded, but not ours")) << text;
	EXPECT_TRUE(says(text, "rmmod xen-scsiback && modprobe xen-scsiback")) << text;
	auto json = nlohmann::json::parse(show(true).second);
	EXPECT_EQ(json.at("module"), true);
	EXPECT_EQ(json.at("module-ours"), false);
	load_ours();
	json = nlohmann::json::parse(show(true).second);
	EXPECT_EQ(json.at("module-ours"), true);
	EXPECT_TRUE(json.at("problems").empty());
}

TEST(CommandList, NamesMayBeOfDomainsThatServe)
{
	FakeHost fake;
	fake.store.add_domain(5, "storage1");
	fake.store.add_domain(2, "g2");
	fake.store.set("/local/domain/5/backend/vscsi/1/0/state", "4");
	fake.store.set("/local/domain/0/backend/vscsi/1/1/state", "4");
	fake.store.set("/local/domain/0/backend/vscsi/2/0/state", "4");
	const auto all = list_guests(fake.host, {});
	EXPECT_EQ(all.size(), 2U);
	const auto served = list_guests(fake.host, {"storage1"});
	ASSERT_EQ(served.size(), 2U);
	EXPECT_EQ(served[0].domain.name, "storage1");
	EXPECT_EQ(served[1].domain.name, "g1");
	ASSERT_EQ(served[1].controllers.size(), 1U);
	EXPECT_EQ(served[1].controllers[0].controller.backend, 5U);
	EXPECT_EQ(list_guests(fake.host, {"Domain-0"}).size(), 3U);
	EXPECT_EQ(list_guests(fake.host, {"g1"}).size(), 1U);
	EXPECT_THROW(list_guests(fake.host, {"nobody"}), Failure);
}

TopView view_of(const ControllerSample &now, const std::string &name)
{
	return {load_between({}, Sample{2, {{ControllerKey{1, 0}, now}}}), {{1, {1, name, "u1"}}}, {}};
}

ControllerSample counted_sample()
{
	ControllerSample now;
	now.counters.requests = 900;
	now.counters.rejected_lun = 3;
	LunCounters &lun = now.luns[disk];
	lun.in_flight = 16;
	lun.requests = 600;
	lun.total.buckets[0] = 100;
	lun.total.buckets[10] = 500;
	lun.total.sum = 1'500'000'000;
	return now;
}

TEST(TopMetrics, EachFamilyHasItsHeadAndItsSamples)
{
	const auto lines =
		split_lines(top_metrics(view_of(counted_sample(), "g1"), {{{1, disk}, "/dev/nst0"}}));
	EXPECT_EQ(lines.back(), "# EOF");
	const std::string labels = R"({domain="g1",vdev="0:0:0:1",device="/dev/nst0"})";
	const auto place = [&](const std::string &line) { return std::ranges::find(lines, line); };
	const auto head = place("# TYPE xen_vscsi_lun_requests counter");
	ASSERT_NE(head, lines.end());
	EXPECT_EQ(head[1], "# HELP xen_vscsi_lun_requests Commands accepted");
	EXPECT_EQ(head[2], "xen_vscsi_lun_requests_total" + labels + " 600");
	EXPECT_NE(place("# TYPE xen_vscsi_lun_in_flight gauge"), lines.end());
	EXPECT_NE(place("xen_vscsi_lun_in_flight" + labels + " 16"), lines.end());
	EXPECT_NE(place(R"(xen_vscsi_controller_requests_total{domain="g1",controller="0"} 900)"),
		  lines.end());
	EXPECT_NE(place(R"(xen_vscsi_controller_rejected_lun_total{domain="g1",controller="0"} 3)"),
		  lines.end());
	EXPECT_NE(place("# UNIT xen_vscsi_lun_total_seconds seconds"), lines.end());
	const std::string bucket =
		R"(xen_vscsi_lun_total_seconds_bucket{domain="g1",vdev="0:0:0:1",device="/dev/nst0",le=)";
	EXPECT_NE(place(bucket + R"("1.024e-06"} 100)"), lines.end());
	EXPECT_NE(place(bucket + R"("+Inf"} 600)"), lines.end());
	EXPECT_NE(place("xen_vscsi_lun_total_seconds_count" + labels + " 600"), lines.end());
	EXPECT_NE(place("xen_vscsi_lun_total_seconds_sum" + labels + " 1.5"), lines.end());
}

TEST(TopMetrics, ASampleBelongsToTheFamilyAboveIt)
{
	std::string family;
	std::set<std::string> families, series;
	for (const std::string &line : split_lines(top_metrics(view_of(counted_sample(), "g1"), {}))) {
		if (line.starts_with("# TYPE ")) {
			family = line.substr(7, line.find(' ', 7) - 7);
			EXPECT_TRUE(families.insert(family).second) << family;
		} else if (!line.starts_with('#')) {
			EXPECT_TRUE(line.starts_with(family)) << line;
			EXPECT_TRUE(series.insert(line.substr(0, line.rfind(' '))).second) << line;
		}
	}
	EXPECT_EQ(families.size(), lun_files.size() + controller_files.size() + lun_latencies.size());
}

TEST(TopMetrics, LabelsAreSafeAndOneDomainsAlone)
{
	TopView view = view_of(counted_sample(), "a\"b\\c\nd\xff\xc3\xa4");
	EXPECT_TRUE(says(top_metrics(view, {}), "domain=\"a\\\"b\\\\c\\nd?\xc3\xa4\""));
	view.domains[1].name = "twin";
	view.domains[2] = {2, "twin", "u2"};
	EXPECT_TRUE(says(top_metrics(view, {}), R"x(domain="twin (1)")x"));
	view.domains.clear();
	EXPECT_TRUE(says(top_metrics(view, {}), R"x(domain="(1)")x"));
}

TEST(TopMetrics, DevicesAreCalledAsTheyWereAttached)
{
	FakeHost fake;
	const TopView view = view_of(counted_sample(), "g1");
	const std::string dir = "/local/domain/0/backend/vscsi/1/0/vscsi-devs/dev-0/";
	fake.store.set(dir + "v-dev", "0:0:0:1");
	fake.store.set(dir + "p-dev", "naa.5:0");
	EXPECT_EQ(device_names(fake.store, view), (DeviceNames{{{1, disk}, "naa.5:0"}}));
	fake.store.set(dir + "p-devname", "/dev/nst0");
	EXPECT_EQ(device_names(fake.store, view), (DeviceNames{{{1, disk}, "/dev/nst0"}}));
}

struct ReportTest : testing::Test {
	std::string text(bool with_host = true)
	{
		return report_text(
			{.host = with_host ? &fake.host : nullptr,
			 .no_host = "cannot reach xenstore",
			 .configfs = fake.configfs.root(),
			 .sysfs = fake.folder.path() / "sys",
			 .debugfs = fake.folder.path() / "debug",
			 .etc = fake.folder.path() / "etc",
			 .run = [this](const std::vector<std::string> &words) { return run(words); }},
			options);
	}
	Captured run(const std::vector<std::string> &words) const
	{
		const auto found = programs.find(words.front());
		return found == programs.end() ? Captured{127, {}} : found->second;
	}

	FakeHost fake;
	Options options;
	std::map<std::string, Captured> programs;
};

const char *const sections[] = {"versions",
				"status",
				"list --json",
				"xenstore",
				"configfs: xen-pvscsi",
				"configfs: backstores",
				"statistics",
				"debugfs",
				"parameters of the module",
				"kernel log",
				"log of xen-vscsid"};

TEST_F(ReportTest, HasAllThatThereIs)
{
	const TpgId tpg = fake.configfs.add_tpg("naa.5", 1, "g1");
	fake.configfs.add_lun(tpg, 0, fake.configfs.add_store("rd_mcp_0", "ram"));
	fake.store.set("/local/domain/0/backend/vscsi/1/0/state", "4");
	put(fake.folder.path() / "debug/xen-scsiback/vscsi-1-0/inflight", "slot rqid\n0 1\n");
	put(fake.folder.path() / "sys/bus/xen-backend/devices/vscsi-1-0/statistics/requests", "77\n");
	put(fake.folder.path() / "sys/module/xen_scsiback/parameters/direct", "Y\n");
	programs = {{"uname", {0, "Linux dom0 6.1.0\n"}},
		    {"dmesg", {0, "[1] usb: new\n[2] xen-pvscsi: hello\n[3] vscsi-1-0: gone\n"}},
		    {"journalctl", {0, "xen-vscsid: began\n"}},
		    {"targetcli", {0, "targetcli version 2.1.53\n"}}};
	const std::string report = text();
	for (const char *part :
	     {tools_version(), "kernel: Linux dom0 6.1.0", "targetcli version 2.1.53", "\"tpgs\"",
	      "/local/domain/0/backend/vscsi/1/0/state = \"4\"", "naa.5/tpgt_1/param/domain: g1",
	      "naa.5/tpgt_1/lun/lun_0/", "vscsi-1-0/inflight:\n    slot rqid\n    0 1\n", "requests: 77",
	      "direct: Y", "[2] xen-pvscsi: hello\n[3] vscsi-1-0: gone\n", "xen-vscsid: began"})
		EXPECT_TRUE(says(report, part)) << part << '\n' << report;
	EXPECT_FALSE(says(report, "usb: new"));
}

TEST_F(ReportTest, KeepsSecrets)
{
	const auto group = fake.configfs.fabric() / "naa.5/tpgt_1";
	for (const char *file : {"auth/userid", "attrib/demo", "acls/x/auth/password",
				 "acls/x/password_mutual", "acls/x/UserID", "auth_file"})
		put(group / file, "hush\n");
	const std::string report = text();
	std::size_t count = 0;
	for (std::size_t at = report.find("hush"); at != std::string::npos; at = report.find("hush", at + 1))
		++count;
	EXPECT_EQ(count, 1U) << report;
	EXPECT_TRUE(says(report, "attrib/demo: hush"));
	EXPECT_TRUE(says(report, "acls/x/UserID: (left out)"));
}

TEST_F(ReportTest, EachSectionIsThereWithoutItsSource)
{
	std::filesystem::remove_all(fake.folder.path() / "sys");
	std::filesystem::remove_all(fake.configfs.root());
	const std::string report = text(false);
	for (const char *section : sections)
		EXPECT_TRUE(says(report, std::string{"==== "} + section + " ====")) << section;
	for (const char *part : {"xen-scsiback: not loaded", "Xen: none", "(there is no dmesg)",
				 "(there is no journalctl)", "(not to be had: cannot reach xenstore)",
				 "debug/xen-scsiback is not there)", "(the backend has no controllers)"})
		EXPECT_TRUE(says(report, part)) << part << '\n' << report;
}

TEST(Capture, HasWhatAProgramSays)
{
	const std::chrono::seconds limit{10};
	const Captured both = capture_program({"sh", "-c", "echo one; echo two >&2; exit 3"}, limit);
	EXPECT_EQ(both.code, 3);
	EXPECT_EQ(both.output, "one\ntwo\n");
	EXPECT_EQ(capture_program({"no-such-program-here"}, limit).code, 127);
	EXPECT_EQ(capture_program({"sleep", "100"}, std::chrono::seconds{1}).code, 124);
}

} // namespace
} // namespace vscsi
