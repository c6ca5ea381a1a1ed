// SPDX-License-Identifier: GPL-2.0 OR MIT
// The C border: casts and nothing else.
#include <new>
#include <vscsi/attentions.hpp>
#include <vscsi/block_limits.hpp>
#include <vscsi/cdb.hpp>
#include <vscsi/complaints.hpp>
#include <vscsi/control.hpp>
#include <vscsi/disk.hpp>
#include <vscsi/gate.hpp>
#include <vscsi/keys.hpp>
#include <vscsi/names.hpp>
#include <vscsi/report_luns.hpp>
#include <vscsi/ring_engine.hpp>
#include <vscsi/sense.hpp>
#include <vscsi/statistics.hpp>
#include <vscsi/task_policy.hpp>

using namespace vscsi;

namespace
{

static_assert(VSCSI_SLOTS == wire::slots);
static_assert(VSCSI_DIRECT_SEGMENTS == wire::direct_segments);
static_assert(VSCSI_CDB_BYTES == wire::cdb_bytes);
static_assert(VSCSI_SENSE_BYTES == wire::sense_bytes);
static_assert(std::is_trivially_destructible_v<RingEngine> && std::is_trivially_destructible_v<LunMap>);

RingEngine &engine(vscsi_ring_engine *ring) noexcept
{
	return *reinterpret_cast<RingEngine *>(ring);
}
const RingEngine &engine(const vscsi_ring_engine *ring) noexcept
{
	return *reinterpret_cast<const RingEngine *>(ring);
}
LunMap &luns(vscsi_lun_map *map) noexcept
{
	return *reinterpret_cast<LunMap *>(map);
}
const LunMap &luns(const vscsi_lun_map *map) noexcept
{
	return *reinterpret_cast<const LunMap *>(map);
}

Span<const char> text_of(const char *text) noexcept
{
	return {text, __builtin_strlen(text)};
}

} // namespace

extern "C" {

size_t vscsi_ring_engine_bytes(void) noexcept
{
	return sizeof(RingEngine);
}

vscsi_ring_engine *vscsi_ring_init(void *memory, void *shared) noexcept
{
	return reinterpret_cast<vscsi_ring_engine *>(::new (memory)
							     RingEngine{static_cast<wire::Page *>(shared)});
}

void vscsi_give_list(vscsi_ring_engine *ring, vscsi_u32 slot, void *list) noexcept
{
	engine(ring).give_list(slot, static_cast<wire::Segment *>(list), VSCSI_FEW_SEGMENTS);
}

void vscsi_give_long_list(vscsi_ring_engine *ring, vscsi_u32 slot, void *list) noexcept
{
	engine(ring).give_list(slot, static_cast<wire::Segment *>(list), VSCSI_MAX_SEGMENTS);
}

vscsi_u32 vscsi_list_segments(const vscsi_ring_engine *ring, vscsi_u32 slot) noexcept
{
	return engine(ring).list_segments(slot);
}

int vscsi_fetch(vscsi_ring_engine *ring, const vscsi_lun_map *map, vscsi_u32 *slot) noexcept
{
	return engine(ring).fetch(luns(map), *slot);
}

bool vscsi_has_requests(vscsi_ring_engine *ring) noexcept
{
	return engine(ring).has_requests();
}

bool vscsi_more_requests(vscsi_ring_engine *ring) noexcept
{
	return engine(ring).more();
}

vscsi_u32 vscsi_list_copies(const vscsi_ring_engine *ring, vscsi_u32 slot, vscsi_copy *copies,
			    vscsi_u32 room) noexcept
{
	return engine(ring).list_copies(slot, {copies, room});
}

int vscsi_lists_done(vscsi_ring_engine *ring, vscsi_u32 slot, bool copied) noexcept
{
	return engine(ring).lists_done(slot, copied);
}

void vscsi_command_of(const vscsi_ring_engine *ring, vscsi_u32 slot, vscsi_command *out) noexcept
{
	engine(ring).command_of(slot, *out);
}

void vscsi_task_of(const vscsi_ring_engine *ring, vscsi_u32 slot, vscsi_task *out) noexcept
{
	engine(ring).task_of(slot, *out);
}

vscsi_u32 vscsi_data_copies(const vscsi_ring_engine *ring, vscsi_u32 slot, vscsi_cursor *at, vscsi_u32 limit,
			    vscsi_copy *copies, vscsi_u32 room) noexcept
{
	return engine(ring).data_copies(slot, *at, limit, {copies, room});
}

void vscsi_set_result(vscsi_ring_engine *ring, vscsi_u32 slot, const vscsi_result *result) noexcept
{
	engine(ring).set_result(slot, *result);
}

void vscsi_set_task_result(vscsi_ring_engine *ring, vscsi_u32 slot, bool success) noexcept
{
	engine(ring).set_task_result(slot, success);
}

vscsi_u32 vscsi_task_unanswered(const vscsi_ring_engine *ring, vscsi_u32 slot) noexcept
{
	return engine(ring).task_unanswered(slot);
}

int vscsi_cdb_verdict(const vscsi_cdb_view *view) noexcept
{
	return cdb_verdict(*view);
}

vscsi_u32 vscsi_cdb_bytes(const vscsi_u8 *cdb, vscsi_u32 said) noexcept
{
	return cdb_bytes(cdb, said);
}

bool vscsi_cdb_may_wait(const vscsi_u8 *cdb, vscsi_u32 device_type) noexcept
{
	return cdb_may_wait(cdb, device_type);
}

bool vscsi_cdb_is_plain(const vscsi_u8 *cdb, vscsi_u32 direction, vscsi_u32 device_type) noexcept
{
	return cdb_is_plain(cdb, direction, device_type);
}

vscsi_u32 vscsi_cdb_time_limit(const vscsi_u8 *cdb, vscsi_u32 device_type, vscsi_u32 said) noexcept
{
	return cdb_time_limit(cdb, device_type, said);
}

void vscsi_sense_of(const vscsi_u8 *sense, vscsi_u32 bytes, vscsi_sense *out) noexcept
{
	*out = sense_of({sense, bytes});
}

vscsi_u32 vscsi_effect_of(vscsi_u32 host, vscsi_u32 status, const vscsi_u8 *sense, vscsi_u32 bytes) noexcept
{
	return effect_of(host, status, {sense, bytes});
}

void vscsi_block_status(vscsi_u32 error, bool write, vscsi_block_answer *out) noexcept
{
	*out = block_answer(error, write);
}

vscsi_u32 vscsi_host_result(vscsi_u32 host) noexcept
{
	return host_result(host);
}

void vscsi_protect_mode_sense(const vscsi_u8 *cdb, vscsi_u8 *data, vscsi_u32 bytes) noexcept
{
	protect_mode_sense(cdb, {data, bytes});
}

void vscsi_widen_block_limits(vscsi_u8 *page, vscsi_u32 bytes, vscsi_u32 blocks) noexcept
{
	widen_block_limits({page, bytes}, blocks);
}

vscsi_u32 vscsi_capacity_answer(const vscsi_capacity *capacity, const vscsi_u8 *cdb, vscsi_u8 *out) noexcept
{
	return capacity_answer(*capacity, cdb, {out, VSCSI_CAPACITY_BYTES});
}

bool vscsi_cdb_hears_attention(const vscsi_u8 *cdb) noexcept
{
	return cdb_hears_attention(cdb);
}

bool vscsi_registers_other_ports(const vscsi_u8 *cdb, const vscsi_u8 *data, vscsi_u32 bytes) noexcept
{
	return registers_other_ports(cdb, {data, bytes});
}

void vscsi_hide_other_ports(const vscsi_u8 *cdb, vscsi_u8 *data, vscsi_u32 bytes) noexcept
{
	hide_other_ports(cdb, {data, bytes});
}

void vscsi_hide_explicit_alua(const vscsi_u8 *cdb, vscsi_u8 *data, vscsi_u32 bytes) noexcept
{
	hide_explicit_alua(cdb, {data, bytes});
}

vscsi_u32 vscsi_split_block(const vscsi_u8 *cdb, vscsi_u32 device_type, vscsi_u32 bytes) noexcept
{
	return split_block(cdb, device_type, bytes);
}

void vscsi_split_piece(const vscsi_u8 *cdb, vscsi_u32 first, vscsi_u32 blocks, vscsi_u8 *out) noexcept
{
	split_piece(cdb, first, blocks, {out, VSCSI_CDB_BYTES});
}

int vscsi_gate_enter(vscsi_gate *gate, vscsi_u32 session, const vscsi_u8 *cdb) noexcept
{
	return gate_enter(*gate, session, cdb);
}

void vscsi_gate_leave(vscsi_gate *gate, vscsi_u32 session, const vscsi_u8 *cdb,
		      const vscsi_gate_outcome *outcome) noexcept
{
	gate_leave(*gate, session, cdb, *outcome);
}

int vscsi_gate_session_ended(vscsi_gate *gate, vscsi_u32 session) noexcept
{
	return gate_session_ended(*gate, session);
}

int vscsi_gate_reset(vscsi_gate *gate) noexcept
{
	return gate_reset(*gate);
}

void vscsi_gate_hear(vscsi_gate *gate, vscsi_u16 attention) noexcept
{
	gate_hear(*gate, attention);
}

void vscsi_gate_owe(vscsi_gate *gate, int bits) noexcept
{
	gate_owe(*gate, bits);
}

int vscsi_gate_due(const vscsi_gate *gate) noexcept
{
	return gate_due(*gate);
}

void vscsi_gate_paid(vscsi_gate *gate, int bits) noexcept
{
	gate_paid(*gate, bits);
}

int vscsi_keys_note(vscsi_keys *keys, vscsi_u32 nexus, const vscsi_u8 *cdb,
		    const vscsi_gate_outcome *outcome) noexcept
{
	return keys_note(*keys, nexus, cdb, *outcome);
}

int vscsi_keys_ended(vscsi_keys *keys, vscsi_u32 nexus, bool clear) noexcept
{
	return keys_ended(*keys, nexus, clear);
}

void vscsi_keys_clear(const vscsi_keys *keys, int which, vscsi_u8 *cdb, vscsi_u8 *data) noexcept
{
	constexpr u32 cdb_bytes = 12;
	keys_clear(*keys, which, {cdb, cdb_bytes}, {data, VSCSI_CLEAR_KEYS_BYTES});
}

bool vscsi_gate_comes_back(vscsi_gate *gate, vscsi_u32 nexus) noexcept
{
	return gate_comes_back(*gate, nexus);
}

void vscsi_gate_inherit(vscsi_gate *gate, vscsi_u8 type, bool registered) noexcept
{
	gate_inherit(*gate, type, registered);
}

bool vscsi_gate_is_inherited(const vscsi_gate *gate) noexcept
{
	return gate_is_inherited(*gate);
}

void vscsi_attention_add(vscsi_attentions *attentions, vscsi_u16 code) noexcept
{
	attention_add(*attentions, code);
}

vscsi_u16 vscsi_attention_next(const vscsi_attentions *attentions, vscsi_u32 *told) noexcept
{
	return attention_next(*attentions, *told);
}

bool vscsi_attention_due(const vscsi_attentions *attentions, vscsi_u32 told) noexcept
{
	return attention_due(*attentions, told);
}

bool vscsi_sense_data_attention(const vscsi_u8 *cdb, const vscsi_u8 *data, vscsi_u32 bytes,
				vscsi_u16 *code) noexcept
{
	return sense_data_attention(cdb, {data, bytes}, *code);
}

void vscsi_set_copy_failed(vscsi_ring_engine *ring, vscsi_u32 slot) noexcept
{
	engine(ring).set_copy_failed(slot);
}

void vscsi_respond(vscsi_ring_engine *ring, vscsi_u32 slot) noexcept
{
	engine(ring).respond(slot);
}
void vscsi_forget(vscsi_ring_engine *ring, vscsi_u32 slot) noexcept
{
	engine(ring).forget(slot);
}
bool vscsi_publish(vscsi_ring_engine *ring) noexcept
{
	return engine(ring).publish();
}

void vscsi_read_counters(const vscsi_ring_engine *ring, vscsi_counters *out) noexcept
{
	engine(ring).read_counters(*out);
}

vscsi_u32 vscsi_in_flight(const vscsi_ring_engine *ring) noexcept
{
	return engine(ring).in_flight();
}

vscsi_u32 vscsi_busy_slots(const vscsi_ring_engine *ring) noexcept
{
	return engine(ring).busy_slots();
}

void vscsi_lun_requested(vscsi_lun_statistics *lun, vscsi_u32 function) noexcept
{
	lun_requested(*lun, function);
}

void vscsi_lun_completed(vscsi_lun_statistics *lun, const vscsi_outcome *outcome,
			 const vscsi_times *times) noexcept
{
	lun_completed(*lun, *outcome, *times);
}

void vscsi_outcome_of(const vscsi_ring_engine *ring, vscsi_u32 slot, vscsi_outcome *out) noexcept
{
	engine(ring).outcome_of(slot, *out);
}

void vscsi_ring_statistics_add(vscsi_ring_statistics *to, const vscsi_ring_statistics *from) noexcept
{
	ring_statistics_add(*to, *from);
}

void vscsi_view_of(const vscsi_ring_engine *ring, vscsi_u32 slot, vscsi_request_view *out) noexcept
{
	engine(ring).view_of(slot, *out);
}

size_t vscsi_luns_bytes(vscsi_u32 capacity) noexcept
{
	return LunMap::bytes(capacity);
}

vscsi_lun_map *vscsi_luns_init(void *memory, vscsi_u32 capacity) noexcept
{
	return reinterpret_cast<vscsi_lun_map *>(::new (memory) LunMap{capacity});
}

int vscsi_luns_add(vscsi_lun_map *map, const vscsi_address *address, vscsi_u32 device) noexcept
{
	return luns(map).add(LunMap::key(*address), device);
}

bool vscsi_luns_remove(vscsi_lun_map *map, const vscsi_address *address) noexcept
{
	return luns(map).remove(LunMap::key(*address));
}

bool vscsi_luns_find(const vscsi_lun_map *map, const vscsi_address *address, vscsi_u32 *device) noexcept
{
	const auto *entry = luns(map).find(LunMap::key(*address));
	if (entry)
		*device = entry->device;
	return entry;
}

void vscsi_luns_move(vscsi_lun_map *to, const vscsi_lun_map *from) noexcept
{
	luns(to).take_from(luns(from));
}

bool vscsi_report_luns_valid(const vscsi_u8 *cdb) noexcept
{
	return report_luns_valid(cdb);
}

vscsi_u32 vscsi_report_luns(const vscsi_lun_map *map, vscsi_u32 channel, vscsi_u32 id, const vscsi_u8 *cdb,
			    vscsi_u32 offset, vscsi_u8 *out, vscsi_u32 bytes) noexcept
{
	return report_luns(luns(map), {channel, id}, cdb, offset, {out, bytes});
}

void vscsi_well_known_answer(const vscsi_u8 *cdb, vscsi_u8 *out, vscsi_u32 *bytes,
			     vscsi_result *result) noexcept
{
	*bytes = well_known_answer(cdb, {out, VSCSI_WELL_KNOWN_BYTES}, *result);
}

int vscsi_parse_vdev(const char *text, vscsi_address *out) noexcept
{
	return parse_vdev(text_of(text), *out);
}
int vscsi_parse_pdev(const char *text, vscsi_pdev *out) noexcept
{
	return parse_pdev(text_of(text), *out);
}

int vscsi_parse_port(const char *text, vscsi_u32 *protocol, vscsi_u32 *skip) noexcept
{
	Protocol parsed{};
	const int bad = parse_port(text_of(text), parsed, *skip);
	*protocol = static_cast<vscsi_u32>(parsed);
	return bad;
}

int vscsi_check_binding(const char *text) noexcept
{
	return check_binding(text_of(text));
}
bool vscsi_binding_allows(const char *binding, const char *name, const char *uuid) noexcept
{
	return binding_allows(text_of(binding), text_of(name), text_of(uuid));
}

int vscsi_initiator_name(vscsi_u32 protocol, const char *uuid, char *out, size_t out_bytes) noexcept
{
	return initiator_name(static_cast<Protocol>(protocol), text_of(uuid), {out, out_bytes});
}
int vscsi_parse_vport(const char *text, vscsi_u64 *wwpn) noexcept
{
	u64 parsed = *wwpn;
	const int bad = parse_vport(text_of(text), parsed);
	*wwpn = parsed;
	return bad;
}
int vscsi_vport_name(vscsi_u32 protocol, vscsi_u64 wwpn, char *out, size_t out_bytes) noexcept
{
	return vport_name(static_cast<Protocol>(protocol), wwpn, {out, out_bytes});
}

int vscsi_host_step(const vscsi_host_view *view) noexcept
{
	return static_cast<int>(host_step(*view));
}
int vscsi_device_step(const vscsi_device_view *view) noexcept
{
	return static_cast<int>(device_step(*view));
}

bool vscsi_complains(const vscsi_complaint_view *view) noexcept
{
	return complains(*view);
}
void vscsi_complaint_count(vscsi_complaints *complaints, vscsi_u64 now, vscsi_u32 a_second) noexcept
{
	complaints->paid_until = paid_until(complaints->paid_until, now, a_second);
}
bool vscsi_complaints_exceeded(const vscsi_complaints *complaints, vscsi_u64 now) noexcept
{
	return complaints->paid_until > now;
}

int vscsi_task_step(const vscsi_task_view *view) noexcept
{
	return static_cast<int>(task_step(*view));
}
int vscsi_overdue_step(const vscsi_overdue_view *view) noexcept
{
	return static_cast<int>(overdue_step(*view));
}
int vscsi_parked_step(const vscsi_parked_view *view) noexcept
{
	return static_cast<int>(parked_step(*view));
}
int vscsi_early_abort_step(const vscsi_early_abort_view *view) noexcept
{
	return static_cast<int>(early_abort_step(*view));
}

} // extern "C"
