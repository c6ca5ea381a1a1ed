// SPDX-License-Identifier: GPL-2.0
#include "os/directory.hpp"

#include <algorithm>
#include <array>
#include <cstring>

#include <fcntl.h>
#include <linux/bsg.h>
#include <scsi/sg.h>
#include <sys/ioctl.h>
#include <unistd.h>

namespace vscsi
{

namespace
{

// The kernel's uapi/scsi/scsi_bsg_fc.h, which no package for users has everywhere.
constexpr std::uint32_t host_ct = 0x80000004;
constexpr std::uint32_t remote_port_ct = 0x40000002;
constexpr std::size_t preamble_words_size = 12;

struct __attribute__((packed)) HostCtRequest {
	std::uint32_t message = host_ct;
	std::uint8_t reserved = 0;
	std::array<std::uint8_t, 3> port{0xff, 0xff, 0xfc}; // the directory server
	std::array<std::uint8_t, preamble_words_size> preamble{};
	// The kernel copies its whole union.
	std::array<std::uint8_t, 16> rest{};
};

struct __attribute__((packed)) RemotePortCtRequest {
	std::uint32_t message = remote_port_ct;
	std::array<std::uint8_t, preamble_words_size> preamble{};
	std::array<std::uint8_t, 20> rest{};
};

struct BsgReply {
	std::int32_t result = 0; // negative: an error number, and nothing else
	std::uint32_t received = 0;
	std::uint32_t status = 0;
	std::array<std::uint8_t, 84> rest{};
};

constexpr std::size_t largest_answer = 512;
constexpr std::uint32_t limit_ms = 5000;

class BsgFile
{
public:
	explicit BsgFile(const std::string &name) : m_file{open(name.c_str(), O_RDWR | O_CLOEXEC)} {}
	BsgFile(const BsgFile &) = delete;
	BsgFile &operator=(const BsgFile &) = delete;
	~BsgFile()
	{
		if (m_file >= 0)
			close(m_file);
	}
	bool perform(sg_io_v4 &header) const { return m_file >= 0 && ioctl(m_file, SG_IO, &header) == 0; }

private:
	int m_file;
};

template <class Message>
std::optional<CtBytes> pass(const std::string &name, const CtBytes &request)
{
	Message message;
	std::memcpy(message.preamble.data(), request.data(), message.preamble.size());
	BsgReply reply;
	CtBytes answer(largest_answer);
	sg_io_v4 header{};
	header.guard = 'Q';
	header.protocol = BSG_PROTOCOL_SCSI;
	header.subprotocol = BSG_SUB_PROTOCOL_SCSI_TRANSPORT;
	header.request_len = sizeof message;
	header.request = reinterpret_cast<std::uintptr_t>(&message);
	header.max_response_len = sizeof reply;
	header.response = reinterpret_cast<std::uintptr_t>(&reply);
	header.dout_xfer_len = static_cast<std::uint32_t>(request.size());
	header.dout_xferp = reinterpret_cast<std::uintptr_t>(request.data());
	header.din_xfer_len = static_cast<std::uint32_t>(answer.size());
	header.din_xferp = reinterpret_cast<std::uintptr_t>(answer.data());
	header.timeout = limit_ms;
	if (!BsgFile{"/dev/bsg/" + name}.perform(header) || reply.result != 0)
		return {};
	answer.resize(std::min<std::size_t>(answer.size(), reply.received));
	return answer;
}

} // namespace

std::optional<CtBytes> ask_directory(const BsgNode &node, const CtBytes &request)
{
	if (request.size() < preamble_words_size)
		return {};
	return node.of == BsgNode::Of::host ? pass<HostCtRequest>(node.name, request)
					    : pass<RemotePortCtRequest>(node.name, request);
}

} // namespace vscsi
