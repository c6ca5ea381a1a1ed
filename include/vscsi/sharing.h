/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/* Several guests on one passed-through device, part of the border of engine.h. */
#ifndef VSCSI_SHARING_H
#define VSCSI_SHARING_H

#include <vscsi/engine.h>

#ifdef __cplusplus
extern "C" {
#endif

/*
 * Several guests on a device that is passed through: the device sees one I_T nexus,
 * the host's, whoever of the guests sends.  Reservation commands go to the device as
 * they are; the gate keeps other sessions out of what one of them reserved, and lets
 * one session at a time register or reserve.  Of those that prevent medium removal the
 * device hears ALLOW from the last one only.  A device may carry commands out in another
 * order than they end, so what the order of counts goes to it one at a time.  The caller
 * serialises; zeroed is open.
 */
#define VSCSI_GATE_PREVENTERS 16
#define VSCSI_GATE_LOST 4
/* How many refusals of others a place in the queue is worth. */
#define VSCSI_GATE_PATIENCE 64
/* Nobody's nexus: who registered or reserved before there was a gate. */
#define VSCSI_GATE_UNKNOWN 2u
/* What the host owes the device for a nexus that is over, bits. */
#define VSCSI_GATE_RELEASE 1 /* RELEASE */
#define VSCSI_GATE_ALLOW 2   /* ALLOW: somebody prevented medium removal, and nobody does now */
#define VSCSI_GATE_CLEAR_KEYS 4     /* the nexus' key of encryption; see vscsi_keys */
#define VSCSI_GATE_CLEAR_ALL_KEYS 8 /* the one that it gave all nexuses */

struct vscsi_gate_preventer {
	vscsi_u32 nexus;     /* that prevents medium removal, or is about to; 0: a free place */
	vscsi_u32 in_flight; /* its preventions */
	vscsi_u32 prevents;  /* one of them ended well */
};

/* Who was told BUSY, and is let in before others. */
struct vscsi_gate_turn {
	vscsi_u32 nexus;    /* 0: nobody */
	vscsi_u32 refusals; /* of others, since it came last */
};

/* Commands of which the device has one at a time, whoever sends them. */
struct vscsi_gate_single {
	vscsi_u32 nexus; /* whose command is in flight; 0: none is */
	vscsi_u32 gone;  /* its session has ended since */
	struct vscsi_gate_turn turn;
};

struct vscsi_gate {
	vscsi_u32 holder;    /* nexus that has reserved or registered, 0 if none */
	vscsi_u8 reserved;   /* by RESERVE (SPC-2) */
	vscsi_u8 registered; /* by PERSISTENT RESERVE OUT */
	vscsi_u8 type;       /* of the persistent reservation, 0 if none */
	vscsi_u8 absent;     /* the holder's session has ended */
	struct vscsi_gate_single reserving; /* RESERVE, RELEASE, PERSISTENT RESERVE OUT */
	struct vscsi_gate_single keying;    /* SECURITY PROTOCOL OUT that sets keys of encryption */
	struct vscsi_gate_turn preventing;
	struct vscsi_gate_preventer preventers[VSCSI_GATE_PREVENTERS];
	vscsi_u32 allowing;  /* ALLOWs in flight */
	vscsi_u32 prevented; /* the device has been told to prevent, and not to allow */
	vscsi_u32 lost[VSCSI_GATE_LOST]; /* nexuses whose end took something, the newest first */
	vscsi_u32 owed; /* the device has not been told yet, and nobody gets what that would undo */
	vscsi_u32 resets; /* that are known of; wraps */
};
#define VSCSI_GATE_PASS 0
#define VSCSI_GATE_CONFLICT 1 /* RESERVATION CONFLICT */
#define VSCSI_GATE_BUSY 2     /* BUSY: what is in flight decides, or it is another's turn */
#define VSCSI_GATE_IGNORE 3   /* GOOD, without the device: it would end what is another's */
/* session: a number for the I_T nexus, the same when the initiator comes back; odd. */
int vscsi_gate_enter(struct vscsi_gate *gate, vscsi_u32 session, const vscsi_u8 *cdb) VSCSI_NOEXCEPT;
/* After each command that passed: data is what PERSISTENT RESERVE OUT sent. */
struct vscsi_gate_outcome {
	const vscsi_u8 *data;
	vscsi_u32 data_bytes;
	vscsi_u16 attention; /* a unit attention that came with it, ASC << 8 | ASCQ; 0: none */
	vscsi_u32 effect;    /* VSCSI_EFFECT_* */
	vscsi_u32 resets;    /* the gate's when it passed */
	bool unheard;        /* its guest was told before that it failed */
};
void vscsi_gate_leave(struct vscsi_gate *gate, vscsi_u32 session, const vscsi_u8 *cdb,
		      const struct vscsi_gate_outcome *outcome) VSCSI_NOEXCEPT;
/* A unit attention that came with a command of the host's own. */
void vscsi_gate_hear(struct vscsi_gate *gate, vscsi_u16 attention) VSCSI_NOEXCEPT;
/* Both: what is owed since, bits; to be done, and then paid. */
int vscsi_gate_session_ended(struct vscsi_gate *gate, vscsi_u32 session) VSCSI_NOEXCEPT;
int vscsi_gate_reset(struct vscsi_gate *gate) VSCSI_NOEXCEPT;
void vscsi_gate_owe(struct vscsi_gate *gate, int bits) VSCSI_NOEXCEPT;
/* What of it can be done now: not what a command that is in flight may yet take up. */
int vscsi_gate_due(const struct vscsi_gate *gate) VSCSI_NOEXCEPT;
void vscsi_gate_paid(struct vscsi_gate *gate, int bits) VSCSI_NOEXCEPT;
/* True once for a nexus whose end took RESERVE or a prevention: I_T NEXUS LOSS OCCURRED. */
bool vscsi_gate_comes_back(struct vscsi_gate *gate, vscsi_u32 nexus) VSCSI_NOEXCEPT;
/*
 * What the device has of the host's from before there was a gate: a registration, and a
 * persistent reservation (its type, 0: none).  Nothing new if a guest may have made it.
 */
void vscsi_gate_inherit(struct vscsi_gate *gate, vscsi_u8 type, bool registered) VSCSI_NOEXCEPT;
bool vscsi_gate_is_inherited(const struct vscsi_gate *gate) VSCSI_NOEXCEPT;

/*
 * Unit attentions that a device has told to one of its sharers, in order, for all of
 * them; each counts what it has been told.  The caller serialises; zeroed there are none.
 */
#define VSCSI_ATTENTIONS_KEPT 8
struct vscsi_attentions {
	vscsi_u32 count; /* so far; wraps */
	vscsi_u16 code[VSCSI_ATTENTIONS_KEPT]; /* ASC << 8 | ASCQ */
};
/* A code of 0, which is none, counts as POWER ON (29h, 00h). */
void vscsi_attention_add(struct vscsi_attentions *attentions, vscsi_u16 code) VSCSI_NOEXCEPT;
/*
 * The next that a sharer has not been told, and counts it as told; 0: none.  Who is too
 * far behind hears POWER ON first, which stands for what is lost (SAM-5 5.14).
 */
vscsi_u16 vscsi_attention_next(const struct vscsi_attentions *attentions, vscsi_u32 *told) VSCSI_NOEXCEPT;
bool vscsi_attention_due(const struct vscsi_attentions *attentions, vscsi_u32 told) VSCSI_NOEXCEPT;
/*
 * True if the CDB is REQUEST SENSE, and what came, bytes of data, is a current unit
 * attention: its code.  Data may be null if bytes is 0.
 */
bool vscsi_sense_data_attention(const vscsi_u8 *cdb, const vscsi_u8 *data, vscsi_u32 bytes,
				vscsi_u16 *code) VSCSI_NOEXCEPT;

/*
 * Keys of tape data encryption (SSC-3 4.2.21): the device keeps what a guest gave it as
 * the host's, and writes everybody's data with it until somebody changes that.  Here is
 * whose it is.  The caller serialises; zeroed there is none.
 */
#define VSCSI_KEY_OWNERS 4
/* Nexuses of which one has set a key last, several if it is not known which; 0: a free place. */
struct vscsi_key_owners {
	vscsi_u32 nexus[VSCSI_KEY_OWNERS];
};
struct vscsi_keys {
	struct vscsi_key_owners own; /* of the host's nexus' key */
	struct vscsi_key_owners all; /* of the one for all nexuses */
	vscsi_u32 algorithm; /* index that was set last */
};
/* A command that passed the gate has ended: what it has replaced, bits, is not owed any more. */
int vscsi_keys_note(struct vscsi_keys *keys, vscsi_u32 nexus, const vscsi_u8 *cdb,
		    const struct vscsi_gate_outcome *outcome) VSCSI_NOEXCEPT;
/*
 * A nexus is over: which of the device's keys may be its own, VSCSI_GATE_CLEAR_* bits, if
 * they are to be cleared.  It is forgotten.
 */
int vscsi_keys_ended(struct vscsi_keys *keys, vscsi_u32 nexus, bool clear) VSCSI_NOEXCEPT;
/*
 * SECURITY PROTOCOL OUT that clears one, a VSCSI_GATE_CLEAR_* bit: 12 bytes of CDB and
 * VSCSI_CLEAR_KEYS_BYTES of data.
 */
#define VSCSI_CLEAR_KEYS_BYTES 20u
void vscsi_keys_clear(const struct vscsi_keys *keys, int which, vscsi_u8 *cdb,
		      vscsi_u8 *data) VSCSI_NOEXCEPT;

#ifdef __cplusplus
}
#endif

#endif
