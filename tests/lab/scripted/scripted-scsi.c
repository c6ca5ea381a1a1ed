// SPDX-License-Identifier: GPL-2.0
/*
 * A SCSI host whose devices answer what a script tells them: any status, sense
 * data, residual or adapter result, or nothing at all for as long as wanted.
 * What no emulated drive does on demand can so be seen by real initiators.
 *
 * LUN 0 is a tape drive, LUN 1 a disk.  debugfs, directory scripted-scsi:
 *   rule  write  "LUN OPCODE COUNT STATUS HOST RESIDUAL SENSE", the next COUNT
 *                commands with that opcode; numbers but COUNT and RESIDUAL are
 *                hexadecimal; SENSE is hex bytes or -
 *         write  "LUN OPCODE COUNT hang"      they are never answered
 *         write  "forget"                     no rules, and an empty log
 *         write  "release"                    hanging commands end with GOOD
 *   log   read   "LUN CDB TIMEOUT BYTES" of each command, "abort LUN OPCODE"
 *   stuck bool   an abort takes until "release", and then fails
 */
#include <linux/debugfs.h>
#include <linux/module.h>
#include <linux/seq_file.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include <linux/wait.h>

#include <asm/unaligned.h>

#include <scsi/scsi_cmnd.h>
#include <scsi/scsi_device.h>
#include <scsi/scsi_host.h>
#include <scsi/scsi_tcq.h>

#define RULES 64
#define LOG_LINES 1024
#define HANGING 64
#define STUCK_LIMIT (300 * HZ)
#define FILL 0xa5

struct rule {
	u32 count;
	u32 residual;
	u8 lun, opcode, status, host;
	bool hang;
	u8 sense_bytes;
	u8 sense[SCSI_SENSE_BUFFERSIZE];
};

struct entry {
	u8 lun;
	bool abort;
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

static bool scripted_stuck;
static u32 scripted_releases;
static DECLARE_WAIT_QUEUE_HEAD(scripted_released);
static struct dentry *scripted_dir;
static struct device *scripted_parent;
static struct Scsi_Host *scripted_host;

static void scripted_note(struct scsi_cmnd *cmd, bool abort)
{
	struct entry *entry = &scripted_log[scripted_logged % LOG_LINES];

	if (scripted_logged == LOG_LINES)
		return;
	scripted_logged++;
	entry->lun = cmd->device->lun;
	entry->abort = abort;
	entry->cdb_bytes = cmd->cmd_len;
	memcpy(entry->cdb, cmd->cmnd, cmd->cmd_len);
	entry->timeout = scsi_cmd_to_rq(cmd)->timeout / HZ;
	entry->bytes = scsi_bufflen(cmd);
}

static void scripted_data(struct scsi_cmnd *cmd, const void *data, u32 bytes)
{
	u32 room = scsi_bufflen(cmd);

	bytes = min(bytes, room);
	scsi_sg_copy_from_buffer(cmd, data, bytes);
	scsi_set_resid(cmd, room - bytes);
}

static void scripted_fill(struct scsi_cmnd *cmd, u32 bytes)
{
	struct scatterlist *sg;
	u32 i;

	scsi_for_each_sg(cmd, sg, scsi_sg_count(cmd), i) {
		u32 part = min(bytes, sg->length);

		memset(sg_virt(sg), FILL, part);
		bytes -= part;
	}
}

/* What a device does of itself: enough for sd and st to take it on. */
static void scripted_default(struct scsi_cmnd *cmd)
{
	static const u8 limits[6] = { 0, 0x7f, 0xff, 0xff, 0, 1 };
	bool tape = !cmd->device->lun;
	u8 data[36] = {};

	switch (cmd->cmnd[0]) {
	case INQUIRY:
		if (cmd->cmnd[1] & 1) {
			scsi_build_sense(cmd, 0, ILLEGAL_REQUEST, 0x24, 0);
			break;
		}
		data[0] = tape ? TYPE_TAPE : TYPE_DISK;
		data[1] = tape ? 0x80 : 0;
		data[2] = 6;
		data[3] = 2;
		data[4] = sizeof(data) - 5;
		memcpy(data + 8, "SCRIPTED", 8);
		memcpy(data + 16, tape ? "tape            1.00" : "disk            1.00", 20);
		scripted_data(cmd, data, sizeof(data));
		break;
	case SERVICE_ACTION_IN_16:
		/* READ CAPACITY(16); sd then takes the short one. */
		scsi_build_sense(cmd, 0, ILLEGAL_REQUEST, 0x20, 0);
		break;
	case READ_BLOCK_LIMITS:
		scripted_data(cmd, limits, sizeof(limits));
		break;
	case READ_CAPACITY:
		put_unaligned_be32(2047, data);
		put_unaligned_be32(512, data + 4);
		scripted_data(cmd, data, 8);
		break;
	case MODE_SENSE:
		data[0] = 11;
		data[2] = tape ? 0x10 : 0;
		data[3] = 8;
		scripted_data(cmd, data, 12);
		break;
	case READ_6:
	case READ_10:
		scripted_fill(cmd, scsi_bufflen(cmd));
		break;
	}
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

static int scripted_queuecommand(struct Scsi_Host *shost, struct scsi_cmnd *cmd)
{
	unsigned long flags;
	struct rule *rule;
	bool hang = false;
	u32 i;

	spin_lock_irqsave(&scripted_lock, flags);
	scripted_note(cmd, false);
	rule = scripted_rule(cmd);
	cmd->result = 0;
	scsi_set_resid(cmd, 0);
	if (!rule) {
		scripted_default(cmd);
	} else {
		rule->count--;
		hang = rule->hang;
		if (!hang) {
			cmd->result = rule->host << 16 | rule->status;
			scsi_set_resid(cmd, min_t(u32, rule->residual, scsi_bufflen(cmd)));
			memcpy(cmd->sense_buffer, rule->sense, rule->sense_bytes);
			if (cmd->sc_data_direction == DMA_FROM_DEVICE)
				scripted_fill(cmd, scsi_bufflen(cmd) - scsi_get_resid(cmd));
		}
	}
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

static int scripted_abort(struct scsi_cmnd *cmd)
{
	u32 releases = READ_ONCE(scripted_releases);
	unsigned long flags;

	spin_lock_irqsave(&scripted_lock, flags);
	scripted_note(cmd, true);
	if (!scripted_stuck)
		scripted_take(cmd);
	spin_unlock_irqrestore(&scripted_lock, flags);
	if (!READ_ONCE(scripted_stuck))
		return SUCCESS;
	wait_event_timeout(scripted_released, READ_ONCE(scripted_releases) != releases, STUCK_LIMIT);
	spin_lock_irqsave(&scripted_lock, flags);
	scripted_take(cmd);
	spin_unlock_irqrestore(&scripted_lock, flags);
	return SUCCESS;
}

static void scripted_release(void)
{
	struct scsi_cmnd *ended[HANGING] = {};
	bool stuck = READ_ONCE(scripted_stuck);
	unsigned long flags;
	u32 i;

	spin_lock_irqsave(&scripted_lock, flags);
	/* Those that are being aborted are the abort's. */
	if (!stuck)
		memcpy(ended, scripted_hanging, sizeof(ended));
	if (!stuck)
		memset(scripted_hanging, 0, sizeof(scripted_hanging));
	WRITE_ONCE(scripted_releases, scripted_releases + 1);
	spin_unlock_irqrestore(&scripted_lock, flags);
	for (i = 0; i < HANGING; i++)
		if (ended[i])
			scsi_done(ended[i]);
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

static int scripted_parse(const char *line)
{
	char sense[2 * SCSI_SENSE_BUFFERSIZE + 1] = "-";
	struct rule rule = {};

	if (sysfs_streq(line, "release")) {
		scripted_release();
		return 0;
	}
	if (sysfs_streq(line, "forget")) {
		unsigned long flags;

		spin_lock_irqsave(&scripted_lock, flags);
		memset(scripted_rules, 0, sizeof(scripted_rules));
		scripted_logged = 0;
		spin_unlock_irqrestore(&scripted_lock, flags);
		return 0;
	}
	if (sscanf(line, "%hhu %hhx %u hang", &rule.lun, &rule.opcode, &rule.count) == 3 &&
	    strstr(line, "hang")) {
		rule.hang = true;
		return scripted_add_rule(&rule);
	}
	if (sscanf(line, "%hhu %hhx %u %hhx %hhx %u %192s", &rule.lun, &rule.opcode, &rule.count,
		   &rule.status, &rule.host, &rule.residual, sense) != 7)
		return -EINVAL;
	if (strcmp(sense, "-")) {
		rule.sense_bytes = strlen(sense) / 2;
		if (hex2bin(rule.sense, sense, rule.sense_bytes))
			return -EINVAL;
	}
	return scripted_add_rule(&rule);
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

		if (entry->abort)
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
	.module			= THIS_MODULE,
	.name			= "scripted-scsi",
	.proc_name		= "scripted_scsi",
	.queuecommand		= scripted_queuecommand,
	.eh_abort_handler	= scripted_abort,
	.can_queue		= HANGING,
	.cmd_per_lun		= 16,
	.sg_tablesize		= 128,
	.max_sectors		= 1024,
	.this_id		= -1,
};

static int __init scripted_init(void)
{
	int err;

	scripted_parent = root_device_register("scripted-scsi");
	if (IS_ERR(scripted_parent))
		return PTR_ERR(scripted_parent);
	scripted_host = scsi_host_alloc(&scripted_template, 0);
	if (!scripted_host) {
		err = -ENOMEM;
		goto unregister;
	}
	scripted_host->can_queue = clamp(scripted_tags, 1u, (uint)HANGING);
	scripted_host->max_id = 1;
	scripted_host->max_lun = 2;
	scripted_host->max_cmd_len = MAX_COMMAND_SIZE;
	err = scsi_add_host(scripted_host, scripted_parent);
	if (err)
		goto put;
	scripted_dir = debugfs_create_dir("scripted-scsi", NULL);
	debugfs_create_file("rule", 0200, scripted_dir, NULL, &scripted_rule_fops);
	debugfs_create_file("log", 0400, scripted_dir, NULL, &scripted_log_fops);
	debugfs_create_bool("stuck", 0600, scripted_dir, &scripted_stuck);
	scsi_add_device(scripted_host, 0, 0, 0);
	scsi_add_device(scripted_host, 0, 0, 1);
	return 0;

put:
	scsi_host_put(scripted_host);
unregister:
	root_device_unregister(scripted_parent);
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
}

module_init(scripted_init);
module_exit(scripted_exit);

MODULE_DESCRIPTION("SCSI devices that answer what a script tells them");
MODULE_LICENSE("GPL");
