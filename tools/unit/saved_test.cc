// SPDX-License-Identifier: GPL-2.0
// What is there against what was saved.
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "act/attach.hpp"
#include "command/options.hpp"
#include "command/saveconfig.hpp"
#include "command/status.hpp"
#include "core/failure.hpp"
#include "unit/fake_host.hpp"

namespace vscsi
{
namespace
{

using nlohmann::json;

struct SavedTest : testing::Test {
	FakeHost fake;
	std::filesystem::path file{fake.folder.path() / "saveconfig.json"};
	TpgId tpg = fake.configfs.add_tpg("naa.5001405000000001", 1, "g1", "first");

	SavedTest()
	{
		const StoreId store = fake.configfs.add_store("iblock_0", "disk");
		put(fake.configfs.root() / "core/iblock_0/disk/udev_path", "/dev/vg0/data\n");
		fake.configfs.add_lun(tpg, 0, store, "vdev-0:0:0:0");
	}
	// As rtslib 2.1.75 writes it, of this configuration.
	static json same()
	{
		return json::parse(R"({
"storage_objects": [
 {"name": "disk", "plugin": "block", "dev": "/dev/vg0/data", "wwn": "x", "readonly": false,
  "attributes": {"emulate_pr": 1, "pgr_support": 1, "block_size": 512, "emulate_tpu": 0}},
 {"name": "of-iscsi", "plugin": "fileio", "dev": "/srv/x", "size": 5, "attributes": {}}],
"targets": [
 {"fabric": "iscsi", "wwn": "iqn.2003-01.org:x", "tpgs": [{"tag": 1, "luns": [
  {"index": 0, "alias": "y", "storage_object": "/backstores/fileio/of-iscsi"}]}]},
 {"fabric": "xen-pvscsi", "wwn": "naa.5001405000000001", "tpgs": [
  {"tag": 1, "enable": true, "portals": [], "node_acls": [],
   "parameters": {"domain": "g1", "alias": "first", "ring_per_lun": "0"},
   "luns": [{"index": 0, "alias": "vdev-0:0:0:0", "storage_object": "/backstores/block/disk"}]}]}]})");
	}
	SavedState compare_to(const json &saved) const
	{
		put(file, saved.dump());
		return compare_with_saved(fake.host, file);
	}
	static std::string lines(const SavedState &state)
	{
		std::string text = state.unreadable;
		for (const Difference &one : state.differences)
			text += to_string(one) + '\n';
		return text;
	}
	std::pair<Exit, std::string> show(bool as_json) const
	{
		Options options;
		options.json = as_json;
		options.config_dirs = {};
		options.saveconfig = file.string();
		testing::internal::CaptureStdout();
		const Exit code = show_status(fake.host, options);
		return {code, testing::internal::GetCapturedStdout()};
	}
};

TEST_F(SavedTest, TheSameIsNoDifference)
{
	EXPECT_EQ(lines(compare_to(same())), "");
	EXPECT_EQ(show(false).second.find("saved"), std::string::npos);
	EXPECT_TRUE(json::parse(show(true).second)["saved"]["differences"].empty());
}

TEST_F(SavedTest, WhatIsThereAndNotSaved)
{
	json saved = same();
	saved["targets"][1]["tpgs"][0]["luns"].clear();
	EXPECT_EQ(lines(compare_to(saved)), "not saved: LUN naa.5001405000000001,1:0\n");
	saved["storage_objects"].clear();
	EXPECT_EQ(lines(compare_to(saved)), "not saved: LUN naa.5001405000000001,1:0\n"
					    "not saved: backstore iblock/disk\n");
	// Its LUNs go without saying.
	saved["targets"].erase(1);
	EXPECT_EQ(lines(compare_to(saved)), "not saved: portal group naa.5001405000000001,1\n"
					    "not saved: backstore iblock/disk\n");
	std::filesystem::remove(file);
	EXPECT_EQ(lines(compare_with_saved(fake.host, file)),
		  "not saved: portal group naa.5001405000000001,1\nnot saved: backstore iblock/disk\n");
}

TEST_F(SavedTest, WhatIsSavedAndNotThere)
{
	json saved = same();
	saved["targets"][1]["tpgs"][0]["luns"].push_back(
		{{"index", 1}, {"alias", "z"}, {"storage_object", "/backstores/ramdisk/ram"}});
	saved["targets"][1]["tpgs"][0]["node_acls"].push_back({{"node_wwn", "xen:1"}});
	saved["targets"][1]["tpgs"].push_back({{"tag", 2}});
	EXPECT_EQ(lines(compare_to(saved)), "saved, but not there: portal group naa.5001405000000001,2\n"
					    "saved, but not there: LUN naa.5001405000000001,1:1\n"
					    "saved, but not there: ACL naa.5001405000000001,1 xen:1\n");
}

TEST_F(SavedTest, WhatIsSavedOtherwise)
{
	json saved = same();
	json &group = saved["targets"][1]["tpgs"][0];
	group["parameters"]["domain"] = "g2";
	group["luns"][0]["storage_object"] = "/backstores/block/other";
	saved["storage_objects"][0]["attributes"]["emulate_pr"] = 0;
	saved["storage_objects"][0]["dev"] = "/dev/sdb";
	EXPECT_EQ(
		lines(compare_to(saved)),
		"saved otherwise: portal group naa.5001405000000001,1, parameter domain: 'g1' here, 'g2' in "
		"the file\n"
		"saved otherwise: LUN naa.5001405000000001,1:0, backstore: 'iblock/disk' here, "
		"'iblock/other' "
		"in the file\n"
		"saved otherwise: backstore iblock/disk, attribute emulate_pr: '1' here, '0' in the file\n"
		"saved otherwise: backstore iblock/disk, path: '/dev/vg0/data' here, '/dev/sdb' in the "
		"file\n");
}

TEST_F(SavedTest, AFileThatIsNoneIsNamed)
{
	put(file, "{");
	EXPECT_NE(compare_with_saved(fake.host, file).unreadable.find("no configuration"), std::string::npos);
	put(file, R"({"targets": [{"fabric": "xen-pvscsi", "tpgs": [{}]}]})");
	EXPECT_NE(compare_with_saved(fake.host, file).unreadable, "");
	EXPECT_NE(show(false).second.find("what is saved is not known"), std::string::npos);
	EXPECT_FALSE(json::parse(show(true).second)["saved"]["error"].is_null());
}

TEST_F(SavedTest, IsARemarkAndNoProblem)
{
	// No daemon runs here, which is one.
	put(fake.folder.path() / "run/daemon.lock", "");
	json saved = same();
	saved["targets"].erase(1);
	put(file, same().dump());
	const Exit before = show(false).first;
	put(file, saved.dump());
	const auto [code, text] = show(false);
	EXPECT_EQ(code, before);
	EXPECT_NE(text.find("not saved: portal group naa.5001405000000001,1\n"), std::string::npos) << text;
	EXPECT_NE(text.find("`targetctl save`"), std::string::npos) << text;
	const json all = json::parse(show(true).second);
	const json &one = all["saved"]["differences"][0];
	EXPECT_EQ(one["item"], "portal group naa.5001405000000001,1");
	EXPECT_EQ(one["live"], true);
	EXPECT_EQ(one["saved"], false);
	EXPECT_EQ(all["saved"]["file"], file.string());
	for (const json &problem : all["problems"])
		EXPECT_EQ(problem.get<std::string>().find("saved"), std::string::npos) << problem;
}

TEST_F(SavedTest, WhatIsAttachedWithoutSavingIsNotSaved)
{
	EXPECT_EQ(lines(compare_to(same())), "");
	fake.add_scsi({2, 0, 1, 0}, 0, "sdb", 16);
	attach(fake.host, {fake.guest, "/dev/sdb", {}, {}, 0, std::chrono::seconds{2}});
	const std::string text = lines(compare_to(same()));
	EXPECT_NE(text.find("not saved: portal group naa.500163e"), std::string::npos) << text;
	EXPECT_NE(text.find("not saved: backstore iblock/auto-"), std::string::npos) << text;
}

} // namespace
} // namespace vscsi
