// SPDX-License-Identifier: GPL-2.0
/*
 * A guest that was to be suspended, for a checkpoint or a save that failed, goes on
 * as it was, but its frontend waits to see the backend become Connected.  It is
 * Connected all the time; so it says so once more.
 *
 * The guest's kernel clears control/shutdown before it suspends, in the thread that
 * reads all of its watches: what is written from then on it sees when it goes on.
 */
#include "private.h"

#include <linux/slab.h>

void vscsi_suspend_look(struct vscsi_vhost *vhost)
{
	unsigned int length;
	char *text;

	if (!READ_ONCE(vhost->shutdown_seen))
		return;
	WRITE_ONCE(vhost->shutdown_seen, false);
	if (!vhost->ring_live || vhost->dev->state != XenbusStateConnected)
		return;
	/* A driver domain may not read it, and cannot help. */
	text = xenbus_read(XBT_NIL, vhost->shutdown.node, "", &length);
	if (IS_ERR(text))
		return;
	if (!length)
		vscsi_vhost_replace_state(vhost, XenbusStateConnected, XenbusStateConnected);
	kfree(text);
}
