// SPDX-License-Identifier: GPL-2.0 OR MIT
// Whether a tape may be overwritten, and the label by which our own is known.
#pragma once
#include <optional>

#include "scsi/bytes.hpp"

namespace scsi
{

constexpr std::size_t label_size = 512;

Buffer make_label();
bool is_label(Bytes block);

// What a tape begins with, as its owner would know it; empty if that is no text.
std::string beginning_of(Bytes block);

enum class Start { blank, block, filemark, unreadable };

struct TapeStart {
	Start kind = Start::unreadable;
	Buffer block;       // for Start::block
	std::string reason; // for Start::unreadable
};

struct Permission {
	bool overwrite = false;
	bool force = false;
	std::optional<std::string> destroy; // how the tape to be lost begins
};

struct Decision {
	bool write = false;
	std::string refusal; // set: stop here, and say this
};

Decision decide(const TapeStart &tape, const Permission &permission);

} // namespace scsi
