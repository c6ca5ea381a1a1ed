// SPDX-License-Identifier: GPL-2.0
// A file as a guest's disk, given by its path.
#include <gtest/gtest.h>

#include "act/attach.hpp"
#include "act/detach.hpp"
#include "act/move.hpp"
#include "act/resize.hpp"
#include "act/survey.hpp"
#include "act/users.hpp"
#include "core/failure.hpp"
#include "core/vscsiline.hpp"
#include "os/files.hpp"
#include "unit/fake_host.hpp"

namespace vscsi
{
namespace
{

namespace fs = std::filesystem;

struct ImageTest : testing::Test {
	FakeHost fake;
	Domain other;
	fs::path image;

	ImageTest() : other{fake.store.add_domain(2, "g2")}, image{file("disk.img", 1 << 20)} {}

	fs::path file(const std::string &name, std::uintmax_t size) const
	{
		put(fake.folder.path() / "srv" / name, "");
		// TMPDIR may be a link.
		fs::path path = fs::canonical(fake.folder.path() / "srv" / name);
		fs::resize_file(path, size);
		return path;
	}
	AttachRequest request(const Domain &domain, const std::string &pdev, Via via = Via::fitting) const
	{
		AttachRequest what{domain, pdev, {}, {}, 0, std::chrono::seconds{2}};
		what.options.via = via;
		return what;
	}
	void attach(const Domain &domain, const fs::path &pdev, Via via = Via::fitting) const
	{
		vscsi::attach(fake.host, request(domain, pdev.string(), via));
	}
	// Nothing is left of it.
	void refused(const AttachRequest &what, Exit code, const std::string &words) const
	{
		const std::string config = fake.configfs.snapshot();
		const Failure failure = failure_of([&] { vscsi::attach(fake.host, what); });
		EXPECT_EQ(failure.code(), code) << failure.what();
		EXPECT_NE(std::string{failure.what()}.find(words), std::string::npos) << failure.what();
		EXPECT_EQ(fake.configfs.snapshot(), config);
	}
	void refused(const Domain &domain, const fs::path &pdev, Exit code, const std::string &words) const
	{
		refused(request(domain, pdev.string()), code, words);
	}
	void add_loop(const std::string &name, unsigned minor, const fs::path &behind)
	{
		const fs::path block = fake.folder.path() / "sys/class/block" / name;
		put(block / "dev", fmt::format("7:{}\n", minor));
		put(block / "loop/backing_file", behind.string() + '\n');
		fs::create_directories(fake.folder.path() / "sys/dev/block");
		fs::create_directory_symlink(block, fake.folder.path() / "sys/dev/block" /
							    fmt::format("7:{}", minor));
		fake.configfs.nodes["/dev/" + name] = {true, 7, minor};
	}
	std::string users_of_image() const
	{
		return to_string(users_of_devices(fake.host, {fake.sysfs.by_path(image.string())}).at(0));
	}
};

TEST_F(ImageTest, GetsABackstoreAsTargetcliMakesIt)
{
	for (const Via via : {Via::fitting, Via::fileio}) {
		attach(fake.guest, image, via);
		const Lio lio = fake.configfs.read();
		ASSERT_EQ(lio.stores.size(), 1U);
		const Backstore &store = lio.stores[0];
		EXPECT_EQ(to_string(store.id), "fileio/auto-disk-img");
		EXPECT_EQ(store.udev_path, image.string());
		EXPECT_EQ(store.file, image.string());
		EXPECT_EQ(store.file_size, std::uint64_t{1} << 20);
		const fs::path place = fake.configfs.root() / "core" / store.id.hba / store.id.name;
		EXPECT_NE(read_file(place / "info")->find("Mode: Buffered-WCE"), std::string::npos);
		const std::string serial = first_line(place / "wwn/vpd_unit_serial");
		EXPECT_EQ(serial.size(), 36U);
		detach(fake.host, {"g1", "0:0:0:0", 0, std::chrono::seconds{2}, false, false});
		EXPECT_TRUE(fake.configfs.read().stores.empty());
		attach(fake.guest, image, via);
		EXPECT_EQ(first_line(place / "wwn/vpd_unit_serial"), serial);
		// It is there already.
		EXPECT_FALSE(vscsi::attach(fake.host, request(fake.guest, image.string(), via)).changed);
		detach(fake.host, {"g1", "0:0:0:0", 0, std::chrono::seconds{2}, false, false});
	}
	EXPECT_EQ(parse_vscsi_line("/srv/disk.img,0:0:0:0,backstore=fileio").options.via, Via::fileio);
}

TEST_F(ImageTest, IsForFilesOnly)
{
	for (const Via via : {Via::iblock, Via::pscsi})
		refused(request(fake.guest, image.string(), via), Exit::usage, "only be exported by fileio");
	fake.add_scsi({2, 0, 1, 0}, 0, "sdb", 16);
	refused(request(fake.guest, "/dev/sdb", Via::fileio), Exit::usage, "fileio is for files");
	refused(request(fake.guest, "2:0:1:0", Via::fileio), Exit::usage, "fileio is for files");
}

TEST_F(ImageTest, MistakesAreNamed)
{
	refused(fake.guest, "/srv/none.img", Exit::not_found, "no such device or file");
	refused(fake.guest, fake.folder.path(), Exit::not_found, "no such device or file");
	refused(fake.guest, file("empty.img", 0), Exit::usage, "truncate -s 10G");
	refused(fake.guest, file("odd.img", 1000), Exit::usage, "truncate -s %512");
	refused(fake.guest, file("a,b.img", 512), Exit::usage, "comma");
	refused(fake.guest, file(std::string(250, 'x'), 512), Exit::usage, "255");
	fake.configfs.refuse_write = "enable";
	refused(fake.guest, image, Exit::failed, "read-only?");
	// As `dd of=/dev/sdx` leaves it.
	put(fake.folder.path() / "dev/sdx", "data");
	refused(fake.guest, fs::canonical(fake.folder.path() / "dev/sdx"), Exit::not_found, "no device");
}

TEST_F(ImageTest, ASecondGuestIsRefusedByWhateverPath)
{
	attach(fake.guest, image);
	fs::create_symlink(image, image.parent_path() / "link.img");
	fs::create_hard_link(image, image.parent_path() / "hard.img");
	for (const char *name : {"disk.img", "link.img", "hard.img", "../srv/disk.img"})
		refused(other, image.parent_path() / name, Exit::in_use, "g1 (0:0:0:0)");
	// By a backstore of its own, too.
	fake.configfs.add_file("fileio_7", "copy", image.parent_path() / "hard.img", 512);
	refused(request(other, "fileio/copy"), Exit::in_use, "g1 (0:0:0:0)");
	AttachRequest share = request(other, "fileio/copy");
	share.options.share = true;
	vscsi::attach(fake.host, share);
	EXPECT_EQ(users_of_image(), "g1 (0:0:0:0), g2 (0:0:0:0)");
}

TEST_F(ImageTest, OthersThatHaveTheFileAreSeen)
{
	EXPECT_EQ(users_of_image(), "nobody");
	put(fake.folder.path() / "proc/swaps", "Filename Type\n" + image.string() + " file 1 0 -2\n");
	refused(fake.guest, image, Exit::in_use, "this host (swap space)");
	put(fake.folder.path() / "proc/swaps", "Filename Type\n");
	// QEMU's disk of a guest, by its format.
	const std::string disk = "/local/domain/0/backend/qdisk/2/51712/";
	fake.store.set(disk + "params", "aio:" + image.string());
	fake.store.set(disk + "dev", "xvda");
	refused(fake.guest, image, Exit::in_use, "g2 (as its disk xvda)");
	fake.store.remove(Txn::none, "/local/domain/0/backend/qdisk");
	add_loop("loop0", 0, image);
	refused(fake.guest, image, Exit::in_use, "this host (loop device 0)");
	// By a loop device, as xl's disk= has a file without QEMU.
	fake.store.set("/local/domain/0/backend/vbd/2/51712/physical-device", "7:0");
	refused(fake.guest, image, Exit::in_use, "g2 (as its disk 51712)");
	// And by a LUN.
	fake.store.remove(Txn::none, "/local/domain/0/backend/vbd");
	attach(other, "/dev/loop0");
	refused(fake.guest, image, Exit::in_use, "g2 (0:0:0:0)");
}

TEST_F(ImageTest, ALoopDeviceOfItIsInUseAsWell)
{
	attach(fake.guest, image);
	add_loop("loop0", 0, image);
	refused(request(other, "/dev/loop0"), Exit::in_use, "g1 (0:0:0:0)");
}

TEST_F(ImageTest, FileioOnADiskIsThatDisk)
{
	fake.add_scsi({2, 0, 1, 0}, 0, "sdb", 16);
	const StoreId store = fake.configfs.add_file("fileio_0", "whole", "/dev/sdb", 1 << 20);
	fake.configfs.add_lun(fake.configfs.add_tpg("naa.5", 1, "g2"), 0, store);
	refused(request(fake.guest, "/dev/sdb"), Exit::in_use, "g2 (");
}

TEST_F(ImageTest, MovesAndGrows)
{
	attach(fake.guest, image);
	fs::resize_file(image, 2 << 20);
	const ResizeResult grown = resize(fake.host, {.pdev = image.string(), .size = {}});
	EXPECT_EQ(grown.after, std::uint64_t{2} << 20);
	move_device(fake.host, {image.string(), other, {}, {}, std::chrono::seconds{2}});
	EXPECT_EQ(users_of_image(), "g2 (0:0:0:0)");
}

} // namespace
} // namespace vscsi
