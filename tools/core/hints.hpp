// SPDX-License-Identifier: GPL-2.0
// What somebody may have meant who typed something else.
#pragma once
#include <span>
#include <string>
#include <string_view>

namespace vscsi
{

// Letters to insert, leave out, exchange or swap with the next one.
std::size_t edit_distance(std::string_view one, std::string_view other);
// The one that is nearest to it; empty if none is near enough to be meant.
std::string nearest(std::string_view typed, std::span<const std::string_view> known);

// The form that is meant, for names that xm, lsscsi or udev know; empty: no idea.
std::string pdev_hint(std::string_view text);
std::string vdev_hint(std::string_view text);

} // namespace vscsi
