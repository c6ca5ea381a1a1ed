// SPDX-License-Identifier: GPL-2.0 OR MIT
#include <vscsi/attentions.hpp>
#include <vscsi/sense.hpp>

namespace vscsi
{
namespace
{

constexpr u32 kept = VSCSI_ATTENTIONS_KEPT;
static_assert((kept & (kept - 1)) == 0, "places go on in order when the count wraps");

// SPC-4: POWER ON, RESET, OR BUS DEVICE RESET OCCURRED.
constexpr u16 power_on = 0x2900;

} // namespace

void attention_add(vscsi_attentions &attentions, u16 code) noexcept
{
	attentions.code[attentions.count % kept] = code ? code : power_on;
	attentions.count++;
}

u16 attention_next(const vscsi_attentions &attentions, u32 &told) noexcept
{
	const u32 behind = attentions.count - told;
	if (!behind)
		return 0;
	if (behind > kept) {
		told = attentions.count - kept;
		return power_on;
	}
	return attentions.code[told++ % kept];
}

bool attention_due(const vscsi_attentions &attentions, u32 told) noexcept
{
	return attentions.count != told;
}

bool sense_data_attention(const u8 *cdb, Span<const u8> data, u16 &code) noexcept
{
	constexpr u8 request_sense = 0x03;
	constexpr u8 unit_attention = 6;
	constexpr u8 deferred = 1; // of the response code (SPC-4 4.5.1)
	if (cdb[0] != request_sense || data.empty() || (data[0] & deferred))
		return false;
	const vscsi_sense sense = sense_of(data);
	if (sense.key != unit_attention)
		return false;
	code = static_cast<u16>(sense.code << 8 | sense.qualifier);
	return true;
}

} // namespace vscsi
