# SPDX-License-Identifier: GPL-2.0
"""Commands in dom0 and in guests look the same; this is how they look."""
import base64
import time

from .errors import LabError
from .patience import stretch

# How much longer than the command itself its answer may take.
GRACE = 40


class Result:
    def __init__(self, command, answer):
        self.command = command
        self.rc = answer["rc"]
        self.out = answer["out"]
        self.err = answer["err"]

    def __repr__(self):
        return f"<{self.command!r} rc={self.rc}>"


class Job:
    """A command in the background."""

    def __init__(self, place, command, number):
        self.place, self.command, self.number = place, command, number

    def _wait(self, timeout, forget=False):
        return self.place.call("wait", timeout + GRACE, job=self.number,
                               timeout=stretch(timeout), forget=forget)

    def poll(self):
        """Its result, or None while it runs."""
        answer = self._wait(0)
        return None if answer["rc"] is None else Result(self.command, answer)

    def output(self):
        """(stdout, stderr) so far."""
        answer = self._wait(0)
        return answer["out"], answer["err"]

    def wait(self, timeout=60, check=True):
        answer = self._wait(timeout)
        if answer["rc"] is None:
            raise LabError(
                f"{self.place.name}: still running after {timeout} s: "
                f"{self.command}\n{answer.get('where', '')}")
        return self.place.judge(self.command, answer, check)

    def signal(self, number):
        self.place.call("signal", GRACE, job=self.number, number=int(number))

    def kill(self):
        self.signal(9)


class Place:
    """Somewhere commands can run. Subclasses provide call()."""
    name = "?"
    transcript = None

    def call(self, op, patience, **fields):
        raise NotImplementedError

    def run(self, command, timeout=60, check=True, stdin=None):
        begin = time.monotonic()
        answer = self.call("run", timeout + GRACE, cmd=command, stdin=stdin,
                           timeout=stretch(timeout))
        if self.transcript:
            text = command if stdin is None else f"{command} <<<\n{stdin}"
            self.transcript(self.name, text, answer,
                            time.monotonic() - begin)
        if answer.get("timed_out"):
            state = "killed" if answer["killed"] else "cannot be killed"
            raise LabError(
                f"{self.name}: no end after {timeout} s ({state}): {command}\n"
                f"{answer['out'][-2000:]}{answer['err'][-2000:]}"
                f"{answer['where']}")
        return self.judge(command, answer, check)

    def judge(self, command, answer, check):
        if check and answer["rc"] != 0:
            raise LabError(f"{self.name}: ended with {answer['rc']}: {command}\n"
                           f"{answer['out'][-3000:]}{answer['err'][-3000:]}")
        return Result(command, answer)

    def start(self, command, stdin=None):
        answer = self.call("start", GRACE, cmd=command, stdin=stdin)
        if self.transcript:
            self.transcript(self.name, command + " &", None, 0)
        return Job(self, command, answer["job"])

    def put(self, data, path, mode=0o644):
        if isinstance(data, str):
            data = data.encode()
        self.call("put", GRACE + len(data) / 20000, path=path, mode=mode,
                  data=base64.b64encode(data).decode())

    def get_bytes(self, path):
        return base64.b64decode(self.call("get", 120, path=path)["data"])

    def get(self, path):
        return self.get_bytes(path).decode("utf-8", "replace")

    def poll(self, command, timeout=30, every=0.3):
        """Run until it succeeds."""
        limit = time.monotonic() + stretch(timeout)
        while True:
            result = self.run(command, check=False)
            if result.rc == 0:
                return result
            if time.monotonic() > limit:
                raise LabError(f"{self.name}: not within {timeout} s: {command}"
                               f"\n{result.out[-1500:]}{result.err[-1500:]}")
            time.sleep(every)
