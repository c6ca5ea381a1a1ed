// SPDX-License-Identifier: GPL-2.0
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <thread>

#include <gtest/gtest.h>

#include "core/failure.hpp"
#include "os/bulk.hpp"
#include "os/xenstore.hpp"

extern "C" {
#include <xen/io/xs_wire.h>
}

namespace vscsi
{
namespace
{

std::string message(std::uint32_t type, std::uint32_t number, const std::string &text)
{
	const xsd_sockmsg header{type, number, 0, static_cast<std::uint32_t>(text.size())};
	std::string all(sizeof(header), '\0');
	std::memcpy(all.data(), &header, sizeof(header));
	return all + text;
}

TEST(Bulk, AnswersComeInAnyPieces)
{
	const std::string whole = message(XS_READ, 7, "4") + message(XS_READ, 8, "") +
				  message(XS_ERROR, 9, std::string{"EACCES\0", 7});
	for (std::size_t piece = 1; piece <= whole.size(); ++piece) {
		std::string stream;
		std::vector<Reply> replies;
		std::uint32_t number = 7;
		for (std::size_t at = 0; at < whole.size(); at += piece) {
			stream += whole.substr(at, piece);
			while (auto reply = take_reply(stream, number)) {
				replies.push_back(*reply);
				++number;
			}
		}
		ASSERT_EQ(replies.size(), 3U);
		EXPECT_EQ(replies[0].text, "4");
		EXPECT_EQ(replies[1].text, "");
		EXPECT_EQ(replies[2].error, EACCES);
		EXPECT_TRUE(stream.empty());
	}
}

TEST(Bulk, WhatWasNotAskedEndsIt)
{
	std::string stream = message(XS_READ, 8, "4");
	EXPECT_THROW(take_reply(stream, 7), Failure);
	stream = message(XS_READ, 7, std::string(XENSTORE_PAYLOAD_MAX + 1, 'x'));
	EXPECT_THROW(take_reply(stream, 7), Failure);
	stream = message(XS_ERROR, 7, "what?");
	EXPECT_EQ(take_reply(stream, 7)->error, EINVAL);
}

TEST(Bulk, NamesOfADirectory)
{
	EXPECT_TRUE(split_names("").empty());
	EXPECT_EQ(split_names(std::string{"a\0bc\0", 5}), (std::vector<std::string>{"a", "bc"}));
	EXPECT_EQ(split_names("last"), (std::vector<std::string>{"last"}));
}

// A xenstored for one connection, after some that get no answers.  Each path is its own value; those
// with "no" in them are not there, and those with "secret" may not be read.
class Answerer
{
public:
	explicit Answerer(std::size_t answers, unsigned silent = 0)
	{
		char name[] = "/tmp/bulk-XXXXXX";
		m_path = mkdtemp(name);
		sockaddr_un address{};
		address.sun_family = AF_UNIX;
		const std::string path = m_path / "socket";
		path.copy(address.sun_path, path.size());
		m_file = socket(AF_UNIX, SOCK_STREAM, 0);
		if (bind(m_file, reinterpret_cast<sockaddr *>(&address), sizeof(address)) != 0 ||
		    listen(m_file, 2) != 0)
			throw std::runtime_error{"no socket"};
		setenv("XENSTORED_PATH", path.c_str(), 1);
		m_thread = std::thread{[this, answers, silent] { serve(answers, silent); }};
	}
	~Answerer()
	{
		m_thread.join();
		close(m_file);
		unsetenv("XENSTORED_PATH");
		std::filesystem::remove_all(m_path);
	}

private:
	std::filesystem::path m_path;
	int m_file;
	std::thread m_thread;

	void serve(std::size_t answers, unsigned silent) const
	{
		for (unsigned other = 0; other < silent; ++other)
			close(accept(m_file, nullptr, nullptr));
		const int peer = accept(m_file, nullptr, nullptr);
		for (std::size_t i = 0; i < answers; ++i) {
			xsd_sockmsg header{};
			if (recv(peer, &header, sizeof(header), MSG_WAITALL) != sizeof(header))
				break;
			std::string path(header.len, '\0');
			recv(peer, path.data(), path.size(), MSG_WAITALL);
			path.pop_back();
			const char *error = path.find("no") != std::string::npos       ? "ENOENT"
					    : path.find("secret") != std::string::npos ? "EACCES"
										       : nullptr;
			const std::string reply = error ? message(XS_ERROR, header.req_id, error)
							: message(header.type, header.req_id, path);
			if (write(peer, reply.data(), reply.size()) < 0)
				break;
		}
		close(peer);
	}
};

TEST(Bulk, ManyQuestionsKeepTheirOrder)
{
	const Answerer daemon{1000};
	BulkReader reader;
	std::vector<std::string> paths;
	for (int i = 0; i < 1000; ++i)
		paths.push_back((i % 3 ? "/yes/" : "/no/") + std::to_string(i));
	const auto replies = reader.ask(Question::read, paths);
	ASSERT_EQ(replies.size(), paths.size());
	for (std::size_t i = 0; i < paths.size(); ++i) {
		EXPECT_EQ(replies[i].error, i % 3 ? 0 : ENOENT);
		EXPECT_EQ(replies[i].text, i % 3 ? paths[i] : "");
	}
}

TEST(Bulk, WhatMayNotBeReadIsNotThereForWhoWantsIt)
{
	// libxenstore has a connection as well.
	const Answerer daemon{6, 1};
	Xenstore store;
	const std::vector<std::string> paths{"/yes", "/secret", "/no"};
	EXPECT_EQ(store.read_visible(paths),
		  (std::vector<std::optional<std::string>>{"/yes", std::nullopt, std::nullopt}));
	EXPECT_EQ(store.list_visible(paths), (std::vector<std::vector<std::string>>{{"/yes"}, {}, {}}));
}

TEST(Bulk, ADaemonThatGoesAwayIsTold)
{
	const Answerer daemon{10};
	BulkReader reader;
	const std::vector<std::string> paths(20, "/x");
	EXPECT_THROW(static_cast<void>(reader.ask(Question::list, paths)), Failure);
}

} // namespace
} // namespace vscsi
