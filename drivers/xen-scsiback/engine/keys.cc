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

constexpr void forget(u32 &whose, u32 nexus) noexcept
{
	if (whose == nexus)
		whose = 0;
}

} // namespace

void keys_note(vscsi_keys &keys, u32 nexus, const u8 *cdb, Span<const u8> data) noexcept
{
	if (cdb[0] != security_protocol_out || cdb[1] != tape_data_encryption || cdb[2] != 0 ||
	    cdb[3] != set_data_encryption || data.size() <= at_algorithm)
		return;
	const bool disabled = !data[at_encryption_mode] && !data[at_decryption_mode];
	const u32 owner = disabled ? 0 : nexus;
	switch (data[at_scope] >> 5) {
	case scope_public: // whatever else it says: the key of all counts
		keys.own = 0;
		break;
	case scope_local:
		keys.own = owner;
		break;
	case scope_all_nexuses:
		keys.all = owner;
		break;
	default:
		return;
	}
	keys.algorithm = data[at_algorithm];
}

int keys_ended(vscsi_keys &keys, u32 nexus) noexcept
{
	const int found = (keys.own == nexus ? VSCSI_GATE_CLEAR_KEYS : 0) |
			  (keys.all == nexus ? VSCSI_GATE_CLEAR_ALL_KEYS : 0);
	forget(keys.own, nexus);
	forget(keys.all, nexus);
	return found;
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
	data[at_algorithm] = keys.algorithm;
}

} // namespace vscsi
