// SPDX-License-Identifier: GPL-2.0
// Configurations of guests, and the lines vscsi= in them.
#include <cstdio>
#include <unistd.h>

#include "core/failure.hpp"
#include "core/vscsiline.hpp"
#include "os/xlconfig.hpp"

#include "harness.hpp"

namespace fuzz
{
namespace
{

using namespace vscsi;

void line(const std::string &text)
{
	try {
		const VscsiLine found = parse_vscsi_line(text);
		expect(!found.pdev.empty(), "a line without a device");
		// What is read is said again in the order of the manual page.
		std::string again = found.pdev;
		if (!found.vdev.empty())
			again += ',' + found.vdev;
		if (found.options.share)
			again += ",share";
		if (found.options.read_only)
			again += ",ro";
		if (found.required)
			again += ",required";
		const VscsiLine other = parse_vscsi_line(again);
		expect(other.pdev == found.pdev && other.vdev == found.vdev, "a line becomes another");
		expect(other.options.read_only == found.options.read_only &&
			       other.options.share == found.options.share && other.required == found.required,
		       "an option is lost");
	} catch (const Failure &failure) {
		expect(failure.code() == Exit::usage && *failure.what(), "a refusal that does not say why");
	}
}

// The parser of libxlutil prints what it does not understand.
void whole_file(const std::string &text)
{
	try {
		const DomainConfig config = parse_config(text, "guest.cfg");
		for (const std::string &one : config.vscsi)
			line(one);
	} catch (const Failure &failure) {
		expect(*failure.what(), "a refusal that does not say why");
	}
}

} // namespace

void lines(Input input)
{
	const bool whole = input.flag();
	const std::string text = input.rest();
	whole ? whole_file(text) : line(text);
}

} // namespace fuzz
