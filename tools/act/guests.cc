// SPDX-License-Identifier: GPL-2.0
#include "act/guests.hpp"

#include <algorithm>

#include "core/failure.hpp"

namespace vscsi
{

namespace
{

constexpr std::string_view domains = "/local/domain";

std::vector<unsigned> numbers(Store &store, Txn txn, const std::string &path)
{
	std::vector<unsigned> found;
	for (const std::string &name : store.list(txn, path))
		if (const auto number = parse_number(name, UINT32_MAX))
			found.push_back(static_cast<unsigned>(*number));
	std::ranges::sort(found);
	return found;
}

State read_state(Store &store, Txn txn, const std::string &path)
{
	const auto number = parse_number(store.read(txn, path).value_or(""), 8);
	return number ? static_cast<State>(*number) : State::unknown;
}

Device read_device(Store &store, Txn txn, const std::string &path, const std::string &dir)
{
	const auto text = [&](const char *node) { return store.read(txn, path + '/' + node).value_or(""); };
	return {dir,
		text("p-dev"),
		text("p-devname"),
		parse_vdev(text("v-dev")),
		read_state(store, txn, path + "/state"),
		text("error"),
		text("managed") == "1"};
}

Controller read_controller(Store &store, Txn txn, DomId backend, DomId guest, unsigned number)
{
	const std::string path = backend_path(backend, guest, number);
	Controller controller{number,
			      backend,
			      read_state(store, txn, path + "/state"),
			      read_state(store, txn, frontend_path(guest, number) + "/state"),
			      store.read(txn, path + "/online").value_or("1") != "0",
			      {}};
	for (const std::string &dir : store.list(txn, path + "/vscsi-devs"))
		controller.devices.push_back(
			read_device(store, txn, fmt::format("{}/vscsi-devs/{}", path, dir), dir));
	std::ranges::sort(controller.devices, {}, [](const Device &device) {
		return std::pair{device.vdev, device.dir};
	});
	return controller;
}

} // namespace

std::optional<Domain> find_domain(Store &store, DomId id)
{
	const std::string path = fmt::format("{}/{}", domains, id);
	const auto vm = store.read(Txn::none, path + "/vm");
	const auto name = store.read(Txn::none, path + "/name");
	if (!vm && !name)
		return {};
	const std::string where = vm.value_or("");
	return Domain{id, name.value_or(""), where.substr(where.rfind('/') + 1)};
}

std::vector<Domain> list_domains(Store &store)
{
	std::vector<Domain> found;
	for (const DomId id : numbers(store, Txn::none, std::string{domains}))
		if (auto domain = find_domain(store, id))
			found.push_back(*std::move(domain));
	return found;
}

Domain expect_domain(Store &store, std::string_view text)
{
	// A name of digits is an id to xl as well.
	const auto id = parse_number(text, UINT32_MAX);
	for (const Domain &domain : list_domains(store))
		if (id ? domain.id == *id : domain.name == text || names_domain(text, domain))
			return domain;
	fail(Exit::not_found, "no domain '{}' is running; `xl list` lists them", text);
}

Guest read_guest(Store &store, Txn txn, const Domain &domain, DomId backend)
{
	Guest guest{domain, {}};
	const std::string path = fmt::format("{}/{}", backend_root(backend), domain.id);
	for (const unsigned number : numbers(store, txn, path))
		guest.controllers.push_back(read_controller(store, txn, backend, domain.id, number));
	return guest;
}

std::vector<DomId> backends(Store &store)
{
	std::vector<DomId> found;
	for (const DomId id : numbers(store, Txn::none, std::string{domains}))
		if (!store.list(Txn::none, backend_root(id)).empty())
			found.push_back(id);
	return found;
}

std::vector<DomId> served(Store &store, DomId backend)
{
	return numbers(store, Txn::none, backend_root(backend));
}

} // namespace vscsi
