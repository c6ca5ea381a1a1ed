// SPDX-License-Identifier: GPL-2.0 OR MIT
#include <vscsi/keys.hpp>

namespace vscsi
{
namespace
{

// SECURITY PROTOCOL OUT of tape data encryption (SPC-4 6.41, SSC-3 8.5.3.2): page Set Data Encryption.
constexpr u8 security_protocol_out = 0xb5;
constexpr u8 tape_data_encryption = 0x20;
constexpr u8 set_data_encryption = 0x10;
enum Scope : u8 { scope_public = 0, scope_local = 1, scope_all_nexuses = 2 };

// The page.
enum : u32 {
	at_code = 1,
	at_length = 3,
	at_scope = 4, // bits 5 to 7
	at_encryption_mode = 6,
	at_decryption_mode = 7,
	at_algorithm = 8,
	page_bytes = VSCSI_CLEAR_KEYS_BYTES, // without a key
};

constexpr bool is_among(const vscsi_key_owners &owners, u32 nexus) noexcept
{
	for (const u32 owner : owners.nexus)
		if (owner == nexus)
			return true;
	return false;
}

constexpr void add(vscsi_key_owners &owners, u32 nexus) noexcept
{
	constexpr u32 last = VSCSI_KEY_OWNERS - 1;
	if (is_among(owners, nexus))
		return;
	u32 at = 0;
	while (at < last && owners.nexus[at])
		at++;
	owners.nexus[at] = nexus;
}

constexpr void remove(vscsi_key_owners &owners, u32 nexus) noexcept
{
	for (u32 &owner : owners.nexus)
		if (owner == nexus)
			owner = 0;
}

// Of a nexus, or of nobody (0).
constexpr void is_now_of(vscsi_key_owners &owners, u32 nexus, u32 effect) noexcept
{
	if (effect == VSCSI_EFFECT_ALL)
		owners = {};
	if (nexus)
		add(owners, nexus);
}

// True if the device has a key that may be the nexus' own, and that is to be cleared.
constexpr bool has_ended(vscsi_key_owners &owners, u32 nexus, bool clear) noexcept
{
	if (!is_among(owners, nexus))
		return false;
	if (clear)
		owners = {};
	else
		remove(owners, nexus);
	return clear;
}

} // namespace

bool keys_are_set(const u8 *cdb) noexcept
{
	return cdb[0] == security_protocol_out && cdb[1] == tape_data_encryption && cdb[2] == 0 &&
	       cdb[3] == set_data_encryption;
}

int keys_note(vscsi_keys &keys, u32 nexus, const u8 *cdb, const vscsi_gate_outcome &outcome) noexcept
{
	const u8 *data = outcome.data;
	if (outcome.effect == VSCSI_EFFECT_NONE || !keys_are_set(cdb) || outcome.data_bytes <= at_algorithm)
		return 0;
	const bool disabled = !data[at_encryption_mode] && !data[at_decryption_mode];
	const u32 owner = disabled ? 0 : nexus;
	const bool known = outcome.effect == VSCSI_EFFECT_ALL;
	int replaced = 0;
	switch (data[at_scope] >> 5) {
	case scope_public: // whatever else it says: the key of all counts
		is_now_of(keys.own, 0, outcome.effect);
		replaced = VSCSI_GATE_CLEAR_KEYS;
		break;
	case scope_local:
		is_now_of(keys.own, owner, outcome.effect);
		replaced = VSCSI_GATE_CLEAR_KEYS;
		break;
	case scope_all_nexuses:
		is_now_of(keys.all, owner, outcome.effect);
		replaced = VSCSI_GATE_CLEAR_ALL_KEYS;
		break;
	default:
		return 0;
	}
	if (known || owner)
		keys.algorithm = data[at_algorithm];
	return known ? replaced : 0;
}

int keys_ended(vscsi_keys &keys, u32 nexus, bool clear) noexcept
{
	return (has_ended(keys.own, nexus, clear) ? VSCSI_GATE_CLEAR_KEYS : 0) |
	       (has_ended(keys.all, nexus, clear) ? VSCSI_GATE_CLEAR_ALL_KEYS : 0);
}

void keys_clear(const vscsi_keys &keys, int which, Span<u8> cdb, Span<u8> data) noexcept
{
	for (u8 &byte : cdb)
		byte = 0;
	cdb[0] = security_protocol_out;
	cdb[1] = tape_data_encryption;
	cdb[3] = set_data_encryption;
	cdb[9] = page_bytes;
	for (u8 &byte : data)
		byte = 0;
	data[at_code] = set_data_encryption;
	data[at_length] = page_bytes - 4;
	data[at_scope] =
		static_cast<u8>((which == VSCSI_GATE_CLEAR_ALL_KEYS ? scope_all_nexuses : scope_local) << 5);
	data[at_algorithm] = static_cast<u8>(keys.algorithm);
}

} // namespace vscsi
