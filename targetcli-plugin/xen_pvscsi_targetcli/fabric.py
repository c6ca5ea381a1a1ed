# SPDX-License-Identifier: GPL-2.0
"""The fabric's own node in targetcli: its commands speak of domains."""
from targetcli import ui_target
from targetcli.ui_target import UIFabricModule

from . import backstores, identity, library, live, mapping, reservations, users
from .config import FABRIC, KernelConfig, SavedConfig
from .guests import read, sessions
from .nodes import ExecutionError, RTSLibError, XenTarget, counters, domain_names, only, parameter, \
    renewed, write_protected


class Library:
    """rtslib's names, of the rtslib that targetcli uses."""
    LUN, TPG, Target = ui_target.LUN, ui_target.TPG, ui_target.Target
    RTSLibError, RTSLibBrokenLink = RTSLibError, ui_target.RTSLibBrokenLink
    RTSRoot = None  # ui_root's
    dump_kernel, bring_back = staticmethod(library.dump_kernel), staticmethod(library.bring_back)


class XenFabric(UIFabricModule):
    """The fabric of Xen PV SCSI, seen from its domains."""
    flags = ("ro", "share", "across_hosts")  # of map

    def refresh(self):
        self._children = set()
        for target in self.rtsnode.targets:
            XenTarget(target, self)

    # What there is

    def _absent(self):
        return library.held is not None and library.fabric_absent(self.rtsnode)

    def _config(self):
        """The kernel's, or where that cannot be, the saved one."""
        if self._absent():
            return SavedConfig(library.held.targets, Library, library.held.write)
        if not self.rtsnode.exists:
            try:
                self.rtsnode._check_self()
            except RTSLibError:
                raise ExecutionError("The module xen-scsiback cannot be loaded; see the kernel log.") from None
        return KernelConfig(self.rtsnode, Library)

    def _seen(self):
        """As _config, without loading anything."""
        return self._config() if self._absent() or self.rtsnode.exists else None

    def _tpgs(self):
        return [tpg for target in self.rtsnode.targets for tpg in target.tpgs]

    def _offline(self, snapshot):
        if self._absent():
            return f"Offline: Xen does not run here. This is what {library.held.save_file} says."
        if snapshot.offline:
            return f"Offline: {snapshot.offline}. Only the configuration is known."
        return None

    def _stores(self):
        return sorted(Library.RTSRoot().storage_objects, key=backstores.name)

    def _store(self, word):
        """By its path, PLUGIN/NAME, or its name alone."""
        short = word[len("/backstores/"):] if word.startswith("/backstores/") else word
        stores = self._stores()
        found = [store for store in stores if short in (backstores.name(store), store.name)]
        if not found:
            have = ", ".join(backstores.name(store) for store in stores) or "none"
            raise ExecutionError(f"No storage object {word}; there are: {have}. "
                                 "/backstores/... create makes one.")
        if len(found) > 1:
            raise ExecutionError(f"Storage object {word} is ambiguous: "
                                 + ", ".join(backstores.name(store) for store in found) + ".")
        return found[0]

    def summary(self):
        words = [super().summary()[0]]
        config = self._seen()
        if self._absent():
            groups = config.groups()
            wwns = {group.wwn for group in groups}
            return f"offline, Targets: {len(wwns)} in the saved configuration", None
        if config is None:
            return words[0], None
        bound = {parameter(tpg, "domain") for tpg in self._tpgs()} - {""}
        words.insert(0, f"Domains: {len(bound)}")
        if bound and live.snapshot().offline:
            words.append("offline")
        return ", ".join(words), None

    # Commands

    def ui_command_map(self, domain, backstore, lun=None, vdev=None, ro=None, share=None, across_hosts=None):
        '''
        Gives a domain a backstore, as a LUN. If the domain has no target yet,
        one is created and bound to it, so that the kernel refuses any other
        domain. A domain that runs has the LUN at once, others from their start.

        PARAMETERS
        ==========

        domain
        ------
        Name or UUID of a guest, running or not.

        backstore
        ---------
        A storage object: its path, its type and name, or its name. The command
        `backstores` lists them.

        lun
        ---
        Number of the LUN in the target; the first that is free if omitted.

        vdev
        ----
        The address in the guest, host:channel:target:lun, where host is the
        number of its controller. If omitted, xl-vscsi chooses: usually 0:0:0:LUN.

        ro
        --
        `ro` or `ro=true` write-protects a disk for the domain. Such LUNs are in a
        TPG of their own. Tape drives and changers cannot be write-protected.

        share
        -----
        `share=true`: also a backstore whose device somebody has: another domain,
        through whatever backend, another fabric, or this host (mounts, LVM, swap).

        across_hosts
        ------------
        `across_hosts=true`: guests of other hosts have it as well, through the
        SAN. Reservations of a backstore that is not pscsi are this host's only,
        so they are refused (its attribute emulate_pr becomes 0): a cluster that
        needs them does not start, rather than trust them.

        EXAMPLE
        =======
        map guest1 /backstores/block/disk lun=1 ro

        SEE ALSO
        ========
        unmap domains backstores
        '''
        self.assert_root()
        values = {"lun": lun, "vdev": vdev, "ro": ro, "share": share, "across_hosts": across_hosts}
        # `map guest1 disk ro`: a word alone.
        alone = [value for value in values.values() if value in self.flags]
        values = {key: None if value in alone else value for key, value in values.items()}
        values.update((flag, "true") for flag in alone)
        read_only, shared, across = (self.ui_eval_param(values[flag], "bool", False) for flag in self.flags)
        store = self._store(backstore)
        sort = backstores.kind(store)
        if read_only and sort != backstores.DISK:
            raise ExecutionError(f"{backstores.describe(store)} cannot be write-protected for a domain, as "
                                 "target core protects disks only. Use its own switch, or the cartridge's.")
        if backstores.hides_zones(store):
            raise ExecutionError(f"{backstores.describe(store)} is zoned: pass it through (pscsi), or put dm-zoned over "
                                 "it. By block a guest does not hear of zones, and its writes would fail.")
        mapper = self._mapper()
        self._do(lambda: mapper.map(
            domain, backstores.name(store), None if values["lun"] is None else mapping.parse_lun(values["lun"]),
            None if values["vdev"] is None else mapping.parse_vdev(values["vdev"]), read_only, shared,
            identity.keep(store, self.shell.log.warning), self._refusal(mapper, store) if across else None,
            lambda to: users.of_store(store, self._stores(), mapper.snapshot, to)))

    def _refusal(self, mapper, store):
        others = {lun.parent_tpg.parent_target.fabric_module.name for lun in store.attached_luns} - {FABRIC}
        having = mapper.users(backstores.name(store)) + [
            mapping.User("initiators", f"of fabric {name}", True) for name in sorted(others)]

        def keep(value):
            if mapper.config.saved_only:
                library.held.set_attribute(store, reservations.ATTRIBUTE, value)

        return lambda undo: reservations.refuse(store, having, keep, undo, self.shell.log.warning)

    @live.hurried
    def ui_complete_map(self, parameters, text, current_param):
        if current_param == "domain":
            return only(domain_names(self._tpgs()), text)
        if current_param == "backstore":
            stores = [store for store in self._stores()]
            names = [backstores.name(store) for store in stores]
            return only([name for name in names if name.startswith(text)]
                        or [f"/backstores/{name}" for name in names], text)
        if current_param == "vdev":
            return [] if text else ["0:0:0:"]
        if current_param in self.flags:
            return only(["true", "false"], text)
        if current_param == "lun" and parameters.get("domain"):
            mapper = self._mapper()
            mine = mapper.groups_of(mapper.domain(parameters["domain"]), parameters["domain"])
            return only([str(mapper._choose_lun(mine, None))], text)
        return []

    def ui_command_unmap(self, domain, lun):
        '''
        Takes a LUN from a domain; one that runs must let go of it first, or the
        configuration stays as it was. Of several, what it let go of before that
        is given back. A target that `map` created goes with its last LUN.

        PARAMETERS
        ==========

        domain
        ------
        Name or UUID of a guest, running or not.

        lun
        ---
        What to take: lunN or N, a backstore, an address in the guest
        (host:channel:target:lun), or `all`.

        SEE ALSO
        ========
        map domains
        '''
        self.assert_root()
        what = lun[len("/backstores/"):] if lun.startswith("/backstores/") else lun
        mapper = self._mapper()
        self._do(lambda: mapper.unmap(domain, what))

    @live.hurried
    def ui_complete_unmap(self, parameters, text, current_param):
        if current_param == "domain":
            return only([name for name in (parameter(tpg, "domain") for tpg in self._tpgs()) if name]
                        + [name for name in domain_names() if self._mapped(name)], text)
        if current_param == "lun" and parameters.get("domain"):
            found = self._mapped(parameters["domain"])
            return only([f"lun{item.index}" for _, item in found] + [item.store for _, item in found if item.store]
                        + (["all"] if found else []), text)
        return []

    def _mapped(self, word):
        try:
            return self._mapper().find(word, "all")[1]
        except (mapping.Mistake, ExecutionError):
            return []

    def _mapper(self):
        config, snapshot = self._config(), live.snapshot(fresh=True)
        log = self.shell.log
        mapper = mapping.Mapper(config, snapshot, log.info, log.warning)
        if config.saved_only:
            log.warning(self._offline(snapshot))
        return mapper

    def _do(self, work):
        try:
            work()
        except mapping.Mistake as mistake:
            raise ExecutionError(str(mistake)) from None
        except OSError as error:
            raise ExecutionError(f"{error}; see the kernel log.") from None
        finally:
            self.refresh()

    def ui_command_domains(self, domain=None):
        '''
        Lists domains, those that run and those that are configured, with what
        each has and how it fares: connected, waiting, or refused and why.

        PARAMETERS
        ==========

        domain
        ------
        Name, UUID or id of the only one to list.

        SEE ALSO
        ========
        map unmap sessions
        '''
        snapshot = live.snapshot(fresh=True)
        config = self._seen()
        groups = config.groups() if config else []
        offline = self._offline(snapshot)
        if offline:
            self.shell.log.warning(offline)
        elif not snapshot.daemon:
            self.shell.log.warning("xen-vscsid does not run, so a domain that starts does not get its LUNs: "
                                   "systemctl start xen-vscsid")
        listed = list(snapshot.domains)
        for group in groups:
            if group.domain and not any(item.is_named(group.domain) for item in listed):
                listed.append(live.Domain(group.domain, group.domain if live.UUID.match(group.domain) else ""))
        if domain:
            chosen = [item for item in listed if item.is_named(domain) or str(item.domid) == domain]
            if not chosen:
                raise ExecutionError(f"No domain '{domain}' runs, is configured, or has a LUN.")
            listed = chosen
        kinds = {backstores.name(store): backstores.describe(store) for store in self._stores()}
        for item in sorted(listed, key=lambda item: (not item.running, item.name)):
            self._show_domain(item, groups, snapshot, kinds)
        if not listed:
            self.shell.con.display("(no domains)")
        free = [group for group in groups if not group.domain]
        if free and not domain:
            self.shell.con.display("any domain")
            for group in free:
                self._show_group(group, None, snapshot, kinds)

    @live.hurried
    def ui_complete_domains(self, parameters, text, current_param):
        return only(domain_names(self._tpgs()), text) if current_param == "domain" else []

    def _show_domain(self, domain, groups, snapshot, kinds):
        state = "running" if domain.running else "offline" if snapshot.offline else "not running"
        words = [state] + ([domain.uuid] if domain.uuid and domain.uuid != domain.name else []) \
            + ([domain.file] if domain.file else [])
        self.shell.con.display(f"{domain}: {', '.join(words)}")
        for group in groups:
            if group.domain and domain.is_named(group.domain):
                self._show_group(group, domain, snapshot, kinds)

    def _show_group(self, group, domain, snapshot, kinds):
        for lun in group.luns:
            words = [f"lun{lun.index}", snapshot.vdev(group.wwn, group.tag, lun.index) or lun.fixed_vdev or "-",
                     kinds.get(lun.store, lun.store or "BROKEN STORAGE LINK")]
            if group.read_only:
                words.append("read-only")
            devices = snapshot.devices(group.wwn, group.tag, lun.index)
            if devices:
                words += [device.text if domain else f"{device.domain}: {device.text}" for device in devices]
            elif domain and domain.running:
                words.append("waiting" if snapshot.daemon else "waiting for xen-vscsid")
            self.shell.con.display(f"  {'  '.join(words)}  [{group}]")
            place = group.wwn, group.tag, lun.index
            for why in filter(None, (snapshot.another(*place), snapshot.numbered(*place))):
                self.shell.con.display(f"    {why}")
        if not group.luns:
            self.shell.con.display(f"  no LUN  [{group}]")

    def ui_command_backstores(self):
        '''
        Lists the storage objects that can be mapped, what they are, and who
        has them.

        SEE ALSO
        ========
        map
        '''
        config = self._seen()
        groups = config.groups() if config else []
        for store in self._stores():
            having = [f"{group.domain or 'any domain'} lun{lun.index}" for group in groups for lun in group.luns
                      if lun.store == backstores.name(store)]
            self.shell.con.display(f"{backstores.describe(store)}: {', '.join(having) or 'not mapped'}")

    def ui_command_sessions(self, action="list", domain=None):
        '''
        Lists the guests that are connected, one line for each nexus.

        PARAMETERS
        ==========

        action
        ------
        The action is one of:
            - `list` gives a short list
            - `detail` adds their LUNs, with counters of each

        domain
        ------
        Name, UUID or id of the only one to list.

        SEE ALSO
        ========
        domains
        '''
        if action not in ("list", "detail"):
            raise ExecutionError("action must be one of: list, detail")
        display = self.shell.con.display
        found = [(tpg, item) for tpg in self._tpgs() for item in sessions(tpg)
                 if domain in (None, item.name, item["uuid"], item["domid"])]
        for tpg, item in found:
            display(f"domain: {item.name}\tdomid: {item['domid']} controller: {item['vhost']} "
                    f"session-state: {item['state']}")
            if action == "detail":
                display(f"    uuid: {item['uuid']}  initiator: {item['initiator']}")
                display(f"    target: {tpg.parent_target.wwn}/tpg{tpg.tag}")
                for lun, vdev in item.luns():
                    self._show_lun(tpg, item, lun, vdev)
        if not found:
            if domain:
                raise ExecutionError(f"no session of domain {domain} found")
            display("(no open sessions)")

    def _show_lun(self, tpg, session, number, vdev):
        for lun in tpg.luns:
            if lun.lun == number:
                mode = "r" if write_protected(tpg) else "rw"
                self.shell.con.display(f"    lun{number}  vdev: {vdev}  backstore: "
                                       f"{backstores.name(lun.storage_object)}  mode: {mode}")
                self.shell.con.display(f"        {counters(session, vdev, lun)}")

    @live.hurried
    def ui_complete_sessions(self, parameters, text, current_param):
        if current_param == "action":
            return only(["list", "detail"], text)
        if current_param == "domain":
            return only([item.name for tpg in self._tpgs() for item in sessions(tpg)], text)
        return []

    # targetcli's own, which make nodes of targetcli's

    def ui_command_create(self, wwn=None):
        return renewed(self, super().ui_command_create(wwn))

    ui_command_create.__doc__ = UIFabricModule.ui_command_create.__doc__

    def ui_command_version(self):
        '''
        Displays the target fabric module version.
        '''
        version = read(f"{self.rtsnode.path}/version") or "not loaded"
        self.shell.con.display(f"Target fabric module {self.rtsnode.name}: {version}")


def extend(ui_root):
    """ui_root makes a node for each fabric, by this name."""
    usual = ui_root.UIFabricModule
    Library.RTSRoot = ui_root.RTSRoot

    def make(fabric_module, parent):
        return (XenFabric if fabric_module.name == FABRIC else usual)(fabric_module, parent)

    ui_root.UIFabricModule = make
