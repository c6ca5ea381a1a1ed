# SPDX-License-Identifier: GPL-2.0
"""The check of layers, on small trees that are compiled here: what is wrong is named, what is right passes."""
import functools
import pathlib
import subprocess
import sys
import tempfile

import pytest

LAYERS = pathlib.Path(__file__).resolve().parent / "layers"
ORDER = ".\ntop  # the floor above\nlow\n"
GOOD = {
    "main.c": "int start(void); int main(void) { return start(); }",
    "top/start.c": "int work(void); extern int setting; int start(void) { return work() + setting; }",
    "top/beside.c": "int work(void); int beside(void) { return work(); }",
    "low/work.c": "int help(void); int work(void) { return help(); }",
    "low/help.cc": 'static int own() { return 1; } extern "C" int help() { return own(); }',
    "low/setting.c": "int setting = 3;",
}


class Tree:
    def __init__(self, path):
        self.path, self.order = path, path / "layers.txt"
        self.order.write_text(ORDER)

    def write(self, files):
        for name, text in files.items():
            (self.path / name).parent.mkdir(parents=True, exist_ok=True)
            (self.path / name).write_text(text + "\n")
        return self

    def compile(self, *names, out=None, cmake=False):
        for source in [self.path / name for name in names] or [*self.path.rglob("*.c"), *self.path.rglob("*.cc")]:
            target = (out or self.path) / source.relative_to(self.path)
            target = target.with_name(f"{source.name if cmake else source.stem}.o")
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(compiled(source.read_text(), source.suffix))
        return self

    def objects(self, *more, **options):
        return layers("objects", self.order, *(more or [self.path]), **options)

    def includes(self, *more):
        return layers("includes", self.order, self.path, *more)


@functools.cache
def compiled(text, suffix):
    with tempfile.TemporaryDirectory() as work:
        (pathlib.Path(work) / f"source{suffix}").write_text(text)
        subprocess.run(["g++" if suffix == ".cc" else "gcc", "-c", "-O1", f"source{suffix}", "-o", "out"], cwd=work,
                       check=True)
        return (pathlib.Path(work) / "out").read_bytes()


def layers(*arguments, **options):
    done = subprocess.run([sys.executable, LAYERS, *arguments], text=True, capture_output=True, **options)
    return done.returncode, done.stdout + done.stderr


@pytest.fixture
def tree(tmp_path):
    return Tree(tmp_path)


def refused(answer, *lines):
    """Each line is said, and no other but the headings."""
    code, said = answer
    assert code == 1, said
    found = [line.strip() for line in said.splitlines()[1:]]
    assert found == list(lines)


def cannot(answer, *words):
    code, said = answer
    assert code == 2 and said.startswith("layers: ") and said.count("\n") == 1, said
    for word in words:
        assert str(word) in said


# Symbols of objects


def test_calls_that_go_down_pass(tree):
    code, said = tree.write(GOOD).compile().objects()
    assert code == 0 and said == f"{tree.path}: 6 files, 4 calls between folders\n"


def test_a_call_up_names_both_files_and_each_symbol(tree):
    tree.write({**GOOD, "low/work.c": "int beside(void), start(void); int work(void) { return beside(); }"
                "int more(void) { return start(); } int all(void) { return start(); }",
                "top/start.c": "int start(void) { return 1; } int another(void) { return 2; }",
                "low/setting.c": "int start(void), another(void); int setting(void) { return start() + another(); }",
                "top/beside.c": "int beside(void) { return 0; }"}).compile()
    refused(tree.objects(), "low/setting.c calls up: another, start in top/start.c",
            "low/work.c calls up: beside in top/beside.c", "low/work.c calls up: start in top/start.c")


def test_what_lies_directly_in_the_folder_has_a_floor_too(tree):
    tree.write({**GOOD, "main.c": "int start(void); int main(void) { return start(); } int root(void) { return 0; }",
                "top/beside.c": "int root(void); int beside(void) { return root(); }"}).compile()
    refused(tree.objects(), "top/beside.c calls up: root in main.c")


@pytest.mark.parametrize("definition", [
    "int wanted = 3;", "int wanted;", "const int wanted = 3;", "int wanted __attribute__((common));",
    "int wanted[4000];", "__attribute__((weak)) int wanted = 3;"])
def test_data_counts_as_calls_do(tree, definition):
    tree.write({**GOOD, "top/beside.c": definition,
                "low/help.cc": 'extern "C" { extern int wanted; int help() { return __builtin_expect(wanted, 0); } }'})
    refused(tree.compile().objects(), "low/help.cc calls up: wanted in top/beside.c")


def test_a_weak_reference_is_a_call_as_well(tree):
    tree.write({**GOOD, "low/help.cc": 'extern "C" int beside() __attribute__((weak));'
                'extern "C" int help() { return beside ? beside() : 0; }'}).compile()
    refused(tree.objects(), "low/help.cc calls up: beside in top/beside.c", "a circle of 3 files: "
            "low/help.cc, low/work.c, top/beside.c",
            "low/help.cc -> top/beside.c (beside) -> low/work.c (work) -> low/help.cc (help)")


def test_static_functions_of_one_name_and_inline_ones_are_nobodys(tree):
    twice = "inline int twice(int x) { return 2 * x; } int (*volatile "
    local = "__attribute__((noipa)) static int local(void) { return 1; }"
    tree.write({**GOOD, "top/beside.c": local + "int beside(void) { return local(); }",
                "low/setting.c": "int local(void); int setting; int set(void) { return local(); }",
                "top/first.cc": twice + "first)(int) = twice;", "top/second.cc": twice + "second)(int) = twice;",
                "low/third.cc": "int twice(int); int third() { return twice(1); }"}).compile()
    code, said = tree.objects()
    assert code == 0 and "9 files, 3 calls" in said


def test_a_strong_definition_goes_before_a_weak_one(tree):
    tree.write({**GOOD, "top/beside.c": "__attribute__((weak)) int setting_of(void) { return 1; }",
                "low/setting.c": "int setting; int setting_of(void) { return 2; }",
                "low/other.c": "int setting_of(void); int other(void) { return setting_of(); }"}).compile()
    assert tree.objects()[0] == 0


def test_what_two_programs_define_is_called_in_both(tree):
    tree.order.write_text(".\ntop beside\nlow\n")
    tree.write({**GOOD, "top/start.c": "int progress = 1;", "beside/start.c": "int progress = 2;",
                "low/work.c": "extern int progress; int work(void) { return progress; }"}).compile()
    refused(tree.objects(), "low/work.c calls up: progress in beside/start.c",
            "low/work.c calls up: progress in top/start.c")


def test_a_name_of_cxx_is_told_as_in_the_source(tree):
    tree.write({**GOOD, "top/beside.cc": "namespace vscsi { int answer(int number) { return number; } }",
                "low/help.cc": "namespace vscsi { int answer(int); }"
                'extern "C" int help() { return vscsi::answer(1); }'})
    (tree.path / "top/beside.c").unlink()
    refused(tree.compile().objects(), "low/help.cc calls up: vscsi::answer in top/beside.cc")


def test_two_files_of_one_folder_in_a_circle(tree):
    tree.write({**GOOD, "low/help.cc": 'extern "C" int work(); extern "C" int help() { return work(); }'}).compile()
    refused(tree.objects(), "a circle of 2 files: low/help.cc, low/work.c",
            "low/help.cc -> low/work.c (work) -> low/help.cc (help)")


def test_three_files_in_a_circle_of_which_no_two_use_each_other(tree):
    tree.write({**GOOD, "low/one.c": "int two(void); int one(void) { return two(); }",
                "low/two.c": "int three(void); int two(void) { return three(); }",
                "low/three.c": "extern int one(void); int three(void) { return one(); }"}).compile()
    refused(tree.objects(), "a circle of 3 files: low/one.c, low/three.c, low/two.c",
            "low/one.c -> low/two.c (two) -> low/three.c (three) -> low/one.c (one)")


def test_circles_that_hang_together_are_one_and_each_file_is_on_a_way_that_is_told(tree):
    tree.write({**GOOD, "low/one.c": "int two(void), three(void); int one(void) { return two() + three(); }",
                "low/two.c": "int one(void); int two(void) { return one(); }",
                "low/three.c": "int one(void); int three(void) { return one(); }"}).compile()
    refused(tree.objects(), "a circle of 3 files: low/one.c, low/three.c, low/two.c",
            "low/one.c -> low/three.c (three) -> low/one.c (one)", "low/two.c -> low/one.c (one) -> low/two.c (two)")


def test_a_circle_over_two_folders_is_a_call_up_as_well(tree):
    tree.write({**GOOD, "low/help.cc": 'extern "C" int start(); extern "C" int help() { return start(); }'}).compile()
    refused(tree.objects(), "low/help.cc calls up: start in top/start.c",
            "a circle of 3 files: low/help.cc, low/work.c, top/start.c",
            "low/help.cc -> top/start.c (start) -> low/work.c (work) -> low/help.cc (help)")


def test_folders_on_one_line_may_not_use_each_other(tree):
    tree.order.write_text(".\ntop next\nlow\n")
    tree.write({**GOOD, "next/other.c": "int beside(void); int other(void) { return beside(); }"}).compile()
    refused(tree.objects(), "next/other.c calls across: beside in top/beside.c")
    tree.write({"next/other.c": "int work(void); int other(void) { return work(); }"}).compile()
    assert tree.objects()[0] == 0


def test_a_line_without_files_is_stale(tree):
    tree.write(GOOD).compile().order.write_text(ORDER + "gone\n")
    refused(tree.objects(), "layers.txt names gone, where no file is")


def test_a_file_of_a_folder_without_a_line(tree):
    tree.write({**GOOD, "new/file.c": "int work(void); int file(void) { return work(); }",
                "low/help.cc": 'extern "C" int file(); extern "C" int help() { return file(); }',
                "low/work.c": "int work(void) { return 0; }"}).compile()
    refused(tree.objects(), "new/file.c lies in no folder of layers.txt",
            "low/help.cc calls what is of no floor: file in new/file.c")


def test_a_file_directly_in_the_folder_needs_its_line(tree):
    tree.write(GOOD).compile().order.write_text("top\nlow\n")
    refused(tree.objects(), "main.c lies in no folder of layers.txt")


def test_a_folder_in_a_folder_goes_with_it_or_has_a_line(tree):
    tree.write({**GOOD, "low/deep/well.c": "int work(void); int well(void) { return work(); }"}).compile()
    assert tree.objects()[0] == 0
    tree.order.write_text(ORDER + "low/deep\n")
    refused(tree.objects(), "low/deep/well.c calls up: work in low/work.c")


def test_what_the_build_makes_and_what_has_no_source_is_left_out(tree):
    tree.write({**GOOD, "old/gone.c": "int start(void); int gone(void) { return start(); }",
                "module.mod.c": "int start(void); int mod(void) { return start(); }"}).compile()
    (tree.path / "old/gone.c").unlink()
    parts = [*tree.path.glob("*/*.o"), tree.path / "main.o"]
    for whole in ("module.o", "low/built-in.o"):
        subprocess.run(["ld", "-r", "-o", tree.path / whole, *parts], check=True)
    code, said = tree.objects()
    assert code == 0 and "6 files" in said


def test_objects_as_cmake_names_them_in_several_folders_some_twice(tree, tmp_path_factory):
    out = tmp_path_factory.mktemp("build")
    tree.write({**GOOD, "low/help.cc": 'extern "C" int beside(); extern "C" int help() { return beside(); }',
                "low/work.c": "int work(void) { return 0; }"})
    tree.compile("main.c", "top/start.c", "top/beside.c", "low/help.cc", out=out / "a.dir", cmake=True)
    tree.compile("low/work.c", "low/help.cc", "low/setting.c", out=out / "b.dir", cmake=True)
    # Compiled in another way, and so that it has another part of what is in it.
    tree.write({"low/work.c": "int work(void); int more(void) { return work(); }", "unit/not_compiled.c": ""})
    tree.compile("low/work.c", out=out / "a.dir", cmake=True)
    refused(tree.objects(out / "a.dir", out / "b.dir", "--sources", tree.path),
            "low/help.cc calls up: beside in top/beside.c")
    cannot(tree.objects(out / "a.dir", "--sources", tree.path), "low/setting.c has no object")


def test_a_source_without_an_object_cannot_be_told(tree):
    tree.write(GOOD).compile()
    (tree.path / "low/work.o").unlink()
    cannot(tree.objects(), "low/work.c has no object", "build first")


def test_no_objects(tree):
    cannot(tree.write(GOOD).objects(), "no objects", tree.path, "build first")


def test_no_nm(tree):
    tree.write(GOOD).compile()
    cannot(tree.objects(env={"PATH": "/usr/bin:/bin", "NM": "/no/nm"}), "there is no /no/nm", "install binutils")


def test_a_file_that_is_no_object(tree):
    tree.write(GOOD).compile()
    (tree.path / "low/work.o").write_text("text")
    cannot(tree.objects(), "nm fails", "low/work.o")


@pytest.mark.parametrize("text, words", [
    ("", ["names no folder"]), ("# top\n", ["names no folder"]), ("top\nlow\ntop/\n", ["layers.txt:3", "top"])])
def test_a_malformed_order(tree, text, words):
    tree.write(GOOD).compile().order.write_text(text)
    cannot(tree.objects(), "layers.txt", *words)


def test_no_order_and_no_folder(tree):
    tree.write(GOOD).compile()
    cannot(tree.objects(tree.path / "none"), "no folder", "none")
    cannot(tree.objects(tree.path, "--sources", tree.path / "none"), "there is no folder", "none")
    tree.order.unlink()
    cannot(tree.objects(), "layers.txt cannot be read")


# Includes


HEADERS = {
    "main.c": '#include "top/start.h"\n#include <stdio.h>',
    "top/start.c": '#include "start.h"\n#include "../low/work.h"',
    "top/start.h": "#pragma once",
    "low/work.c": '#include "work.h"\n#include "stdlib.h"',
    "low/work.h": '#include "low/types.h"',
    "low/types.h": "",
}


def test_includes_that_go_down_pass(tree):
    code, said = tree.write(HEADERS).includes()
    assert code == 0 and said == f"{tree.path}: 6 files, 2 includes between folders\n"


@pytest.mark.parametrize("text", [
    '#include "../top/start.h"', '#include "top/start.h"', "#include <top/start.h>", ' #\tinclude  "top/start.h" // x'])
def test_an_include_up(tree, text):
    tree.write({**HEADERS, "low/work.h": f"/* three\n *\n * lines */\n{text}"})
    refused(tree.includes(), "low/work.h includes up: top/start.h, line 4")


@pytest.mark.parametrize("text", [
    '// #include "top/start.h"', '/*\n#include "top/start.h"\n*/',
    'char text[] = "/*";\nint x; /*\n#include "top/start.h"\n*/',
    '#include "other/start.h"', "#include <start.h>", '#include "../../outside.h"'])
def test_what_is_no_include_of_the_tree(tree, text):
    (tree.path.parent / "outside.h").touch()
    assert tree.write({**HEADERS, "low/work.h": text}).includes()[0] == 0


def test_the_file_beside_goes_before_that_of_the_top_folder(tree):
    tree.write({**HEADERS, "work.h": "", "low/work.c": '#include "work.h"'})
    assert tree.includes()[0] == 0
    tree.write({"low/work.c": "#include <work.h>"})
    refused(tree.includes(), "low/work.c includes up: work.h, line 1")


def test_headers_in_a_circle(tree):
    tree.write({**HEADERS, "low/types.h": '#pragma once\n#include "work.h"'})
    refused(tree.includes(), "a circle of 2 files: low/types.h, low/work.h",
            "low/types.h -> low/work.h (line 2) -> low/types.h (line 1)")


def test_a_header_that_includes_itself(tree):
    tree.write({**HEADERS, "low/types.h": '#include "types.h"'})
    refused(tree.includes(), "a circle of 1 file: low/types.h", "low/types.h -> low/types.h (line 1)")


def test_a_folder_outside_includes_all_and_nobody_includes_it(tree):
    tree.write({**HEADERS, "unit/test.c": '#include "top/start.h"\n#include "fake.h"', "unit/fake.h": ""})
    refused(tree.includes(), "unit/fake.h lies in no folder of layers.txt",
            "unit/test.c lies in no folder of layers.txt")
    assert tree.includes("--without", "unit")[0] == 0
    tree.write({"low/types.h": '#include "unit/fake.h"'})
    refused(tree.includes("--without", "unit"), "unit/fake.h lies in no folder of layers.txt",
            "low/types.h includes what is of no floor: unit/fake.h, line 1")


def test_a_stale_line_for_includes(tree):
    tree.write(HEADERS).order.write_text(ORDER + "gone\n")
    refused(tree.includes(), "layers.txt names gone, where no file is")


def test_no_sources(tree):
    cannot(tree.includes(), "no sources")


# Imports


PACKAGE = {
    "__init__.py": "", "cli.py": "from . import work\nfrom .low.tool import use\nimport os",
    "work.py": "from .errors import Wrong\nfrom .low import tool, NUMBER", "errors.py": "",
    "low/__init__.py": "NUMBER = 1",
    "low/tool.py": "from ..errors import Wrong\nfrom .. import nothing\nfrom .... import cli",
}


@pytest.fixture
def package(tmp_path):
    (tmp_path / "pack").mkdir()
    return Tree(tmp_path / "pack")


def imports(tree, *more):
    return layers("imports", tree.path, *more)


def test_imports_without_a_circle_pass(package):
    code, said = imports(package.write(PACKAGE))
    assert code == 0 and said == f"{package.path}: 6 files, no imports in a circle\n"


@pytest.mark.parametrize("text, line", [
    ("from . import cli", "line 1"), ("from .cli import main", "line 1"), ("import pack.cli", "line 1"),
    ("from pack import cli", "line 1"), ("from pack.cli import main", "line 1"), ("import pack.cli as c, os", "line 1"),
    ("def f():\n    from . import cli", "line 2 in a function"),
    ("class C:\n    async def f(self):\n        if self:\n            import pack.cli", "line 4 in a function"),
    ("try:\n    from . import cli\nexcept ImportError:\n    pass", "line 2"),
    ("if TYPE_CHECKING:\n    pass\nelse:\n    from . import cli", "line 4"),
    ("if not TYPE_CHECKING:\n    from . import cli", "line 2")])
def test_modules_in_a_circle(package, text, line):
    refused(imports(package.write({**PACKAGE, "errors.py": text})),
            "a circle of 4 files: cli.py, errors.py, low/tool.py, work.py",
            f"cli.py -> low/tool.py (line 2) -> errors.py (line 1) -> cli.py ({line})",
            f"work.py -> errors.py (line 1) -> cli.py ({line}) -> work.py (line 1)")


@pytest.mark.parametrize("text", [
    "if TYPE_CHECKING:\n    from . import cli", "import typing\nif typing.TYPE_CHECKING:\n    from .cli import main",
    "if not TYPE_CHECKING:\n    pass\nelse:\n    from . import cli", "import cli", "from other import cli",
    "text = 'from . import cli'", "from .. import cli", "import packed.cli",
    "import pack.errors"])
def test_what_is_not_imported_when_it_runs_or_is_of_others(package, text):
    assert imports(package.write({**PACKAGE, "errors.py": text}))[0] == 0


def test_a_name_of_the_package_is_its_own_file(package):
    refused(imports(package.write({**PACKAGE, "low/__init__.py": "from .tool import use",
                                   "low/tool.py": "from . import NUMBER"})),
            "a circle of 2 files: low/__init__.py, low/tool.py",
            "low/__init__.py -> low/tool.py (line 1) -> low/__init__.py (line 1)")


def test_the_order_of_a_package(package):
    package.write(PACKAGE).order.write_text(".\nlow\n")
    refused(imports(package, package.order), "low/tool.py imports up: __init__.py, line 2",
            "low/tool.py imports up: errors.py, line 1")
    package.order.write_text("low\n.\n")
    refused(imports(package, package.order), "cli.py imports up: low/tool.py, line 2",
            "work.py imports up: low/__init__.py, line 2", "work.py imports up: low/tool.py, line 2")


def test_no_modules_and_no_python(package):
    cannot(imports(package), "no Python modules")
    cannot(imports(package.write({"broken.py": "def"})), "broken.py is no Python")
