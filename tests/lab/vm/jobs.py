# SPDX-License-Identifier: GPL-2.0
"""The operations that dom0 and guests have in common.

serve() takes one decoded request and calls reply() with the answer, at once
or from a thread of its own; requests never wait for each other.
"""
import base64
import glob
import itertools
import os
import signal
import subprocess
import threading
import time

SPOOL = "/run/lab"
LIMIT = 8 << 20


class Job:
    """A shell command whose output goes to files.

    Files, not pipes: a daemon left behind by the command would hold a pipe
    open and the answer would never come.
    """
    numbers = itertools.count(1)
    table = {}

    def __init__(self, command, stdin=None):
        self.id = next(Job.numbers)
        self.base = f"{SPOOL}/job{self.id}"
        source = subprocess.DEVNULL
        if stdin is not None:
            with open(self.base + ".in", "w") as handle:
                handle.write(stdin)
            source = open(self.base + ".in")
        with open(self.base + ".out", "wb") as out, \
                open(self.base + ".err", "wb") as err:
            self.process = subprocess.Popen(
                ["/bin/bash", "-c", command], stdin=source, stdout=out,
                stderr=err, cwd="/root", start_new_session=True)
        if stdin is not None:
            source.close()
        self.ended = threading.Event()
        threading.Thread(target=self._reap, daemon=True).start()
        Job.table[self.id] = self

    def _reap(self):
        self.process.wait()
        self.ended.set()

    def signal(self, number):
        try:
            os.killpg(self.process.pid, number)
        except ProcessLookupError:
            pass

    def result(self):
        return {"rc": self.process.returncode if self.ended.is_set() else None,
                "out": self._read(".out"), "err": self._read(".err")}

    def _read(self, suffix):
        with open(self.base + suffix, "rb") as handle:
            data = handle.read(LIMIT + 1)
        text = data[:LIMIT].decode("utf-8", "replace")
        return text + ("\n[cut here by the lab]\n" if len(data) > LIMIT else "")

    def where(self):
        """What the processes of a job that does not end are waiting in."""
        found = []
        for directory in glob.glob("/proc/[0-9]*"):
            try:
                with open(directory + "/stat") as handle:
                    pid, rest = handle.read().split(" (", 1)
                name, fields = rest.rsplit(") ", 1)
                if int(fields.split()[2]) != self.process.pid:
                    continue
                found.append(f"process {pid} ({name}) state {fields[0]}")
                with open(directory + "/stack") as handle:
                    found.append(handle.read(2000).rstrip())
            except (OSError, ValueError):
                continue
        return "\n".join(found)

    def forget(self):
        Job.table.pop(self.id, None)
        for suffix in (".in", ".out", ".err"):
            try:
                os.unlink(self.base + suffix)
            except FileNotFoundError:
                pass


def op_ping(request):
    return {"pid": os.getpid(), "time": time.time()}


def op_run(request):
    job = Job(request["cmd"], request.get("stdin"))
    answer = {}
    if not job.ended.wait(request["timeout"]):
        answer["timed_out"] = True
        answer["where"] = job.where()
        job.signal(signal.SIGKILL)
        answer["killed"] = job.ended.wait(3)
    answer.update(job.result())
    if job.ended.is_set():
        job.forget()
    return answer


def op_start(request):
    return {"job": Job(request["cmd"], request.get("stdin")).id}


def op_wait(request):
    job = Job.table[request["job"]]
    job.ended.wait(request["timeout"])
    answer = job.result()
    if answer["rc"] is None:
        answer["where"] = job.where()
    elif request.get("forget"):
        job.forget()
    return answer


def op_signal(request):
    Job.table[request["job"]].signal(request["number"])
    return {}


def op_put(request):
    path = request["path"]
    os.makedirs(os.path.dirname(path) or "/", exist_ok=True)
    with open(path, "wb") as handle:
        handle.write(base64.b64decode(request["data"]))
    os.chmod(path, request.get("mode", 0o644))
    return {}


def op_get(request):
    with open(request["path"], "rb") as handle:
        data = handle.read(LIMIT)
    return {"data": base64.b64encode(data).decode()}


OPERATIONS = {name[3:]: function for name, function in globals().items()
              if name.startswith("op_")}


def serve(request, reply, operations=OPERATIONS):
    def work():
        try:
            answer = operations[request["op"]](request)
        except Exception as error:
            answer = {"error": f"{type(error).__name__}: {error}"}
        answer["id"] = request.get("id")
        reply(answer)
    threading.Thread(target=work, daemon=True).start()
