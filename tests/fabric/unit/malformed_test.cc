// SPDX-License-Identifier: GPL-2.0 OR MIT
// Whatever comes, the sanitizers stay silent and those who are logged in stay so.
#include <gtest/gtest.h>

#include <random>

#include "capture.hpp"
#include "world.hpp"

namespace
{

using namespace test;

class Malformed : public testing::Test
{
protected:
	void SetUp() override
	{
		for (Hba *one : {&hba, &target}) {
			ASSERT_TRUE(one->flogi()->accepted());
			one->join(one->id());
		}
	}

	// As if the HBA had sent it; a good CRC lets it through to who reads its payload.
	void receive(Buffer ethernet, bool mend)
	{
		constexpr std::size_t begin = 28, trailer = 8;
		if (mend && ethernet.size() >= begin + frames::header_size + trailer &&
		    ethernet[13] == 0x06) {
			const std::size_t end = ethernet.size() - trailer;
			const std::uint32_t crc = frames::crc32(Bytes{ethernet}.subspan(begin, end - begin));
			for (std::size_t at = 0; at < 4; at++)
				ethernet[end + at] = static_cast<std::uint8_t>(crc >> (8 * at));
		}
		// In a vector of its own size, so that one byte too many is seen.
		ethernet.shrink_to_fit();
		hba.send(std::move(ethernet));
		world.take();
	}

	// Frames of the kernel's first HBA, addressed from this one.
	std::vector<Buffer> originals() const
	{
		std::vector<Buffer> result;
		for (auto &[time, ethernet] : capture("npiv.pcap")) {
			if (ethernet.size() > 500 || ethernet[6] == 0x02)
				continue;
			if (ethernet[13] == 0x06) {
				const Mac address = frames::fabric_provided(hba.id());
				std::copy(address.value.begin(), address.value.end(), ethernet.begin() + 6);
				std::copy(address.value.begin() + 3, address.value.end(),
					  ethernet.begin() + 33);
			}
			result.push_back(ethernet);
		}
		for (auto &[time, ethernet] : capture("npiv.pcap"))
			if (ethernet[13] == 0x14 && ethernet[7] == 0x00)
				result.push_back(ethernet);
		return result;
	}

	void expect_sound()
	{
		EXPECT_NE(world.fabric.ports().find(target.id()), nullptr);
		EXPECT_TRUE(hba.flogi()->accepted());
	}

	World world;
	Hba hba{world, 0};
	Hba target{world, 1};
};

TEST_F(Malformed, EveryLengthOfEveryFrame)
{
	const auto all = originals();
	ASSERT_GT(all.size(), 60U);
	for (const Buffer &ethernet : all)
		for (std::size_t size = 0; size <= ethernet.size(); size++)
			receive({ethernet.begin(), ethernet.begin() + static_cast<std::ptrdiff_t>(size)},
				true);
	EXPECT_GT(world.fabric.counts().malformed, 1000U);
	EXPECT_GT(world.fabric.counts().for_services, 400U);
	expect_sound();
}

TEST_F(Malformed, EveryByteOfEveryFrame)
{
	for (const Buffer &ethernet : originals())
		for (std::size_t at = 0; at < ethernet.size(); at++)
			for (const unsigned value : {0x00U, 0xffU, 0x80U, 0x01U}) {
				Buffer changed = ethernet;
				changed[at] = static_cast<std::uint8_t>(value);
				receive(std::move(changed), true);
			}
	expect_sound();
}

TEST_F(Malformed, Noise)
{
	std::mt19937 random{1};
	const auto all = originals();
	for (unsigned round = 0; round < 20000; round++) {
		Buffer ethernet = all[random() % all.size()];
		for (unsigned change = random() % 8; change > 0; change--)
			ethernet[random() % ethernet.size()] = static_cast<std::uint8_t>(random());
		ethernet.resize(random() % 4 == 0 ? random() % 300 : ethernet.size());
		receive(std::move(ethernet), round % 2 == 0);
	}
	expect_sound();
}

TEST(Descriptors, LengthsThatLie)
{
	World world;
	const Hba hba{world, 0};
	for (unsigned type = 0; type < 256; type++)
		for (const unsigned words : {0U, 1U, 2U, 3U, 5U, 255U}) {
			const Buffer list = Writer{}.u8(type).u8(words).zeros(6).take();
			const Buffer ethernet =
				hba.fip(frames::FipOperation::link_service, 1, list, all_forwarders);
			const auto fip = frames::decode_fip(ethernet);
			EXPECT_TRUE(words == 2 || words == 1 || !fip) << type << " " << words;
		}
}

} // namespace
