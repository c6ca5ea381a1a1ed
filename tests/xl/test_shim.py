# SPDX-License-Identifier: GPL-2.0
"""Which words reach whom."""
import os

import pytest

from conftest import WRAPPER

OURS = ["vscsi-attach", "vscsi-detach", "vscsi-list", "scsi-attach", "scsi-detach", "scsi-list"]
ALL = " ".join([*OURS, "vscsi"])
NOT_OURS = ["list", "create", "block-attach", "vscsi-", "vscsi-attach2", "vscs", "scsi", "pci-attach", "-", "vscsi list"]


@pytest.mark.parametrize("verb", OURS)
def test_our_verbs_keep_their_names(host, verb):
    assert host.run(verb, "g1", "/dev/sdb", "0:0:0:1").calls == ["xl-vscsi", verb, "g1", "/dev/sdb", "0:0:0:1"]


@pytest.mark.parametrize("words", [["attach", "g1", "host:2"], ["top", "-b", "-n", "1"], ["--help"], []])
def test_any_verb_of_ours_after_vscsi(host, words):
    assert host.run("vscsi", *words).calls == ["xl-vscsi", *words]


@pytest.mark.parametrize("verb", NOT_OURS)
def test_other_verbs_are_xls(host, verb):
    assert host.run(verb, "vscsi-attach", "x").calls == ["xl", verb, "vscsi-attach", "x"]


@pytest.mark.parametrize("verb, who", [("list", "xl"), ("vscsi-list", "xl-vscsi")])
def test_words_arrive_as_they_are(host, verb, who):
    words = ["two words", "", "*", "a\tb\nc", "$HOME", "-N", "--", "'\"\\"]
    (host.root / "a file for the star").touch()
    assert host.run(verb, *words).calls == [who, verb, *words]


@pytest.mark.parametrize("verb", ["list", "vscsi-list"])
def test_exit_code_and_input_are_those_of_who_is_called(host, verb):
    done = host.run(verb, stdin="one\ntwo\n", READS="1", CODE="37")
    assert (done.code, done.out, done.err) == (37, "one\ntwo\n", "")


@pytest.mark.parametrize("options, dry", [
    (["-v"], []), (["-vvv"], []), (["-f", "-t", "-T"], []), (["-ftT"], []),
    (["-N"], ["--dry-run"]), (["-vNf"], ["--dry-run"]), (["-N", "-v", "-N"], ["--dry-run"])])
def test_global_options(host, options, dry):
    """xl has them all; ours has the dry run, where the verb's own options are."""
    assert host.run(*options, "list", "g1").calls == ["xl", *options, "list", "g1"]
    assert host.run(*options, "vscsi-attach", "g1", "d").calls == ["xl-vscsi", "vscsi-attach", *dry, "g1", "d"]
    assert host.run(*options, "vscsi", "attach", "g1", "d").calls == ["xl-vscsi", "attach", *dry, "g1", "d"]


def test_create_takes_xls_dry_run(host):
    """What xl-vscsi does not know there is passed on to xl: it would take --dry-run for a file."""
    assert host.run("-N", "vscsi", "create", "g1.cfg").calls == ["xl-vscsi", "create", "--dryrun", "g1.cfg"]
    assert host.run("vscsi", "create", "g1.cfg").calls == ["xl-vscsi", "create", "g1.cfg"]


@pytest.mark.parametrize("option", ["-x", "-vx", "--help", "--", "-vN-"])
def test_unknown_options_are_xls_to_complain_of(host, option):
    assert host.run(option, "vscsi-attach", "g1").calls == ["xl", option, "vscsi-attach", "g1"]


@pytest.mark.parametrize("verb", [*OURS, "vscsi"])
def test_a_verb_that_xl_has_is_xls(host, verb):
    words = ["-v", verb, "g1", "d"]
    assert host.run(*words, KNOWN=f"list {verb}").calls == ["xl", *words]


@pytest.mark.parametrize("known", ["list", "vscsi-attach-all scsi-attachment"])
def test_a_verb_that_xl_has_not_is_ours(host, known):
    """xl's help ends with 0 for both."""
    assert host.run("vscsi-attach", "g1", "d", KNOWN=known).calls[0] == "xl-vscsi"


def test_xl_that_takes_part_of_a_verb(host):
    """Its help for `scsi-list` is that of the one verb that begins so."""
    host.program("sbin/xl", "#!/bin/sh\necho 'Usage: xl [-vt] scsi-list-all <Domain>'\n")
    assert host.run("scsi-list").calls == ["xl-vscsi", "scsi-list"]


def test_asking_xl_is_not_noticed(host):
    """It takes nothing of the input, and what it complains of, as where Xen does not run, is not shown."""
    host.program("sbin/xl", "#!/bin/sh\n/bin/cat >/dev/null\necho 'cannot init xl context' >&2\nexit 1\n")
    done = host.run("vscsi-list", stdin="mine", READS="1")
    assert (done.out, done.err) == ("mine", "")


def test_variables_reach_xl_as_they_were(host):
    names = {"dir": "1", "verb": "2", "file": "3", "text": "4", "code": "5", "word": "6"}
    host.program("sbin/xl", "#!/bin/sh\n/usr/bin/env\n")
    lines = host.run("list", **names).out.splitlines()
    assert {f"{name}={value}" for name, value in names.items()} <= set(lines)
    assert not [line for line in lines if line.startswith("xlv_")]


@pytest.mark.parametrize("words, code", [(["help"], 0), ([], 1), (["help", "help"], 0), (["-v"], 9)])
def test_list_of_verbs(host, words, code):
    """xl's, then ours, in its form; and its exit code."""
    if code == 9:
        host.program("sbin/xl", "#!/bin/sh\n[ \"$*\" = -v ] && echo ' create              Create a domain'\nexit 9\n")
    done = host.run(*words)
    lines = done.out.splitlines()
    first = lines.index(" create              Create a domain")
    assert [line.split()[0] for line in lines[first:]] == ["create", "vscsi", "vscsi-attach", "vscsi-detach", "vscsi-list"]
    assert all(line[0] == " " and line[1:20].strip() and line[20] == " " for line in lines[first:])
    assert (done.code, done.err) == (code, "")


def test_list_of_verbs_of_an_xl_that_has_them(host):
    assert host.run("help", LISTED=" vscsi-attach        Its own\n").out.count("vscsi-attach") == 1


def test_no_list_of_verbs_where_xl_has_none(host):
    host.program("sbin/xl", "#!/bin/sh\necho \"ERROR: no hypervisor\" >&2\nexit 127\n")
    done = host.run("help")
    assert (done.code, done.out, done.err) == (127, "", "ERROR: no hypervisor\n")


@pytest.mark.parametrize("topic, words", [("vscsi", ["--help"]), ("vscsi-attach", ["vscsi-attach", "--help"]),
                                          ("scsi-list", ["scsi-list", "--help"])])
def test_help_for_our_verbs(host, topic, words):
    assert host.run("help", topic, KNOWN="list").calls == ["xl-vscsi", *words]
    assert host.run("help", topic, KNOWN=ALL).out.startswith("Usage: xl")


def test_help_for_xls_verbs(host):
    assert host.run("help", "list", KNOWN="list").out.startswith("Usage: xl [-vtN] list")


def test_without_xl(host):
    host.xl.unlink()
    done = host.run("list")
    assert done.code == 127 and "no other xl" in done.err and str(host.shim) in done.err
    done = host.run("help")
    assert done.code == 127 and "no other xl" in done.err and done.out == ""
    done = host.run("vscsi-list")
    assert (done.calls, done.err) == (["xl-vscsi", "vscsi-list"], "")


def test_what_is_no_program_is_no_xl(host):
    """A folder and a file that cannot be executed stand before it in PATH."""
    (host.root / "folder/xl").mkdir(parents=True)
    (host.root / "plain").mkdir()
    (host.root / "plain/xl").write_text("#!/bin/sh\necho wrong\n")
    host.path[1:1] = [host.root / "folder", host.root / "plain", host.root / "nowhere"]
    assert host.run("list").calls == ["xl", "list"]


def test_beyond_path(host):
    """As cron's PATH, which has no sbin."""
    host.path = [host.root / "nowhere"]
    host.fake("usual/xl", "usual xl")
    host.fake("usual/xl-vscsi", "usual tool")
    assert host.run("list").calls == ["usual xl", "list"]
    assert host.run("vscsi-list").calls == ["usual tool", "vscsi-list"]


def test_path_is_before_what_is_beyond(host):
    host.fake("usual/xl", "usual xl")
    host.fake("usual/xl-vscsi", "usual tool")
    assert host.run("list").calls[0] == "xl"
    assert host.run("vscsi-list").calls[0] == "xl-vscsi"


def test_without_our_tool(host):
    host.tool.unlink()
    done = host.run("vscsi-list")
    assert done.code == 127 and "xl-vscsi" in done.err


def test_nothing_but_the_shell_is_needed(host):
    """What is not ours runs no program but xl."""
    host.path = [host.shim.parent, host.xl.parent]
    done = host.run("list")
    assert (done.calls, done.err) == (["xl", "list"], "")


@pytest.mark.parametrize("name", ["a folder", "[s]bin"])
def test_folders_of_any_name(host, name):
    """The second would be sbin if it were taken for a pattern."""
    host.path[1] = host.root / name
    host.fake(f"{name}/xl", "other xl")
    assert host.run("list").calls == ["other xl", "list"]


def test_the_folder_of_now(host):
    """An empty word in PATH."""
    host.path[1] = ""
    host.fake("./xl", "xl of here")
    assert host.run("list").calls == ["xl of here", "list"]


def test_wrapper_of_debian(host):
    """A link to a script of another name that goes by the name that it was called by."""
    host.fake("versioned/xl", "versioned xl")
    host.program("lib/xen-utils-wrapper", WRAPPER.replace("VERSIONED", str(host.root / "versioned")))
    host.xl.unlink()
    host.xl.symlink_to("../lib/xen-utils-wrapper")
    assert host.run("list", "two words").calls == ["versioned xl", "list", "two words"]
    assert host.run("vscsi-list").calls == ["xl-vscsi", "vscsi-list"]


class TestNoCircle:
    @pytest.mark.parametrize("kind", ["symlink", "link", "relative"])
    @pytest.mark.parametrize("place", [0, 1])
    def test_links_to_it(self, host, kind, place):
        other = host.root / "other"
        other.mkdir()
        if kind == "symlink":
            (other / "xl").symlink_to(host.shim)
        elif kind == "relative":
            (other / "xl").symlink_to("../local/xl")
        else:
            os.link(host.shim, other / "xl")
        host.path.insert(place, other)
        for start in (host.shim, other / "xl"):
            assert host.run("list", start=start).calls == ["xl", "list"]

    def test_a_link_to_its_folder(self, host):
        (host.root / "other").symlink_to("local")
        host.path.insert(0, host.root / "other")
        assert host.run("list").calls == ["xl", "list"]

    def test_by_a_link_that_has_another_name(self, host):
        (host.root / "xl-for-me").symlink_to(host.shim)
        assert host.run("list", start=host.root / "xl-for-me").calls == ["xl", "list"]

    def test_its_folder_is_not_in_path(self, host):
        del host.path[0]
        assert host.run("list").calls == ["xl", "list"]

    @pytest.mark.parametrize("start", ["local/xl", "./local/xl"])
    def test_relative(self, host, start):
        host.path[0] = "./local"
        assert host.run("list", start=start).calls == ["xl", "list"]

    @pytest.mark.parametrize("with_xl", [True, False])
    def test_copies(self, host, with_xl):
        """Of which neither is the other."""
        copy = host.program("copy/xl", host.shim.read_text())
        host.path[1:1] = [copy.parent]
        # Where the first stands a second time, the copy leads back to it.
        (host.root / "again").symlink_to("local")
        host.path[2:2] = [host.root / "again"]
        if not with_xl:
            host.xl.unlink()
        for start in (host.shim, copy):
            done = host.run("list", start=start)
            assert done.calls == (["xl", "list"] if with_xl else [])
            assert done.code == (0 if with_xl else 127)
            assert host.run("vscsi-list", start=start).calls == ["xl-vscsi", "vscsi-list"]

    def test_a_wrapper_before_it_that_calls_it(self, host):
        wrapper = host.program("mine/xl", f'#!/bin/sh\nexec {host.shim} -v "$@"\n')
        host.path.insert(0, wrapper.parent)
        assert host.run("list", start=wrapper).calls == ["xl", "-v", "list"]

    def test_only_itself_beyond_path(self, host):
        (host.root / "usual/xl").symlink_to(host.shim)
        host.path = [host.shim.parent]
        assert host.run("list").code == 127
