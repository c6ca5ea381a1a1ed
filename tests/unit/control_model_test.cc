// SPDX-License-Identifier: GPL-2.0 OR MIT
// The control path's decisions put to work: a host that carries them out as
// engine.h says, against a frontend that behaves as Linux's xen-scsifront.
#include <set>

#include "model.hpp"

using namespace model;

namespace
{

struct Device {
	u32 backend{VSCSI_XB_INITIALISING};
	u32 frontend{VSCSI_XB_UNKNOWN};
	bool mapped{};
	bool mappable{true};
	bool guest_accepts{true};
};

class World
{
public:
	u32 backend{VSCSI_XB_INIT_WAIT};
	u32 frontend{VSCSI_XB_INITIALISING};
	std::vector<Device> devices{1};
	std::set<std::size_t> guest_sees;
	bool online{true};
	bool busy{}; // commands in flight: a ring that stops has to drain
	bool unregistered{};
	u32 connects{};
	bool live{}, draining{};

	// The shim's control work.
	void backend_runs()
	{
		for (u32 steps = 0; backend_steps(); steps++)
			ASSERT_LT(steps, 10u) << "no end in sight";
	}
	void commands_end()
	{
		busy = false;
		draining = false;
		backend_runs();
	}
	void frontend_is(u32 state)
	{
		frontend = state;
		if (state == VSCSI_XB_CONNECTED)
			seen_connected_ = true;
		if (connects &&
		    (state == VSCSI_XB_CLOSING || state == VSCSI_XB_CLOSED || state == VSCSI_XB_INITIALISING))
			restarted_ = true;
		backend_runs();
	}

	// The frontend's driver.
	void frontend_probes()
	{
		guest_sees.clear();
		ring_changed_ = true;
		frontend_is(VSCSI_XB_INITIALISED);
	}
	void frontend_resumes()
	{
		resuming_ = true;
		ring_changed_ = true;
		frontend_is(VSCSI_XB_INITIALISED);
	}
	void frontend_looks()
	{
		if (backend == VSCSI_XB_CONNECTED && frontend == VSCSI_XB_INITIALISED) {
			add_luns();
			frontend_is(VSCSI_XB_CONNECTED);
		} else if (backend == VSCSI_XB_RECONFIGURING && frontend == VSCSI_XB_CONNECTED) {
			for (std::size_t i = 0; i < devices.size(); i++) {
				if (devices[i].backend != VSCSI_XB_CLOSING)
					continue;
				guest_sees.erase(i);
				devices[i].frontend = VSCSI_XB_CLOSED;
			}
			frontend_is(VSCSI_XB_RECONFIGURING);
			frontend_looks();
		} else if (backend == VSCSI_XB_RECONFIGURED && frontend == VSCSI_XB_RECONFIGURING) {
			add_luns();
			frontend_is(VSCSI_XB_CONNECTED);
		}
	}
	void connect()
	{
		frontend_probes();
		frontend_looks();
	}

	// The toolstack.
	void reconfigure()
	{
		backend = VSCSI_XB_RECONFIGURING;
		frontend_looks();
	}

private:
	void add_luns()
	{
		for (std::size_t i = 0; i < devices.size(); i++) {
			auto &d = devices[i];
			if (resuming_ ? d.backend != VSCSI_XB_CONNECTED : d.backend != VSCSI_XB_INITIALISED)
				continue;
			d.frontend = d.guest_accepts ? VSCSI_XB_CONNECTED : VSCSI_XB_CLOSED;
			if (d.guest_accepts)
				guest_sees.insert(i);
		}
		resuming_ = false;
	}
	bool backend_steps()
	{
		const vscsi_host_view view{frontend, backend,         live,
					   draining, seen_connected_, live && ring_changed_,
					   online,   restarted_};
		const int action = vscsi_host_step(&view);
		switch (action) {
		case VSCSI_HOST_WAIT_READY:
			reset_devices();
			restarted_ = false;
			backend = VSCSI_XB_INIT_WAIT;
			return true;
		case VSCSI_HOST_CONNECT:
			EXPECT_FALSE(draining);
			connects++;
			live = true;
			seen_connected_ = false;
			ring_changed_ = false;
			step_devices(action);
			backend = VSCSI_XB_CONNECTED;
			return false;
		case VSCSI_HOST_DISCONNECT:
			live = false;
			draining = busy;
			return true;
		case VSCSI_HOST_SETTLE:
			step_devices(action);
			backend = VSCSI_XB_CONNECTED;
			return false;
		case VSCSI_HOST_RECONFIGURE:
			step_devices(action);
			backend = VSCSI_XB_RECONFIGURED;
			return false;
		case VSCSI_HOST_CLOSING:
			backend = VSCSI_XB_CLOSING;
			return true;
		case VSCSI_HOST_CLOSED:
			reset_devices();
			backend = VSCSI_XB_CLOSED;
			return true;
		case VSCSI_HOST_UNREGISTER:
			EXPECT_FALSE(live);
			unregistered = true;
			return false;
		default:
			return false;
		}
	}
	void reset_devices()
	{
		for (auto &d : devices)
			d.mapped = false;
		step_devices(VSCSI_HOST_CLOSED);
	}
	void step_devices(int host_action)
	{
		for (auto &d : devices) {
			const vscsi_device_view view{static_cast<u32>(host_action), d.backend, d.frontend,
						     d.mapped};
			switch (vscsi_device_step(&view)) {
			case VSCSI_DEVICE_MAP:
				d.mapped = d.mappable;
				d.backend = d.mapped ? VSCSI_XB_INITIALISED : VSCSI_XB_CLOSED;
				break;
			case VSCSI_DEVICE_MAP_KEEP:
				d.mapped = d.mappable;
				break;
			case VSCSI_DEVICE_CONNECTED:
				EXPECT_TRUE(d.mapped);
				d.backend = VSCSI_XB_CONNECTED;
				break;
			case VSCSI_DEVICE_REFUSED:
			case VSCSI_DEVICE_UNMAP:
				d.mapped = false;
				d.backend = VSCSI_XB_CLOSED;
				break;
			case VSCSI_DEVICE_RESET:
				d.backend = VSCSI_XB_INITIALISING;
				break;
			default:
				break;
			}
		}
	}

	bool seen_connected_{}, ring_changed_{}, resuming_{}, restarted_{};
};

void expect_up(const World &w, const std::set<std::size_t> &devices)
{
	EXPECT_TRUE(w.live);
	EXPECT_EQ(w.backend, u32{VSCSI_XB_CONNECTED});
	EXPECT_EQ(w.guest_sees, devices);
	for (std::size_t i = 0; i < w.devices.size(); i++) {
		EXPECT_EQ(w.devices[i].backend == VSCSI_XB_CONNECTED, devices.count(i) == 1);
		EXPECT_EQ(w.devices[i].mapped, devices.count(i) == 1);
	}
}

TEST(Control, NormalConnect)
{
	World w;
	w.devices.resize(3);
	w.backend_runs();
	EXPECT_EQ(w.backend, u32{VSCSI_XB_INIT_WAIT});
	w.frontend_probes();
	EXPECT_EQ(w.backend, u32{VSCSI_XB_CONNECTED});
	EXPECT_EQ(w.devices[0].backend, u32{VSCSI_XB_INITIALISED});
	w.frontend_looks();
	expect_up(w, {0, 1, 2});
	w.backend_runs();
	expect_up(w, {0, 1, 2});
	EXPECT_EQ(w.connects, 1u);
}

TEST(Control, ADeviceThatCannotBeMappedIsClosedAlone)
{
	World w;
	w.devices.resize(3);
	w.devices[1].mappable = false;
	w.connect();
	expect_up(w, {0, 2});
	EXPECT_EQ(w.devices[1].backend, u32{VSCSI_XB_CLOSED});
}

TEST(Control, ADeviceThatTheGuestRefuses)
{
	World w;
	w.devices.resize(2);
	w.devices[0].guest_accepts = false;
	w.connect();
	expect_up(w, {1});
	EXPECT_EQ(w.devices[0].backend, u32{VSCSI_XB_CLOSED});
}

TEST(Control, HotAddAndRemove)
{
	World w;
	w.connect();
	w.devices.emplace_back();
	w.reconfigure();
	expect_up(w, {0, 1});
	w.devices[0].backend = VSCSI_XB_CLOSING;
	w.reconfigure();
	expect_up(w, {1});
	EXPECT_EQ(w.devices[0].backend, u32{VSCSI_XB_CLOSED});
	w.devices[0] = {};
	w.reconfigure();
	expect_up(w, {0, 1});
	EXPECT_EQ(w.connects, 1u);
}

TEST(Control, GuestClosesAndComesBack)
{
	World w;
	w.connect();
	w.frontend_is(VSCSI_XB_CLOSING);
	EXPECT_EQ(w.backend, u32{VSCSI_XB_CLOSING});
	EXPECT_FALSE(w.live);
	w.frontend_is(VSCSI_XB_CLOSED);
	EXPECT_EQ(w.backend, u32{VSCSI_XB_CLOSED});
	EXPECT_EQ(w.devices[0].backend, u32{VSCSI_XB_INITIALISING});
	w.frontend_is(VSCSI_XB_INITIALISING);
	EXPECT_EQ(w.backend, u32{VSCSI_XB_INIT_WAIT});
	w.connect();
	expect_up(w, {0});
	EXPECT_EQ(w.connects, 2u);
}

// A module reload goes from Closed straight to Initialised.
TEST(Control, FrontendReloaded)
{
	World w;
	w.connect();
	w.frontend_is(VSCSI_XB_CLOSED);
	w.connect();
	expect_up(w, {0});
}

// A new kernel that starts without a good-bye of the old one.
TEST(Control, FrontendStartsOver)
{
	World w;
	w.connect();
	w.frontend_is(VSCSI_XB_INITIALISING);
	EXPECT_FALSE(w.live);
	EXPECT_EQ(w.backend, u32{VSCSI_XB_INIT_WAIT});
	w.connect();
	expect_up(w, {0});
}

// Linux's kexec path waits five seconds for each of our states and then goes
// on; a tape may rewind for longer.
TEST(Control, KexecWhileATapeRewinds)
{
	World w;
	w.connect();
	w.busy = true;
	w.frontend_is(VSCSI_XB_CLOSING);
	w.frontend_is(VSCSI_XB_CLOSED);
	w.frontend_is(VSCSI_XB_INITIALISING);
	EXPECT_TRUE(w.draining);
	EXPECT_EQ(w.connects, 1u);
	w.commands_end();
	EXPECT_EQ(w.backend, u32{VSCSI_XB_INIT_WAIT});
	w.connect();
	expect_up(w, {0});
}

// The same, but the frontend is back before the tape is: states alone do not
// tell this from a resume, in which devices stay Connected.
TEST(Control, KexecOutrunsATape)
{
	World w;
	w.connect();
	w.busy = true;
	w.frontend_is(VSCSI_XB_CLOSING);
	w.frontend_is(VSCSI_XB_CLOSED);
	w.frontend_is(VSCSI_XB_INITIALISING);
	w.frontend_probes();
	w.commands_end();
	w.frontend_looks();
	expect_up(w, {0});
}

TEST(Control, ClosesOnlyWhenDrained)
{
	World w;
	w.connect();
	w.busy = true;
	w.frontend_is(VSCSI_XB_CLOSING);
	EXPECT_FALSE(w.live);
	EXPECT_EQ(w.backend, u32{VSCSI_XB_CONNECTED});
	w.commands_end();
	EXPECT_EQ(w.backend, u32{VSCSI_XB_CLOSING});
	w.frontend_is(VSCSI_XB_CLOSED);
	EXPECT_EQ(w.backend, u32{VSCSI_XB_CLOSED});
}

TEST(Control, ResumeWithANewRing)
{
	for (const bool busy : {false, true}) {
		World w;
		w.devices.resize(2);
		w.connect();
		w.busy = busy;
		w.frontend_resumes();
		EXPECT_EQ(w.connects, busy ? 1u : 2u) << "old commands may still write";
		w.commands_end();
		EXPECT_EQ(w.connects, 2u);
		w.frontend_looks();
		expect_up(w, {0, 1});
	}
}

// The ring changed before we ever saw the frontend Connected.
TEST(Control, ResumeBeforeConnectedWasSeen)
{
	World w;
	w.frontend_probes();
	EXPECT_EQ(w.connects, 1u);
	w.frontend_probes();
	EXPECT_EQ(w.connects, 2u);
	w.frontend_looks();
	expect_up(w, {0});
}

// On a restored guest the toolstack wrote Connected devices into a new directory.
TEST(Control, RestoredGuest)
{
	World w;
	w.devices[0].backend = VSCSI_XB_CONNECTED;
	w.frontend_resumes();
	w.frontend_looks();
	expect_up(w, {0});
}

TEST(Control, FrontendVanished)
{
	World w;
	w.connect();
	w.frontend_is(VSCSI_XB_UNKNOWN);
	EXPECT_FALSE(w.live);
	EXPECT_TRUE(w.unregistered);
}

TEST(Control, ToolstackDetaches)
{
	World w;
	w.connect();
	w.online = false;
	w.backend = VSCSI_XB_CLOSING;
	w.frontend_is(VSCSI_XB_CLOSING);
	EXPECT_FALSE(w.unregistered);
	w.frontend_is(VSCSI_XB_CLOSED);
	EXPECT_TRUE(w.unregistered);
}

// Random histories, at the end of which the frontend connects in the regular way.
TEST(Control, AnyHistoryEndsWell)
{
	for (u64 seed = 1; seed <= 5000; seed++) {
		Random random{seed};
		World w;
		w.devices.resize(2);
		for (u32 n = random.below(15); n; n--) {
			switch (random.below(5)) {
			case 0:
				w.busy = w.live;
				break;
			case 1:
				w.commands_end();
				break;
			case 2:
				w.frontend_looks();
				break;
			default:
				w.frontend_is(random.between(VSCSI_XB_INITIALISING, VSCSI_XB_RECONFIGURED));
				break;
			}
		}
		w.commands_end();
		w.frontend_is(VSCSI_XB_CLOSED);
		w.frontend_is(VSCSI_XB_INITIALISING);
		ASSERT_EQ(w.backend, u32{VSCSI_XB_INIT_WAIT}) << "seed " << seed;
		w.connect();
		expect_up(w, {0, 1});
		ASSERT_FALSE(HasFailure()) << "seed " << seed;
	}
}

} // namespace
