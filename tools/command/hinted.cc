// SPDX-License-Identifier: GPL-2.0
#include "command/hinted.hpp"

#include "core/hints.hpp"

namespace vscsi
{

Failure hinted(const Failure &failure, std::string_view pdev, std::string_view vdev)
{
	const std::string said = failure.what();
	const auto is_about = [&](std::string_view word) {
		return !word.empty() && said.find(word) != std::string::npos;
	};
	// Another failure is not one of names.
	if (failure.code() != Exit::usage && failure.code() != Exit::not_found)
		return failure;
	std::string hint = is_about(pdev) ? pdev_hint(pdev) : std::string{};
	if (hint.empty() && is_about(vdev))
		hint = vdev_hint(vdev);
	return hint.empty() ? failure : Failure{failure.code(), fmt::format("{}. {}", said, hint)};
}

} // namespace vscsi
