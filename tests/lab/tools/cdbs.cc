// SPDX-License-Identifier: GPL-2.0 OR MIT
// Sends the CDBs of its input to a SCSI generic node, and prints how each ended:
// "good", the sense as key/code/qualifier, or "status" or "host" and the number.
// A line is "CDB none", "CDB in BYTES [FILE]", "CDB out DATA" or "CDB from FILE BYTES"; CDB
// and DATA are hex, FILE is where read data go to or what is written comes from.
// With -d each line ends with what else came: "BYTES bytes", and "at N" for an
// INFORMATION field that is valid.
#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <fstream>
#include <iostream>
#include <optional>
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
	std::string file; // for what it reads
};

Bytes beginning_of(const std::string &name, std::size_t bytes)
{
	Bytes data(bytes);
	std::ifstream file{name, std::ios::binary};
	if (!file.read(reinterpret_cast<char *>(data.data()), static_cast<std::streamsize>(bytes)))
		fail("cannot read so much of " + name);
	return data;
}

Command parse(const std::string &line)
{
	std::istringstream words{line};
	std::string cdb, direction, data, more;
	words >> cdb >> direction >> data >> more;
	if (direction == "in")
		return {from_hex(cdb), SG_DXFER_FROM_DEV, Bytes(std::stoul(data)), more};
	if (direction == "out")
		return {from_hex(cdb), SG_DXFER_TO_DEV, from_hex(data), {}};
	if (direction == "from")
		return {from_hex(cdb), SG_DXFER_TO_DEV, beginning_of(data, std::stoul(more)), {}};
	if (direction == "none")
		return {from_hex(cdb), SG_DXFER_NONE, {}, {}};
	fail("no direction: " + line);
}

// SPC-4 4.5.2 and 4.5.3
using Sense = std::array<std::uint8_t, 64>;

bool has_descriptors(const Sense &sense)
{
	return (sense[0] & 0x7f) >= 0x72;
}

void print_sense(const Sense &sense)
{
	const bool descriptors = has_descriptors(sense);
	std::printf("%x/%02x/%02x", (descriptors ? sense[1] : sense[2]) & 0xf,
		    descriptors ? sense[2] : sense[12], descriptors ? sense[3] : sense[13]);
}

std::uint64_t big_endian(const std::uint8_t *bytes, std::size_t count)
{
	std::uint64_t value = 0;
	for (std::size_t i = 0; i < count; i++)
		value = value << 8 | bytes[i];
	return value;
}

std::optional<std::uint64_t> information(const Sense &sense)
{
	if (!has_descriptors(sense))
		return sense[0] & 0x80 ? std::optional{big_endian(&sense[3], 4)} : std::nullopt;
	const std::size_t end = std::min<std::size_t>(sense.size(), 8U + sense[7]);
	for (std::size_t at = 8; at + 12 <= end; at += 2U + sense[at + 1])
		if (sense[at] == 0 && sense[at + 2] & 0x80)
			return big_endian(&sense[at + 4], 8);
	return std::nullopt;
}

void print_details(const sg_io_hdr_t &io, const Sense &sense)
{
	std::printf(" %u bytes", io.dxfer_len - static_cast<unsigned>(io.resid));
	if (io.status == check_condition)
		if (const auto value = information(sense))
			std::printf(" at %llu", static_cast<unsigned long long>(*value));
}

void store(const Command &command, const sg_io_hdr_t &io)
{
	std::ofstream file{command.file, std::ios::binary};
	file.write(reinterpret_cast<const char *>(command.data.data()),
		   static_cast<std::streamsize>(io.dxfer_len) - io.resid);
	if (!file.flush())
		fail("cannot write " + command.file);
}

void send(int file, Command command, bool details)
{
	Sense sense{};
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
		std::printf("host %u", io.host_status);
	else if (io.status == check_condition)
		print_sense(sense);
	else if (io.status)
		std::printf("status %#x", io.status);
	else
		std::printf("good");
	if (details)
		print_details(io, sense);
	std::printf("\n");
	if (!command.file.empty())
		store(command, io);
}

} // namespace

int main(int count, char **arguments)
{
	const bool details = count == 3 && std::string{arguments[1]} == "-d";
	if (count != 2 + details)
		fail("usage: cdbs [-d] /dev/sgN < LINES");
	const char *const node = arguments[count - 1];
	const int file = open(node, O_RDWR | O_NONBLOCK | O_CLOEXEC);
	if (file < 0)
		fail(std::string{node} + ": " + std::strerror(errno));
	for (std::string line; std::getline(std::cin, line);)
		if (!line.empty())
			send(file, parse(line), details);
	close(file);
	return 0;
}
