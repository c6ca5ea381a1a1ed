// SPDX-License-Identifier: GPL-2.0
// What operators and configurations call devices: forms, sizes, links, identities.
#include "core/failure.hpp"
#include "core/guest.hpp"
#include "core/hints.hpp"
#include "core/identity.hpp"
#include "core/lio.hpp"
#include "core/size.hpp"

#include "harness.hpp"

namespace fuzz
{
namespace
{

using namespace vscsi;

// A Failure tells an operator what is wrong with what he typed.
template <typename Work>
bool is_refused(const Work &work)
{
	try {
		work();
	} catch (const Failure &failure) {
		expect(failure.code() == Exit::usage && *failure.what(), "a refusal that does not say why");
		return true;
	}
	return false;
}

void numbers(const std::string &text)
{
	if (const auto address = parse_hctl(text))
		expect(parse_hctl(to_string(*address)) == address, "an address becomes another");
	if (const auto vdev = parse_vdev(text)) {
		expect(parse_vdev(to_string(*vdev)) == vdev, "a v-dev becomes another");
		const std::string link = link_for(*vdev, "naa.5000c500a1b2c3d4");
		expect(vdev_of_link(link) == vdev && identity_of_link(link) == "naa.5000c500a1b2c3d4",
		       "a link says something else");
		expect(vdev_of_link(link_for(*vdev)) == vdev && identity_of_link(link_for(*vdev)).empty(),
		       "a link says more than it was given");
	}
	if (const auto name = parse_lun_name(text)) {
		expect(!name->port.empty() && name->lun <= greatest_lun, "a LUN of nothing");
		expect(parse_lun_name(to_string(*name)) == name, "a p-dev becomes another");
	}
	const bool bad = is_refused([&] {
		const Vdev vdev = expect_vdev(text);
		expect(vdev.channel == 0 && vdev.target < frontend_targets && vdev.lun < frontend_luns,
		       "a v-dev that no guest can have");
	});
	expect(bad || parse_vdev(text).has_value(), "a v-dev that is none");
}

void sources(const std::string &text)
{
	is_refused([&] {
		const Source source = parse_source(text);
		expect(!text.empty(), "nothing names a device");
		if (const auto *device = std::get_if<DeviceIdentity>(&source))
			expect(is_identity(device->text), "an identity that is none");
		if (const auto *path = std::get_if<DevicePath>(&source))
			expect(path->path == text, "another path");
		if (const auto *store = std::get_if<StoreName>(&source))
			expect(!store->name.empty(), "a backstore without a name");
	});
	(void)pdev_hint(text);
	(void)vdev_hint(text);
}

void sizes(const std::string &text)
{
	is_refused([&] {
		const std::uint64_t size = expect_size(text);
		expect(expect_size(std::to_string(size)) == size && !size_text(size).empty(), "another size");
	});
}

void links(const std::string &text)
{
	const std::string identity = identity_of_link(text);
	expect(identity.empty() || is_identity(identity), "a link with what is no identity");
	const std::string kept = identity_of_name(text);
	expect(kept.empty() || is_identity(kept), "a name with what is no identity");
	if (const auto backend = backend_of_path(text, 7, 2))
		expect(backend_path(*backend, 7, 2) == text, "another's directory");
}

void identities(Input &input)
{
	const std::string kind = input.flag() ? "serial" : "naa";
	std::string page;
	while (!input.empty())
		page += static_cast<char>(input.take<u8>());
	for (const std::string &identity : identities_of_page83(page)) {
		expect(is_identity(identity), "a device's word is no identity");
		expect(compare_identity(identity, {identity}) == Match::same, "a device is not itself");
		const std::string link = link_for({0, 0, 1, 2}, identity);
		expect(identity_of_link(link) == identity, "a link keeps something else");
	}
	const std::string made = make_identity(kind, serial_of_page80(page));
	expect(made.empty() || is_identity(made), "a serial number is no identity");
}

} // namespace

void addresses(Input input)
{
	const u32 what = input.below(5);
	if (what == 4)
		return identities(input);
	const std::string text = input.rest();
	switch (what) {
	case 0:
		return numbers(text);
	case 1:
		return sources(text);
	case 2:
		return sizes(text);
	default:
		return links(text);
	}
}

} // namespace fuzz
