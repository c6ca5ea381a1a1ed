# SPDX-License-Identifier: GPL-2.0
"""Controllers and devices in every arrangement, backstores of every kind."""
TIMEOUT = 900
LONG = True
GUESTS = 2


def serials(guest):
    """{c:t:l: first bytes} of the guest's SCSI disks, by controller."""
    found = {}
    for line in guest.run("lsscsi | grep disk").out.splitlines():
        fields = line.split()
        disk = fields[-1]
        text = guest.run(f"dd if={disk} bs=16 count=1 iflag=fullblock "
                         "status=none | tr -d '\\0'").out.strip()
        found[fields[0].strip("[]")] = text
    return found


def run(lab):
    lab.load_driver()
    stores = {"ram": lab.backstore.ramdisk("ram", "16M"),
              "file": lab.backstore.fileio("file", "16M"),
              "block": lab.backstore.iblock("block", "16M"),
              "pass": lab.backstore.pscsi_disk("pass", "16M")}
    for name in ("file", "block", "pass"):
        lab.dom0.run(f"printf %s {name} | dd of={stores[name].device} bs=512 "
                     "conv=sync,notrunc oflag=direct status=none")
    # The in-tree driver gives one nexus to a portal group, and finds only
    # the first group of a WWN: a target for each guest suits both drivers.
    one = lab.target.create("naa.5001405000000001")
    two = lab.target.create("naa.5001405000000002")
    g1, g2 = lab.guests

    file = one.lun(0, stores["file"])
    block = one.lun(1, stores["block"])
    passed = two.lun(0, stores["pass"])
    ram = two.lun(1, stores["ram"])

    lab.attach(g1, file, "0:0:0:0")
    lab.attach(g1, block, "0:0:1:3")
    found = serials(g1)
    lab.equal("two devices of one controller",
              {key.split(":", 1)[1]: text for key, text in found.items()},
              {"0:0:0": "file", "0:1:3": "block"})

    lab.attach(g2, passed, "0:0:0:0", devid=0)
    lab.attach(g2, ram, "1:0:0:0", devid=1)
    found = serials(g2)
    lab.equal("two controllers", len({key.split(":")[0] for key in found}), 2)
    lab.check("the passed-through disk", "pass" in found.values(), found)

    lab.detach(g1, "dev-0")
    lab.equal("the other device stays",
              list(serials(g1).values()), ["block"])
    lab.vscsi.detach_controller(g2.domid, 1)
    g2.poll("[ $(lsscsi | grep -c disk) = 1 ]")
    lab.check("the other controller stays", True)

    late = lab.guest("late", paused=True)
    lab.attach(late, file, "0:0:0:0", wait=False)
    late.unpause()
    late.wait_up()
    lab.vscsi.wait_connected(late.domid, "dev-0")
    lab.disk(late, "0:0:0:0")
    lab.equal("a device that was there before the kernel",
              list(serials(late).values()), ["file"])
    if lab.driver == "ours":
        dev = lab.attach(g1, file, "0:0:2:0")
        lab.xs.rm(f"/local/domain/0/backend/vscsi/{g1.domid}/0/vscsi-devs/{dev}")
        lab.equal("a directory removed without a word is taken by another device",
                  lab.attach(g1, block, "0:0:3:0"), dev)
        found = {key.split(":", 1)[1]: text for key, text in serials(g1).items() if ":0:3:0" in key}
        lab.equal("which is the one that it names", found, {"0:3:0": "block"})
        lab.detach(g1, dev)
    lab.teardown()
    for target in (one, two):
        target.delete()
    for store in stores.values():
        store.delete()
    lab.unload_driver()
