// SPDX-License-Identifier: GPL-2.0 OR MIT
// Sends the CDBs of its input to a SCSI generic node, and prints how each ended:
// "good", the sense as key/code/qualifier, or "status" or "host" and the number.
// A line is "CDB none", "CDB in BYTES" or "CDB out DATA"; CDB and DATA are hex.
#include <array>
#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <iostream>
#include <sstream>
#include <string>
#include <sys/ioctl.h>
#include <unistd.h>
#include <vector>

#include <scsi/sg.h>

namespace
{

using Bytes = std::vector<std::uint8_t>;

constexpr unsigned patience_ms = 60'000;
constexpr std::uint8_t check_condition = 2;

[[noreturn]] void fail(const std::string &what)
{
	std::fprintf(stderr, "cdbs: %s\n", what.c_str());
	std::exit(1);
}

Bytes from_hex(const std::string &text)
{
	Bytes bytes;
	for (std::size_t at = 0; at + 1 < text.size(); at += 2)
		bytes.push_back(static_cast<std::uint8_t>(std::stoul(text.substr(at, 2), nullptr, 16)));
	return bytes;
}

struct Command {
	Bytes cdb;
	int direction = SG_DXFER_NONE;
	Bytes data;
};

Command parse(const std::string &line)
{
	std::istringstream words{line};
	std::string cdb, direction, data;
	words >> cdb >> direction >> data;
	if (direction == "in")
		return {from_hex(cdb), SG_DXFER_FROM_DEV, Bytes(std::stoul(data))};
	if (direction == "out")
		return {from_hex(cdb), SG_DXFER_TO_DEV, from_hex(data)};
	if (direction == "none")
		return {from_hex(cdb), SG_DXFER_NONE, {}};
	fail("no direction: " + line);
}

// SPC-4 4.5.2 and 4.5.3
void print_sense(const std::array<std::uint8_t, 32> &sense)
{
	const bool descriptors = (sense[0] & 0x7f) >= 0x72;
	std::printf("%x/%02x/%02x\n", (descriptors ? sense[1] : sense[2]) & 0xf,
		    descriptors ? sense[2] : sense[12], descriptors ? sense[3] : sense[13]);
}

void send(int file, Command command)
{
	std::array<std::uint8_t, 32> sense{};
	sg_io_hdr_t io{};
	io.interface_id = 'S';
	io.cmdp = command.cdb.data();
	io.cmd_len = static_cast<unsigned char>(command.cdb.size());
	io.dxfer_direction = command.direction;
	io.dxferp = command.data.data();
	io.dxfer_len = static_cast<unsigned>(command.data.size());
	io.sbp = sense.data();
	io.mx_sb_len = sense.size();
	io.timeout = patience_ms;
	if (ioctl(file, SG_IO, &io))
		fail(std::string{"SG_IO: "} + std::strerror(errno));
	if (io.host_status)
		std::printf("host %u\n", io.host_status);
	else if (io.status == check_condition)
		print_sense(sense);
	else if (io.status)
		std::printf("status %#x\n", io.status);
	else
		std::printf("good\n");
}

} // namespace

int main(int count, char **arguments)
{
	if (count != 2)
		fail("usage: cdbs /dev/sgN < LINES");
	const int file = open(arguments[1], O_RDWR | O_NONBLOCK | O_CLOEXEC);
	if (file < 0)
		fail(std::string{arguments[1]} + ": " + std::strerror(errno));
	for (std::string line; std::getline(std::cin, line);)
		if (!line.empty())
			send(file, parse(line));
	close(file);
	return 0;
}
