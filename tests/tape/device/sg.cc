// SPDX-License-Identifier: GPL-2.0 OR MIT
#include "device/sg.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <system_error>

#include <fcntl.h>
#include <fmt/format.h>
#include <linux/fs.h>
#include <scsi/sg.h>
#include <sys/ioctl.h>

namespace device
{
namespace
{

constexpr std::uint8_t check_condition = 0x02;

std::string status_name(std::uint8_t status)
{
	switch (status) {
	case 0x00:
		return "GOOD";
	case check_condition:
		return "CHECK CONDITION";
	case 0x08:
		return "BUSY";
	case 0x18:
		return "RESERVATION CONFLICT";
	case 0x28:
		return "TASK SET FULL";
	case 0x40:
		return "TASK ABORTED";
	default:
		return fmt::format("status {:02x}h", status);
	}
}

std::string host_name(std::uint16_t host)
{
	switch (host) {
	case 0x01:
		return "no connection";
	case 0x03:
		return "timed out";
	case 0x05:
		return "aborted";
	case 0x07:
		return "transport error";
	case 0x08:
		return "reset";
	default:
		return fmt::format("host code {:02x}h", host);
	}
}

int sg_direction(Direction direction)
{
	switch (direction) {
	case Direction::in:
		return SG_DXFER_FROM_DEV;
	case Direction::out:
		return SG_DXFER_TO_DEV;
	default:
		return SG_DXFER_NONE;
	}
}

} // namespace

std::string Reply::text() const
{
	if (host)
		return host_name(host);
	if (sense)
		return describe(*sense);
	if (!good() && status == 0)
		return fmt::format("driver code {:02x}h", driver);
	return status == check_condition ? "CHECK CONDITION without sense data" : status_name(status);
}

Sg::Sg(const std::string &path, std::chrono::seconds timeout, bool verbose)
    : path_{path}, file_{open(path.c_str(), O_RDWR | O_NONBLOCK | O_CLOEXEC)}, timeout_{timeout},
      verbose_{verbose}
{
	if (file_.get() >= 0)
		return;
	const int error = errno;
	const char *remedy = error == EACCES || error == EPERM ? ". Run as root"
			     : error == ENOENT                 ? ". `modprobe sg` makes it"
			     : error == EBUSY                  ? ". Another program uses it: end that first"
							       : "";
	throw Unusable{fmt::format("{}: {}{}", path, std::generic_category().message(error), remedy)};
}

std::size_t Sg::largest() const
{
	int bytes = 0;
	// Tells bytes here, not sectors.
	if (ioctl(file_.get(), BLKSECTGET, &bytes) || bytes <= 0)
		return std::size_t{64} << 10;
	return static_cast<std::size_t>(bytes);
}

Reply Sg::run(const scsi::Cdb &cdb, Direction direction, std::span<std::uint8_t> data) const
{
	std::array<std::uint8_t, 16> command{};
	std::array<std::uint8_t, 252> sense{};
	std::copy(cdb.bytes().begin(), cdb.bytes().end(), command.begin());
	sg_io_hdr_t io{};
	io.interface_id = 'S';
	io.dxfer_direction = data.empty() ? SG_DXFER_NONE : sg_direction(direction);
	io.cmd_len = static_cast<unsigned char>(cdb.bytes().size());
	io.cmdp = command.data();
	io.mx_sb_len = static_cast<unsigned char>(sense.size());
	io.sbp = sense.data();
	io.dxfer_len = static_cast<unsigned>(data.size());
	io.dxferp = data.data();
	io.timeout = static_cast<unsigned>(timeout_.count());
	if (ioctl(file_.get(), SG_IO, &io))
		throw std::runtime_error{fmt::format("{} of {} bytes: SG_IO: {}",
						     scsi::command_name(cdb.bytes()), data.size(),
						     std::generic_category().message(errno))};
	Reply reply;
	reply.status = io.status;
	reply.host = io.host_status;
	reply.driver = io.driver_status;
	reply.sense = scsi::parse_sense(scsi::Bytes{sense}.first(io.sb_len_wr));
	reply.residual = io.resid;
	const auto length = static_cast<std::int64_t>(data.size());
	reply.moved = static_cast<std::size_t>(std::clamp<std::int64_t>(length - io.resid, 0, length));
	if (verbose_)
		fmt::print(stderr, "    {:<28} [{}] {} {}: {}, residual {}\n",
			   scsi::command_name(cdb.bytes()), scsi::hex(cdb.bytes()),
			   direction == Direction::out ? "out" : "in", data.size(), reply.text(),
			   reply.residual);
	if (verbose_ && direction == Direction::in && reply.moved && reply.moved <= 256)
		fmt::print(stderr, "        {}\n", scsi::hex(data.first(reply.moved), 256));
	return reply;
}

} // namespace device
