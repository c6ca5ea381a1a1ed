// SPDX-License-Identifier: GPL-2.0 OR MIT
// Common Transport: what name servers are asked by.
#pragma once
#include <optional>

#include "frames/fc.hpp"

namespace frames
{

enum class Ask : std::uint16_t {
	port_name = 0x0112,          // GPN_ID
	node_name = 0x0113,          // GNN_ID
	symbolic_port_name = 0x0118, // GSPN_ID
	id_of_port_name = 0x0121,    // GID_PN
	symbolic_node_name = 0x0139, // GSNN_NN
	ids_of_type = 0x0171,        // GID_FT
	port_names_of_type = 0x0172, // GPN_FT
	register_node_name = 0x0213, // RNN_ID
	register_types = 0x0217,     // RFT_ID
	register_port_text = 0x0218, // RSPN_ID
	register_features = 0x021f,  // RFF_ID
	register_node_text = 0x0239, // RSNN_NN
};

struct CtReject {
	std::uint8_t reason = 0;
	std::uint8_t explanation = 0;
	bool operator==(const CtReject &) const = default;
};

constexpr CtReject ct_invalid_size{0x04, 0x00};
constexpr CtReject ct_not_supported{0x0b, 0x00};
constexpr CtReject ct_no_such_id{0x09, 0x01};
constexpr CtReject ct_no_such_port_name{0x09, 0x02};
constexpr CtReject ct_no_such_node_name{0x09, 0x03};
constexpr CtReject ct_no_such_type{0x09, 0x07};
constexpr CtReject ct_access_denied{0x09, 0x10};

struct CtRequest {
	std::uint8_t service = 0;
	std::uint8_t subtype = 0;
	Ask ask{};
	Bytes body;
	// As it came, for the reply.
	Bytes head;
};

constexpr std::size_t ct_size = 16;

constexpr bool is_name_server(const CtRequest &request)
{
	return request.service == 0xfc && request.subtype == 2;
}

std::optional<CtRequest> decode_ct(Bytes payload);
Buffer ct_accept(const CtRequest &request, Bytes body);
Buffer ct_reject(const CtRequest &request, CtReject why);

} // namespace frames
