// SPDX-License-Identifier: GPL-2.0
// Files of the module beside each other, and against the one that is loaded.
#include <gtest/gtest.h>

#include <map>

#include "command/options.hpp"
#include "command/status.hpp"
#include "os/modules.hpp"
#include "unit/fake_host.hpp"

namespace vscsi
{

namespace
{

const ModuleVersion first{"1.0.0", "AA"};
const ModuleVersion second{"1.1.0", "BB"};
const std::string dkms = "/lib/modules/6.1/updates/dkms/xen-scsiback.ko";
const std::string by_hand = "/lib/modules/6.1/updates/xen-scsiback.ko";

bool says(const std::vector<std::string> &lines, const std::string &part)
{
	return lines.size() == 1 && lines.front().find(part) != std::string::npos;
}

TEST(ModuleCopies, OneIsRight)
{
	for (const std::string &file : {dkms, by_hand}) {
		EXPECT_TRUE(copy_problems({{file, first}}).empty());
		EXPECT_TRUE(module_problems(first, {{file, first}}).empty());
	}
	EXPECT_TRUE(copy_problems({}).empty());
	EXPECT_TRUE(module_problems(first, {}).empty());
}

TEST(ModuleCopies, OneBesideThatOfDkmsIsNamed)
{
	const auto found = copy_problems({{dkms, second}, {by_hand, first}});
	EXPECT_TRUE(says(found, "rm " + by_hand + " ")) << found.size();
	EXPECT_TRUE(says(found, "(1.0.0) is there beside " + dkms + " (1.1.0)"));
	const auto own = copy_problems({{dkms, second}, {by_hand, {}}});
	EXPECT_TRUE(says(own, "(of no version)"));
}

TEST(ModuleCopies, ALaterOneWaitsForAReboot)
{
	const auto found = module_problems(first, {{dkms, second}});
	EXPECT_TRUE(says(found, "loaded is 1.0.0"));
	EXPECT_TRUE(says(found, "is 1.1.0: a reboot"));
	// Built anew from other sources of the same name.
	EXPECT_TRUE(says(module_problems(first, {{dkms, {"1.0.0", "CC"}}}), "a reboot"));
	EXPECT_TRUE(module_problems(first, {{dkms, second}, {by_hand, first}}).empty());
	// One that was built without a version cannot be compared.
	EXPECT_TRUE(module_problems({}, {{dkms, second}}).empty());
}

struct ModuleFiles : testing::Test {
	std::filesystem::path add(const std::string &name) const
	{
		const auto file = fake.folder.path() / "modules" / name;
		put(file, "");
		return file;
	}
	std::vector<ModuleCopy> copies() const
	{
		return module_copies(fake.folder.path() / "modules",
				     [](const std::filesystem::path &file, const std::string &field) {
					     return field + " of " + file.filename().string();
				     });
	}

	FakeHost fake;
};

TEST_F(ModuleFiles, AreFoundWhereTheyGoBeforeTheKernelsOwn)
{
	EXPECT_TRUE(copies().empty());
	add("kernel/drivers/xen/xen-scsiback.ko");
	add("updates/dkms/other.ko");
	EXPECT_TRUE(copies().empty());
	const auto plain = add("extra/deep/xen-scsiback.ko.zst");
	const auto packed = add("updates/dkms/xen-scsiback.ko.xz");
	const auto found = copies();
	ASSERT_EQ(found.size(), 2U);
	EXPECT_EQ(found[0].file, plain.string());
	EXPECT_EQ(found[1].file, packed.string());
	EXPECT_EQ(found[1].version,
		  (ModuleVersion{"version of xen-scsiback.ko.xz", "srcversion of xen-scsiback.ko.xz"}));
}

TEST_F(ModuleFiles, AFileThatIsNoModuleHasNoVersion)
{
	const auto file = add("updates/xen-scsiback.ko");
	EXPECT_EQ(module_info(file, "version"), "");
}

TEST_F(ModuleFiles, AreAProblemOfStatus)
{
	const auto stale = add("updates/xen-scsiback.ko");
	add("updates/dkms/xen-scsiback.ko");
	put(fake.folder.path() / "sys/module/xen_scsiback/parameters/max_pool_pages", "1\n");
	put(fake.folder.path() / "sys/module/xen_scsiback/version", "9\n");
	fake.host.modules = fake.folder.path() / "modules";
	const Lock daemon = Lock::take(fake.host.daemon_lock(), std::chrono::seconds{1});
	const auto problems = look_at(fake.host, Options{}).problems;
	ASSERT_EQ(problems.size(), 2U);
	EXPECT_NE(problems[0].find("rm " + stale.string()), std::string::npos) << problems[0];
	EXPECT_NE(problems[1].find("loaded is 9,"), std::string::npos) << problems[1];
}

} // namespace

} // namespace vscsi
