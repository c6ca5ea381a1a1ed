// SPDX-License-Identifier: GPL-2.0
#include "core/nameserver.hpp"

#include <algorithm>
#include <span>

#include <fmt/core.h>

namespace vscsi
{

namespace
{

// FC-GS: the preamble, a code for what is asked, and a code for how it went.
constexpr std::size_t preamble_size = 16;
constexpr std::uint8_t ct_revision = 2;
constexpr std::uint8_t directory_service = 0xfc;
constexpr std::uint8_t name_server = 0x02;
constexpr std::size_t code_at = 8;
constexpr std::size_t reason_at = 13;
constexpr std::size_t explanation_at = 14;

enum class Query : std::uint16_t {
	node_of_id = 0x0113,        // GNN_ID
	port_text_of_id = 0x0118,   // GSPN_ID
	id_of_port = 0x0121,        // GID_PN
	node_text_of_node = 0x0139, // GSNN_NN
};
constexpr std::uint16_t accepted = 0x8002;
constexpr std::uint16_t rejected = 0x8001;
constexpr std::uint8_t unable = 0x09;              // to do it: what is asked for is not there, if
constexpr std::uint8_t port_name_not_there = 0x02; // no more than this explains it

std::uint64_t number_at(std::span<const std::uint8_t> bytes)
{
	std::uint64_t number = 0;
	for (const std::uint8_t byte : bytes)
		number = number << 8 | byte;
	return number;
}

void append(CtBytes &bytes, std::uint64_t number, unsigned size)
{
	for (unsigned left = size; left-- != 0;)
		bytes.push_back(static_cast<std::uint8_t>(number >> (8 * left)));
}

// Eight bytes: a name, or an N_Port_ID with what is reserved before it.
CtBytes request_of(Query query, std::uint64_t about, unsigned size)
{
	CtBytes bytes;
	append(bytes, ct_revision, 1);
	append(bytes, 0, 3);
	append(bytes, directory_service, 1);
	append(bytes, name_server, 1);
	append(bytes, 0, 2);
	append(bytes, static_cast<std::uint16_t>(query), 2);
	bytes.resize(preamble_size);
	append(bytes, about, size);
	return bytes;
}

class Inquirer
{
public:
	explicit Inquirer(const CtExchange &ask) : m_ask{ask} {}

	// What follows the preamble of an answer that accepts.
	std::optional<CtBytes> body(Query query, std::uint64_t about, unsigned size)
	{
		m_code = 0;
		const std::optional<CtBytes> answer = m_ask(request_of(query, about, size));
		if (!answer || answer->size() < preamble_size)
			return {};
		const std::span whole{*answer};
		m_code = static_cast<std::uint16_t>(number_at(whole.subspan(code_at, 2)));
		m_reason = whole[reason_at];
		m_explanation = whole[explanation_at];
		if (m_code != accepted)
			return {};
		return CtBytes(answer->begin() + preamble_size, answer->end());
	}

	bool says_not_there() const
	{
		return m_code == rejected && m_reason == unable && m_explanation <= port_name_not_there;
	}

private:
	const CtExchange &m_ask;
	std::uint16_t m_code = 0;
	std::uint8_t m_reason = 0;
	std::uint8_t m_explanation = 0;
};

// A byte of length, then so much of it.  From a switch: no controls reach a terminal.
std::string text_in(const std::optional<CtBytes> &body)
{
	if (!body || body->empty())
		return {};
	const std::size_t length = std::min<std::size_t>(body->front(), body->size() - 1);
	std::string text(body->begin() + 1, body->begin() + 1 + static_cast<std::ptrdiff_t>(length));
	std::erase(text, '\0');
	std::ranges::replace_if(
		text, [](char letter) { return letter < ' ' || letter > '~'; }, '?');
	while (text.ends_with(' '))
		text.pop_back();
	return text;
}

constexpr unsigned id_size = 3;
constexpr unsigned word_size = 4;
constexpr unsigned name_size = 8;

} // namespace

std::string describe(const FabricPort &port)
{
	std::string text = fmt::format("N_Port_ID {}", port.id);
	if (port.node)
		text += fmt::format(", node {}", to_string(port.node));
	if (!port.port_text.empty())
		text += fmt::format(", '{}'", port.port_text);
	if (!port.node_text.empty() && port.node_text != port.port_text)
		text += fmt::format(" of '{}'", port.node_text);
	return text;
}

Lookup look_up(const Wwn &port, const CtExchange &ask)
{
	Inquirer inquirer{ask};
	const auto found = inquirer.body(Query::id_of_port, port.number, name_size);
	if (!found)
		return {inquirer.says_not_there(), {}};
	if (found->size() < word_size)
		return {};
	const std::uint64_t id = number_at(std::span{*found}.subspan(word_size - id_size, id_size));
	FabricPort holder{fmt::format("0x{:06x}", id), {}, {}, {}};
	holder.port_text = text_in(inquirer.body(Query::port_text_of_id, id, word_size));
	if (const auto node = inquirer.body(Query::node_of_id, id, word_size);
	    node && node->size() >= name_size)
		holder.node = Wwn{number_at(std::span{*node}.first(name_size))};
	if (holder.node)
		holder.node_text =
			text_in(inquirer.body(Query::node_text_of_node, holder.node.number, name_size));
	return {true, std::move(holder)};
}

} // namespace vscsi
