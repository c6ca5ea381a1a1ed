// SPDX-License-Identifier: GPL-2.0
#include "os/bulk.hpp"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include "core/failure.hpp"

extern "C" {
#include <xen/io/xs_wire.h>
#include <xenstore.h>
}

namespace vscsi
{

namespace
{

// Few enough for the buffers on the way, whoever serves them.
constexpr std::size_t window = 32;

[[noreturn]] void lost(const char *what)
{
	fail(Exit::environment, "xenstore: cannot {}: {}", what, error_text(errno));
}

int connect_daemon()
{
	sockaddr_un address{};
	address.sun_family = AF_UNIX;
	const std::string path = xs_daemon_socket();
	if (path.size() >= sizeof(address.sun_path))
		return -1;
	path.copy(address.sun_path, path.size());
	const int file = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (file < 0 || connect(file, reinterpret_cast<const sockaddr *>(&address), sizeof(address)) == 0)
		return file;
	close(file);
	return -1;
}

int error_number(std::string_view name)
{
	name = name.substr(0, name.find('\0'));
	for (const auto &entry : xsd_errors)
		if (name == entry.errstring)
			return entry.errnum;
	return EINVAL;
}

} // namespace

std::string encode_question(Question question, std::uint32_t number, const std::string &path)
{
	const xsd_sockmsg header{question == Question::read ? XS_READ : XS_DIRECTORY, number, 0,
				 static_cast<std::uint32_t>(path.size() + 1)};
	std::string message(sizeof(header), '\0');
	std::memcpy(message.data(), &header, sizeof(header));
	return message.append(path).append(1, '\0');
}

std::optional<Reply> take_reply(std::string &stream, std::uint32_t number)
{
	xsd_sockmsg header{};
	if (stream.size() < sizeof(header))
		return {};
	std::memcpy(&header, stream.data(), sizeof(header));
	if (header.req_id != number || header.len > XENSTORE_PAYLOAD_MAX)
		fail(Exit::environment, "xenstore: an answer to nothing that was asked");
	if (stream.size() < sizeof(header) + header.len)
		return {};
	Reply reply{0, stream.substr(sizeof(header), header.len)};
	stream.erase(0, sizeof(header) + header.len);
	if (header.type == XS_ERROR)
		reply = {error_number(reply.text), {}};
	return reply;
}

std::vector<std::string> split_names(const std::string &text)
{
	std::vector<std::string> names;
	for (std::size_t at = 0; at < text.size();) {
		const std::size_t end = std::min(text.find('\0', at), text.size());
		names.push_back(text.substr(at, end - at));
		at = end + 1;
	}
	return names;
}

BulkReader::BulkReader() : m_file{connect_daemon()}, m_socket{m_file >= 0}
{
	// A driver domain has no daemon, and the kernel's device instead.
	if (!m_socket)
		m_file = open("/dev/xen/xenbus", O_RDWR | O_CLOEXEC);
	if (m_file < 0)
		fail(Exit::environment,
		     "cannot reach xenstore: {}. This must run as root, in dom0 or a driver domain, with "
		     "xenstored running",
		     error_text(errno));
}

BulkReader::~BulkReader()
{
	close(m_file);
}

void BulkReader::send(const std::string &messages) const
{
	for (std::size_t at = 0; at < messages.size();) {
		const char *const from = messages.data() + at;
		const std::size_t length = messages.size() - at;
		const ssize_t done =
			m_socket ? ::send(m_file, from, length, MSG_NOSIGNAL) : ::write(m_file, from, length);
		if (done < 0 && errno != EINTR)
			lost("ask");
		at += static_cast<std::size_t>(std::max<ssize_t>(done, 0));
	}
}

Reply BulkReader::receive(std::uint32_t number)
{
	for (;;) {
		if (auto reply = take_reply(m_stream, number))
			return *std::move(reply);
		std::array<char, 16384> part; // NOLINT(cppcoreguidelines-pro-type-member-init)
		const ssize_t length = ::read(m_file, part.data(), part.size());
		if (length == 0)
			errno = EPIPE;
		if (length == 0 || (length < 0 && errno != EINTR))
			lost("hear answers");
		m_stream.append(part.data(), static_cast<std::size_t>(std::max<ssize_t>(length, 0)));
	}
}

std::vector<Reply> BulkReader::ask(Question question, std::span<const std::string> paths)
{
	std::vector<Reply> replies;
	replies.reserve(paths.size());
	while (replies.size() < paths.size()) {
		const auto part =
			paths.subspan(replies.size()).first(std::min(window, paths.size() - replies.size()));
		const std::uint32_t first = m_number;
		std::string messages;
		for (const std::string &path : part) {
			messages += encode_question(question, m_number++, path);
			// The kernel's device takes one message at a time.
			if (!m_socket) {
				send(messages);
				messages.clear();
			}
		}
		send(messages);
		for (std::uint32_t number = first; number != m_number; ++number)
			replies.push_back(receive(number));
	}
	return replies;
}

} // namespace vscsi
