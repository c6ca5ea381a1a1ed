# SPDX-License-Identifier: GPL-2.0
"""Xen, dom0 and a guest come up and go away without a trace."""
TIMEOUT = 600


def domains(lab):
    return lab.dom0.run("xl list | tail -n +2 | awk '{print $1}'").out.split()


def run(lab):
    lab.check("Xen runs", "xen_version" in lab.dom0.run("xl info").out)
    lab.equal("only dom0 at first", domains(lab), ["Domain-0"])
    free = lab.dom0.run("xl info free_memory").out
    guest = lab.guest("g1")
    lab.equal("the guest has the lab's kernel", guest.run("uname -r").out,
              guest.image.kernel + "\n")
    lab.check("the guest is a PV guest",
              "Booting kernel on Xen" in guest.run("dmesg").out or
              "Booting paravirtualized kernel on Xen" in guest.console())
    lab.equal("exit codes come through", guest.run("exit 7", check=False).rc, 7)
    big = guest.run("seq 1 20000").out
    lab.equal("long output comes through", big.split()[-1], "20000")
    guest.shutdown()
    lab.equal("only dom0 at the end", domains(lab), ["Domain-0"])
    lab.equal("the guest's memory is free again",
              lab.dom0.run("xl info free_memory").out, free)
    lab.equal("no backend directory left",
              lab.xs.ls("/local/domain/0/backend/vbd"), [])
