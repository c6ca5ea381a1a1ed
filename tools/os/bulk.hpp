// SPDX-License-Identifier: GPL-2.0
// Many questions to xenstore at once.  libxenstore waits for each answer; a
// host with fifty guests has thousands of nodes to read.
#pragma once
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace vscsi
{

enum class Question { read, list };

struct Reply {
	int error = 0;    // of errno
	std::string text; // a value, or names that each end with a NUL
};

// The messages of Xen's public io/xs_wire.h.
std::string encode_question(Question question, std::uint32_t number, const std::string &path);
// Takes one whole reply from the front of the stream, if it is there.
std::optional<Reply> take_reply(std::string &stream, std::uint32_t number);
std::vector<std::string> split_names(const std::string &text);

// A connection of its own, without watches and transactions.
class BulkReader
{
public:
	BulkReader(); // throws a Failure where there is no xenstore
	~BulkReader();
	BulkReader(const BulkReader &) = delete;
	BulkReader &operator=(const BulkReader &) = delete;

	// In the order of the paths.  Throws a Failure if the connection breaks.
	std::vector<Reply> ask(Question question, std::span<const std::string> paths);

private:
	void send(const std::string &messages) const;
	Reply receive(std::uint32_t number);

	int m_file = -1;
	bool m_socket = false;
	std::uint32_t m_number = 0;
	std::string m_stream;
};

} // namespace vscsi
