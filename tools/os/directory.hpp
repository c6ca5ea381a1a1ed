// SPDX-License-Identifier: GPL-2.0
// Asks the directory server of a fabric by the kernel's BSG nodes.
#pragma once
#include <functional>
#include <optional>
#include <string>

#include "core/nameserver.hpp"

namespace vscsi
{

// By a port of this host, or by the remote port that the directory server is to it: drivers know either
// (qla2xxx, libfc) or both are not the same to them (lpfc).
struct BsgNode {
	enum class Of { host, remote_port } of = Of::host;
	std::string name; // fc_host3, rport-3:0-1
};
using DirectoryAsker = std::function<std::optional<CtBytes>(const BsgNode &, const CtBytes &)>;

// Nothing: there is no such node, the driver does not do it, or no answer came in some seconds.
std::optional<CtBytes> ask_directory(const BsgNode &node, const CtBytes &request);

} // namespace vscsi
