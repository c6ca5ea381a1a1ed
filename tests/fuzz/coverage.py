# SPDX-License-Identifier: GPL-2.0
"""Branches of the engine that the corpora do not reach, against unreached.md."""
import json
import pathlib
import re
import subprocess

HERE = pathlib.Path(__file__).resolve().parent
TOP = HERE.parent.parent
LIST = HERE / "unreached.md"
OURS = ("drivers/xen-scsiback/engine/", "drivers/xen-scsifront/engine/", "include/vscsi/")
# `FILE`: `source line` (true|false|both): reason
ENTRY = re.compile(r"^- `([^`]+)`: `(.+)` \((true|false|both)\)")


def check(out, names, build, corpora):
    """0 if every branch is reached, or explained."""
    build(out, names, "-DFUZZ_COVERAGE=ON")
    profiles = []
    for name in names:
        raw = out / f"{name}.profraw"
        files = sorted((corpora / name).iterdir())
        subprocess.run([out / f"fuzz-{name}", "-runs=0", *files], check=True, stdout=subprocess.DEVNULL,
                       stderr=subprocess.DEVNULL, env={"LLVM_PROFILE_FILE": str(raw)})
        profiles.append(raw)
    merged = out / "all.profdata"
    subprocess.run(["llvm-profdata", "merge", "-o", merged, *profiles], check=True)
    objects = [word for name in names[1:] for word in ("-object", out / f"fuzz-{name}")]
    report = subprocess.run(["llvm-cov", "export", f"-instr-profile={merged}", out / f"fuzz-{names[0]}", *objects],
                            check=True, text=True, stdout=subprocess.PIPE).stdout
    reached = counts(json.loads(report))
    return compare(reached)


def counts(report):
    """How often each branch went each way, whatever object or instantiation it is in."""
    found = {}
    for function in report["data"][0]["functions"]:
        for branch in function["branches"]:
            file = function["filenames"][branch[6]]
            name = str(pathlib.Path(file).resolve().relative_to(TOP)) if file.startswith(str(TOP)) else ""
            if not name.startswith(OURS):
                continue
            sides = found.setdefault((name, branch[0], branch[1]), [0, 0])
            sides[0] += branch[4]
            sides[1] += branch[5]
    return found


def compare(reached):
    explained = set()
    for line in LIST.read_text().splitlines():
        entry = ENTRY.match(line)
        if entry:
            sides = ("true", "false") if entry[3] == "both" else (entry[3],)
            explained |= {(entry[1], entry[2], side) for side in sides}
    sources, missing, used = {}, [], set()
    total = 0
    for (name, line, column), sides in sorted(reached.items()):
        text = sources.setdefault(name, (TOP / name).read_text().splitlines())[line - 1].strip()
        for side, count in zip(("true", "false"), sides):
            total += 1
            key = (name, text, side)
            if count:
                continue
            used.add(key)
            if key not in explained:
                missing.append(f"- `{name}`: `{text}` ({side}) at {line}:{column}")
    unreached = sum(1 for sides in reached.values() for count in sides if not count)
    print(f"{total} branches of the engine, {total - unreached} reached, {unreached} not, "
          f"of which {unreached - len(missing)} are explained")
    for line in missing:
        print(line)
    for name, text, side in sorted(explained - used):
        print(f"reached by now, or gone: `{name}`: `{text}` ({side})")
    return int(bool(missing))
