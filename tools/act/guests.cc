// SPDX-License-Identifier: GPL-2.0
#include "act/guests.hpp"

#include <algorithm>
#include <array>

#include "core/failure.hpp"

namespace vscsi
{

namespace
{

constexpr std::string_view domains_path = "/local/domain";

std::vector<unsigned> numbers_of(const std::vector<std::string> &names)
{
	std::vector<unsigned> found;
	for (const std::string &name : names)
		if (const auto number = parse_number(name, UINT32_MAX))
			found.push_back(static_cast<unsigned>(*number));
	std::ranges::sort(found);
	return found;
}

std::vector<unsigned> numbers(Store &store, const std::string &path)
{
	return numbers_of(store.list(Txn::none, path));
}

constexpr std::array device_nodes{"p-dev", "p-devname", "v-dev", "state", "error", "managed", "bound-as"};
constexpr std::size_t device_node_count = device_nodes.size();

State parse_state(const std::optional<std::string> &text)
{
	const auto number = parse_number(text.value_or(""), 8);
	return number ? static_cast<State>(*number) : State::unknown;
}

Device make_device(const std::string &dir, std::span<const std::optional<std::string>> nodes)
{
	const auto text = [&](std::size_t at) { return nodes[at].value_or(""); };
	return {dir,     text(0),        text(1), parse_vdev(text(2)), parse_state(nodes[3]),
		text(4), text(5) == "1", text(6)};
}

// Where a controller belongs, until all of its nodes are read.
struct Place {
	Guest *guest;
	unsigned number;
	std::string path;
};

std::vector<Place> find_controllers(Store &store, Txn txn, std::vector<Guest> &guests, DomId backend)
{
	std::vector<std::string> paths;
	for (const Guest &guest : guests)
		paths.push_back(fmt::format("{}/{}", backend_root(backend), guest.domain.id));
	const auto names = store.list_all(txn, paths);
	std::vector<Place> places;
	for (std::size_t at = 0; at < guests.size(); ++at)
		for (const unsigned number : numbers_of(names[at]))
			places.push_back({&guests[at], number, fmt::format("{}/{}", paths[at], number)});
	return places;
}

void read_devices(Store &store, Txn txn, const std::vector<Place> &places)
{
	std::vector<std::string> paths;
	for (const Place &place : places)
		paths.push_back(place.path + "/vscsi-devs");
	const auto dirs = store.list_all(txn, paths);
	std::vector<std::string> nodes;
	for (std::size_t at = 0; at < places.size(); ++at)
		for (const std::string &dir : dirs[at])
			for (const char *const node : device_nodes)
				nodes.push_back(fmt::format("{}/{}/{}", paths[at], dir, node));
	const auto values = store.read_all(txn, nodes);
	std::span<const std::optional<std::string>> left{values};
	for (std::size_t at = 0; at < places.size(); ++at) {
		Controller &controller = *std::ranges::find(places[at].guest->controllers, places[at].number,
							    &Controller::number);
		for (const std::string &dir : dirs[at]) {
			controller.devices.push_back(make_device(dir, left.first(device_node_count)));
			left = left.subspan(device_node_count);
		}
		std::ranges::sort(controller.devices, {}, [](const Device &device) {
			return std::pair{device.vdev, device.dir};
		});
	}
}

// All backends' controllers share the guest's own directory.  It may write there what it
// likes; what it says of a controller keeps us from one of its own.
void read_elsewhere(Store &store, Txn txn, std::vector<Guest> &guests, DomId backend)
{
	std::vector<std::string> directories;
	for (const Guest &guest : guests)
		directories.push_back(frontend_root(guest.domain.id));
	const auto names = store.list_all(txn, directories);
	std::vector<Place> places;
	std::vector<std::string> paths;
	for (std::size_t at = 0; at < guests.size(); ++at)
		for (const unsigned number : numbers_of(names[at])) {
			places.push_back({&guests[at], number, {}});
			paths.push_back(frontend_path(guests[at].domain.id, number) + "/backend");
		}
	const auto named = store.read_all(txn, paths);
	std::vector<std::string> states;
	std::vector<std::pair<Place, DomId>> others;
	for (std::size_t at = 0; at < places.size(); ++at) {
		const auto server = backend_of_path(named[at].value_or(""), places[at].guest->domain.id,
						    places[at].number);
		if (!server || *server == backend)
			continue;
		others.emplace_back(places[at], *server);
		states.push_back(*named[at] + "/state");
	}
	// Of a backend that has gone something may be left.
	const auto known = store.read_all(txn, states);
	for (std::size_t at = 0; at < others.size(); ++at)
		if (known[at])
			others[at].first.guest->elsewhere.emplace(others[at].first.number, others[at].second);
}

std::optional<Domain> make_domain(DomId id, const std::optional<std::string> &vm,
				  const std::optional<std::string> &name)
{
	if (!vm && !name)
		return {};
	const std::string where = vm.value_or("");
	return Domain{id, name.value_or(""), where.substr(where.rfind('/') + 1)};
}

std::vector<std::string> domain_nodes(std::span<const DomId> ids)
{
	std::vector<std::string> paths;
	for (const DomId id : ids)
		for (const char *const node : {"vm", "name"})
			paths.push_back(fmt::format("{}/{}/{}", domains_path, id, node));
	return paths;
}

std::vector<Domain> make_domains(std::span<const DomId> ids,
				 std::span<const std::optional<std::string>> values)
{
	std::vector<Domain> found;
	for (std::size_t at = 0; at < ids.size(); ++at)
		if (auto domain = make_domain(ids[at], values[2 * at], values[2 * at + 1]))
			found.push_back(*std::move(domain));
	return found;
}

} // namespace

std::optional<Domain> find_domain(Store &store, DomId id)
{
	const std::string path = fmt::format("{}/{}", domains_path, id);
	return make_domain(id, store.read(Txn::none, path + "/vm"), store.read(Txn::none, path + "/name"));
}

std::vector<Domain> find_domains(Store &store, std::span<const DomId> ids)
{
	return make_domains(ids, store.read_all(Txn::none, domain_nodes(ids)));
}

std::vector<Domain> find_visible_domains(Store &store, std::span<const DomId> ids)
{
	return make_domains(ids, store.read_visible(domain_nodes(ids)));
}

std::vector<Domain> list_domains(Store &store)
{
	return find_domains(store, numbers(store, std::string{domains_path}));
}

Domain expect_domain(Store &store, std::string_view text)
{
	for (const Domain &domain : list_domains(store))
		if (means_domain(text, domain))
			return domain;
	fail(Exit::not_found, "no domain '{}' is running; `xl list` lists them", text);
}

std::vector<Guest> read_guests(Store &store, Txn txn, std::span<const Domain> list, DomId backend)
{
	std::vector<Guest> guests;
	for (const Domain &domain : list)
		guests.push_back({domain, {}});
	const std::vector<Place> places = find_controllers(store, txn, guests, backend);
	std::vector<std::string> paths;
	for (const Place &place : places) {
		paths.push_back(place.path + "/state");
		paths.push_back(frontend_path(place.guest->domain.id, place.number) + "/state");
		paths.push_back(place.path + "/online");
	}
	const auto values = store.read_all(txn, paths);
	for (std::size_t at = 0; at < places.size(); ++at)
		places[at].guest->controllers.push_back({places[at].number,
							 backend,
							 parse_state(values[3 * at]),
							 parse_state(values[3 * at + 1]),
							 values[3 * at + 2].value_or("1") != "0",
							 {}});
	read_devices(store, txn, places);
	read_elsewhere(store, txn, guests, backend);
	return guests;
}

Guest read_guest(Store &store, Txn txn, const Domain &domain, DomId backend)
{
	return read_guests(store, txn, {&domain, 1}, backend).front();
}

std::vector<DomId> backends(Store &store)
{
	const std::vector<DomId> ids = numbers(store, std::string{domains_path});
	std::vector<std::string> roots;
	for (const DomId id : ids)
		roots.push_back(backend_root(id));
	const auto names = store.list_all(Txn::none, roots);
	std::vector<DomId> found;
	for (std::size_t at = 0; at < ids.size(); ++at)
		if (!names[at].empty())
			found.push_back(ids[at]);
	return found;
}

std::vector<DomId> served(Store &store, DomId backend)
{
	return numbers(store, backend_root(backend));
}

} // namespace vscsi
