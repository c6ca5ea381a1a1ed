// SPDX-License-Identifier: GPL-2.0
// World Wide Names of Fibre Channel ports and nodes (FC-FS-3).
#pragma once
#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace vscsi
{

struct Wwn {
	std::uint64_t number = 0;
	auto operator<=>(const Wwn &) const = default; // NOLINT(modernize-use-nullptr): clang-tidy 14
	explicit operator bool() const { return number != 0; }
};

// As switches, arrays, sysfs and LIO write it: 0x, naa. or fc. before it, colons, capitals.
std::optional<Wwn> parse_wwn(std::string_view text);
// Throws a Failure that says what is expected of it; what: `WWPN`, say.
Wwn expect_wwn(std::string_view text, std::string_view what);
// 50:01:63:ef:00:00:00:01, the one form in which it is shown.
std::string to_string(const Wwn &wwn);
// 500163ef00000001
std::string hex_digits(const Wwn &wwn);

} // namespace vscsi
