// SPDX-License-Identifier: GPL-2.0 OR MIT
// Names and addresses as xenstore and configfs have them.
#include <vscsi/engine.h>

#include "harness.hpp"

namespace fuzz
{
namespace
{

constexpr u8 junk = 0xa5;
constexpr u32 greatest = 0xffff;
constexpr u32 greatest_lun = 16383;

template <typename T>
bool is_untouched(const T &what)
{
	T fresh;
	std::memset(&fresh, junk, sizeof fresh);
	return !std::memcmp(&fresh, &what, sizeof what);
}

void vdev(const char *text)
{
	vscsi_address found;
	std::memset(&found, junk, sizeof found);
	if (const int bad = vscsi_parse_vdev(text, &found)) {
		expect(bad == VSCSI_NAME_SYNTAX || bad == VSCSI_NAME_RANGE, "a reason that is none");
		expect(is_untouched(found), "a refused v-dev leaves an address");
		return;
	}
	expect(found.host <= greatest && found.channel <= greatest && found.id <= greatest &&
		       found.lun <= greatest_lun,
	       "an address out of range");
	char again[64];
	std::snprintf(again, sizeof again, "%u:%u:%u:%u", found.host, found.channel, found.id, found.lun);
	vscsi_address parsed{};
	expect(!vscsi_parse_vdev(again, &parsed), "a v-dev is refused when it is written anew");
	expect(!std::memcmp(&parsed, &found, sizeof found), "a v-dev becomes another");
	expect(std::strlen(again) <= std::strlen(text), "a v-dev was read that has parts missing");
}

void pdev(const char *text)
{
	vscsi_pdev found;
	std::memset(&found, junk, sizeof found);
	if (const int bad = vscsi_parse_pdev(text, &found)) {
		expect(bad >= VSCSI_NAME_SYNTAX && bad <= VSCSI_NAME_LENGTH, "a reason that is none");
		expect(is_untouched(found), "a refused p-dev leaves a device");
		return;
	}
	const std::size_t length = strnlen(found.port, sizeof found.port);
	expect(length && length < sizeof found.port, "a port without an end or a beginning");
	expect(!std::memcmp(found.port, text, length), "a port is not what was said");
	expect(found.lun <= greatest_lun && (found.tpgt <= greatest || found.tpgt == VSCSI_ANY_TPG),
	       "a number out of range");
	std::string again = found.port;
	if (found.tpgt != VSCSI_ANY_TPG)
		again += ',' + std::to_string(found.tpgt);
	again += ':' + std::to_string(found.lun);
	vscsi_pdev parsed{};
	expect(!vscsi_parse_pdev(again.c_str(), &parsed), "a p-dev is refused when it is written anew");
	expect(parsed.tpgt == found.tpgt && parsed.lun == found.lun && !std::strcmp(parsed.port, found.port),
	       "a p-dev becomes another");
}

void port(const char *text)
{
	u32 protocol = 77, skip = 77;
	if (vscsi_parse_port(text, &protocol, &skip)) {
		expect(skip == 77, "a refused port has something to skip");
		return;
	}
	expect(protocol == VSCSI_PROTOCOL_FCP || protocol == VSCSI_PROTOCOL_ISCSI ||
		       protocol == VSCSI_PROTOCOL_SAS,
	       "a protocol that is none");
	const std::size_t length = std::strlen(text);
	expect(skip < length && length < VSCSI_NAME_BYTES, "nothing is left of a port");
}

void vport(const char *text, Input &input)
{
	u64 wwpn = 77;
	if (vscsi_parse_vport(text, &wwpn)) {
		expect(wwpn == 77, "a refused vport has a name");
		return;
	}
	char begin[32];
	std::snprintf(begin, sizeof begin, "%016llx:", wwpn);
	expect(wwpn && !strncasecmp(text, begin, std::strlen(begin)), "a vport is another than was said");
	constexpr u32 protocols[] = {VSCSI_PROTOCOL_FCP, VSCSI_PROTOCOL_ISCSI, VSCSI_PROTOCOL_SAS};
	const u32 protocol = protocols[input.below(3)];
	Exact room{input.below(40)};
	auto *out = reinterpret_cast<char *>(room.data());
	if (vscsi_vport_name(protocol, wwpn, out, room.size()))
		return;
	u32 parsed = 77, skip = 0;
	expect(strnlen(out, room.size()) < room.size(), "a name without an end");
	expect(protocol == VSCSI_PROTOCOL_FCP || !vscsi_parse_port(out, &parsed, &skip), "a name is none");
}

// Nobody is let in who has neither the name nor the UUID.
void binding(const char *bound, const char *name, const char *uuid)
{
	const bool allows = vscsi_binding_allows(bound, name, uuid);
	if (!allows)
		return;
	expect(*bound, "nobody's binding lets somebody in");
	expect(!strcasecmp(bound, name) || !strcasecmp(bound, uuid), "a stranger is let in");
	expect(!std::strcmp(bound, name) || std::strlen(bound) == 36, "a name that only looks the same");
}

void check(const char *text)
{
	if (vscsi_check_binding(text))
		return;
	const std::size_t length = std::strlen(text);
	expect(length && length < VSCSI_NAME_BYTES && !std::strpbrk(text, "/\n\t\x7f"),
	       "a binding that no guest can have");
	expect(vscsi_binding_allows(text, text, text), "a guest is kept out of its own");
}

void initiator(Input &input, const char *uuid)
{
	constexpr u32 protocols[] = {VSCSI_PROTOCOL_FCP, VSCSI_PROTOCOL_ISCSI, VSCSI_PROTOCOL_SAS, 3};
	const u32 protocol = protocols[input.below(4)];
	Exact room{input.below(80)};
	std::memset(room.data(), junk, room.size());
	auto *out = reinterpret_cast<char *>(room.data());
	if (vscsi_initiator_name(protocol, uuid, out, room.size())) {
		for (std::size_t i = 0; i < room.size(); i++)
			expect(room.data()[i] == junk, "a refused name leaves some of it");
		return;
	}
	const std::size_t length = strnlen(out, room.size());
	expect(length < room.size(), "a name without an end");
	u32 parsed = 77, skip = 0;
	if (protocol != VSCSI_PROTOCOL_FCP)
		expect(!vscsi_parse_port(out, &parsed, &skip) && parsed == protocol, "a name is none");
	else
		expect(length == 23, "a world wide name of another length");
}

} // namespace

void names(Input input)
{
	const u32 what = input.below(6);
	const std::string first = input.text(300);
	// Its own memory, so that reading on behind its end shows.
	Exact text{first.size() + 1};
	std::memcpy(text.data(), first.c_str(), first.size() + 1);
	const auto *words = reinterpret_cast<const char *>(text.data());
	switch (what) {
	case 0:
		return vdev(words);
	case 1:
		return pdev(words);
	case 2:
		port(words);
		return vport(words, input);
	case 3: {
		const std::string second = input.text(64);
		return binding(words, second.c_str(), input.rest().c_str());
	}
	case 4:
		return check(words);
	default:
		return initiator(input, words);
	}
}

} // namespace fuzz
