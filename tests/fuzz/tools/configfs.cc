// SPDX-License-Identifier: GPL-2.0
// LIO's configuration as somebody else has made it: any names, links and attributes.
#include <filesystem>
#include <fstream>
#include <unistd.h>

#include "core/change.hpp"
#include "os/configfs.hpp"

#include "harness.hpp"

namespace fuzz
{
namespace
{

using namespace vscsi;
namespace fs = std::filesystem;

const fs::path &root()
{
	static const fs::path path = [] {
		const fs::path folder =
			fs::exists("/dev/shm") ? fs::path{"/dev/shm"} : fs::temp_directory_path();
		return folder / ("vscsi-fuzz-" + std::to_string(getpid()));
	}();
	static const struct Remover {
		~Remover()
		{
			std::error_code error;
			fs::remove_all(root(), error);
		}
	} remover;
	return path;
}

// A name that a folder may have.
std::string name(Input &input, const char *usual)
{
	const u8 what = input.take<u8>();
	if (what & 0xc0)
		return usual + std::to_string(what & 3);
	std::string text = input.text(24);
	for (char &c : text)
		c = c == '/' ? '_' : c;
	return text.empty() || text == "." || text == ".." ? std::string{"x"} : text;
}

void attribute(const fs::path &path, const std::string &text)
{
	std::error_code error;
	fs::create_directories(path.parent_path(), error);
	if (!fs::is_directory(path, error))
		std::ofstream{path} << text;
}

void grow(Input &input)
{
	std::error_code error;
	const fs::path core = root() / "core", fabric = root() / (input.flag() ? "xen-pvscsi" : "iscsi");
	while (!input.empty()) {
		const u8 what = input.take<u8>();
		static constexpr const char *plugins[] = {"pscsi_", "iblock_", "fileio_", "rd_mcp_"};
		const fs::path store = core / name(input, plugins[what & 3]) / name(input, "s");
		const fs::path tpg = fabric / name(input, "naa.5") / name(input, "tpgt_");
		switch (what >> 2 & 7) {
		case 0:
			attribute(store / "enable", "1");
			attribute(store / "info", input.text(120));
			break;
		case 1:
			attribute(store / "udev_path", input.text(40));
			break;
		case 2:
			attribute(store / "attrib" / (what & 0x80 ? "emulate_pr" : "block_size"),
				  input.text(8));
			break;
		case 3:
			attribute(tpg / "param" / (what & 0x80 ? "alias" : "domain"), input.text(40));
			break;
		case 4:
		case 5: {
			const fs::path lun = tpg / "lun" / name(input, "lun_");
			fs::create_directories(lun, error);
			fs::create_symlink(what & 0x80 ? fs::path{input.text(40)} : store,
					   lun / name(input, "l"), error);
			break;
		}
		case 6:
			attribute(tpg / "guests", input.text(60));
			break;
		default:
			fs::create_directories(tpg, error);
		}
	}
}

} // namespace

void configfs(Input input)
{
	std::error_code error;
	fs::remove_all(root(), error);
	fs::create_directories(root(), error);
	grow(input);
	const Configfs tree{root()};
	const Lio lio = tree.read();
	for (const Backstore &store : lio.stores)
		expect(lio.store_of(store.id) != nullptr, "a backstore is lost");
	for (const Tpg &tpg : lio.tpgs) {
		expect(lio.tpg_of(tpg.id) != nullptr && fs::is_directory(tree.fabric() / tpg.id.wwn),
		       "a portal group is lost");
		for (const std::string &line : tree.guests(tpg.id))
			expect(!line.empty(), "a guest without a name");
		for (const Lun &lun : tpg.luns) {
			expect(lun.number <= greatest_lun && tpg.lun(lun.number) != nullptr, "a LUN is lost");
			expect(lio.exported(lun.store), "a LUN exports nothing");
			for (const Change &change : plan_removal(lio, tpg.id, lun.number))
				expect(!inverse(change), "a removal is undone");
			(void)kept_identity(lun);
			(void)vdev_of_link(lun.link);
		}
	}
}

} // namespace fuzz
