// SPDX-License-Identifier: GPL-2.0 OR MIT
// Names in xenstore and configfs: virtual and physical devices, ports.
#pragma once
#include <vscsi/engine.h>
#include <vscsi/types.hpp>

namespace vscsi
{

enum class Protocol : u32 {
	fcp = VSCSI_PROTOCOL_FCP,
	iscsi = VSCSI_PROTOCOL_ISCSI,
	sas = VSCSI_PROTOCOL_SAS,
};

[[nodiscard]] int parse_vdev(Span<const char> text, vscsi_address &out) noexcept;
[[nodiscard]] int parse_pdev(Span<const char> text, vscsi_pdev &out) noexcept;
[[nodiscard]] int parse_port(Span<const char> text, Protocol &protocol, u32 &skip) noexcept;
[[nodiscard]] int check_binding(Span<const char> text) noexcept;
[[nodiscard]] bool binding_allows(Span<const char> binding, Span<const char> name,
				  Span<const char> uuid) noexcept;
[[nodiscard]] int initiator_name(Protocol protocol, Span<const char> uuid, Span<char> out) noexcept;
[[nodiscard]] int parse_vport(Span<const char> text, u64 &wwpn) noexcept;
[[nodiscard]] int vport_name(Protocol protocol, u64 wwpn, Span<char> out) noexcept;

} // namespace vscsi
