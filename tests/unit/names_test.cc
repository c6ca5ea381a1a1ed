// SPDX-License-Identifier: GPL-2.0 OR MIT
#include <algorithm>
#include <cstdio>
#include <set>
#include <string>

#include "model.hpp"

using namespace model;

namespace
{

int vdev(const std::string &text, vscsi_address &out)
{
	// An exact copy on the heap, so that reading beyond the end is noticed.
	const auto copy = std::make_unique<char[]>(text.size() + 1);
	std::memcpy(copy.get(), text.c_str(), text.size() + 1);
	return vscsi_parse_vdev(copy.get(), &out);
}

struct Pdev {
	int bad;
	std::string port;
	u32 tpgt, lun;
};

Pdev pdev(const std::string &text)
{
	vscsi_pdev out;
	std::memset(&out, junk, sizeof out);
	const auto copy = std::make_unique<char[]>(text.size() + 1);
	std::memcpy(copy.get(), text.c_str(), text.size() + 1);
	const int bad = vscsi_parse_pdev(copy.get(), &out);
	return {bad, bad ? "" : out.port, out.tpgt, out.lun};
}

TEST(Vdev, Good)
{
	struct {
		const char *text;
		vscsi_address expected;
	} const cases[] = {
		{"0:0:0:0", {0, 0, 0, 0}},
		{"1:2:3:4", {1, 2, 3, 4}},
		{"65535:65535:65535:16383", {65535, 65535, 65535, 16383}},
		{"007:08:0:00000000000000000001", {7, 8, 0, 1}},
	};
	for (const auto &c : cases) {
		vscsi_address out;
		ASSERT_EQ(vdev(c.text, out), 0) << c.text;
		EXPECT_EQ(std::memcmp(&out, &c.expected, sizeof out), 0) << c.text;
	}
}

TEST(Vdev, Bad)
{
	for (const char *text :
	     {"",          ":",        ":::",       "0",         "0:0",      "0:0:0",    "0:0:0:",
	      ":0:0:0",    "0::0:0",   "0:0:0:0:",  "0:0:0:0:0", ":0:0:0:0", " 0:0:0:0", "0:0:0:0 ",
	      "0:0:0:0\n", "-1:0:0:0", "+1:0:0:0",  "0x1:0:0:0", "a:b:c:d",  "0:0:0:1a", "0.0.0.0",
	      "/:0:0:0",   "::0:0",    "0,0:0:0:0", "\xff:0:0:0"}) {
		vscsi_address out;
		EXPECT_EQ(vdev(text, out), VSCSI_NAME_SYNTAX) << text;
	}
	for (const char *text : {"65536:0:0:0", "0:65536:0:0", "0:0:65536:0", "0:0:0:16384",
				 "0:0:0:4294967296", "0:0:0:4294967295", "0:0:0:99999999999999999999"}) {
		vscsi_address out;
		EXPECT_EQ(vdev(text, out), VSCSI_NAME_RANGE) << text;
	}
}

TEST(Pdev, Good)
{
	struct {
		const char *text;
		const char *port;
		u32 tpgt, lun;
	} const cases[] = {
		{"naa.60014054ac780582:0", "naa.60014054ac780582", VSCSI_ANY_TPG, 0},
		{"naa.60014054ac780582,3:5", "naa.60014054ac780582", 3, 5},
		{"naa.60014054ac780582,0:5", "naa.60014054ac780582", 0, 5},
		{"naa.60014054ac780582,65535:16383", "naa.60014054ac780582", 65535, 16383},
		{"fc.20:00:00:25:b5:00:00:4f:7", "fc.20:00:00:25:b5:00:00:4f", VSCSI_ANY_TPG, 7},
		{"fc.20:00:00:25:b5:00:00:4f,1:7", "fc.20:00:00:25:b5:00:00:4f", 1, 7},
		{"iqn.2003-01.org.linux-iscsi.host:sn.42:1", "iqn.2003-01.org.linux-iscsi.host:sn.42",
		 VSCSI_ANY_TPG, 1},
		{"8:0:2:1", "8:0:2", VSCSI_ANY_TPG, 1},
		{"disk1:0", "disk1", VSCSI_ANY_TPG, 0},
		{"a:b:12", "a:b", VSCSI_ANY_TPG, 12},
		{"My tape / (robot 2):3", "My tape / (robot 2)", VSCSI_ANY_TPG, 3},
		{"x,y,2:1", "x,y", 2, 1},
		{"::1", ":", VSCSI_ANY_TPG, 1},
	};
	for (const auto &c : cases) {
		const auto p = pdev(c.text);
		ASSERT_EQ(p.bad, 0) << c.text;
		EXPECT_EQ(p.port, c.port);
		EXPECT_EQ(p.tpgt, c.tpgt) << c.text;
		EXPECT_EQ(p.lun, c.lun) << c.text;
	}
}

TEST(Pdev, Bad)
{
	for (const char *text :
	     {"", ":", ":0", "naa.5", "naa.5:", "naa.5:x", "naa.5:-1", "naa.5: 1", "naa.5:1 ", ",1:0",
	      "naa.5,:0", "naa.5,x:0", "naa.5,-1:0", "naa.5:0,1", ",:0"})
		EXPECT_EQ(pdev(text).bad, VSCSI_NAME_SYNTAX) << text;
	for (const char *text : {"naa.5:16384", "naa.5:4294967296", "naa.5,65536:0", "naa.5,4294967297:0"})
		EXPECT_EQ(pdev(text).bad, VSCSI_NAME_RANGE) << text;
}

TEST(Pdev, PortLengths)
{
	for (u32 length = VSCSI_NAME_BYTES - 3; length < VSCSI_NAME_BYTES + 3; length++) {
		const std::string port(length, 'p');
		const bool fits = length < VSCSI_NAME_BYTES;
		for (const char *rest : {":1", ",2:1"}) {
			const auto p = pdev(port + rest);
			EXPECT_EQ(p.bad, fits ? 0 : VSCSI_NAME_LENGTH) << length;
			if (fits) {
				EXPECT_EQ(p.port, port);
			}
		}
	}
	EXPECT_EQ(pdev(std::string(100000, 'p') + ":1").bad, VSCSI_NAME_LENGTH);
}

TEST(Pdev, Noise)
{
	Random random{3};
	const std::string alphabet = "0123456789:,.anf\x01\xff ";
	for (u32 round = 0; round < 20000; round++) {
		std::string text;
		for (u32 n = random.below(12); n; n--)
			text += alphabet[random.below(static_cast<u32>(alphabet.size()))];
		vscsi_address address;
		if (vdev(text, address) == 0) {
			EXPECT_EQ(std::count(text.begin(), text.end(), ':'), 3);
		}
		const auto p = pdev(text);
		if (p.bad == 0) {
			EXPECT_EQ(text.substr(0, p.port.size()), p.port);
			EXPECT_FALSE(p.port.empty());
		}
	}
}

struct Port {
	int bad;
	u32 protocol, skip;
};

Port port(const std::string &text)
{
	Port p{0, 99, 99};
	p.bad = vscsi_parse_port(text.c_str(), &p.protocol, &p.skip);
	return p;
}

// Whoever overlooks that it was refused has nothing of it.
TEST(Names, RefusedOnesLeaveNothing)
{
	const auto untouched = [](const auto &out) {
		const auto *bytes = reinterpret_cast<const u8 *>(&out);
		return std::all_of(bytes, bytes + sizeof out, [](u8 byte) { return byte == junk; });
	};
	for (const char *text : {"1:2:3", "1:2:3:16384", "1:2:3:4:5", "65535:65536:0:0", "1:x"}) {
		vscsi_address out;
		std::memset(&out, junk, sizeof out);
		EXPECT_NE(vdev(text, out), 0);
		EXPECT_TRUE(untouched(out)) << text;
	}
	const std::string too_long(VSCSI_NAME_BYTES, 'x');
	for (const std::string &text :
	     {std::string{"naa.1,x:3"}, std::string{",4:3"}, too_long + ":3", too_long + ",4:3"}) {
		vscsi_pdev out;
		std::memset(&out, junk, sizeof out);
		EXPECT_NE(vscsi_parse_pdev(text.c_str(), &out), 0);
		EXPECT_TRUE(untouched(out)) << text;
	}
	for (const u32 protocol : {VSCSI_PROTOCOL_FCP, VSCSI_PROTOCOL_ISCSI, VSCSI_PROTOCOL_SAS, 3}) {
		char out[20];
		std::memset(out, junk, sizeof out);
		EXPECT_NE(vscsi_initiator_name(protocol, "12345678-1234-1234-1234-123456789abc", out,
					       sizeof out),
			  0);
		EXPECT_TRUE(untouched(out)) << protocol;
	}
}

TEST(Port, Prefixes)
{
	struct {
		const char *text;
		u32 protocol, skip;
	} const cases[] = {
		{"naa.6001405abc", VSCSI_PROTOCOL_SAS, 0},
		{"fc.20:00:00:25:b5:00:00:4f", VSCSI_PROTOCOL_FCP, 3},
		{"iqn.2003-01.org.linux-iscsi:x", VSCSI_PROTOCOL_ISCSI, 0},
	};
	for (const auto &c : cases) {
		const auto p = port(c.text);
		EXPECT_EQ(p.bad, 0) << c.text;
		EXPECT_EQ(p.protocol, c.protocol);
		EXPECT_EQ(p.skip, c.skip);
	}
	for (const char *text : {"", "n", "naa", "naa.", "fc.", "iqn.", "NAA.5", "Fc.20", "eui.5", "20:00:00",
				 " naa.5", "xnaa.5", "fc", "iqn"})
		EXPECT_EQ(port(text).bad, VSCSI_NAME_SYNTAX) << text;
}

TEST(Port, Lengths)
{
	const std::string longest = "iqn." + std::string(VSCSI_NAME_BYTES - 5, 'x');
	EXPECT_EQ(port(longest).bad, 0);
	EXPECT_EQ(port(longest + "x").bad, VSCSI_NAME_LENGTH);
}

constexpr const char *some_uuid = "01234567-89ab-cdef-0123-456789abcdef";

std::string initiator(u32 protocol, const std::string &uuid)
{
	char out[VSCSI_NAME_BYTES];
	std::memset(out, junk, sizeof out);
	return vscsi_initiator_name(protocol, uuid.c_str(), out, sizeof out) == 0 ? out : "";
}

std::string random_uuid(Random &random)
{
	char text[40];
	std::snprintf(text, sizeof text, "%08x-%04x-%04x-%04x-%012llx", static_cast<u32>(random.next()),
		      static_cast<u32>(random.next() >> 48), static_cast<u32>(random.next() >> 48),
		      static_cast<u32>(random.next() >> 48), random.next() >> 16);
	return text;
}

bool is_hex(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
}

TEST(Initiator, SasIsNaa5WithXensOui)
{
	const auto name = initiator(VSCSI_PROTOCOL_SAS, some_uuid);
	ASSERT_EQ(name.size(), 4u + 16);
	EXPECT_EQ(name.substr(0, 11), "naa.500163e");
	EXPECT_TRUE(std::all_of(name.begin() + 4, name.end(), is_hex));
	EXPECT_EQ(port(name).protocol, u32{VSCSI_PROTOCOL_SAS});
}

TEST(Initiator, FcpIsTheSameNumberInBytes)
{
	const auto sas = initiator(VSCSI_PROTOCOL_SAS, some_uuid);
	const auto fcp = initiator(VSCSI_PROTOCOL_FCP, some_uuid);
	ASSERT_EQ(fcp.size(), 23u);
	std::string digits;
	for (std::size_t i = 0; i < fcp.size(); i++) {
		if (i % 3 == 2)
			EXPECT_EQ(fcp[i], ':');
		else
			digits += fcp[i];
	}
	EXPECT_EQ("naa." + digits, sas);
}

TEST(Initiator, IscsiHoldsTheUuid)
{
	const auto name = initiator(VSCSI_PROTOCOL_ISCSI, some_uuid);
	EXPECT_EQ(name.substr(0, 4), "iqn.");
	EXPECT_LE(name.size(), 223u);
	EXPECT_EQ(name.substr(name.size() - 36), some_uuid);
	EXPECT_EQ(port(name).protocol, u32{VSCSI_PROTOCOL_ISCSI});
}

// Persistent reservations are kept by these names: they must never change.
TEST(Initiator, NamesOfThisReleaseStay)
{
	EXPECT_EQ(initiator(VSCSI_PROTOCOL_SAS, some_uuid), "naa.500163e42af37c4c");
	EXPECT_EQ(initiator(VSCSI_PROTOCOL_ISCSI, some_uuid),
		  "iqn.2007-10.org.xen.pvscsi:01234567-89ab-cdef-0123-456789abcdef");
	EXPECT_EQ(initiator(VSCSI_PROTOCOL_SAS, "00000000-0000-0000-0000-000000000000"),
		  "naa.500163e1fcbdbb08");
}

TEST(Initiator, CaseDoesNotCount)
{
	for (const u32 protocol :
	     std::initializer_list<u32>{VSCSI_PROTOCOL_FCP, VSCSI_PROTOCOL_ISCSI, VSCSI_PROTOCOL_SAS})
		EXPECT_EQ(initiator(protocol, some_uuid),
			  initiator(protocol, "01234567-89AB-CDEF-0123-456789aBcDeF"));
}

TEST(Initiator, DifferentForDifferentGuests)
{
	// Near neighbours, as well as random ones: 36 bits hold far more than these.
	Random random{11};
	std::set<std::string> names;
	u32 count = 0;
	for (u32 i = 0; i < 4096; i++) {
		char uuid[40];
		std::snprintf(uuid, sizeof uuid, "00000000-0000-0000-0000-%012x", i);
		names.insert(initiator(VSCSI_PROTOCOL_SAS, uuid));
		std::snprintf(uuid, sizeof uuid, "%08x-0000-0000-0000-000000000000", i + 1);
		names.insert(initiator(VSCSI_PROTOCOL_SAS, uuid));
		names.insert(initiator(VSCSI_PROTOCOL_SAS, random_uuid(random)));
		count += 3;
	}
	EXPECT_EQ(names.size(), count);
}

TEST(Initiator, EveryDigitVaries)
{
	Random random{12};
	std::set<char> seen[9];
	for (u32 i = 0; i < 1000; i++) {
		const auto name = initiator(VSCSI_PROTOCOL_SAS, random_uuid(random));
		for (u32 digit = 0; digit < 9; digit++)
			seen[digit].insert(name[11 + digit]);
	}
	for (const auto &digits : seen)
		EXPECT_EQ(digits.size(), 16u);
}

TEST(Initiator, NotAUuid)
{
	const std::string good = some_uuid;
	EXPECT_EQ(initiator(VSCSI_PROTOCOL_SAS, ""), "");
	EXPECT_EQ(initiator(VSCSI_PROTOCOL_SAS, good + "0"), "");
	EXPECT_EQ(initiator(VSCSI_PROTOCOL_SAS, good.substr(1)), "");
	EXPECT_EQ(initiator(VSCSI_PROTOCOL_SAS, "0123456789abcdef0123456789abcdef"), "");
	for (std::size_t i = 0; i < good.size(); i++) {
		for (const char c : {'g', '-', ' ', ':', '0'}) {
			auto text = good;
			text[i] = c;
			const bool dash = good[i] == '-';
			const bool bad = dash ? c != '-' : c != '0';
			EXPECT_EQ(initiator(VSCSI_PROTOCOL_SAS, text).empty(), bad) << text;
		}
	}
}

TEST(Initiator, UnknownProtocolsHaveNoName)
{
	for (u32 protocol = 0; protocol < 20; protocol++) {
		const bool known = protocol == VSCSI_PROTOCOL_FCP || protocol == VSCSI_PROTOCOL_ISCSI ||
				   protocol == VSCSI_PROTOCOL_SAS;
		EXPECT_EQ(initiator(protocol, some_uuid).empty(), !known) << protocol;
	}
}

TEST(Initiator, BufferSizes)
{
	for (const u32 protocol :
	     std::initializer_list<u32>{VSCSI_PROTOCOL_FCP, VSCSI_PROTOCOL_ISCSI, VSCSI_PROTOCOL_SAS}) {
		const auto whole = initiator(protocol, some_uuid);
		for (std::size_t size = 0; size <= whole.size() + 2; size++) {
			// Exactly so large, for the sanitizer.
			const auto out = std::make_unique<char[]>(size);
			const int bad = vscsi_initiator_name(protocol, some_uuid, out.get(), size);
			EXPECT_EQ(bad, size > whole.size() ? 0 : VSCSI_NAME_LENGTH);
			if (!bad) {
				EXPECT_EQ(out.get(), whole);
			}
		}
	}
}

TEST(Vport, Good)
{
	struct {
		const char *text;
		vscsi_u64 wwpn;
	} const cases[] = {
		{"500163ef00000001:500163ef00000000@fabric:10000000c9abcdef", 0x500163ef00000001},
		{"500163EF00000001:500163ef00000000@hba:20000000C9ABCDEF", 0x500163ef00000001},
		{"ffffffffffffffff:0000000000000001@hba:0000000000000001", ~0ULL},
	};
	for (const auto &c : cases) {
		vscsi_u64 wwpn = 0;
		EXPECT_EQ(vscsi_parse_vport(c.text, &wwpn), 0) << c.text;
		EXPECT_EQ(wwpn, c.wwpn);
	}
}

TEST(Vport, Bad)
{
	const std::string good = "500163ef00000001:500163ef00000000@fabric:10000000c9abcdef";
	vscsi_u64 wwpn = 0;
	for (std::size_t size = 0; size < good.size(); size++) {
		const auto copy = std::make_unique<char[]>(size + 1);
		std::memcpy(copy.get(), good.data(), size);
		EXPECT_NE(vscsi_parse_vport(copy.get(), &wwpn), 0) << copy.get();
		std::string other = good;
		if (good[size] != 'f' && good[size] != 'b' && good[size] != 'a') {
			other[size] = 'g';
			EXPECT_NE(vscsi_parse_vport(other.c_str(), &wwpn), 0) << other;
		}
	}
	for (const std::string &text : {
		     good + "0",
		     good + "\n",
		     std::string{"0000000000000000:500163ef00000000@fabric:10000000c9abcdef"},
		     std::string{"500163ef00000001:0000000000000000@fabric:10000000c9abcdef"},
		     std::string{"500163ef00000001:500163ef00000000@fabric:0000000000000000"},
		     std::string{"500163ef00000001:500163ef00000000@host:10000000c9abcdef"},
		     std::string{"500163ef00000001:500163ef00000000@10000000c9abcdef"},
		     std::string{"50:01:63:ef:00:00:00:01:500163ef00000000@hba:10000000c9abcdef"},
	     })
		EXPECT_NE(vscsi_parse_vport(text.c_str(), &wwpn), 0) << text;
}

TEST(Vport, Name)
{
	const auto name = [](u32 protocol, std::size_t room) {
		std::string out(room, 'x');
		const int bad = vscsi_vport_name(protocol, 0x500163ef0000000aULL, out.data(), room);
		return bad ? std::to_string(bad) : std::string{out.c_str()};
	};
	EXPECT_EQ(name(VSCSI_PROTOCOL_SAS, 64), "naa.500163ef0000000a");
	EXPECT_EQ(name(VSCSI_PROTOCOL_FCP, 64), "50:01:63:ef:00:00:00:0a");
	EXPECT_EQ(name(VSCSI_PROTOCOL_ISCSI, 64), std::to_string(VSCSI_NAME_SYNTAX));
	EXPECT_EQ(name(VSCSI_PROTOCOL_SAS, 20), std::to_string(VSCSI_NAME_LENGTH));
}

constexpr const char *uuid = "01234567-89ab-cdef-0123-456789abcdef";

TEST(Binding, Valid)
{
	for (const char *text : {"guest1", "a guest", "g-1.x_y+z", uuid, "x"})
		EXPECT_EQ(vscsi_check_binding(text), 0) << text;
	for (const char *text : {"", "a\tb", "a\n", "/x", "a/b", "\x7f"})
		EXPECT_EQ(vscsi_check_binding(text), VSCSI_NAME_SYNTAX) << text;
	EXPECT_EQ(vscsi_check_binding(std::string(VSCSI_NAME_BYTES - 1, 'x').c_str()), 0);
	EXPECT_EQ(vscsi_check_binding(std::string(VSCSI_NAME_BYTES, 'x').c_str()), VSCSI_NAME_LENGTH);
}

TEST(Binding, ByName)
{
	EXPECT_TRUE(vscsi_binding_allows("guest1", "guest1", uuid));
	EXPECT_TRUE(vscsi_binding_allows("guest1", "guest1", ""));
	for (const char *name : {"guest", "guest11", "Guest1", "guest1 ", "", uuid})
		EXPECT_FALSE(vscsi_binding_allows("guest1", name, uuid)) << name;
	EXPECT_FALSE(vscsi_binding_allows("", "", "")) << "empty is no binding";
}

TEST(Binding, ByUuid)
{
	EXPECT_TRUE(vscsi_binding_allows(uuid, "anything", uuid));
	EXPECT_TRUE(vscsi_binding_allows("01234567-89AB-CDEF-0123-456789ABCDEF", "", uuid));
	const char *other = "01234567-89ab-cdef-0123-456789abcdee";
	EXPECT_FALSE(vscsi_binding_allows(uuid, uuid, other)) << "whoever calls itself by it";
	EXPECT_FALSE(vscsi_binding_allows(uuid, uuid, ""));
}

} // namespace
