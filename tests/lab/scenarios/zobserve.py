"""Tools in dom0."""
GUESTS = 1
TIMEOUT = 900
DRIVERS = ("ours",)


def show(lab, cmd, timeout=120):
    done = lab.dom0.run(cmd, check=False, timeout=timeout)
    lab.note("# " + cmd + "\n" + done.out[-6000:] + done.err[-2500:])


def run(lab):
    lab.load_driver()
    guest, = lab.guests
    lab.dom0.run("tar -xf /lab/payload/data/obs.tar -C / --keep-directory-symlink && ldconfig", timeout=300)
    lab.dom0.run("mountpoint -q /sys/kernel/debug || mount -t debugfs none /sys/kernel/debug; mountpoint -q /sys/kernel/tracing || mount -t tracefs none /sys/kernel/tracing")
    target = lab.target.create("naa.50014050000000c4")
    lab.attach(guest, target.lun(0, lab.backstore.iblock("d", "8M")), "0:0:0:0")
    disk = lab.disk(guest, "0:0:0:0")
    guest.start(f"while :; do dd if={disk} of=/dev/null bs=64k iflag=direct status=none; dd if=/dev/zero of={disk} bs=4k count=64 oflag=direct status=none; sg_raw /dev/sg0 01 02 03 04 05 06; done")
    show(lab, "cd /sys/kernel/tracing; echo 'opcode != 0x28' > events/xen_scsiback/completed/filter; echo 1 > events/xen_scsiback/completed/enable; sleep 2; echo 0 > events/xen_scsiback/completed/enable; echo 0 > events/xen_scsiback/completed/filter; head -20 trace; echo > trace")
    show(lab, "cd /root; trace-cmd record -o /root/trace.dat -e xen_scsiback sleep 2; trace-cmd report -i /root/trace.dat | head -30")
    show(lab, "cd /root; perf stat -a -e 'xen_scsiback:*' sleep 2")
    show(lab, "cd /root; perf record -a -o /root/perf.data -e xen_scsiback:submitted -e xen_scsiback:completed --filter 'status != 0' sleep 2; perf script -i /root/perf.data | head -20")
    show(lab, "cd /root; timeout -s INT 240 bpftrace -e 'tracepoint:xen_scsiback:completed { @ns[args->domid, args->opcode] = hist(args->device_ns); } interval:s:4 { exit(); }'", 300)
    show(lab, "cd /root; timeout -s INT 240 bpftrace -e 'tracepoint:xen_scsiback:completed /args->status == 2/ { printf(\"vscsi-%d-%d lun %d opcode %x sense %x/%x/%x\\n\", args->domid, args->vhost, args->lun, args->opcode, args->key, args->asc, args->ascq); } interval:s:3 { exit(); }' | head", 300)
    show(lab, "cat /sys/bus/xen-backend/devices/vscsi-*/statistics/lun-0:0:0:0/latency_device; cat /sys/kernel/debug/xen-scsiback/*/inflight; grep -H . /sys/bus/xen-backend/devices/vscsi-*/statistics/*")
    show(lab, "ls -R /sys/bus/xen-backend/devices/vscsi-*/statistics | head -60")
