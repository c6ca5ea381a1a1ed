# SPDX-License-Identifier: GPL-2.0
"""Run scenarios one after the other and tell how they went."""
import ast
import contextlib
import importlib.util
import json
import re
import shutil
import threading
import time
import traceback

from . import image, kcsan, logscan, paths, selfcheck, snapshot
from .errors import LabError, Unsuited
from .lab import Lab
from .machine import Machine
from .patience import stretch

DRIVERS = ("ours", "in-tree")
DEFAULT_TIMEOUT = 600


class Scenario:
    """A file; loaded only when it runs, listed without running it."""

    def __init__(self, path):
        self.path = path
        self.name = path.stem
        tree = ast.parse(path.read_text(), str(path))
        text = ast.get_docstring(tree) or ""
        self.summary = text.split("\n")[0]
        self.constants = {}
        for node in tree.body:
            if isinstance(node, ast.Assign) and \
                    isinstance(node.targets[0], ast.Name):
                with contextlib.suppress(ValueError):
                    self.constants[node.targets[0].id] = \
                        ast.literal_eval(node.value)
        self.timeout = self.constants.get("TIMEOUT", DEFAULT_TIMEOUT)
        self.drivers = self.constants.get("DRIVERS", DRIVERS)
        self.guests = self.constants.get("GUESTS", 0)
        self.fails_on = self.constants.get("FAILS_ON", {})
        self.long = self.constants.get("LONG", False)
        # On debug kernels of these kinds only.
        self.debug = self.constants.get("DEBUG_KERNEL", ())
        # Another disk of dom0's, which not everybody has.
        self.image = self.constants.get("IMAGE")
        # Which xen-scsifront guests have, unless the command line says otherwise.
        self.frontend = self.constants.get("FRONTEND", "stock")

    def load(self):
        spec = importlib.util.spec_from_file_location(self.name, self.path)
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        return module


def scenarios():
    return {path.stem: Scenario(path)
            for path in sorted(paths.SCENARIO_DIR.glob("*.py"))
            if not path.name.startswith("_")}


class Outcome:
    def __init__(self, scenario):
        self.name = scenario.name
        self.status = "FAIL"
        self.passed, self.failed, self.problems = [], [], []
        self.seconds = 0.0
        self.ready = None

    def as_dict(self):
        return {"scenario": self.name, "status": self.status,
                "seconds": round(self.seconds, 1),
                "seconds_to_ready": self.ready and round(self.ready, 1),
                "passed": self.passed, "failed": self.failed,
                "problems": self.problems}


def report(kind, name, detail):
    print(f"  {kind:4} {name}", flush=True)
    for line in detail.splitlines()[:60]:
        print(f"         {line}", flush=True)


class Runner:
    def __init__(self, options, module):
        self.options, self.module = options, module
        self.results = options.results or paths.results_dir()

    def run_all(self, chosen):
        outcomes = []
        try:
            for scenario in chosen:
                outcomes.append(self.run_one(scenario))
        finally:
            self._summary(outcomes)
        return all(item.status in ("PASS", "SKIP") for item in outcomes)

    def run_one(self, scenario):
        outcome = Outcome(scenario)
        driver = self.options.driver
        print(f"\n== {scenario.name} ({driver}): {scenario.summary}",
              flush=True)
        if driver not in scenario.drivers:
            outcome.status = "SKIP"
            print(f"  SKIP only for driver {', '.join(scenario.drivers)}")
            return outcome
        if scenario.debug and self.options.debug_kernel not in scenario.debug:
            outcome.status = "SKIP"
            print(f"  SKIP only with --debug-kind {' or '.join(scenario.debug)}")
            return outcome
        logs = self.results / f"{scenario.name}-{driver}"
        shutil.rmtree(logs, ignore_errors=True)
        begin = time.monotonic()
        expected = []
        machine = Machine(logs, self.module, self.options.extra,
                          self.options.full_boot, self.options.verbose,
                          min(scenario.guests, snapshot.MOST_GUESTS),
                          scenario.constants.get("CPU_FEATURES", ""),
                          self.options.debug_kernel,
                          devices=scenario.constants.get("DEVICES", ()),
                          shadow=scenario.constants.get("SHADOW_PAGING", False),
                          kind=scenario.image)
        late = threading.Event()

        def deadline():
            late.set()
            if machine.channel:
                machine.channel.bury("the scenario's time was up")
            if machine.qemu:
                machine.qemu.kill()
        limit = self.options.timeout or stretch(scenario.timeout)
        timer = threading.Timer(limit, deadline)
        timer.daemon = True
        timer.start()
        lab = unsuited = None
        try:
            snapshot.start(machine)
            outcome.ready = time.monotonic() - begin
            lab = Lab(machine, driver, report, self.options.frontend or scenario.frontend)
            expected = lab.expected
            module = scenario.load()
            if scenario.guests:
                lab.boot_guests(*[f"g{number + 1}"
                                  for number in range(scenario.guests)])
            module.run(lab)
            if self.options.debug_kernel and not machine.stopping.is_set():
                selfcheck.verdict(lab)
        except Unsuited as reason:
            unsuited = str(reason)
        except LabError as error:
            outcome.problems.append(str(error))
            trace = traceback.extract_tb(error.__traceback__)
            for frame in trace:
                if frame.filename == str(scenario.path):
                    outcome.problems.append(
                        f"at {scenario.name}.py:{frame.lineno}: {frame.line}")
        except Exception:
            outcome.problems.append(traceback.format_exc())
        finally:
            timer.cancel()
            if lab:
                outcome.passed, outcome.failed = lab.passed, lab.failed
                lab.transcript.close()
            if self.options.keep and outcome.problems and \
                    machine.qemu and machine.qemu.alive():
                self._hold(machine)
            machine.settle()
            machine.stop()
        if late.is_set():
            outcome.problems.insert(0, f"not finished after {limit} s")
        outcome.problems += self._log_problems(logs, expected)
        if not outcome.failed and not outcome.problems:
            outcome.status = "PASS"
        if unsuited and outcome.status == "PASS" and not outcome.passed:
            outcome.status = "SKIP"
            outcome.seconds = time.monotonic() - begin
            print(f"  SKIP {unsuited}", flush=True)
            return outcome
        if unsuited and outcome.status == "PASS":
            outcome.status = "FAIL"
            outcome.problems.append(f"unsuited after its first check: {unsuited}")
        if driver in scenario.fails_on:
            return self._known_bad(outcome, scenario.fails_on[driver], begin)
        for problem in outcome.problems:
            report("FAIL", problem.split("\n")[0],
                   "\n".join(problem.split("\n")[1:]))
        if outcome.status == "FAIL":
            self._tail(logs)
        outcome.seconds = time.monotonic() - begin
        print(f"  {outcome.status} {scenario.name} in {outcome.seconds:.1f} s"
              f" (host ready after {outcome.ready or 0:.1f} s)", flush=True)
        return outcome

    @staticmethod
    def _where():
        found = image.current()
        return {"dom0": image.about(found), "guests": image.about(found.guests)}

    @staticmethod
    def _known_bad(outcome, pattern, begin):
        """A driver that is known to fail here has to fail, and in that way:
        else either the lab or what is known of the driver is wrong."""
        lines = "\n".join(outcome.problems + outcome.failed).splitlines()
        found = [line for line in lines if re.search(pattern, line)]
        outcome.seconds = time.monotonic() - begin
        outcome.status = "PASS" if found else "FAIL"
        if found:
            outcome.failed, outcome.problems = [], []
            outcome.passed.append(f"fails as known: {found[0].strip()}")
            report("PASS", outcome.passed[-1], "")
        else:
            outcome.problems.append(f"did not fail with /{pattern}/")
            report("FAIL", outcome.problems[-1], "\n".join(lines))
        return outcome

    @staticmethod
    def _log_problems(logs, expected):
        problems = []
        for log in sorted(logs.glob("*.log")):
            if log.name == "commands.log":
                continue
            text = log.read_text(errors="replace")
            text, others = kcsan.split(text)
            for title in sorted(set(others)):
                report("note", f"KCSAN, none of ours: {title}", "")
            for excerpt in logscan.scan(text, expected):
                problems.append(f"{log.name} is not clean:\n"
                                + "\n".join(excerpt))
        for item in expected:
            if item.required and not item.seen:
                problems.append("no log line matches the expected "
                                f"/{item.pattern.pattern}/")
        return problems

    @staticmethod
    def _tail(logs):
        """The end of each console; most failures explain themselves there."""
        print(f"  logs: {logs}")
        for log in sorted(logs.glob("*.log")):
            if log.name == "commands.log":
                continue
            lines = [line for line in
                     log.read_text(errors="replace").splitlines() if line][-12:]
            print(f"  ---- end of {log.name}")
            for line in lines:
                print(f"  | {line}")

    @staticmethod
    def _hold(machine):
        print(f"  kept: QEMU process {machine.qemu.process.pid}, sockets in "
              f"{machine.work}; press Enter to go on", flush=True)
        with contextlib.suppress(EOFError):
            input()

    def _summary(self, outcomes):
        if not outcomes:
            return
        width = max(len(item.name) for item in outcomes)
        print()
        for item in outcomes:
            print(f"{item.name:{width}}  {item.status:4}  "
                  f"{len(item.passed):3} passed  "
                  f"{len(item.failed) + len(item.problems):3} failed  "
                  f"{item.seconds:6.1f} s")
        passed = sum(item.status == "PASS" for item in outcomes)
        failed = sum(item.status == "FAIL" for item in outcomes)
        skipped = sum(item.status == "SKIP" for item in outcomes)
        tail = f", {skipped} skipped" if skipped else ""
        print(f"{passed} passed, {failed} failed{tail}", flush=True)
        self.results.mkdir(parents=True, exist_ok=True)
        (self.results / "results.json").write_text(json.dumps({
            "driver": self.options.driver, **self._where(), "passed": passed, "failed": failed,
            "skipped": skipped,
            "scenarios": [item.as_dict() for item in outcomes]}, indent=1))
