// SPDX-License-Identifier: GPL-2.0
#include "act/vports.hpp"

#include <algorithm>
#include <fstream>
#include <sstream>

#include "core/adapters.hpp"
#include "core/failure.hpp"
#include "os/files.hpp"

namespace vscsi
{

namespace
{

namespace fs = std::filesystem;

// Of a target port that is away: with another way to go I/O fails soon, so that multipath in the guest
// takes it; without one it waits.  Devices are never taken away, so that they are the same when it is back.
constexpr unsigned fail_soon = 5;
constexpr unsigned fail_late = 120;
constexpr unsigned never_lose = 2147483647;

// Not what an operator has set: the kernel's own, or one of ours.
bool may_be_set(const RemotePort &port)
{
	const bool ours = port.dev_loss == fmt::format("{}", never_lose) &&
			  (port.fast_io_fail == fmt::format("{}", fail_soon) ||
			   port.fast_io_fail == fmt::format("{}", fail_late));
	return port.fast_io_fail == "off" || ours;
}

std::vector<Wwn> parse_targets(const std::string &text)
{
	std::vector<Wwn> found;
	std::istringstream words{text};
	for (std::string word; std::getline(words, word, ',');)
		if (const auto wwn = parse_wwn(word))
			found.push_back(*wwn);
	return found;
}

fs::path work_file(const Host &host, const Wwn &port)
{
	return host.run / ("vport-" + hex_digits(port) + ".lock");
}

fs::path login_file(const Host &host, const Wwn &port)
{
	return host.run / ("login-" + hex_digits(port));
}

} // namespace

std::vector<KnownVport> VportMemory::all() const
{
	std::vector<KnownVport> found;
	std::istringstream lines{read_file(m_file).value_or("")};
	for (std::string id; std::getline(lines, id, '\t');) {
		KnownVport known;
		std::string controller;
		std::string targets;
		if (!std::getline(lines, known.owner, '\t') || !std::getline(lines, controller, '\t') ||
		    !std::getline(lines, targets))
			break;
		if (const auto parsed = parse_vport(id)) {
			known.id = *parsed;
			known.controller =
				static_cast<unsigned>(parse_number(controller, UINT16_MAX).value_or(0));
			known.targets = parse_targets(targets);
			found.push_back(std::move(known));
		}
	}
	return found;
}

std::optional<KnownVport> VportMemory::of(const Wwn &port) const
{
	const std::vector<KnownVport> kept = all();
	const auto found =
		std::ranges::find_if(kept, [&](const KnownVport &known) { return known.id.port == port; });
	return found == kept.end() ? std::nullopt : std::optional{*found};
}

void VportMemory::keep(const KnownVport &known)
{
	std::vector<KnownVport> kept = all();
	std::erase_if(kept, [&](const KnownVport &other) { return other.id.port == known.id.port; });
	kept.push_back(known);
	write(kept);
}

void VportMemory::forget(const Wwn &port)
{
	std::vector<KnownVport> kept = all();
	if (std::erase_if(kept, [&](const KnownVport &other) { return other.id.port == port; }) != 0)
		write(kept);
}

void VportMemory::write(const std::vector<KnownVport> &all) const
{
	std::error_code error;
	fs::create_directories(m_file.parent_path(), error);
	const fs::path next = m_file.string() + ".new";
	std::ofstream stream{next, std::ios::trunc};
	for (const KnownVport &known : all) {
		stream << param_text(known.id) << '\t' << known.owner << '\t' << known.controller << '\t';
		for (std::size_t at = 0; at < known.targets.size(); ++at)
			stream << (at == 0 ? "" : ",") << hex_digits(known.targets[at]);
		stream << '\n';
	}
	stream.close();
	if (stream)
		fs::rename(next, m_file, error);
	if (!stream || error)
		fail(Exit::environment, "cannot write {}", m_file.string());
}

VportMemory vport_memory(const Host &host)
{
	return VportMemory{host.state / "vports"};
}

FibreChannel fibre_channel(const Host &host)
{
	return FibreChannel{host.sysfs.root(), host.write_fc, host.ask_fabric};
}

void order_targets(const Host &host, const VportId &id, Adapter &adapter, bool keep)
{
	VportMemory memory = vport_memory(host);
	const auto kept = memory.of(id.port);
	order_targets(memory, kept ? &*kept : nullptr, id, adapter, keep);
}

void order_targets(VportMemory &memory, const KnownVport *kept, const VportId &id, Adapter &adapter,
		   bool keep)
{
	adapter.vport = id.port;
	if (kept)
		adapter.controller = kept->controller;
	KnownVport known = kept ? *kept : KnownVport{id, {}, 0, {}};
	adapter.targets = known.targets;
	adapter.targets = target_order(adapter);
	if (adapter.targets == known.targets)
		return;
	known.targets = adapter.targets;
	// Of a portal group that was made without these tools nothing else is known.
	if (kept && keep)
		memory.keep(known);
}

bool login_asked(const Host &host, const Wwn &port)
{
	std::error_code error;
	return fs::exists(login_file(host, port), error);
}

void ask_login(const Host &host, const Wwn &port, bool wanted)
{
	std::error_code error;
	if (!wanted) {
		fs::remove(login_file(host, port), error);
		return;
	}
	if (!std::ofstream{login_file(host, port)})
		fail(Exit::environment, "cannot write {}", login_file(host, port).string());
}

Lock work_on(const Host &host, const Wwn &port)
{
	constexpr std::chrono::seconds patience{5};
	return Lock::take(work_file(host, port), patience);
}

bool is_worked_on(const Host &host, const Wwn &port)
{
	std::error_code error;
	return fs::exists(work_file(host, port), error) && !Lock::attempt(work_file(host, port));
}

std::string expect_unused(const Host &host, const VportId &id)
{
	const FibreChannel fc = fibre_channel(host);
	const std::vector<FcPort> ports = fc.ports();
	// One of this host's logs in, or is another's to refuse.
	if (port_of(ports, id.port))
		return {};
	const FcPort &hba = expect_hba(ports, id.parent);
	const Lookup found = fc.look_up(hba, id.port);
	if (found.port)
		fail(Exit::in_use,
		     "WWPN {} is in the fabric already: {}. Log it out there before it logs in here",
		     to_string(id.port), describe(*found.port));
	return found.answered ? std::string{}
			      : fmt::format("fabric: whether another port is called {} is not told: HBA {} "
					    "(host{}) gets no answer from the name server",
					    to_string(id.port), to_string(hba.port), hba.host);
}

const FcPort *hba_of(const std::vector<FcPort> &ports, const FcPort &vport)
{
	// vport-H:C-I is one of host H.
	const auto found = std::ranges::find_if(ports, [&](const FcPort &hba) {
		return !hba.is_vport && vport.vport.starts_with(fmt::format("vport-{}:", hba.host));
	});
	return found == ports.end() ? nullptr : &*found;
}

std::optional<FabricPort> holder_of(const Host &host, const std::vector<FcPort> &ports, const FcPort &vport)
{
	const FcPort *const hba = hba_of(ports, vport);
	if (!hba || vport.vport_state == "Active" || hba->state != "Online")
		return {};
	return fibre_channel(host).look_up(*hba, vport.port).port;
}

void begin_login(const Host &host, const VportId &id, const std::string &guest)
{
	const FibreChannel fc = fibre_channel(host);
	const std::vector<FcPort> ports = fc.ports();
	if (const FcPort *const there = port_of(ports, id.port)) {
		if (there->is_vport)
			return;
		fail(Exit::in_use, "WWPN {} is that of host{}, an HBA of this host", to_string(id.port),
		     there->host);
	}
	fc.create(expect_hba(ports, id.parent), id);
	const std::vector<FcPort> now = fc.ports();
	if (const FcPort *const made = port_of(now, id.port))
		fc.set_symbolic_name(*made, guest);
}

void announce(const Host &host, const FcPort &vport, const std::string &guest)
{
	fibre_channel(host).set_symbolic_name(vport, guest);
}

bool tend(const Host &host, const FcPort &vport, const std::vector<RemotePort> &remote,
	  const std::string &guest, bool several)
{
	const FibreChannel fc = fibre_channel(host);
	if (vport.symbolic.find(guest) == std::string::npos)
		fc.set_symbolic_name(vport, guest);
	const unsigned wanted = several ? fail_soon : fail_late;
	bool done = true;
	for (const RemotePort &port : remote)
		if (port.target && may_be_set(port) && port.fast_io_fail != fmt::format("{}", wanted))
			// It refuses while the port is blocked.
			done &= fc.set_timeouts(port, wanted, never_lose);
	return done;
}

bool log_out(const Host &host, const Tpg &tpg)
{
	const Lio lio = host.configfs.read();
	if (const Tpg *const now = lio.tpg_of(tpg.id)) {
		for (const Lun &lun : now->luns)
			for (const Change &change : plan_removal(lio, tpg.id, lun.number))
				apply_patiently(host.configfs, change);
	}
	const FibreChannel fc = fibre_channel(host);
	const std::vector<FcPort> ports = fc.ports();
	const FcPort *const port = port_of(ports, tpg.vport->port);
	if (!port || !port->is_vport)
		return true;
	fc.remove(*port);
	return false;
}

} // namespace vscsi
