# SPDX-License-Identifier: GPL-2.0
"""targetcli's nodes of the fabric: targets, portal groups, LUNs."""
import contextlib
import functools
import os

from targetcli import ui_target
from targetcli.ui_target import UILUN, UILUNs, UIMultiTPGTarget, UITPG

from . import backstores, identity, live, mapping, reservations
from .config import WRITE_PROTECT, Lun
from .shared import AUTO
from .guests import read, sessions

VPORT_STATE = "vport_state"
ExecutionError = ui_target.ExecutionError
RTSLibError = ui_target.RTSLibError
RTSLibBrokenLink = ui_target.RTSLibBrokenLink


def only(found, text):
    """Completions; the only one is finished with a blank."""
    fitting = sorted({item for item in found if item.startswith(text)})
    return [fitting[0] + " "] if len(fitting) == 1 else fitting


def domain_names(tpgs=()):
    """Those that run, those that are configured, and those that something is bound to."""
    names = {domain.name for domain in live.snapshot().domains}
    for tpg in tpgs:
        names.add(parameter(tpg, "domain"))
    return sorted(name for name in names if name and not set(name) & set(" \t'\"|{}"))


def parameter(tpg, name):
    return tpg.get_parameter(name) if name in tpg.list_parameters() else ""


def renewed(node, made):
    """targetcli made a node of its own below this one: ours takes its place."""
    node.refresh()
    return node.get_node(made.path) if made is not None else None


def write_protected(tpg):
    return WRITE_PROTECT in tpg.list_attributes() and tpg.get_attribute(WRITE_PROTECT) == "1"


def size(count):
    """Bytes, as one reads them."""
    amount = float(count)
    for unit in ("B", "KiB", "MiB", "GiB"):
        if amount < 1024:
            return f"{amount:.0f} {unit}"
        amount /= 1024
    return f"{amount:.1f} TiB"


def counters(session, vdev, lun):
    """What went between a guest and its LUN, by the module; or by target core, from all guests."""
    place = f"{backstores.SYSFS}/bus/xen-backend/devices/vscsi-{session['domid']}-{session['vhost']}" \
            f"/statistics/lun-{vdev}"

    def number(name):
        text = read(f"{place}/{name}")
        return int(text) if text.isdigit() else 0

    if not os.path.isdir(place):
        folder = f"{lun.path}/statistics/scsi_tgt_port"
        return "  ".join(f"{text}: {read(f'{folder}/{name}') or '0'}" for text, name in (
            ("commands", "in_cmds"), ("read-MB", "read_mbytes"), ("written-MB", "write_mbytes")))
    failed = sum(number(name) for name in os.listdir(place) if name.startswith("errors_"))
    return f"commands: {number('requests')}  read: {size(number('bytes_read'))}  " \
           f"written: {size(number('bytes_written'))}  in-flight: {number('in_flight')}  " \
           f"failed: {failed}  aborts: {number('aborts')}  resets: {number('resets')}"


def worst(devices):
    """A summary of devices: text and health, as targetcli colours it."""
    refused = [device for device in devices if device.refused]
    connected = [device for device in devices if device.connected]
    if refused:
        return refused[0].text if len(devices) == 1 else f"{len(refused)} of {len(devices)} refused", False
    if not devices:
        return "waiting", None
    if len(connected) == len(devices):
        return "connected", True
    return "waiting" if not connected else f"{len(connected)} of {len(devices)} connected", None


def group_state(tpg, snapshot):
    """(domain's name and id, state, health)"""
    binding = parameter(tpg, "domain")
    domain = next((item for item in snapshot.domains if item.is_named(binding)), None) if binding else None
    if not binding:
        users = [str(live.Domain(item.name, item["uuid"], item["domid"])) for item in sessions(tpg)]
        return "any domain", f"used by {', '.join(sorted(set(users)))}" if users else "", bool(users) or None
    name = str(domain) if domain else binding
    if snapshot.offline:
        return name, "offline", None
    if not domain or not domain.running:
        return name, "not running", None
    luns = [lun.lun for lun in tpg.luns]
    if not luns:
        return name, "no LUN", None
    if any(snapshot.another(tpg.parent_target.wwn, tpg.tag, lun) for lun in luns):
        return name, "another device", False
    found = [device for lun in luns for device in snapshot.devices(tpg.parent_target.wwn, tpg.tag, lun)]
    if found and len(found) < len(luns):
        return name, f"{sum(device.connected for device in found)} of {len(luns)} connected", None
    return (name, *worst(found))


def while_there(summary):
    """The tree may be older than what xen-vscsid or xl-vscsi did meanwhile."""
    @functools.wraps(summary)
    def guarded(self):
        try:
            return summary(self)
        except (RTSLibError, OSError):
            if self.rtsnode.exists:
                raise
            return "GONE, refresh", False
    return guarded


class XenLUN(UILUN):
    """A LUN, its v-dev, and how it fares in the guest."""
    counters = {"commands": ("scsi_tgt_port/in_cmds", "Commands that came in."),
                "read_mbytes": ("scsi_tgt_port/read_mbytes", "MiB that were read."),
                "write_mbytes": ("scsi_tgt_port/write_mbytes", "MiB that were written.")}

    def __init__(self, lun, parent):
        super().__init__(lun, parent)
        for name, (_, text) in self.counters.items():
            self.define_config_group_param("statistics", name, "string", text, False)

    def ui_getgroup_statistics(self, name):
        return read(f"{self.rtsnode.path}/statistics/{self.counters[name][0]}") or "0"

    def _place(self):
        tpg = self.rtsnode.parent_tpg
        return tpg.parent_target.wwn, tpg.tag, self.rtsnode.lun

    @while_there
    def summary(self):
        try:
            store = self.rtsnode.storage_object
        except RTSLibBrokenLink:
            return "BROKEN STORAGE LINK", False
        snapshot = live.snapshot()
        words = [backstores.describe(store), f"reservations: {reservations.reach(store)}"]
        if write_protected(self.rtsnode.parent_tpg):
            words.append("read-only")
        vdev = snapshot.vdev(*self._place()) or Lun(0, self.rtsnode.alias, None).fixed_vdev
        if vdev:
            words.append(vdev)
        if snapshot.another(*self._place()):
            return ", ".join([*words, "refused: ANOTHER DEVICE, see domains"]), False
        devices = snapshot.devices(*self._place())
        state, health = worst(devices)
        if devices:
            words.append(state)
        return ", ".join(words), health


@contextlib.contextmanager
def keeping(warn):
    """LUNs that targetcli makes meanwhile keep what their devices are, and backstores made for them
    have paths that last."""
    usual, make_store = ui_target.LUN, ui_target.StorageObjectFactory

    def make(tpg, lun=None, storage_object=None, alias=None):
        if storage_object is not None and alias is None:
            alias = identity.link_for(None, identity.keep(storage_object, warn))
        return usual(tpg, lun, storage_object, alias)

    ui_target.LUN = make
    ui_target.StorageObjectFactory = lambda path: make_store(identity.lasting(path))
    try:
        yield
    finally:
        ui_target.LUN, ui_target.StorageObjectFactory = usual, make_store


class XenLUNs(UILUNs):
    def refresh(self):
        self._children = set()
        for lun in self.tpg.luns:
            XenLUN(lun, self)

    def ui_command_create(self, storage_object, lun=None, add_mapped_luns=None):
        with keeping(self.shell.log.warning):
            made = super().ui_command_create(storage_object, lun, add_mapped_luns)
        live.forget()
        return renewed(self, made)

    ui_command_create.__doc__ = UILUNs.ui_command_create.__doc__


class XenTPG(UITPG):
    """A portal group, which normally belongs to one domain."""
    ui_desc_parameters = {
        "domain": ("domain", "The one domain that may use this TPG: its name, or its UUID, which cannot "
                             "become another's. Empty for any. The kernel refuses all others."),
        "alias": ("text", "A second name that toolstacks may use instead of the WWN. "
                          "Those that begin with auto- or host- are xl-vscsi's."),
        "ring_per_lun": ("switch", "If set to 1, each LUN gets a controller of its own in the guest, "
                                   "and so a ring and a thread."),
        "vport": ("text", "The domain's own port on a SAN (NPIV): WWPN:WWNN@fabric:WWN or @hba:WWPN. Its LUNs "
                          "are what that port is shown; xen-vscsid logs it in. `xl-vscsi npiv` makes it."),
    }
    ui_desc_attributes = {
        WRITE_PROTECT: ("switch", "If set to 1, the LUNs of this TPG are write-protected disks, unless an "
                                  "ACL says otherwise. To be set while it has no LUN."),
    }
    shown_attributes = {
        "nexus": "Kept for other tools; each guest has a nexus of its own.",
        "guests": "Who is connected: one for each nexus. `sessions` at /xen-pvscsi has more.",
    }

    def __init__(self, tpg, parent):
        super().__init__(tpg, parent)
        self.remove_child(self.get_child("luns"))
        XenLUNs(tpg, self)
        if parameter(tpg, "vport"):
            self.define_config_group_param(
                "attribute", VPORT_STATE, "string", "The vport: state and since when, HBA, fabric, frames, what went "
                "wrong last. `xl-vscsi npiv status` has more.", False)
        for name, text in self.shown_attributes.items():
            if os.path.isfile(f"{tpg.path}/{name}"):
                self.define_config_group_param("attribute", name, "string", text, False)

    def _vport(self):
        tpg = self.rtsnode
        return live.snapshot().vport(tpg.parent_target.wwn, tpg.tag)

    def ui_getgroup_attribute(self, attribute):
        if attribute == VPORT_STATE:
            vport = self._vport()
            return vport.text() if vport else ""
        if attribute in self.shown_attributes:
            return read(f"{self.rtsnode.path}/{attribute}").replace("\n", "; ")
        return super().ui_getgroup_attribute(attribute)

    def ui_setgroup_attribute(self, attribute, value):
        try:
            super().ui_setgroup_attribute(attribute, value)
        except RTSLibError as error:
            if attribute == WRITE_PROTECT and any(True for _ in self.rtsnode.luns):
                raise ExecutionError(f"{error}. It can be set only while the TPG has no LUN.") from None
            raise
        live.forget()

    def ui_type_text(self, value=None, enum=False, reverse=False):
        """Text that may be empty."""
        if reverse:
            return value or ""
        if value is None:
            return [] if enum else "STRING_OF_TEXT"
        return value

    def ui_type_switch(self, value=None, enum=False, reverse=False):
        if reverse:
            return value
        if value is None:
            return ["0", "1"] if enum else "0|1"
        if value not in ("0", "1"):
            raise ValueError(f"Syntax error, '{value}' is not 0|1.")
        return value

    def ui_type_domain(self, value=None, enum=False, reverse=False):
        """A domain's name or UUID, or nothing."""
        if reverse:
            return value or ""
        if value is None:
            targets = self.rtsnode.parent_target.fabric_module.targets
            return live.hurried(domain_names)(tpg for target in targets for tpg in target.tpgs) if enum else "NAME|UUID"
        if value:
            try:
                mapping.check_binding(value)
            except mapping.Mistake as mistake:
                raise ValueError(str(mistake)) from None
        return value

    def ui_setgroup_parameter(self, parameter, value):
        try:
            super().ui_setgroup_parameter(parameter, "" if value is None else value)
        except RTSLibError as error:
            raise ExecutionError(f"{error}{self._why(parameter)}") from None
        live.forget()
        if parameter == "domain" and value:
            self._look_at(value)

    def _why(self, parameter):
        """The kernel says why in its log."""
        users = sorted({f"'{item.name}' (domain {item['domid']})" for item in sessions(self.rtsnode)})
        if parameter == "domain" and users:
            return f": in use by {', '.join(users)}. Unmap its LUNs, or shut it down, first."
        if parameter == "alias":
            return ": is another TPG called so?"
        return ": see the kernel log."

    def _look_at(self, value):
        snapshot = live.snapshot()
        if snapshot.offline:
            self.shell.log.warning(f"Offline: {snapshot.offline}. No domain was looked up.")
        elif not any(domain.is_named(value) for domain in snapshot.domains):
            self.shell.log.warning(f"No domain '{value}' runs or is configured here.")

    @while_there
    def summary(self):
        if not self.rtsnode.enable:
            return "disabled", False
        name, state, health = group_state(self.rtsnode, live.snapshot())
        words = [name] + ([state] if state else [])
        if write_protected(self.rtsnode):
            words.append("write-protected")
        alias = parameter(self.rtsnode, "alias")
        if alias and not alias.startswith(AUTO):
            words.append(f"alias {alias}")
        acls = sum(1 for _ in self.rtsnode.node_acls)
        if acls:
            words.append(f"ACLs: {acls}")
        vport = self._vport()
        if vport:
            words.append(str(vport))
            # Without its guest it is not logged in.
            if state != "not running" and not vport.active:
                health = False
        return ", ".join(words), health


class XenTarget(UIMultiTPGTarget):
    def refresh(self):
        self._children = set()
        for tpg in self.rtsnode.tpgs:
            XenTPG(tpg, self)

    def ui_command_create(self, tag=None):
        return renewed(self, super().ui_command_create(tag))

    ui_command_create.__doc__ = UIMultiTPGTarget.ui_command_create.__doc__

    @while_there
    def summary(self):
        """The domain's name and state; several are counted."""
        text, health = super().summary()
        tpgs = list(self.rtsnode.tpgs)
        if health is False or not tpgs:
            return text, health
        snapshot = live.snapshot()
        states = [group_state(tpg, snapshot) for tpg in tpgs]
        names = {name for name, _, _ in states}
        if len(names) > 1:
            return f"{text}, domains: {len(names)}", None
        bad = [state for state in states if state[2] is False]
        chosen = (bad or [state for state in states if not state[2]] or states)[0]
        return ", ".join(word for word in (chosen[0], chosen[1]) if word), chosen[2]
