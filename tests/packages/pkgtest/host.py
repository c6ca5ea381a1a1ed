# SPDX-License-Identifier: GPL-2.0
"""What the packages do to a host, from their installation until nothing of them is left."""
import re

from vscsilab import guide, paths

from . import tree
from .chroot import Chroot
from .debs import PACKAGES

# Of others, and different after any installation.
OTHERS = re.compile(r"""^\./(?:proc|sys|dev|run|tmp|var/tmp|var/cache|var/log|var/lib/apt|var/lib/dpkg|boot)(?:/|$)
    | ^\./etc/(?:ld\.so\.cache|resolv\.conf|mtab)$ | ^\./var/lib/dkms/mok\. | ^\./var/lib/systemd/deb-systemd-helper-enabled$
    | ^\./(?:usr/)?lib/modules/[^/]+/modules\. | /__pycache__(?:/|$)""", re.X)
# The state of systemd's helper stays, empty, when its last entry has gone.
FOLDERS_OF_ALL = {"./var/lib/systemd/deb-systemd-helper-enabled/multi-user.target.wants"}
TESTS = paths.REPO_DIR / "packaging/debian/tests"
BUILD_FOR = "/usr/lib/xen-scsiback-dkms/build-for"
APT = "apt-get -qy --no-install-recommends --allow-downgrades -o Dpkg::Options::=--force-confdef"

EXPECTED = {
    "xen-scsiback-dkms": ["/etc/kernel/postinst.d/xen-scsiback-dkms", "/etc/kernel/header_postinst.d/xen-scsiback-dkms",
                          BUILD_FOR, "/usr/src/xen-scsiback-{version}/dkms.conf",
                          "/usr/src/xen-scsiback-{version}/LICENSES/GPL-2.0.txt",
                          "/usr/share/doc/xen-scsiback-dkms/copyright"],
    "xen-vscsi-tools": ["/usr/sbin/xl-vscsi", "/usr/sbin/xen-vscsid", "/usr/share/man/man8/xl-vscsi.8.gz",
                        "/usr/share/man/man8/xen-vscsid.8.gz", "/usr/share/man/man5/xl-vscsi.cfg.5.gz",
                        "{units}/xen-vscsid.service", "/usr/share/bash-completion/completions/xl-vscsi",
                        "/usr/share/zsh/vendor-completions/_xl-vscsi"],
    "targetcli-xen-pvscsi": ["/usr/lib/python3/dist-packages/xen-pvscsi-targetcli.pth",
                             "/usr/lib/python3/dist-packages/xen_pvscsi_targetcli/hook.py",
                             "{units}/rtslib-fb-targetctl.service.d/xen-pvscsi.conf",
                             "{units}/target.service.d/xen-pvscsi.conf"],
    "xen-vscsi-xl": ["/usr/sbin/xl", "/usr/share/bash-completion/completions/xl"],
}


def files(root):
    found = root.says("cd / && find . -xdev -printf '%p %y %l\\n'").splitlines()
    return {line for line in found if not OTHERS.search(line.rsplit(" ", 2)[0])
            and line.split(" ")[0] not in FOLDERS_OF_ALL}


class Machine:
    def __init__(self, verdict, root, which):
        self.verdict, self.root = verdict, root
        self.units = f"{'/lib' if which.name == 'bookworm' else '/usr/lib'}/systemd/system"
        self.kernel = root.says("ls /lib/modules | head -n 1").strip()
        self.headers = root.says("dpkg-query -W -f '${Package}\\n' 'linux-headers-*' | grep -E -- '-[0-9].*-(amd64|arm64)$'"
                                 ).strip().splitlines()[-1]

    def install(self, built):
        for deb in built.debs():
            self.root.put(deb, "debs")
        names = " ".join(f"/debs/{deb.name}" for deb in built.debs())
        return self.root.run(f"{APT} install {names} && dpkg --audit", check=False)

    def module(self):
        """Version and file of the one that modprobe would take."""
        return self.root.says(f"exec 2>/dev/null; depmod {self.kernel}; modinfo -k {self.kernel} -F version xen-scsiback; "
                              f"modinfo -k {self.kernel} -n xen-scsiback || :").split()

    def state(self, package):
        return self.root.run(f"dpkg-query -W -f '${{db:Status-Status}}' {package}", check=False).text


def test(verdict, which, clean, built, later, tarball):
    with Chroot(tree.of_host(which)) as root:
        machine = Machine(verdict, root, which)
        before = files(root)
        root.write("etc/rtslib-fb-target/saveconfig.json", "{}\n")
        stock = root.says("readlink -f /usr/sbin/xl; cat /usr/share/bash-completion/completions/xl")
        first_time(machine, built)
        for script in ("tools", "module", "xl"):
            root.put(TESTS / script, "autopkgtest")
            verdict.ends(f"autopkgtest {script}", root.run(f"/autopkgtest/{script}", check=False))
        kernels(machine, built)
        copies(machine, built)
        changes(machine, built, later)
        verdict.ends("a reinstallation of xen-utils-common leaves xl as it is", again(root))
        away(machine, built)
        verdict.equal("xl is the stock one again",
                      root.says("readlink -f /usr/sbin/xl; cat /usr/share/bash-completion/completions/xl"), stock)
        verdict.equal("the configuration of target core stays",
                      root.says("cat /etc/rtslib-fb-target/saveconfig.json; rm /etc/rtslib-fb-target/saveconfig.json; "
                                "rm -r /debs /autopkgtest"), "{}\n")
        after = files(root)
        verdict.equal("nothing of theirs is left after purge", sorted(after - before), [])
        verdict.equal("nothing of others is gone", sorted(before - after), [])
        by_tarball(machine, built, tarball)
    with Chroot(tree.of_host(which)) as root:
        by_hand(Machine(verdict, root, which), built, clean)


def first_time(machine, built):
    verdict, root = machine.verdict, machine.root
    done = machine.install(built)
    verdict.ends("installed", done)
    for package, names in EXPECTED.items():
        listed = [line for line in root.says(f"dpkg -L {package}").splitlines() if line.startswith("/")]
        wanted = [name.format(version=built.version, units=machine.units) for name in names]
        verdict.equal(f"{package} has its files", [name for name in wanted if name not in listed], [])
    verdict.equal("the module is built and comes first", machine.module(),
                  [built.version, f"/lib/modules/{machine.kernel}/updates/dkms/" + root.says(
                      f"ls /lib/modules/{machine.kernel}/updates/dkms").strip()])
    verdict.ends("the unit is enabled", root.run("test -L /etc/systemd/system/multi-user.target.wants/xen-vscsid.service",
                                                 check=False))
    hardened = root.says("for f in xl-vscsi xen-vscsid; do readelf -dlW /usr/sbin/$f; done")
    verdict.check("programs are hardened", hardened.count("BIND_NOW") >= 2 and hardened.count("GNU_RELRO") >= 2, hardened)
    verdict.ends("installed once more", machine.install(built))


def forget(machine, built):
    machine.root.run(f"dkms remove -m xen-scsiback -v {built.version} -k {machine.kernel} || :; "
                     f"dkms add -m xen-scsiback -v {built.version} || :")


def kernels(machine, built):
    """A kernel's packages are configured whatever becomes of the module."""
    verdict, root = machine.verdict, machine.root
    configure = f"dpkg-reconfigure {machine.headers}"
    forget(machine, built)
    done = root.run(configure, check=False)
    verdict.ends("headers of a kernel are installed", done)
    verdict.equal("the module is built for it", machine.module()[:1], [built.version])
    forget(machine, built)
    main = f"/usr/src/xen-scsiback-{built.version}/drivers/xen-scsiback/main.c"
    root.run(f"cp {main} /tmp/main.c; echo '#error broken on purpose' >>{main}")
    done = root.run(configure, check=False)
    verdict.ends("headers are installed though the module does not build", done)
    verdict.equal("and configured", machine.state(machine.headers), "installed")
    verdict.says("which is said, and why", done.text, "THE MODULE WAS NOT BUILT", "broken on purpose", "make.log")
    root.run(f"cp /tmp/main.c {main}")
    compilers(machine, built, configure)
    done = root.run(f"{BUILD_FOR} {machine.kernel}", check=False)
    verdict.equal("mended by the command that was named", machine.module()[:1], [built.version])
    done = root.run(f"{BUILD_FOR} 1.2.3-none", check=False)
    verdict.ends("a kernel without headers is no failure", done)
    verdict.says("and is named", done.text, "linux-headers-1.2.3-none")


def compilers(machine, built, configure):
    verdict, root = machine.verdict, machine.root
    # Where they are, since they look beside themselves for what they need.
    root.run("for f in /usr/bin/*g++*; do mv $f $(echo $f | tr + p); done")
    done = root.run(configure, check=False)
    verdict.ends("headers are installed without a C++ compiler", done)
    verdict.says("which is named", done.text, "THE MODULE WAS NOT BUILT", "the C++ compiler '", "does not run")
    # As if there were but a later one; it says that it is.
    root.write("usr/bin/g++-39", "#!/bin/sh\n[ \"$*\" != -dumpversion ] || { echo 39; exit; }\nexec /usr/bin/*-linux-gnu-gpp-[0-9]* \"$@\"\n", 0o755)
    forget(machine, built)
    done = root.run(configure, check=False)
    verdict.equal("a later g++ is taken", machine.module()[:1], [built.version])
    root.run("rm /usr/bin/g++-39; for f in /usr/bin/*gpp*; do mv $f $(echo $f | sed s,gpp,g++,); done")
    forget(machine, built)


def copies(machine, built):
    """What `make install` left, and a module that is loaded and older."""
    verdict, root = machine.verdict, machine.root
    updates = f"/lib/modules/{machine.kernel}/updates"
    root.run(f"cp {updates}/dkms/xen-scsiback.ko* {updates}/")
    name = root.says(f"ls {updates}/xen-scsiback.ko*").strip()
    forget(machine, built)
    done = root.run(f"{BUILD_FOR}", check=False)
    verdict.says("a stale copy in updates/ is named, with the remedy", done.text, f"{name} is there as well", f"rm {name}")
    # From 3.2 on DKMS takes it aside, and puts it back when ours is removed.
    aside = "/var/lib/dkms/xen-scsiback/original_module"
    verdict.ends("it is not ours to remove", root.run(f"[ -e {name} ] || [ -n \"$(find {aside} -type f)\" ]", check=False))
    root.run(f"rm -rf {name} {aside}; depmod {machine.kernel} 2>/dev/null")
    root.write("tmp/bin/uname", f"#!/bin/sh\necho {machine.kernel}\n", 0o755)
    root.write("tmp/loaded/version", "0.9\n")
    loaded = "PATH=/tmp/bin:$PATH XEN_PVSCSI_LOADED=/tmp/loaded " + BUILD_FOR
    verdict.says("that an older one is loaded is said", root.says(loaded), "Loaded is 0.9, installed is "
                 f"{built.version}", "REBOOT NEEDED")
    root.write("tmp/loaded/version", built.version + "\n")
    verdict.check("and nothing if it is the same", "REBOOT" not in root.says(loaded))
    root.run("rm /tmp/loaded/version")
    verdict.says("the kernel's own is loaded", root.says(loaded), "Loaded is the kernel's own")


def changes(machine, built, later):
    """Upgrade and downgrade."""
    verdict, root = machine.verdict, machine.root
    root.run("mkdir -p /var/lib/xen-vscsi; echo 0:0:0:0 >/var/lib/xen-vscsi/devices")
    for what, now, old in (("upgraded", later, built), ("downgraded", built, later)):
        verdict.ends(what, machine.install(now))
        verdict.equal(f"{what}: the module", machine.module()[:1], [now.version])
        verdict.says(f"{what}: the tools", root.says("xl-vscsi --version"), now.version)
        verdict.equal(f"{what}: nothing of the other version is left",
                      root.says(f"ls -d /usr/src/xen-scsiback-{old.version} /var/lib/dkms/xen-scsiback/{old.version} "
                                "2>/dev/null || :"), "")
        verdict.equal(f"{what}: what the tools remember is kept", root.says("cat /var/lib/xen-vscsi/devices"), "0:0:0:0\n")


def again(root):
    root.online()
    return root.run("apt-get -qq update; " + APT + " install --reinstall xen-utils-common && "
                    "/autopkgtest/xl && [ ! -e /usr/sbin/xl.dpkg-new ]", check=False)


def away(machine, built):
    verdict, root = machine.verdict, machine.root
    names = " ".join(PACKAGES)
    verdict.ends("removed", root.run(f"{APT} remove {names}", check=False))
    verdict.check("the kernel's own module comes first again", not any("updates" in word for word in root.run(
        f"modinfo -k {machine.kernel} -n xen-scsiback", check=False).text.split()))
    verdict.ends("hooks that stay until purge do no harm",
                 root.run("for f in /etc/kernel/*/xen-scsiback-dkms; do [ ! -e $f ] || $f 1.2.3 || exit; done", check=False))
    verdict.equal("what the tools remember stays until purge", root.says("cat /var/lib/xen-vscsi/devices"), "0:0:0:0\n")
    verdict.ends("purged", root.run(f"{APT} purge {names}", check=False))


def by_hand(machine, built, clean):
    """As administration.md says it, but for what runs on Xen, and for the tools (debs.by_hand)."""
    verdict, root = machine.verdict, machine.root
    root.put(clean, "srv")
    for command in guide.commands(*guide.BY_HAND):
        if command.text.startswith(("modprobe", "systemctl", "make install-tools")):
            continue
        # Which kernel runs is asked of the host's.
        text = command.text.replace("depmod -a", f"depmod -a {machine.kernel}")
        verdict.ends(str(command), root.run(f"cd /srv/{clean.name} && KDIR=/lib/modules/{machine.kernel}/build {text}",
                                            check=False))
    found = machine.module()
    verdict.check("by hand: the module comes first", found[:1] == [built.version] and "/updates/xen-scsiback.ko" in found[1],
                  found)


def by_tarball(machine, built, tarball):
    root = machine.root
    root.put(tarball, "tmp")
    done = root.run(f"tar -C /usr/src -xf /tmp/{tarball.name} && dkms add xen-scsiback/{built.version} && "
                    f"dkms install xen-scsiback/{built.version} -k {machine.kernel}", check=False)
    machine.verdict.ends("the tarball for DKMS is built by it", done)
    machine.verdict.equal("and installed", machine.module()[:1], [built.version])
