// SPDX-License-Identifier: GPL-2.0 OR MIT
#pragma once
#include <optional>

#include "check/unit.hpp"
#include "scsi/elements.hpp"

namespace check
{

class Changer : public Unit
{
public:
	// drive: which of its drives is the one under test, if the caller said so.
	Changer(device::Sg sg, std::optional<unsigned> drive) : Unit{std::move(sg), "changer"}, drive_{drive}
	{
	}

	scsi::ElementLayout layout() const;
	// As the device sends it.
	scsi::ElementStatus status(scsi::cdb::Elements which = {}) const;
	// One type after the other, with volume tags if it has them.
	std::vector<scsi::Element> elements(scsi::ElementType type) const;
	std::vector<scsi::Element> elements() const;
	scsi::Element element(std::uint16_t address) const;
	Reply move(std::uint16_t source, std::uint16_t destination) const;
	// Throws Failed.
	void must_move(std::uint16_t source, std::uint16_t destination) const;
	bool full(std::uint16_t address) const { return element(address).full; }

	// These skip the test if there is none.
	std::uint16_t any(scsi::ElementType type, bool full) const;
	// The element of the drive with this serial number.
	std::uint16_t drive_element(const std::string &serial) const;

private:
	std::optional<unsigned> drive_;
};

} // namespace check
