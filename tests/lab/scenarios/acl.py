# SPDX-License-Identifier: GPL-2.0
"""Explicit ACLs: an initiator gets the mapped LUNs only, as mapped."""
TIMEOUT = 400
GUESTS = 2
NAA = "naa.5001405000000080"
INITIATOR = "naa.50014050000000aa"


def run(lab):
    lab.load_driver()
    target = lab.target.create(NAA)
    stores = [lab.backstore.fileio(f"file{number}", "16M") for number in range(2)]
    for store in stores:
        store.attribute("emulate_tpws", 1)
    pdevs = [target.lun(number, store) for number, store in enumerate(stores)]
    named, other = lab.guests

    # The toolstack names the initiator; it gets LUN 1 alone, read-only.
    acl = f"{target.path}/acls/{INITIATOR}"
    refused = lab.dom0.run(f"mkdir {target.path}/acls/iqn.2007-10.org.example:x", check=False)
    lab.check("an ACL of another protocol is refused", refused.rc != 0)
    lab.dom0.run(f"mkdir {acl} && mkdir {acl}/lun_1 && ln -s {target.path}/lun/lun_1 {acl}/lun_1/link "
                 f"&& echo 1 > {acl}/lun_1/write_protect")
    lab.attach(named, pdevs[1], "0:0:0:0", back_extra={"initiator": INITIATOR})
    disk = lab.disk(named, "0:0:0:0")
    lab.check("the mapped LUN can be read", named.run(
        f"dd if={disk} of=/dev/null bs=64k count=4 iflag=direct status=none", check=False).rc == 0)
    lab.equal("the guest knows that it is read-only",
              named.run(f"blockdev --getro {disk}").out.strip(), "1")

    sg = "/dev/" + named.run("ls /sys/class/scsi_device/*:0:0:0/device/scsi_generic").out.strip()
    named.run("head -c 512 /dev/urandom > /tmp/block")
    for name, command in (
            ("WRITE(10)", f"sg_raw -s 512 -i /tmp/block {sg} 2a 00 00 00 00 08 00 00 01 00"),
            ("WRITE SAME(10) that claims to read", f"sg_raw -r 512 {sg} 41 00 00 00 00 08 00 00 01 00"),
            ("WRITE SAME(16) with UNMAP and no data",
             f"sg_raw {sg} 93 08 00 00 00 00 00 00 00 08 00 00 00 01 00 00")):
        done = named.run(command, check=False)
        lab.check(f"{name} is refused: write-protected",
                  done.rc != 0 and "Data Protect" in done.out + done.err, done.out + done.err)

    # Its LUN 0 is not there; an initiator without an ACL sees both, writable.
    dev = lab.attach(named, pdevs[0], "0:0:1:0", wait=False)
    back = f"/local/domain/0/backend/vscsi/{named.domid}/0/vscsi-devs/{dev}"
    lab.xs.wait(f"{back}/state", 6)
    lab.equal("a LUN that is not mapped cannot be added", lab.xs.read(f"{back}/error"),
              "the guest could not add the device")
    for number, pdev in enumerate(pdevs):
        lab.attach(other, pdev, f"0:0:0:{number}")
        lab.check(f"a guest without an ACL writes LUN {number}", other.run(
            f"dd if=/dev/zero of={lab.disk(other, f'0:0:0:{number}')} bs=64k count=4 oflag=direct "
            "status=none", check=False).rc == 0)
    other.run("head -c 16 /dev/zero > /tmp/list")
    sg = "/dev/" + other.run("ls /sys/class/scsi_device/*:0:0:0/device/scsi_generic").out.strip()
    copied = other.run(f"sg_raw -s 16 -i /tmp/list {sg} 83 00 00 00 00 00 00 00 00 00 00 00 00 10 00 00",
                       check=False)
    lab.check("EXTENDED COPY is refused", "Invalid command operation code" in copied.out + copied.err,
              copied.out + copied.err)
