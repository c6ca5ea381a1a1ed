// SPDX-License-Identifier: GPL-2.0 OR MIT
#pragma once
#include <array>

#include "scsi/bytes.hpp"

namespace scsi
{

class Cdb
{
public:
	// The operation code's group says how long it is.
	explicit Cdb(std::uint8_t opcode);

	Cdb &put(std::size_t at, std::size_t count, std::uint64_t value);
	Cdb &set(std::size_t at, unsigned bits, bool on = true);
	Bytes bytes() const { return Bytes{bytes_}.first(size_); }

private:
	std::array<std::uint8_t, 16> bytes_{};
	std::size_t size_;
};

// The name of the command, for messages.
std::string command_name(Bytes cdb);

namespace cdb
{

struct Transfer {
	bool fixed = false;
	bool sili = false;
	std::uint32_t length = 0; // blocks if fixed, else bytes
};

enum class Space : std::uint8_t { blocks = 0, filemarks = 1, end_of_data = 3 };
enum class PageControl : std::uint8_t { current = 0, changeable = 1, standard = 2, saved = 3 };

struct Page {
	std::uint8_t code = 0;
	std::uint8_t sub = 0;
	PageControl control = PageControl::current;
	bool no_descriptor = false;
};

struct Elements {
	std::uint8_t type = 0; // 0: all
	std::uint16_t first = 0;
	std::uint16_t count = 0xffff;
	bool volume_tags = false;
	bool current_data = false;
	bool device_ids = false;
};

Cdb test_unit_ready();
Cdb request_sense(bool descriptor, std::uint8_t length);
Cdb inquiry(std::uint16_t length);
Cdb inquiry_page(std::uint8_t page, std::uint16_t length);
Cdb report_luns(std::uint32_t length);
Cdb mode_sense6(Page page, std::uint8_t length);
Cdb mode_sense10(Page page, std::uint16_t length);
Cdb mode_select6(std::uint8_t length);
Cdb mode_select10(std::uint16_t length);
Cdb log_sense(std::uint8_t page, std::uint16_t length);
Cdb reserve6();
Cdb release6();
Cdb reserve10();
Cdb release10();
Cdb persistent_reserve_in(std::uint8_t action, std::uint16_t length);
Cdb prevent_removal(bool prevent);
Cdb read_attribute(std::uint8_t action, std::uint32_t length);

Cdb rewind(bool immediate);
Cdb read_block_limits();
Cdb read(Transfer transfer);
Cdb write(Transfer transfer);
Cdb write_filemarks(std::uint32_t count, bool immediate);
Cdb space(Space what, std::int32_t count);
Cdb erase(bool whole);
Cdb load_unload(bool load);
Cdb locate10(std::uint32_t block);
Cdb locate16(std::uint64_t block);
Cdb read_position(std::uint8_t form);
Cdb report_density(bool of_medium, std::uint16_t length);

Cdb initialize_element_status();
Cdb read_element_status(Elements which, std::uint32_t length);
Cdb move_medium(std::uint16_t picker, std::uint16_t source, std::uint16_t destination);
Cdb exchange_medium(std::uint16_t picker, std::uint16_t source, std::uint16_t first, std::uint16_t second);
Cdb position_to_element(std::uint16_t picker, std::uint16_t element);

} // namespace cdb
} // namespace scsi
