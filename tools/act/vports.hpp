// SPDX-License-Identifier: GPL-2.0
// Vports of guests: what is kept of them, and how they log in and out.
#pragma once
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "act/host.hpp"
#include "core/host.hpp"

namespace vscsi
{

// What lasts longer than the portal group: the names, so that a guest that is made anew has those
// that the SAN knows, and which target port is which target in the guest.
struct KnownVport {
	VportId id;
	std::string owner;        // the guest's name
	unsigned controller = 0;  // in the guest
	std::vector<Wwn> targets; // by target number in the guest
};

// To be used under the lock of the configuration.
class VportMemory
{
public:
	explicit VportMemory(std::filesystem::path file) : m_file{std::move(file)} {}
	std::vector<KnownVport> all() const;
	std::optional<KnownVport> of(const Wwn &port) const;
	void keep(const KnownVport &known);
	void forget(const Wwn &port);

private:
	void write(const std::vector<KnownVport> &all) const;
	std::filesystem::path m_file;
};

VportMemory vport_memory(const Host &host);
FibreChannel fibre_channel(const Host &host);

// The adapter's target ports in the order that the guest knows them by; keep: what is new is kept.
void order_targets(const Host &host, const VportId &id, Adapter &adapter, bool keep);
// kept: what is kept of that vport, if anything; for those who ask for many.
void order_targets(VportMemory &memory, const KnownVport *kept, const VportId &id, Adapter &adapter,
		   bool keep);

// `npiv login` wants it logged in, guest or no guest.
bool login_asked(const Host &host, const Wwn &port);
void ask_login(const Host &host, const Wwn &port, bool wanted);
// A command is at it and waits for the fabric, without the lock of the configuration; it ends with that
// command.
Lock work_on(const Host &host, const Wwn &port);
bool is_worked_on(const Host &host, const Wwn &port);

// Throws a Failure that says who has this WWPN in the fabric already.  A fabric that does not tell is no
// reason; then the text says so.
std::string expect_unused(const Host &host, const VportId &id);
// The HBA that a vport is one of; none if that has gone.
const FcPort *hba_of(const std::vector<FcPort> &ports, const FcPort &vport);
// Who has the name of a vport that does not get in.
std::optional<FabricPort> holder_of(const Host &host, const std::vector<FcPort> &ports, const FcPort &vport);
// Begins to log in; the caller looks at its state afterwards.  Throws a Failure that says why not.
void begin_login(const Host &host, const VportId &id, const std::string &guest);
// Tells the fabric which guest's it is, once it is logged in: what was set before that may not have
// reached the name server.
void announce(const Host &host, const FcPort &vport, const std::string &guest);
// Time-outs and names of what is logged in; what an operator has set stays.  several: the guest has
// other vports.  Whether all is done.
bool tend(const Host &host, const FcPort &vport, const std::vector<RemotePort> &remote,
	  const std::string &guest, bool several);

// Takes the LUNs of its portal group away, and logs out.  The guest has none of them any more.
// Whether it has gone; if not, it is asked again.
bool log_out(const Host &host, const Tpg &tpg);

} // namespace vscsi
