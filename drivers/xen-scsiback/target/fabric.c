// SPDX-License-Identifier: GPL-2.0
/* Registration with target core. */
#define pr_fmt(fmt) "xen-pvscsi: " fmt

#include "private.h"

#include <linux/module.h>

#include <scsi/scsi_proto.h>

#include "../command/command.h"
#include "../kernel/compat.h"

static char *vscsi_tpg_wwn(struct se_portal_group *se_tpg)
{
	return to_vscsi_tpg(se_tpg)->port->name;
}

static u16 vscsi_tpg_tag(struct se_portal_group *se_tpg)
{
	return to_vscsi_tpg(se_tpg)->tpgt;
}

static u32 vscsi_tpg_index(struct se_portal_group *se_tpg)
{
	return to_vscsi_tpg(se_tpg)->tpgt;
}

static int vscsi_yes(struct se_portal_group *se_tpg)
{
	return 1;
}

static int vscsi_no(struct se_portal_group *se_tpg)
{
	return 0;
}

static int vscsi_write_protected(struct se_portal_group *se_tpg)
{
	return READ_ONCE(to_vscsi_tpg(se_tpg)->write_protect);
}

static void vscsi_default_node_attributes(struct se_node_acl *nacl)
{
}

/* An explicit ACL must name an initiator as this port's protocol does. */
static int vscsi_init_nodeacl(struct se_node_acl *nacl, const char *name)
{
	struct vscsi_port *port = to_vscsi_tpg(nacl->se_tpg)->port;
	u32 protocol, skip;

	if (port->protocol != SCSI_PROTOCOL_FCP &&
	    (vscsi_parse_port(name, &protocol, &skip) || protocol != port->protocol)) {
		pr_err("ACL '%s': not an initiator port name of the protocol of %s\n", name,
		       port->name);
		return -EINVAL;
	}
	vscsi_session_acl_made(nacl);
	return 0;
}

static int vscsi_cmd_state(struct se_cmd *cmd)
{
	return 0;
}

static int vscsi_lun_linked(struct se_portal_group *se_tpg, struct se_lun *lun)
{
	vscsi_backing_link(&to_vscsi_tpg(se_tpg)->backings, lun);
	return 0;
}

static void vscsi_lun_unlinked(struct se_portal_group *se_tpg, struct se_lun *lun)
{
	vscsi_backing_unlink(&to_vscsi_tpg(se_tpg)->backings, lun);
}

static const struct target_core_fabric_ops vscsi_ops = {
	.module				= THIS_MODULE,
	.fabric_name			= "xen-pvscsi",
	VSCSI_SUBMISSION
	.tpg_get_wwn			= vscsi_tpg_wwn,
	.tpg_get_tag			= vscsi_tpg_tag,
	.tpg_get_inst_index		= vscsi_tpg_index,
	.tpg_check_demo_mode		= vscsi_yes,
	.tpg_check_demo_mode_cache	= vscsi_yes,
	.tpg_check_demo_mode_write_protect = vscsi_write_protected,
	.tpg_check_prod_mode_write_protect = vscsi_no,
	.set_default_node_attributes	= vscsi_default_node_attributes,
	.sess_get_index			= vscsi_session_index,
	.close_session			= vscsi_session_close,
	.get_cmd_state			= vscsi_cmd_state,
	.check_stop_free		= vscsi_check_stop_free,
	.release_cmd			= vscsi_release_cmd,
	.write_pending			= vscsi_write_pending,
	.queue_data_in			= vscsi_queue_data_in,
	.queue_status			= vscsi_queue_status,
	.queue_tm_rsp			= vscsi_queue_tm_rsp,
	.aborted_task			= vscsi_aborted_task,
	.fabric_make_wwn		= vscsi_make_wwn,
	.fabric_drop_wwn		= vscsi_drop_wwn,
	.fabric_make_tpg		= vscsi_make_tpg,
	.fabric_drop_tpg		= vscsi_drop_tpg,
	.fabric_post_link		= vscsi_lun_linked,
	.fabric_pre_unlink		= vscsi_lun_unlinked,
	.fabric_init_nodeacl		= vscsi_init_nodeacl,
	.tfc_wwn_attrs			= vscsi_wwn_attrs,
	.tfc_tpg_base_attrs		= vscsi_tpg_attrs,
	.tfc_tpg_attrib_attrs		= vscsi_tpg_attrib_attrs,
	.tfc_tpg_param_attrs		= vscsi_tpg_param_attrs,
};

int vscsi_target_register(const struct vscsi_target_callbacks *callbacks)
{
	vscsi_target_up = callbacks;
	vscsi_sessions_init();
	return target_register_template(&vscsi_ops);
}

void vscsi_target_unregister(void)
{
	target_unregister_template(&vscsi_ops);
}
