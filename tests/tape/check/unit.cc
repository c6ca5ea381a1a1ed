// SPDX-License-Identifier: GPL-2.0 OR MIT
#include "check/unit.hpp"

namespace check
{

Reply Unit::run(const Cdb &cdb, Direction direction, std::span<std::uint8_t> data) const
{
	constexpr int most_attentions = 8;
	Reply reply = once(cdb, direction, data);
	for (int i = 0; i < most_attentions && reply.sense && reply.sense->key == Key::unit_attention; i++)
		reply = once(cdb, direction, data);
	return reply;
}

Reply Unit::send(const Cdb &cdb, Bytes data) const
{
	Buffer copy{data.begin(), data.end()};
	return run(cdb, Direction::out, copy);
}

void Unit::judge(const Reply &reply, const Cdb &cdb) const
{
	const std::string name = scsi::command_name(cdb.bytes());
	if (reply.is(Key::illegal_request, scsi::code::no_such_command))
		throw Skipped{fmt::format("the {} has no {} ({})", what_, name, reply.text())};
	want(reply.good(), name, "GOOD", reply.text());
}

void Unit::good(const Cdb &cdb) const
{
	judge(run(cdb), cdb);
}

void Unit::good(const Cdb &cdb, Bytes data) const
{
	judge(send(cdb, data), cdb);
}

Buffer Unit::fetch(const Cdb &cdb, std::size_t size) const
{
	Buffer data(size);
	const Reply reply = run(cdb, Direction::in, data);
	judge(reply, cdb);
	data.resize(reply.moved);
	return data;
}

void Unit::refused(const Cdb &cdb, Key key, scsi::Code code) const
{
	const Reply reply = run(cdb);
	if (reply.is(Key::illegal_request, scsi::code::no_such_command) &&
	    code != scsi::code::no_such_command)
		judge(reply, cdb);
	want(reply.is(key, code), scsi::command_name(cdb.bytes()),
	     fmt::format("{} {}", name(key), describe(code)), reply.text());
}

} // namespace check
