# SPDX-License-Identifier: GPL-2.0
"""A place to run programs in: a tree with a layer above it that is thrown away."""
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile

# What runs in it must leave room for whatever else the machine does.
AT_LEISURE = ["chrt", "--idle", "0", "nice", "-n", "19"]
ENVIRONMENT = ["env", "-i", "PATH=/usr/sbin:/usr/bin:/sbin:/bin", "HOME=/root", "LC_ALL=C.UTF-8",
               "DEBIAN_FRONTEND=noninteractive", "TERM=dumb"]
LONGEST = 2400
# In namespaces of their own, mounts and processes are gone with this shell, however it ends.
ENTER = """
root=$1 below=$2 scratch=$3; shift 3
if [ -n "$below" ]; then
	mount -t overlay overlay -o "lowerdir=$below,upperdir=$scratch/upper,workdir=$scratch/work" "$root" || exit 125
fi
mount -t proc proc "$root/proc" && mount -t tmpfs run "$root/run" &&
	mount -t devpts -o newinstance,ptmxmode=666 devpts "$root/dev/pts" &&
	mount --bind "$root/dev/pts/ptmx" "$root/dev/ptmx" || exit 125
exec chroot "$root" "$@"
"""


class Failed(Exception):
    """A program in a chroot ended with another code than it should."""


class Done:
    def __init__(self, code, text):
        self.code, self.text = code, text


class Chroot:
    """`with Chroot(tree) as root`: what is changed below it is gone afterwards."""

    def __init__(self, tree, throw_away=True):
        self.tree = pathlib.Path(tree)
        self.throw_away = throw_away
        self.scratch = None
        self.path = self.tree

    def __enter__(self):
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
        if self.throw_away:
            self.scratch = pathlib.Path(tempfile.mkdtemp(prefix="scratch-", dir=self.tree.parent))
            for name in ("upper", "work", "root"):
                (self.scratch / name).mkdir()
            self.path = self.scratch / "root"
        return self

    def __exit__(self, kind, value, trace):
        if self.scratch:
            shutil.rmtree(self.scratch)

    def run(self, script, check=True):
        """A shell script in it, and all that it says."""
        below, scratch = (self.tree, self.scratch) if self.throw_away else ("", "")
        words = [*AT_LEISURE, "unshare", "--mount", "--pid", "--fork", "--kill-child", "--ipc", "sh", "-c", ENTER, "sh",
                 self.path, below, scratch, *ENVIRONMENT, "sh", "-c", script]
        done = subprocess.run([str(word) for word in words], text=True, errors="replace", timeout=LONGEST,
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
        if check and done.returncode:
            raise Failed(f"{script}\nended with {done.returncode}:\n{done.stdout[-4000:]}")
        return Done(done.returncode, done.stdout)

    def says(self, script):
        return self.run(script).text

    def _layer(self, name):
        """Where what is written now is seen from outside, whatever is mounted."""
        return (self.scratch / "upper" if self.throw_away else self.tree) / name.lstrip("/")

    def put(self, source, folder):
        target = self._layer(folder)
        target.mkdir(parents=True, exist_ok=True)
        if pathlib.Path(source).is_dir():
            shutil.copytree(source, target / pathlib.Path(source).name, symlinks=True)
        else:
            shutil.copy(source, target)

    def write(self, name, text, mode=0o644):
        target = self._layer(name)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text)
        target.chmod(mode)

    def take(self, name, folder):
        """A file that was written in it."""
        folder.mkdir(parents=True, exist_ok=True)
        for path in sorted(self._layer(name).parent.glob(pathlib.Path(name).name)):
            shutil.copy(path, folder)

    def online(self):
        if pathlib.Path("/etc/resolv.conf").exists():
            self.write("etc/resolv.conf", pathlib.Path("/etc/resolv.conf").read_text())
