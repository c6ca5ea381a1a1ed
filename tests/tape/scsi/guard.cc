// SPDX-License-Identifier: GPL-2.0 OR MIT
#include "scsi/guard.hpp"

#include <algorithm>
#include <string_view>

#include <fmt/format.h>

namespace scsi
{
namespace
{

constexpr std::string_view magic = "tapecheck label 1: this tape is for tests, its content may be lost\n";
constexpr std::size_t most_text = 32;

} // namespace

Buffer make_label()
{
	Buffer label(label_size, ' ');
	std::copy(magic.begin(), magic.end(), label.begin());
	label.back() = '\n';
	return label;
}

bool is_label(Bytes block)
{
	const Buffer label = make_label();
	return std::equal(block.begin(), block.end(), label.begin(), label.end());
}

std::string beginning_of(Bytes block)
{
	const auto printable = [](std::uint8_t byte) { return byte >= ' ' && byte < 0x7f; };
	const Bytes front = part(block, 0, most_text);
	const auto end = std::find_if_not(front.begin(), front.end(), printable);
	return text({front.begin(), end});
}

Decision decide(const TapeStart &tape, const Permission &permission)
{
	if (!permission.overwrite)
		return {};
	if (permission.force || tape.kind == Start::blank)
		return {.write = true, .refusal = {}};
	switch (tape.kind) {
	case Start::filemark:
		return {.write = false,
			.refusal = "the tape is not blank: it begins with a filemark. To lose what "
				   "is on it, say --force"};
	case Start::unreadable:
		return {.write = false,
			.refusal =
				fmt::format("the beginning of the tape cannot be read ({}), so it may hold "
					    "anything. To lose what is on it, say --force",
					    tape.reason)};
	default:
		break;
	}
	if (is_label(tape.block))
		return {.write = true, .refusal = {}};
	const std::string front = beginning_of(tape.block);
	if (front.empty())
		return {.write = false,
			.refusal = "the tape is not blank and begins with data that is no text. To lose "
				   "what is on it, say --force"};
	if (!permission.destroy)
		return {.write = false,
			.refusal =
				fmt::format("the tape is not blank: it begins with \"{0}\". To lose what is "
					    "on it, say --yes-destroy '{0}'",
					    front)};
	if (*permission.destroy != front)
		return {.write = false,
			.refusal = fmt::format("this is another tape than the one named: it begins with "
					       "\"{}\", not \"{}\"",
					       front, *permission.destroy)};
	return {.write = true, .refusal = {}};
}

} // namespace scsi
