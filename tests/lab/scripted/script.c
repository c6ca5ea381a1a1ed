// SPDX-License-Identifier: GPL-2.0
/*
 * A SCSI host whose devices answer what a script tells them: any status, sense
 * data, residual or adapter result, or nothing at all for as long as wanted.
 * What no emulated drive does on demand can so be seen by real initiators.
 *
 * LUN 0 is a tape drive, LUN 1 a disk (device.c).  debugfs, directory scripted-scsi:
 *   rule  write  "LUN OPCODE COUNT STATUS HOST RESIDUAL SENSE", the next COUNT
 *                commands with that opcode; numbers but COUNT and RESIDUAL are
 *                hexadecimal; SENSE is hex bytes or -
 *         write  "LUN OPCODE COUNT hang"      they are never answered
 *         write  "LUN OPCODE COUNT data HEX"  GOOD, with these bytes
 *         write  "LUN OPCODE COUNT pass"      as without a rule, so that a later one is for a
 *                                             later command
 *         write  "bad BLOCK"                  a READ of this block of the disk's gets the data
 *                                             before it and a medium error, if the disk has data
 *         write  "forget"                     no rules, no bad block, and an empty log
 *         write  "release"                    hanging commands end with GOOD
 *         write  "serial LUN TEXT"            the unit serial number from now on
 *   log   read   "LUN CDB TIMEOUT BYTES" of each command, "abort LUN OPCODE",
 *                "reset LUN"
 *   stuck bool   an abort or reset takes until "release"
 *   resets_fail  bool
 *
 * A reset ends the hanging commands of its LUN.  A command that is more than the adapter takes
 * is a kernel warning.
 */
#include <linux/debugfs.h>
#include <linux/module.h>
#include <linux/seq_file.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include <linux/wait.h>

#include <scsi/scsi_cmnd.h>
#include <scsi/scsi_device.h>
#include <scsi/scsi_host.h>

#include "scripted.h"

#if __has_include(<linux/hex.h>)
#include <linux/hex.h>
#endif

/* An int, or from Linux 7 on an enumeration. */
typedef typeof(((struct scsi_host_template *)NULL)->queuecommand(NULL, NULL)) queued_t;

#define RULES 64
#define LOG_LINES 1024
#define HANGING 64
#define STUCK_LIMIT (300 * HZ)

struct rule {
	u32 count;
	u32 residual;
	u8 lun, opcode, status, host;
	bool hang;
	bool pass;
	bool data;			/* the bytes are data, not sense */
	u8 count_of_bytes;
	u8 bytes[SCSI_SENSE_BUFFERSIZE];
};

enum entry_kind { IS_COMMAND, IS_ABORT, IS_RESET };

struct entry {
	enum entry_kind kind;
	u8 lun;
	u8 cdb_bytes;
	u8 cdb[MAX_COMMAND_SIZE];
	u32 timeout;
	u32 bytes;
};

static DEFINE_SPINLOCK(scripted_lock);		/* all of these */
static struct rule scripted_rules[RULES];
static struct entry scripted_log[LOG_LINES];
static u32 scripted_logged;
static struct scsi_cmnd *scripted_hanging[HANGING];

static uint scripted_tags = HANGING;
module_param_named(tags, scripted_tags, uint, 0444);
MODULE_PARM_DESC(tags, "commands that the host adapter takes at a time");
module_param_named(alua, scripted_alua, bool, 0444);
MODULE_PARM_DESC(alua, "the disk has target port groups");

static uint scripted_max_sectors = 1024;
module_param_named(max_sectors, scripted_max_sectors, uint, 0444);
MODULE_PARM_DESC(max_sectors, "512-byte sectors that a command may have");
static uint scripted_sg_tablesize = 128;
module_param_named(sg_tablesize, scripted_sg_tablesize, uint, 0444);
MODULE_PARM_DESC(sg_tablesize, "pieces of memory that a command may have");
static uint scripted_size_mb;
module_param_named(size_mb, scripted_size_mb, uint, 0444);
MODULE_PARM_DESC(size_mb, "what the disk keeps of what is written; 0: nothing, and it has 1 MiB");
static bool scripted_more;
module_param_named(more, scripted_more, bool, 0444);
MODULE_PARM_DESC(more, "there are a media changer and another tape too");

static bool scripted_stuck;
static bool scripted_resets_fail;
static u32 scripted_releases;
static DECLARE_WAIT_QUEUE_HEAD(scripted_released);
static struct dentry *scripted_dir;
static struct device *scripted_parent;
static struct Scsi_Host *scripted_host;

static void scripted_note(struct scsi_cmnd *cmd, enum entry_kind kind)
{
	struct entry *entry = &scripted_log[scripted_logged % LOG_LINES];

	if (scripted_logged == LOG_LINES)
		return;
	scripted_logged++;
	entry->lun = cmd->device->lun;
	entry->kind = kind;
	entry->cdb_bytes = cmd->cmd_len;
	memcpy(entry->cdb, cmd->cmnd, cmd->cmd_len);
	entry->timeout = scsi_cmd_to_rq(cmd)->timeout / HZ;
	entry->bytes = scsi_bufflen(cmd);
}

static struct rule *scripted_rule(struct scsi_cmnd *cmd)
{
	u32 i;

	for (i = 0; i < RULES; i++) {
		struct rule *rule = &scripted_rules[i];

		if (rule->count && rule->lun == cmd->device->lun && rule->opcode == cmd->cmnd[0])
			return rule;
	}
	return NULL;
}

static void scripted_answer(struct scsi_cmnd *cmd, const struct rule *rule)
{
	if (rule->data) {
		scripted_data(cmd, rule->bytes, rule->count_of_bytes);
		return;
	}
	cmd->result = rule->host << 16 | rule->status;
	scsi_set_resid(cmd, min_t(u32, rule->residual, scsi_bufflen(cmd)));
	memcpy(cmd->sense_buffer, rule->bytes, rule->count_of_bytes);
	if (cmd->sc_data_direction == DMA_FROM_DEVICE)
		scripted_fill(cmd, scsi_bufflen(cmd) - scsi_get_resid(cmd));
}

static void scripted_check_limits(const struct Scsi_Host *shost, struct scsi_cmnd *cmd)
{
	u32 most = queue_max_segment_size(cmd->device->request_queue), bytes = scsi_bufflen(cmd), i;
	struct scatterlist *sg;

	WARN_ONCE(bytes > shost->max_sectors * SECTOR_SIZE, "opcode %02x with %u bytes",
		  cmd->cmnd[0], bytes);
	WARN_ONCE(scsi_sg_count(cmd) > shost->sg_tablesize, "opcode %02x with %u pieces",
		  cmd->cmnd[0], scsi_sg_count(cmd));
	scsi_for_each_sg(cmd, sg, scsi_sg_count(cmd), i)
		WARN_ONCE(sg->length > most, "opcode %02x with a piece of %u bytes",
			  cmd->cmnd[0], sg->length);
}

static queued_t scripted_queuecommand(struct Scsi_Host *shost, struct scsi_cmnd *cmd)
{
	unsigned long flags;
	struct rule *rule;
	bool hang = false;
	u32 i;

	scripted_check_limits(shost, cmd);
	spin_lock_irqsave(&scripted_lock, flags);
	scripted_note(cmd, IS_COMMAND);
	rule = scripted_rule(cmd);
	cmd->result = 0;
	scsi_set_resid(cmd, 0);
	if (rule) {
		rule->count--;
		hang = rule->hang;
	}
	if (!rule || rule->pass)
		scripted_execute(cmd);
	else if (!hang)
		scripted_answer(cmd, rule);
	for (i = 0; hang && i < HANGING; i++) {
		if (!scripted_hanging[i]) {
			scripted_hanging[i] = cmd;
			break;
		}
	}
	spin_unlock_irqrestore(&scripted_lock, flags);
	if (!hang)
		scsi_done(cmd);
	return 0;
}

static bool scripted_take(struct scsi_cmnd *cmd)
{
	bool found = false;
	u32 i;

	for (i = 0; i < HANGING; i++) {
		if (scripted_hanging[i] == cmd) {
			scripted_hanging[i] = NULL;
			found = true;
		}
	}
	return found;
}

/* The device does nothing any more until it is released. */
static void scripted_wait(u32 releases)
{
	wait_event_timeout(scripted_released, READ_ONCE(scripted_releases) != releases, STUCK_LIMIT);
}

static int scripted_abort(struct scsi_cmnd *cmd)
{
	u32 releases = READ_ONCE(scripted_releases);
	unsigned long flags;

	spin_lock_irqsave(&scripted_lock, flags);
	scripted_note(cmd, IS_ABORT);
	if (!scripted_stuck)
		scripted_take(cmd);
	spin_unlock_irqrestore(&scripted_lock, flags);
	if (!READ_ONCE(scripted_stuck))
		return SUCCESS;
	scripted_wait(releases);
	spin_lock_irqsave(&scripted_lock, flags);
	scripted_take(cmd);
	spin_unlock_irqrestore(&scripted_lock, flags);
	return SUCCESS;
}

/* Of the one device, or of all. */
static void scripted_take_all(struct scsi_cmnd **ended, const struct scsi_device *sdev)
{
	u32 i;

	lockdep_assert_held(&scripted_lock);
	for (i = 0; i < HANGING; i++) {
		struct scsi_cmnd *cmd = scripted_hanging[i];

		if (!cmd || (sdev && cmd->device != sdev))
			continue;
		ended[i] = cmd;
		scripted_hanging[i] = NULL;
	}
}

static void scripted_end_all(struct scsi_cmnd **ended, u32 host)
{
	u32 i;

	for (i = 0; i < HANGING; i++) {
		if (!ended[i])
			continue;
		ended[i]->result = host << 16;
		/* Nothing comes of it if the mid-layer has given up the command. */
		scsi_done(ended[i]);
	}
}

static int scripted_reset(struct scsi_cmnd *cmd)
{
	struct scsi_cmnd *ended[HANGING] = {};
	u32 releases = READ_ONCE(scripted_releases);
	unsigned long flags;

	spin_lock_irqsave(&scripted_lock, flags);
	scripted_note(cmd, IS_RESET);
	spin_unlock_irqrestore(&scripted_lock, flags);
	if (READ_ONCE(scripted_stuck))
		scripted_wait(releases);
	if (READ_ONCE(scripted_resets_fail))
		return FAILED;
	spin_lock_irqsave(&scripted_lock, flags);
	scripted_take_all(ended, cmd->device);
	spin_unlock_irqrestore(&scripted_lock, flags);
	scripted_end_all(ended, DID_RESET);
	return SUCCESS;
}

static void scripted_release(void)
{
	struct scsi_cmnd *ended[HANGING] = {};
	unsigned long flags;

	spin_lock_irqsave(&scripted_lock, flags);
	/* Those that are being aborted are the abort's. */
	if (!scripted_stuck)
		scripted_take_all(ended, NULL);
	WRITE_ONCE(scripted_releases, scripted_releases + 1);
	spin_unlock_irqrestore(&scripted_lock, flags);
	scripted_end_all(ended, DID_OK);
	wake_up_all(&scripted_released);
}

static int scripted_add_rule(const struct rule *rule)
{
	unsigned long flags;
	int err = -ENOSPC;
	u32 i;

	spin_lock_irqsave(&scripted_lock, flags);
	for (i = 0; i < RULES && err; i++) {
		if (!scripted_rules[i].count) {
			scripted_rules[i] = *rule;
			err = 0;
		}
	}
	spin_unlock_irqrestore(&scripted_lock, flags);
	return err;
}

static void scripted_forget(void)
{
	unsigned long flags;

	spin_lock_irqsave(&scripted_lock, flags);
	memset(scripted_rules, 0, sizeof(scripted_rules));
	scripted_logged = 0;
	scripted_forget_bad();
	spin_unlock_irqrestore(&scripted_lock, flags);
}

static int scripted_rename(u32 lun, const char *serial)
{
	unsigned long flags;
	int err;

	spin_lock_irqsave(&scripted_lock, flags);
	err = scripted_set_serial(lun, serial);
	spin_unlock_irqrestore(&scripted_lock, flags);
	return err;
}

static void scripted_spoil(u64 block)
{
	unsigned long flags;

	spin_lock_irqsave(&scripted_lock, flags);
	scripted_set_bad(block);
	spin_unlock_irqrestore(&scripted_lock, flags);
}

static int scripted_bytes(struct rule *rule, const char *hex)
{
	if (!strcmp(hex, "-"))
		return 0;
	rule->count_of_bytes = strlen(hex) / 2;
	return hex2bin(rule->bytes, hex, rule->count_of_bytes);
}

static int scripted_parse_rule(const char *line)
{
	char hex[2 * SCSI_SENSE_BUFFERSIZE + 1] = "-", word[5];
	struct rule rule = {};

	if (sscanf(line, "%hhu %hhx %u data %192s", &rule.lun, &rule.opcode, &rule.count, hex) == 4) {
		rule.data = true;
	} else if (sscanf(line, "%hhu %hhx %u %4s", &rule.lun, &rule.opcode, &rule.count, word) == 4 &&
		   (!strcmp(word, "hang") || !strcmp(word, "pass"))) {
		rule.hang = word[0] == 'h';
		rule.pass = !rule.hang;
	} else if (sscanf(line, "%hhu %hhx %u %hhx %hhx %u %192s", &rule.lun, &rule.opcode,
			  &rule.count, &rule.status, &rule.host, &rule.residual, hex) != 7) {
		return -EINVAL;
	}
	if (scripted_bytes(&rule, hex))
		return -EINVAL;
	return scripted_add_rule(&rule);
}

static int scripted_parse(const char *line)
{
	char serial[32];
	u64 block;
	u32 lun;

	if (sysfs_streq(line, "release")) {
		scripted_release();
		return 0;
	}
	if (sysfs_streq(line, "forget")) {
		scripted_forget();
		return 0;
	}
	if (sscanf(line, "serial %u %31s", &lun, serial) == 2)
		return scripted_rename(lun, serial);
	if (sscanf(line, "bad %llu", &block) == 1) {
		scripted_spoil(block);
		return 0;
	}
	return scripted_parse_rule(line);
}

static ssize_t scripted_write(struct file *file, const char __user *from, size_t count, loff_t *pos)
{
	char *line = memdup_user_nul(from, min_t(size_t, count, 512));
	int err;

	if (IS_ERR(line))
		return PTR_ERR(line);
	err = scripted_parse(line);
	kfree(line);
	return err ? err : count;
}

static const struct file_operations scripted_rule_fops = {
	.owner	= THIS_MODULE,
	.open	= simple_open,
	.write	= scripted_write,
};

static int scripted_log_show(struct seq_file *file, void *data)
{
	unsigned long flags;
	u32 i;

	spin_lock_irqsave(&scripted_lock, flags);
	for (i = 0; i < scripted_logged; i++) {
		const struct entry *entry = &scripted_log[i];

		if (entry->kind == IS_RESET)
			seq_printf(file, "reset %u\n", entry->lun);
		else if (entry->kind == IS_ABORT)
			seq_printf(file, "abort %u %02x\n", entry->lun, entry->cdb[0]);
		else
			seq_printf(file, "%u %*phN %u %u\n", entry->lun, entry->cdb_bytes,
				   entry->cdb, entry->timeout, entry->bytes);
	}
	spin_unlock_irqrestore(&scripted_lock, flags);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(scripted_log);

static struct scsi_host_template scripted_template = {
	.module				= THIS_MODULE,
	.name				= "scripted-scsi",
	.proc_name			= "scripted_scsi",
	.queuecommand			= scripted_queuecommand,
	.eh_abort_handler		= scripted_abort,
	.eh_device_reset_handler	= scripted_reset,
	.can_queue			= HANGING,
	.cmd_per_lun			= 16,
	.this_id				= -1,
};

static int __init scripted_init(void)
{
	int err;
	u32 lun;

	err = scripted_make_store(scripted_size_mb);
	if (err)
		return err;
	scripted_parent = root_device_register("scripted-scsi");
	if (IS_ERR(scripted_parent)) {
		err = PTR_ERR(scripted_parent);
		goto free;
	}
	scripted_host = scsi_host_alloc(&scripted_template, 0);
	if (!scripted_host) {
		err = -ENOMEM;
		goto unregister;
	}
	scripted_host->can_queue = clamp(scripted_tags, 1u, (uint)HANGING);
	scripted_host->max_sectors = scripted_max_sectors;
	scripted_host->sg_tablesize = clamp(scripted_sg_tablesize, 1u, (uint)SG_MAX_SEGMENTS);
	scripted_host->max_id = 1;
	if (scripted_more)
		scripted_luns = SCRIPTED_LUNS;
	scripted_host->max_lun = scripted_luns;
	scripted_host->max_cmd_len = MAX_COMMAND_SIZE;
	err = scsi_add_host(scripted_host, scripted_parent);
	if (err)
		goto put;
	scripted_dir = debugfs_create_dir("scripted-scsi", NULL);
	debugfs_create_file("rule", 0200, scripted_dir, NULL, &scripted_rule_fops);
	debugfs_create_file("log", 0400, scripted_dir, NULL, &scripted_log_fops);
	debugfs_create_bool("stuck", 0600, scripted_dir, &scripted_stuck);
	debugfs_create_bool("resets_fail", 0600, scripted_dir, &scripted_resets_fail);
	for (lun = 0; lun < scripted_luns; lun++)
		scsi_add_device(scripted_host, 0, 0, lun);
	return 0;

put:
	scsi_host_put(scripted_host);
unregister:
	root_device_unregister(scripted_parent);
free:
	scripted_free_store();
	return err;
}

static void __exit scripted_exit(void)
{
	WRITE_ONCE(scripted_stuck, false);
	scripted_release();
	debugfs_remove_recursive(scripted_dir);
	scsi_remove_host(scripted_host);
	scsi_host_put(scripted_host);
	root_device_unregister(scripted_parent);
	scripted_free_store();
}

module_init(scripted_init);
module_exit(scripted_exit);

MODULE_DESCRIPTION("SCSI devices that answer what a script tells them");
MODULE_LICENSE("GPL");
