// SPDX-License-Identifier: GPL-2.0 OR MIT
#include <vscsi/names.hpp>

namespace vscsi
{
namespace
{

constexpr bool is_digit(char c) noexcept
{
	return c >= '0' && c <= '9';
}

constexpr int hex_value(char c) noexcept
{
	if (is_digit(c))
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

constexpr u32 wire_limit = 0xffff;
constexpr u32 lun_limit = 16383; // flat space addressing, SAM-5 4.7.7.2

// A decimal number without sign, blanks or overflow.
constexpr int parse_number(Span<const char> text, u32 limit, u32 &out) noexcept
{
	if (text.empty())
		return VSCSI_NAME_SYNTAX;
	u32 value = 0;
	for (const char c : text) {
		if (!is_digit(c))
			return VSCSI_NAME_SYNTAX;
		value = value * 10 + static_cast<u32>(c - '0');
		if (value > limit)
			return VSCSI_NAME_RANGE;
	}
	out = value;
	return 0;
}

constexpr bool starts_with(Span<const char> text, Span<const char> prefix) noexcept
{
	if (text.size() < prefix.size())
		return false;
	for (std::size_t i = 0; i < prefix.size(); i++)
		if (text[i] != prefix[i])
			return false;
	return true;
}

template <std::size_t N>
constexpr Span<const char> literal(const char (&text)[N]) noexcept
{
	return {text, N - 1};
}

// Index of the last c, or size() if there is none.
constexpr std::size_t find_last(Span<const char> text, char c) noexcept
{
	for (std::size_t i = text.size(); i > 0; i--)
		if (text[i - 1] == c)
			return i - 1;
	return text.size();
}

constexpr Span<const char> after(Span<const char> text, std::size_t at) noexcept
{
	return {text.begin() + at + 1, text.size() - at - 1};
}

class Writer
{
public:
	explicit Writer(Span<char> out) noexcept : out_{out} {}
	void put(char c) noexcept
	{
		if (at_ + 1 < out_.size())
			out_[at_] = c;
		at_++;
	}
	void put(Span<const char> text) noexcept
	{
		for (const char c : text)
			put(c);
	}
	// Nothing is put that does not fit.
	[[nodiscard]] bool fits_into(Span<const char> room) const noexcept { return at_ < room.size(); }
	void finish() noexcept { out_[at_] = '\0'; }

private:
	Span<char> out_;
	std::size_t at_{};
};

constexpr bool is_uuid(Span<const char> text) noexcept
{
	if (text.size() != 36)
		return false;
	for (std::size_t i = 0; i < text.size(); i++) {
		const bool dash = i == 8 || i == 13 || i == 18 || i == 23;
		if (dash ? text[i] != '-' : hex_value(text[i]) < 0)
			return false;
	}
	return true;
}

constexpr char lower(char c) noexcept
{
	return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

// NAA 5 (SPC-4 7.8.6.6.5): 4 bits type, 24 bits OUI, 36 bits of the vendor's.
constexpr u64 naa_of(Span<const char> uuid) noexcept
{
	constexpr u64 naa_and_oui = 0x500163eULL << 36;
	u64 hash = 0xcbf29ce484222325ULL; // FNV-1a, with a final mix
	for (const char c : uuid) {
		hash ^= static_cast<u8>(lower(c));
		hash *= 0x100000001b3ULL;
	}
	hash ^= hash >> 32;
	hash *= 0xd6e8feb86659fd93ULL;
	hash ^= hash >> 32;
	return naa_and_oui | (hash & 0xfffffffffULL);
}

// SAS and FCP name ports by NAA.
constexpr bool has_naa_names(Protocol protocol) noexcept
{
	return protocol == Protocol::sas || protocol == Protocol::fcp;
}

void write_naa(Writer &writer, Protocol protocol, u64 naa) noexcept
{
	constexpr char hex[] = "0123456789abcdef";
	if (protocol == Protocol::sas)
		writer.put(literal("naa."));
	for (u32 digit = 0; digit < 16; digit++) {
		if (protocol == Protocol::fcp && digit && digit % 2 == 0)
			writer.put(':');
		writer.put(hex[naa >> (60 - 4 * digit) & 0xf]);
	}
}

void write_name(Writer &writer, Protocol protocol, Span<const char> uuid) noexcept
{
	if (protocol != Protocol::iscsi) {
		write_naa(writer, protocol, naa_of(uuid));
		return;
	}
	writer.put(literal("iqn.2007-10.org.xen.pvscsi:"));
	for (const char c : uuid)
		writer.put(lower(c));
}

// 16 hex digits that are not all zero.
constexpr int parse_wwn(Span<const char> text, u64 &out) noexcept
{
	constexpr std::size_t digits = 16;
	if (text.size() != digits)
		return VSCSI_NAME_SYNTAX;
	u64 value = 0;
	for (const char c : text) {
		const int digit = hex_value(c);
		if (digit < 0)
			return VSCSI_NAME_SYNTAX;
		value = value << 4 | static_cast<u64>(digit);
	}
	if (!value)
		return VSCSI_NAME_RANGE;
	out = value;
	return 0;
}

} // namespace

int parse_vdev(Span<const char> text, vscsi_address &out) noexcept
{
	vscsi_address found{};
	u32 *const parts[] = {&found.host, &found.channel, &found.id, &found.lun};
	std::size_t begin = 0;
	std::size_t part = 0;
	for (std::size_t i = 0; i <= text.size(); i++) {
		if (i < text.size() && text[i] != ':')
			continue;
		if (part == 4)
			return VSCSI_NAME_SYNTAX;
		const u32 limit = part == 3 ? lun_limit : wire_limit;
		const int bad = parse_number({text.begin() + begin, i - begin}, limit, *parts[part++]);
		if (bad)
			return bad;
		begin = i + 1;
	}
	if (part != 4)
		return VSCSI_NAME_SYNTAX;
	out = found;
	return 0;
}

int parse_pdev(Span<const char> text, vscsi_pdev &out) noexcept
{
	const auto colon = find_last(text, ':');
	if (colon == text.size() || colon == 0)
		return VSCSI_NAME_SYNTAX;
	u32 lun = 0;
	if (const int bad = parse_number(after(text, colon), lun_limit, lun))
		return bad;
	auto port = text.first(colon);
	u32 tpgt = VSCSI_ANY_TPG;
	if (const auto comma = find_last(port, ','); comma != port.size()) {
		if (const int bad = parse_number(after(port, comma), wire_limit, tpgt))
			return bad;
		port = port.first(comma);
	}
	if (port.empty())
		return VSCSI_NAME_SYNTAX;
	if (port.size() >= sizeof out.port)
		return VSCSI_NAME_LENGTH;
	Writer writer{{out.port, sizeof out.port}};
	writer.put(port);
	writer.finish();
	out.lun = lun;
	out.tpgt = tpgt;
	return 0;
}

int parse_port(Span<const char> text, Protocol &protocol, u32 &skip) noexcept
{
	struct Prefix {
		Span<const char> text;
		Protocol protocol;
		u32 skip; // stock tools expect FC names without their prefix
	};
	constexpr Prefix prefixes[] = {
		{literal("naa."), Protocol::sas, 0},
		{literal("fc."), Protocol::fcp, 3},
		{literal("iqn."), Protocol::iscsi, 0},
	};
	for (const auto &prefix : prefixes) {
		if (!starts_with(text, prefix.text))
			continue;
		if (text.size() == prefix.text.size())
			return VSCSI_NAME_SYNTAX;
		if (text.size() >= VSCSI_NAME_BYTES)
			return VSCSI_NAME_LENGTH;
		protocol = prefix.protocol;
		skip = prefix.skip;
		return 0;
	}
	return VSCSI_NAME_SYNTAX;
}

int check_binding(Span<const char> text) noexcept
{
	if (text.empty())
		return VSCSI_NAME_SYNTAX;
	for (const char c : text)
		if (static_cast<u8>(c) < ' ' || c == 0x7f || c == '/')
			return VSCSI_NAME_SYNTAX;
	return text.size() < VSCSI_NAME_BYTES ? 0 : VSCSI_NAME_LENGTH;
}

bool binding_allows(Span<const char> binding, Span<const char> name, Span<const char> uuid) noexcept
{
	const bool by_uuid = is_uuid(binding);
	const auto actual = by_uuid ? uuid : name;
	if (binding.empty() || actual.size() != binding.size())
		return false;
	for (std::size_t i = 0; i < binding.size(); i++)
		if (by_uuid ? lower(actual[i]) != lower(binding[i]) : actual[i] != binding[i])
			return false;
	return true;
}

int initiator_name(Protocol protocol, Span<const char> uuid, Span<char> out) noexcept
{
	if (!is_uuid(uuid) || (!has_naa_names(protocol) && protocol != Protocol::iscsi))
		return VSCSI_NAME_SYNTAX;
	Writer only_counts{{}};
	write_name(only_counts, protocol, uuid);
	if (!only_counts.fits_into({out.begin(), out.size()}))
		return VSCSI_NAME_LENGTH;
	Writer writer{out};
	write_name(writer, protocol, uuid);
	writer.finish();
	return 0;
}

int parse_vport(Span<const char> text, u64 &wwpn) noexcept
{
	constexpr std::size_t digits = 16;
	constexpr std::size_t both = digits + 1 + digits;
	constexpr Span<const char> kinds[] = {literal("fabric:"), literal("hba:")};
	u64 port = 0;
	u64 other = 0;
	if (text.size() <= both || text[digits] != ':' || text[both] != '@')
		return VSCSI_NAME_SYNTAX;
	if (const int bad = parse_wwn(text.first(digits), port))
		return bad;
	if (const int bad = parse_wwn(after(text.first(both), digits), other))
		return bad;
	const auto parent = after(text, both);
	for (const auto &kind : kinds) {
		if (!starts_with(parent, kind))
			continue;
		const int bad = parse_wwn(after(parent, kind.size() - 1), other);
		if (!bad)
			wwpn = port;
		return bad;
	}
	return VSCSI_NAME_SYNTAX;
}

int vport_name(Protocol protocol, u64 wwpn, Span<char> out) noexcept
{
	if (!has_naa_names(protocol))
		return VSCSI_NAME_SYNTAX;
	Writer only_counts{{}};
	write_naa(only_counts, protocol, wwpn);
	if (!only_counts.fits_into({out.begin(), out.size()}))
		return VSCSI_NAME_LENGTH;
	Writer writer{out};
	write_naa(writer, protocol, wwpn);
	writer.finish();
	return 0;
}

} // namespace vscsi
