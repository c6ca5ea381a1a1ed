// SPDX-License-Identifier: GPL-2.0
/*
 * A PV SCSI frontend that leaves all decisions to a program.  It connects to
 * the backend as xen-scsifront does; ring page, granted pages and event channel
 * are then for whoever opens the device.  One controller at a time.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/delay.h>
#include <linux/fs.h>
#include <linux/miscdevice.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include <xen/events.h>
#include <xen/grant_table.h>
#include <xen/page.h>
#include <xen/xen.h>
#include <xen/xenbus.h>

#include "vscsi-hostile.h"

#define RING 0
#define PAGES (1 + HOSTILE_PAGES)
#define CLOSE_PATIENCE_MS 20000

static DEFINE_MUTEX(hostile_lock);	/* all of these */
static struct xenbus_device *hostile_dev;
static evtchn_port_t hostile_evtchn;
static struct page *hostile_page[PAGES];
static u32 hostile_grant[PAGES];	/* 0: not granted */

static int hostile_grant_page(unsigned int page, bool read_only)
{
	int ref;

	ref = gnttab_grant_foreign_access(hostile_dev->otherend_id,
					  xen_page_to_gfn(hostile_page[page]), read_only);
	if (ref < 0)
		return ref;
	hostile_grant[page] = ref;
	return 0;
}

static int hostile_regrant(unsigned int page, unsigned int command)
{
	if (hostile_grant[page] && !gnttab_try_end_foreign_access(hostile_grant[page]))
		return -EBUSY;
	hostile_grant[page] = 0;
	if (command == HOSTILE_GRANT_END)
		return 0;
	return hostile_grant_page(page, command == HOSTILE_GRANT_READ_ONLY);
}

static void hostile_free_pages(void)
{
	unsigned int i;

	for (i = 0; i < PAGES; i++) {
		if (!hostile_page[i])
			continue;
		/* What the backend still uses is freed when it lets go. */
		if (hostile_grant[i])
			gnttab_end_foreign_access(hostile_grant[i], hostile_page[i]);
		else
			put_page(hostile_page[i]);
		hostile_page[i] = NULL;
		hostile_grant[i] = 0;
	}
}

static int hostile_alloc_pages(void)
{
	unsigned int i;
	int err;

	for (i = 0; i < PAGES; i++) {
		hostile_page[i] = alloc_page(GFP_KERNEL | __GFP_ZERO);
		if (!hostile_page[i])
			return -ENOMEM;
		err = hostile_grant_page(i, false);
		if (err)
			return err;
	}
	return 0;
}

static int hostile_publish(struct xenbus_device *dev)
{
	struct xenbus_transaction xbt;
	int err;

	do {
		err = xenbus_transaction_start(&xbt);
		if (err)
			return err;
		err = xenbus_printf(xbt, dev->nodename, "ring-ref", "%u", hostile_grant[RING]);
		if (!err)
			err = xenbus_printf(xbt, dev->nodename, "event-channel", "%u",
					    hostile_evtchn);
		if (err) {
			xenbus_transaction_end(xbt, 1);
			return err;
		}
		err = xenbus_transaction_end(xbt, 0);
	} while (err == -EAGAIN);
	return err;
}

static int hostile_probe(struct xenbus_device *dev, const struct xenbus_device_id *id)
{
	int err = -EBUSY;

	mutex_lock(&hostile_lock);
	if (hostile_dev)
		goto unlock;
	hostile_dev = dev;
	err = hostile_alloc_pages();
	if (err)
		goto free;
	err = xenbus_alloc_evtchn(dev, &hostile_evtchn);
	if (err)
		goto free;
	/* After an earlier connection; the backend then begins anew too. */
	err = xenbus_switch_state(dev, XenbusStateInitialising);
	if (!err)
		goto unlock;
	xenbus_free_evtchn(dev, hostile_evtchn);
free:
	hostile_free_pages();
	hostile_dev = NULL;
unlock:
	mutex_unlock(&hostile_lock);
	return err;
}

/* Says of each new device that it is there. */
static void hostile_accept_devices(struct xenbus_device *dev)
{
	unsigned int count, i;
	char **names, path[64];

	names = xenbus_directory(XBT_NIL, dev->otherend, "vscsi-devs", &count);
	if (IS_ERR(names))
		return;
	for (i = 0; i < count; i++) {
		snprintf(path, sizeof(path), "vscsi-devs/%s/state", names[i]);
		if (xenbus_read_unsigned(dev->otherend, path, 0) == XenbusStateInitialised)
			xenbus_printf(XBT_NIL, dev->nodename, path, "%d", XenbusStateConnected);
	}
	kfree(names);
}

static void hostile_backend_changed(struct xenbus_device *dev, enum xenbus_state backend)
{
	int err;

	switch (backend) {
	case XenbusStateInitWait:
		if (dev->state != XenbusStateInitialising)
			break;
		err = hostile_publish(dev);
		if (err)
			xenbus_dev_fatal(dev, err, "writing ring-ref and event-channel");
		else
			xenbus_switch_state(dev, XenbusStateInitialised);
		break;
	case XenbusStateConnected:
	case XenbusStateReconfigured:
		if (dev->state == XenbusStateInitialising)
			break;
		hostile_accept_devices(dev);
		xenbus_switch_state(dev, XenbusStateConnected);
		break;
	case XenbusStateReconfiguring:
		xenbus_switch_state(dev, XenbusStateReconfiguring);
		break;
	case XenbusStateClosed:
		/* That was the connection before this one. */
		if (dev->state == XenbusStateInitialising || dev->state == XenbusStateClosed)
			break;
		fallthrough;
	case XenbusStateClosing:
		xenbus_frontend_closed(dev);
		break;
	default:
		break;
	}
}

/* The bus no longer tells of the backend's changes. */
static void hostile_await(struct xenbus_device *dev, enum xenbus_state wanted)
{
	unsigned int waited;

	for (waited = 0; waited < CLOSE_PATIENCE_MS; waited += 20) {
		enum xenbus_state backend = xenbus_read_unsigned(dev->otherend, "state", XenbusStateUnknown);

		if (backend == XenbusStateUnknown || backend == XenbusStateClosed ||
		    backend == wanted)
			return;
		msleep(20);
	}
	pr_warn("%s: the backend did not close\n", dev->nodename);
}

static void hostile_remove(struct xenbus_device *dev)
{
	if (dev->state != XenbusStateClosed) {
		xenbus_switch_state(dev, XenbusStateClosing);
		hostile_await(dev, XenbusStateClosing);
		xenbus_switch_state(dev, XenbusStateClosed);
	}
	/* The next frontend would take a Closing from now for its own. */
	hostile_await(dev, XenbusStateClosed);

	mutex_lock(&hostile_lock);
	xenbus_free_evtchn(dev, hostile_evtchn);
	hostile_free_pages();
	hostile_dev = NULL;
	mutex_unlock(&hostile_lock);
}

static ssize_t hostile_read(struct file *file, char __user *to, size_t bytes, loff_t *at)
{
	ssize_t done = -ENODEV;

	mutex_lock(&hostile_lock);
	if (hostile_dev)
		done = simple_read_from_buffer(to, bytes, at, hostile_grant + 1,
					       HOSTILE_PAGES * sizeof(*hostile_grant));
	mutex_unlock(&hostile_lock);
	return done;
}

static int hostile_mmap(struct file *file, struct vm_area_struct *vma)
{
	int err = -ENODEV;

	mutex_lock(&hostile_lock);
	if (hostile_dev)
		err = vm_map_pages(vma, hostile_page, PAGES);
	mutex_unlock(&hostile_lock);
	return err;
}

static void hostile_notify(unsigned long times)
{
	while (times-- && !signal_pending(current)) {
		notify_remote_via_evtchn(hostile_evtchn);
		cond_resched();
	}
}

static long hostile_ioctl(struct file *file, unsigned int command, unsigned long value)
{
	long err = -ENODEV;

	mutex_lock(&hostile_lock);
	if (!hostile_dev)
		goto unlock;
	err = 0;
	switch (command) {
	case HOSTILE_NOTIFY:
		hostile_notify(value);
		break;
	case HOSTILE_GRANT:
	case HOSTILE_GRANT_READ_ONLY:
	case HOSTILE_GRANT_END:
		err = value < HOSTILE_PAGES ? hostile_regrant(1 + value, command) : -EINVAL;
		break;
	default:
		err = -ENOTTY;
	}
unlock:
	mutex_unlock(&hostile_lock);
	return err;
}

static const struct file_operations hostile_fops = {
	.owner		= THIS_MODULE,
	.read		= hostile_read,
	.mmap		= hostile_mmap,
	.unlocked_ioctl	= hostile_ioctl,
	.llseek		= default_llseek,
};

static struct miscdevice hostile_misc = {
	.minor	= MISC_DYNAMIC_MINOR,
	.name	= HOSTILE_DEVICE,
	.fops	= &hostile_fops,
	.mode	= 0600,
};

static const struct xenbus_device_id hostile_ids[] = {
	{ "vscsi" },
	{ "" }
};

static struct xenbus_driver hostile_driver = {
	.name			= KBUILD_MODNAME,
	.ids			= hostile_ids,
	.probe			= hostile_probe,
	.remove			= hostile_remove,
	.otherend_changed	= hostile_backend_changed,
};

static int __init hostile_init(void)
{
	int err;

	if (!xen_domain())
		return -ENODEV;
	err = misc_register(&hostile_misc);
	if (err)
		return err;
	err = xenbus_register_frontend(&hostile_driver);
	if (err)
		misc_deregister(&hostile_misc);
	return err;
}
module_init(hostile_init);

static void __exit hostile_exit(void)
{
	xenbus_unregister_driver(&hostile_driver);
	misc_deregister(&hostile_misc);
}
module_exit(hostile_exit);

MODULE_DESCRIPTION("PV SCSI frontend for tests: lets a program send anything");
MODULE_LICENSE("GPL");
