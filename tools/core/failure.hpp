// SPDX-License-Identifier: GPL-2.0
#pragma once
#include <stdexcept>
#include <string>

#include <fmt/core.h>

namespace vscsi
{

// Exit codes of xl-vscsi(8).
enum class Exit : int {
	done = 0,
	failed = 1,      // the system refused something; the message says what
	usage = 2,       // a wrong option or argument
	not_found = 3,   // no such domain, device, LUN, adapter, backstore or v-dev
	in_use = 4,      // taken by another guest or device, or by the configuration
	refused = 5,     // the backend or the guest refused the device
	timed_out = 6,   // the guest did not answer in time
	environment = 7, // no Xen, no xenstore, no module, no rights
	problems = 8,    // status: all is told, and something is wrong
	interrupted = 9, // by a signal, and taken back
	no_npiv = 10,    // the HBA or the fabric has none
	no_room = 11,    // for another vport
	link_down = 12,  // of the HBA
};

// What an operator is told: the thing, and the remedy.
class Failure : public std::runtime_error
{
public:
	Failure(Exit code, const std::string &text) : std::runtime_error{text}, m_code{code} {}
	Exit code() const { return m_code; }

private:
	Exit m_code;
};

// What errno's number means.
std::string error_text(int error);

template <typename... Args>
[[noreturn]] void fail(Exit code, fmt::format_string<Args...> format, Args &&...args)
{
	throw Failure{code, fmt::format(format, std::forward<Args>(args)...)};
}

} // namespace vscsi
