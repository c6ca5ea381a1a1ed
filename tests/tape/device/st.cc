// SPDX-License-Identifier: GPL-2.0 OR MIT
#include "device/st.hpp"

#include <cerrno>
#include <cstdio>
#include <cstring>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/ioctl.h>

namespace device
{

std::string error_name(int error)
{
	const char *name = error ? strerrorname_np(error) : "success";
	return name ? name : fmt::format("error {}", error);
}

std::string Moved::text() const
{
	return error ? error_name(error) : fmt::format("{} bytes", bytes);
}

St::St(const std::string &path, bool verbose)
    : file_{open(path.c_str(), O_RDWR | O_NONBLOCK | O_CLOEXEC)}, verbose_{verbose}
{
	// A protected cartridge cannot be opened for writing.
	if (file_.get() < 0 && errno == EROFS)
		file_ = Handle{open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC)};
	if (file_.get() < 0)
		throw std::runtime_error{fmt::format("opening through st: {}", error_name(errno))};
}

void St::trace(const std::string &line) const
{
	if (verbose_)
		fmt::print(stderr, "    st {}\n", line);
}

int St::op(short operation, int count) const
{
	mtop request{operation, count};
	const int error = ioctl(file_.get(), MTIOCTOP, &request) ? errno : 0;
	trace(fmt::format("operation {} count {}: {}", operation, count, error_name(error)));
	return error;
}

Moved St::read(std::span<std::uint8_t> data) const
{
	const auto got = ::read(file_.get(), data.data(), data.size());
	const Moved moved = got < 0 ? Moved{0, errno} : Moved{static_cast<std::size_t>(got), 0};
	trace(fmt::format("read {}: {}", data.size(), moved.text()));
	return moved;
}

Moved St::write(scsi::Bytes data) const
{
	const auto put = ::write(file_.get(), data.data(), data.size());
	const Moved moved = put < 0 ? Moved{0, errno} : Moved{static_cast<std::size_t>(put), 0};
	trace(fmt::format("write {}: {}", data.size(), moved.text()));
	return moved;
}

long St::tell() const
{
	mtpos position{};
	const long result = ioctl(file_.get(), MTIOCPOS, &position) ? -long{errno} : position.mt_blkno;
	trace(fmt::format("tell: {}", result));
	return result;
}

mtget St::status() const
{
	mtget status{};
	if (ioctl(file_.get(), MTIOCGET, &status))
		throw std::runtime_error{fmt::format("MTIOCGET: {}", error_name(errno))};
	return status;
}

int St::close()
{
	const int error = ::close(file_.release()) ? errno : 0;
	trace(fmt::format("close: {}", error_name(error)));
	return error;
}

} // namespace device
