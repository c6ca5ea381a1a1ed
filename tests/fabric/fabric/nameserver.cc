// SPDX-License-Identifier: GPL-2.0 OR MIT
#include "fabric/nameserver.hpp"

#include <algorithm>
#include <variant>

namespace fabric
{

namespace
{

using frames::Ask;
using frames::Buffer;
using frames::CtReject;
using frames::CtRequest;
using frames::Reader;
using frames::Writer;

using Result = std::variant<Buffer, CtReject>;

constexpr std::uint8_t last_entry = 0x80;

std::string read_text(Reader &reader)
{
	const std::size_t length = reader.u8();
	const frames::Bytes text = reader.take(length);
	return {text.begin(), text.end()};
}

class Inquiry
{
public:
	Inquiry(PortTable &ports, const Zoning &zoning, const Port &asker, const CtRequest &request)
	    : ports_{ports}, zoning_{zoning}, asker_{asker}, ask_{request.ask}, reader_{request.body}
	{
	}

	Result run()
	{
		switch (ask_) {
		case Ask::port_name:
		case Ask::node_name:
		case Ask::symbolic_port_name:
			return tell_of_id();
		case Ask::id_of_port_name:
			return tell_id();
		case Ask::symbolic_node_name:
			return tell_of_node();
		case Ask::ids_of_type:
		case Ask::port_names_of_type:
			return tell_all();
		case Ask::register_node_name:
		case Ask::register_types:
		case Ask::register_port_text:
		case Ask::register_features:
			return register_for_id();
		case Ask::register_node_text:
			return register_for_node();
		}
		return frames::ct_not_supported;
	}

	bool changed() const { return changed_; }

private:
	bool visible(const Port &port) const { return zoning_.together(asker_.name, port.name); }

	Result tell_of_id()
	{
		reader_.skip(1);
		const Port *port = ports_.find(PortId{reader_.u24()});
		if (!reader_.good())
			return frames::ct_invalid_size;
		if (port == nullptr || !visible(*port))
			return frames::ct_no_such_id;
		if (ask_ == Ask::port_name)
			return Writer{}.u64(port->name.value).take();
		if (ask_ == Ask::node_name)
			return Writer{}.u64(port->node_name.value).take();
		return Writer{}.u8(port->port_text.size()).text(port->port_text).take();
	}

	Result tell_id()
	{
		const Port *port = ports_.find(Wwn{reader_.u64()});
		if (!reader_.good())
			return frames::ct_invalid_size;
		if (port == nullptr || !visible(*port))
			return frames::ct_no_such_port_name;
		return Writer{}.u8(0).u24(port->id.value).take();
	}

	// Any of its ports that the asker may see will do.
	Result tell_of_node()
	{
		const Wwn node{reader_.u64()};
		if (!reader_.good())
			return frames::ct_invalid_size;
		for (const auto &[id, port] : ports_.all())
			if (port.node_name == node && visible(port))
				return Writer{}.u8(port.node_text.size()).text(port.node_text).take();
		return frames::ct_no_such_node_name;
	}

	Result tell_all()
	{
		reader_.skip(3);
		const std::uint8_t type = reader_.u8();
		if (!reader_.good())
			return frames::ct_invalid_size;
		std::vector<const Port *> found;
		for (const auto &[id, port] : ports_.all())
			if (port.has_type(type) && visible(port))
				found.push_back(&port);
		if (found.empty())
			return frames::ct_no_such_type;
		Writer writer;
		for (const Port *port : found) {
			writer.u8(port == found.back() ? last_entry : 0).u24(port->id.value);
			if (ask_ == Ask::port_names_of_type)
				writer.u32(0).u64(port->name.value);
		}
		return writer.take();
	}

	Result register_for_id()
	{
		reader_.skip(1);
		const PortId id{reader_.u24()};
		Port registered;
		switch (ask_) {
		case Ask::register_node_name:
			registered.node_name = Wwn{reader_.u64()};
			break;
		case Ask::register_types: {
			const frames::Bytes types = reader_.take(types_size);
			std::copy(types.begin(), types.end(), registered.types.begin());
			break;
		}
		case Ask::register_features:
			reader_.skip(2);
			registered.features = reader_.u8();
			break;
		default:
			registered.port_text = read_text(reader_);
		}
		if (!reader_.good())
			return frames::ct_invalid_size;
		Port *port = ports_.find(id);
		if (port == nullptr)
			return frames::ct_no_such_id;
		if (port->node != asker_.node)
			return frames::ct_access_denied;
		take_over(*port, registered);
		return Buffer{};
	}

	void take_over(Port &port, const Port &registered)
	{
		switch (ask_) {
		case Ask::register_node_name:
			port.node_name = registered.node_name;
			break;
		case Ask::register_types:
			changed_ = port.types != registered.types;
			port.types = registered.types;
			break;
		case Ask::register_features:
			// Comes right after the types, which have been told of.
			changed_ = port.features != 0 && port.features != registered.features;
			port.features = registered.features;
			break;
		default:
			port.port_text = registered.port_text;
		}
	}

	Result register_for_node()
	{
		const Wwn node{reader_.u64()};
		const std::string text = read_text(reader_);
		if (!reader_.good())
			return frames::ct_invalid_size;
		bool found = false;
		for (auto &[id, port] : ports_.all()) {
			if (port.node_name != node || port.node != asker_.node)
				continue;
			port.node_text = text;
			found = true;
		}
		if (!found)
			return frames::ct_no_such_node_name;
		return Buffer{};
	}

	PortTable &ports_;
	const Zoning &zoning_;
	const Port &asker_;
	Ask ask_;
	Reader reader_;
	bool changed_ = false;
};

} // namespace

Answer answer(PortTable &ports, const Zoning &zoning, const Port &asker, const CtRequest &request)
{
	if (!frames::is_name_server(request))
		return {ct_reject(request, frames::ct_not_supported)};
	Inquiry inquiry{ports, zoning, asker, request};
	const Result result = inquiry.run();
	if (const auto *why = std::get_if<CtReject>(&result))
		return {ct_reject(request, *why)};
	return {ct_accept(request, std::get<Buffer>(result)), inquiry.changed()};
}

} // namespace fabric
