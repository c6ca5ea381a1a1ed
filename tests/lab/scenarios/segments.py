# SPDX-License-Identifier: GPL-2.0
"""Commands that target core emulates, with buffers of several segments."""
TIMEOUT = 400
LONG = True
GUESTS = 1
NAA = "naa.6001405000000020"


def run(lab):
    lab.load_driver()
    stores = [lab.backstore.fileio("file", "16M"), lab.backstore.ramdisk("rd", "16M")]
    stores[0].attribute("emulate_tpu", 1)
    stores[0].attribute("emulate_tpws", 1)
    target = lab.target.create(NAA)
    guest = lab.guests[0]
    for number, store in enumerate(stores):
        lab.attach(guest, target.lun(number, store), f"0:0:0:{number}")
    disk = lab.disk(guest, "0:0:0:0")
    # The second LUN was news to the first.
    guest.run(f"sg_turs {disk}; sg_turs {disk}", check=False)

    def good(name, command, wanted="", disk=disk):
        result = guest.run(f"{command} {disk}", check=False)
        lab.check(name, result.rc == 0 and wanted in result.out,
                  f"ended with {result.rc}\n{result.out}{result.err}")
        return result.out

    key = "0x123abc"
    # An 8 KiB buffer is two segments; vmap of granted pages is what kills
    # a backend that maps here.
    good("PERSISTENT RESERVE IN, read keys", "sg_persist --in -k", "NO registered reservation keys")
    good("PERSISTENT RESERVE OUT, register", f"sg_persist --out -G -S {key}")
    good("the key is there", "sg_persist --in -k", key)
    good("PERSISTENT RESERVE OUT, reserve", f"sg_persist --out -R -K {key} -T 6")
    good("the reservation is there", "sg_persist --in -r", "Exclusive Access, registrants only")
    good("full status names the initiator", "sg_persist --in -s", key)
    good("PERSISTENT RESERVE OUT, clear", f"sg_persist --out -C -K {key}")
    good("no key is left", "sg_persist --in -k", "NO registered reservation keys")

    good("INQUIRY, 8 KiB", "sg_inq -l 8192", "LIO-ORG")
    lab.check("INQUIRY into 60 KiB", guest.run(
        f"sg_raw -r 61440 {disk} 12 00 00 f0 00 00 2>&1 | grep -c 'LIO-ORG'", check=False).rc == 0)
    good("INQUIRY, vital product data", "sg_inq -p 0x83 -l 8192", "naa")
    good("REPORT LUNS, 64 KiB", "sg_luns -m 65536")
    good("MODE SENSE(10), all pages", "sg_modes -a -m 8192", "Caching")
    good("MODE SENSE(6)", "sg_modes -6 -a", "Caching")
    lab.note(guest.run(f"sg_logs {disk} 2>&1; echo ends with $?", check=False).out)
    good("REQUEST SENSE", "sg_requests --maxlen=252")
    good("READ CAPACITY(16)", "sg_readcap -16")
    good("REPORT SUPPORTED OPERATION CODES is answered or refused in order",
         "sg_opcodes >/tmp/opcodes 2>&1; [ $? -lt 12 ]; sg_turs")
    good("REPORT TARGET PORT GROUPS", "sg_rtpg")

    good("MODE SELECT", "sg_wr_mode --dbd --page=8 --contents=8,12,0,0,0,0,0,0,0,0,0,0,20,0,0,0,0,0,0,0")
    guest.run(f"head -c 65536 /dev/urandom > /tmp/a; dd if=/tmp/a of={disk} bs=64k oflag=direct "
              "conv=notrunc status=none")
    good("WRITE SAME(16)", "sg_write_same --16 --lba=8 --num=16 --in=/dev/zero")
    good("WRITE SAME(10)", "sg_write_same --10 --lba=40 --num=16 --in=/dev/zero")
    guest.run("dd if=/dev/zero of=/tmp/a bs=512 seek=8 count=16 conv=notrunc status=none; "
              "dd if=/dev/zero of=/tmp/a bs=512 seek=40 count=16 conv=notrunc status=none")
    lab.check("WRITE SAME wrote what it should and no more", guest.run(
        f"dd if={disk} bs=64k count=1 iflag=direct status=none | cmp - /tmp/a",
        check=False).rc == 0)
    good("UNMAP", "sg_unmap --lba=64 --num=32")
    guest.run("dd if=/dev/zero of=/tmp/a bs=512 seek=64 count=32 conv=notrunc status=none")
    lab.check("UNMAP released its blocks and no more", guest.run(
        f"dd if={disk} bs=64k count=1 iflag=direct status=none | cmp - /tmp/a",
        check=False).rc == 0)

    # Compare data, then write data.
    guest.run("dd if=/tmp/a of=/tmp/b bs=512 skip=100 count=1 status=none; "
              "head -c 512 /dev/urandom >> /tmp/b")
    good("COMPARE AND WRITE, equal", "sg_compare_and_write --in=/tmp/b --lba=100 --num=1 --xferlen=1024")
    lab.check("COMPARE AND WRITE wrote", guest.run(
        f"dd if={disk} bs=512 skip=100 count=1 iflag=direct status=none | "
        "cmp - <(tail -c 512 /tmp/b)", check=False).rc == 0)
    again = guest.run(f"sg_compare_and_write --in=/tmp/b --lba=100 --num=1 --xferlen=1024 {disk}",
                      check=False)
    lab.check("COMPARE AND WRITE, different: MISCOMPARE", again.rc == 14, again.out + again.err)
    short = guest.run(f"sg_raw -v -r 61440 -o /tmp/inq {disk} 12 00 00 f0 00 00 2>&1; "
                      "stat -c '%s bytes' /tmp/inq", check=False).out
    lab.check("a short answer has its residual", "96 bytes" in short, short)
