// SPDX-License-Identifier: GPL-2.0 OR MIT
// The switch itself: frames and the time come in, frames go out, nothing else happens.
#pragma once
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "fabric/ports.hpp"
#include "fabric/zoning.hpp"
#include "frames/els.hpp"
#include "frames/fip.hpp"

namespace fabric
{

// Of two logins with one name, in different places.
enum class Duplicate { first_wins, last_wins };

struct Settings {
	bool npiv = true;
	std::optional<unsigned> virtual_port_limit;
	// Of any FDISC, and of some names.
	std::optional<frames::Reject> fdisc_reject;
	std::map<Wwn, frames::Reject> fdisc_rejects;
	Time fdisc_delay{0};
	Duplicate duplicate = Duplicate::first_wins;
	// Neither hears nor says anything.
	bool silent = false;
};

struct Counts {
	std::uint64_t forwarded = 0;
	std::uint64_t for_services = 0;
	std::uint64_t logins = 0;
	std::uint64_t logouts = 0;
	std::uint64_t rejected_logins = 0;
	std::uint64_t state_changes = 0;
	std::uint64_t links_cleared = 0;
	// Dropped.
	std::uint64_t malformed = 0;
	std::uint64_t bad_crc = 0;
	std::uint64_t unknown_source = 0;
	std::uint64_t unknown_destination = 0;
	std::uint64_t not_zoned = 0;
};

class Fabric
{
public:
	using Send = std::function<void(LinkId, frames::Bytes)>;
	using Note = std::function<void(const std::string &)>;

	// domain: 1 to 239, makes all names and addresses of this fabric.
	Fabric(unsigned domain, Send send, Note note);

	// Forwarding writes addresses into the frame.
	void receive(LinkId link, std::span<std::uint8_t> ethernet, Time now);
	void link_up(LinkId link, Time now);
	void link_down(LinkId link);
	// Does what is due.
	void pass(Time now);
	// When something will be.
	Time due() const;

	// False: nobody is logged in by that name.
	bool log_out(Wwn name);
	// Off forgets all logins without a word.
	void power(bool on, Time now);
	bool powered() const { return powered_; }
	void keep_alive(std::uint32_t milliseconds, Time now);
	// Tells the ports whose view changes.
	void rezone(const std::function<void(Zoning &)> &change);

	// At the next login of a physical port, with all its virtual ones.
	void keep_ids(bool keep) { ports_.keep_ids = keep; }

	const PortTable &ports() const { return ports_; }
	const Zoning &zoning() const { return zoning_; }
	const Counts &counts() const { return counts_; }
	const frames::Forwarder &forwarder() const { return forwarder_; }

	Settings settings;

private:
	struct Attempt {
		Node node;
		frames::Descriptor service{};
		frames::Header header;
		frames::Login login;
		Time due{0};
	};

	// FIP: login.cc
	void receive_fip(LinkId link, frames::Bytes ethernet, Time now);
	void advertise(LinkId link, const Mac &destination, bool solicited, std::size_t pad_to);
	void receive_service(const Node &node, const frames::Fip &fip, Time now);
	void receive_keep_alive(const Node &node, const frames::Fip &fip);
	void admit(const Attempt &attempt);
	std::optional<frames::Reject> obstacle(const Attempt &attempt);
	std::optional<frames::Reject> refusal(const Attempt &attempt);
	void refuse(const Attempt &attempt, frames::Reject why);
	void reply(const Attempt &attempt, PortId destination, frames::Bytes payload,
		   const std::optional<Mac> &granted);
	void remove(PortId id, const char *why);
	void remove_all(const Node &node, const char *why);
	void clear_links(const Node &node, const std::vector<frames::VnPort> &ports);
	Wwn f_port_name(PortId id) const;

	// FCoE: fabric.cc, services.cc
	void receive_fcoe(LinkId link, std::span<std::uint8_t> ethernet);
	bool may_talk(const Port &one, const Port &other);
	void serve(Port &port, frames::Bytes ethernet);
	void serve_link_service(Port &port, const frames::Frame &frame);
	void serve_names(Port &port, const frames::Frame &frame);
	void answer_service(const Port &port, const frames::Header &request, frames::Bytes payload);
	void send_sequence(const Port &port, frames::Header header, frames::Bytes payload);
	void tell_change(const Port &changed);
	void send_change(const Port &port, std::span<const PortId> changed);

	frames::Forwarder forwarder_;
	Send send_;
	Note note_;
	bool powered_ = true;
	PortTable ports_;
	Zoning zoning_;
	Counts counts_;
	std::set<LinkId> links_;
	std::vector<Attempt> attempts_;
	// Ports that lost their name to another login, whose keep-alives are not answered.
	std::set<PortId> displaced_;
	std::unordered_map<std::uint64_t, bool> permitted_;
	Time next_advertisement_{0};
	std::uint16_t exchange_ = 0;
	std::uint8_t sequence_ = 0;
};

} // namespace fabric
