// SPDX-License-Identifier: GPL-2.0 OR MIT
#include "fabric/fabric.hpp"

#include <algorithm>

namespace fabric
{

using frames::EtherType;

namespace
{

constexpr std::uint64_t local_mac = 0x02fc00000000;

} // namespace

Fabric::Fabric(unsigned domain, Send send, Note note)
    : send_{std::move(send)}, note_{std::move(note)}, ports_{domain}
{
	const std::uint64_t address = local_mac | domain;
	forwarder_.address = frames::mac_of(frames::Writer{}.number(address, 6).view());
	forwarder_.name = Wwn{0x1000ULL << 48U | address};
	forwarder_.fabric = forwarder_.name;
}

void Fabric::link_up(LinkId link, Time)
{
	if (!links_.insert(link).second || !powered_ || settings.silent)
		return;
	advertise(link, frames::all_enodes, false, 0);
}

void Fabric::link_down(LinkId link)
{
	links_.erase(link);
	std::erase_if(attempts_, [&](const Attempt &attempt) { return attempt.node.link == link; });
	std::vector<PortId> gone;
	for (const auto &[id, port] : ports_.all())
		if (port.node.link == link)
			gone.push_back(id);
	for (const PortId id : gone)
		remove(id, "link down");
}

void Fabric::pass(Time now)
{
	if (!powered_)
		return;
	if (now >= next_advertisement_) {
		next_advertisement_ = now + Time{forwarder_.keep_alive_ms};
		for (const LinkId link : links_)
			if (!settings.silent)
				advertise(link, frames::all_enodes, false, 0);
	}
	std::vector<Attempt> ready;
	std::vector<Attempt> later;
	for (const Attempt &attempt : attempts_) {
		if (attempt.due <= now)
			ready.push_back(attempt);
		else
			later.push_back(attempt);
	}
	attempts_ = std::move(later);
	for (const Attempt &attempt : ready)
		admit(attempt);
}

Time Fabric::due() const
{
	if (!powered_)
		return Time::max();
	Time first = next_advertisement_;
	for (const Attempt &attempt : attempts_)
		first = std::min(first, attempt.due);
	return first;
}

void Fabric::power(bool on, Time now)
{
	if (on == powered_)
		return;
	powered_ = on;
	note_(on ? "power on" : "power off");
	if (on) {
		next_advertisement_ = now;
		return;
	}
	ports_.clear();
	permitted_.clear();
	attempts_.clear();
	displaced_.clear();
}

void Fabric::keep_alive(std::uint32_t milliseconds, Time now)
{
	forwarder_.keep_alive_ms = milliseconds;
	next_advertisement_ = now;
}

void Fabric::rezone(const std::function<void(Zoning &)> &change)
{
	const Zoning before = zoning_;
	change(zoning_);
	permitted_.clear();
	for (const auto &[id, port] : ports_.all()) {
		std::vector<PortId> changed;
		for (const auto &[other_id, other] : ports_.all())
			if (before.together(port.name, other.name) != zoning_.together(port.name, other.name))
				changed.push_back(other_id);
		send_change(port, changed);
	}
}

void Fabric::receive(LinkId link, std::span<std::uint8_t> ethernet, Time now)
{
	if (!powered_ || settings.silent)
		return;
	link_up(link, now);
	frames::Reader reader{ethernet};
	const auto type = static_cast<EtherType>(frames::read_ethernet(reader).type);
	if (type == EtherType::fip)
		receive_fip(link, ethernet, now);
	else if (type == EtherType::fcoe)
		receive_fcoe(link, ethernet);
}

bool Fabric::may_talk(const Port &one, const Port &other)
{
	const std::uint64_t key = static_cast<std::uint64_t>(one.id.value) << 24U | other.id.value;
	const auto found = permitted_.find(key);
	if (found != permitted_.end())
		return found->second;
	return permitted_[key] = zoning_.together(one.name, other.name);
}

// As it is, but for the addresses: who gets it checks the CRC.
void Fabric::receive_fcoe(LinkId link, std::span<std::uint8_t> ethernet)
{
	constexpr std::size_t encapsulation = 14;
	frames::Reader reader{ethernet};
	const frames::Ethernet head = frames::read_ethernet(reader);
	if (head.destination != forwarder_.address)
		return;
	reader.skip(encapsulation);
	const frames::Header header = frames::read_header(reader);
	if (!reader.good()) {
		counts_.malformed++;
		return;
	}
	Port *source = ports_.find(header.source);
	if (source == nullptr || source->node.link != link || source->address() != head.source) {
		counts_.unknown_source++;
		return;
	}
	source->sent++;
	if (frames::well_known(header.destination))
		return serve(*source, ethernet);
	Port *destination = ports_.find(header.destination);
	if (destination == nullptr) {
		counts_.unknown_destination++;
		return;
	}
	if (!may_talk(*source, *destination)) {
		counts_.not_zoned++;
		return;
	}
	const Mac address = destination->address();
	std::copy(address.value.begin(), address.value.end(), ethernet.begin());
	std::copy(forwarder_.address.value.begin(), forwarder_.address.value.end(), ethernet.begin() + 6);
	destination->received++;
	counts_.forwarded++;
	send_(destination->node.link, ethernet);
}

} // namespace fabric
