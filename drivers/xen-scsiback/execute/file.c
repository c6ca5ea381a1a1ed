// SPDX-License-Identifier: GPL-2.0
/*
 * Fileio backstores.  Target core carries their commands out, and says of each failure
 * the same.  Whether a write failed for lack of room is asked of the file system once
 * more: a guest shall know that its thin store is full.
 */
#include "private.h"

#include <linux/cred.h>
#include <linux/falloc.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/namei.h>
#include <linux/slab.h>

#include <scsi/scsi_proto.h>
#include <target/target_core_backend.h>

/* There for the backing, and for each command. */
struct vscsi_file {
	struct kref kref;
	struct file *file;
	struct rcu_head rcu;
};

static void vscsi_file_free(struct kref *kref)
{
	struct vscsi_file *file = container_of(kref, struct vscsi_file, kref);

	fput(file->file);
	kfree_rcu(file, rcu);
}

/* Opening a block device to write would have udev look at it when it is closed. */
static struct file *vscsi_file_open_regular(const char *name)
{
	struct file *file = ERR_PTR(-ENODEV);
	struct path path;

	if (kern_path(name, LOOKUP_FOLLOW, &path))
		return file;
	if (d_is_reg(path.dentry))
		file = dentry_open(&path, O_RDWR | O_LARGEFILE, current_cred());
	path_put(&path);
	return file;
}

/* fileio tells its file in words only: "... File: NAME  Size: ...". */
static struct file *vscsi_file_open(struct se_device *dev)
{
	struct file *file = ERR_PTR(-ENODEV);
	char *text, *name, *end;

	text = (char *)get_zeroed_page(GFP_KERNEL);
	if (!text)
		return ERR_PTR(-ENOMEM);
	dev->transport->show_configfs_dev_params(dev, text);
	name = strstr(text, "File: ");
	end = name ? strstr(name, "  Size: ") : NULL;
	if (end) {
		*end = '\0';
		file = vscsi_file_open_regular(name + strlen("File: "));
	}
	free_page((unsigned long)text);
	return file;
}

/* Where it cannot be opened its errors stay target core's. */
static int vscsi_file_link(struct vscsi_backing *backing, struct se_device *dev)
{
	struct vscsi_file *file;

	if (strcmp(dev->transport->name, "fileio"))
		return -ENODEV;
	file = kzalloc(sizeof(*file), GFP_KERNEL);
	if (!file)
		return -ENODEV;
	kref_init(&file->kref);
	file->file = vscsi_file_open(dev);
	if (IS_ERR(file->file)) {
		kfree(file);
		return -ENODEV;
	}
	backing->file = file;
	return 0;
}

static void vscsi_file_unlink(struct vscsi_backing *backing)
{
	kref_put(&backing->file->kref, vscsi_file_free);
}

static bool vscsi_file_find(struct vscsi_io *io, const struct vscsi_backing *backing)
{
	if (!kref_get_unless_zero(&backing->file->kref))
		return false;
	io->execution.file = backing->file;
	return true;
}

static void vscsi_file_over(struct vscsi_io *io)
{
	kref_put(&io->execution.file->kref, vscsi_file_free);
	io->execution.file = NULL;
}

static bool vscsi_file_writes_same(const struct se_cmd *cmd)
{
	return cmd->t_task_cdb[0] == WRITE_SAME || cmd->t_task_cdb[0] == WRITE_SAME_16;
}

/* Not what gives space back, or writes elsewhere. */
static bool vscsi_file_needs_space(const struct se_cmd *cmd)
{
	const u8 unmap = 8;

	if (cmd->data_direction != DMA_TO_DEVICE || !cmd->data_length)
		return false;
	if (vscsi_file_writes_same(cmd))
		return !(cmd->t_task_cdb[1] & unmap);
	return cmd->se_cmd_flags & (SCF_SCSI_DATA_CDB | SCF_COMPARE_AND_WRITE);
}

static u64 vscsi_file_bytes(struct se_cmd *cmd)
{
	if (vscsi_file_writes_same(cmd))
		return (u64)sbc_get_write_same_sectors(cmd) * cmd->se_dev->dev_attrib.block_size;
	return cmd->data_length;
}

/* Room for what was not written, which changes nothing else. */
static int vscsi_file_explain(struct vscsi_io *io)
{
	struct se_cmd *cmd = &io->cmd;
	loff_t from = (loff_t)cmd->t_task_lba * cmd->se_dev->dev_attrib.block_size;
	int err;

	if (!vscsi_file_needs_space(cmd))
		return 0;
	err = vfs_fallocate(io->execution.file->file, FALLOC_FL_KEEP_SIZE, from,
			    vscsi_file_bytes(cmd));
	return err == -ENOSPC || err == -EDQUOT ? -err : 0;
}

const struct vscsi_executor vscsi_file_executor = {
	.link		= vscsi_file_link,
	.unlink		= vscsi_file_unlink,
	.find		= vscsi_file_find,
	.over		= vscsi_file_over,
	.explain	= vscsi_file_explain,
};
