// SPDX-License-Identifier: GPL-2.0
// Guests and their devices in xenstore.
#pragma once
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/guest.hpp"
#include "os/store.hpp"

namespace vscsi
{

std::vector<Domain> list_domains(Store &store);
std::optional<Domain> find_domain(Store &store, DomId id);
// Those that are there.
std::vector<Domain> find_domains(Store &store, std::span<const DomId> ids);
// The same as far as this domain may know; of some perhaps half.
std::vector<Domain> find_visible_domains(Store &store, std::span<const DomId> ids);
// By name, id or UUID; throws a Failure if there is none.
Domain expect_domain(Store &store, std::string_view text);

// Controllers that the given domain serves.  Nothing that the guest can write
// is believed, but for the state of its own side.
std::vector<Guest> read_guests(Store &store, Txn txn, std::span<const Domain> list, DomId backend);
Guest read_guest(Store &store, Txn txn, const Domain &domain, DomId backend);

// Domains whose backend directory holds PV SCSI controllers.
std::vector<DomId> backends(Store &store);
// Guests, alive or not, that have directories there.
std::vector<DomId> served(Store &store, DomId backend);

} // namespace vscsi
