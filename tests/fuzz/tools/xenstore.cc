// SPDX-License-Identifier: GPL-2.0
// What xenstore holds of guests, who may write half of it, and answers of its daemon.
#include "act/guests.hpp"
#include "core/failure.hpp"
#include "os/bulk.hpp"
#include "unit/fake_store.hpp"

#include "harness.hpp"

namespace fuzz
{
namespace
{

using namespace vscsi;

std::string path(Input &input)
{
	static constexpr const char *roots[] = {"/local/domain/1/device/vscsi/",
						"/local/domain/0/backend/vscsi/1/",
						"/local/domain/0/backend/vscsi/1/0/vscsi-devs/dev-0/",
						"/local/domain/3/backend/vscsi/1/1/",
						"/local/domain/",
						"/"};
	static constexpr const char *ends[] = {"0/state", "0/backend", "state",    "p-dev",
					       "v-dev",   "error",     "managed",  "1/name",
					       "1/vm",    "0/online",  "bound-as", "p-devname"};
	const u8 what = input.take<u8>();
	return std::string{roots[what % 6]} + (what & 0x80 ? input.text(20) : ends[what / 6 % 12]);
}

void nodes(Input &input)
{
	FakeStore store;
	store.add_domain(1, "g1");
	store.add_domain(3, "driver");
	while (!input.empty()) {
		const std::string at = path(input);
		if (at.back() != '/')
			store.set(at, input.text(60));
	}
	for (const Domain &domain : list_domains(store)) {
		const Guest guest = read_guest(store, Txn::none, domain, 0);
		expect(guest.domain.id == domain.id, "another guest");
		for (const Controller &controller : guest.controllers) {
			expect(controller.backend == 0, "another's controller");
			expect(guest.controller_at(controller.number) != nullptr, "a controller is lost");
			for (const Device &device : controller.devices) {
				expect(device.state <= State::reconfigured, "a state that is none");
				if (device.vdev)
					expect(guest.device_at(*device.vdev) != nullptr, "a device is lost");
			}
		}
		// A guest says whose its controller is, and cannot make it ours or another guest's.
		for (const auto &[number, backend] : guest.elsewhere) {
			const std::string says = store.value(frontend_path(domain.id, number) + "/backend");
			expect(backend != 0 && says == backend_path(backend, domain.id, number),
			       "a controller of nobody's");
		}
	}
	for (const DomId backend : backends(store))
		(void)served(store, backend);
}

void replies(Input &input)
{
	std::string stream;
	const u32 question = input.take<u8>();
	while (!input.empty())
		stream += static_cast<char>(input.take<u8>());
	const std::size_t before = stream.size();
	try {
		for (u32 left = 4; left; left--) {
			const auto reply = take_reply(stream, question);
			if (!reply)
				break;
			expect(reply->error >= 0 && (!reply->error || reply->text.empty()),
			       "an error with a value");
			for (const std::string &name : split_names(reply->text))
				expect(name.find('\0') == std::string::npos, "two names in one");
		}
	} catch (const Failure &failure) {
		expect(failure.code() == Exit::environment, "another's fault");
	}
	expect(stream.size() <= before, "more is left than there was");
}

} // namespace

void xenstore(Input input)
{
	input.flag() ? replies(input) : nodes(input);
}

} // namespace fuzz
