# SPDX-License-Identifier: GPL-2.0
"""Bad requests, each with the answer that the backend owes the guest."""
from .request import (ABORT, ABORTED, BAD_FIELD, CHECK, ERROR, FREE, GOOD, IN, INDIRECT, LISTS,
                      MODE_SENSE, NO_CONNECT, NONE, OUT, PATTERN, READ_CAPACITY, REPORT_LUNS,
                      RESET, TASK_DONE, TASK_FAILED, TEST_UNIT_READY, Case, answer, inquiry,
                      large, pages, read, request, write)

RAMDISK, FILEIO, IBLOCK, PSCSI, SLOW = range(5)
BUFFER = f"{FREE}/0/4096"
NO_GRANT = f"!{0x7ffffff0}/0/4096"


def one(name, line, *wanted):
    return Case(name, [line, "go"], wanted or [answer(ERROR)])


def beginnings():
    """Each new LUN was news to those before it."""
    for lun in range(5):
        yield Case(f"LUN {lun} becomes ready", [
            *[request(TEST_UNIT_READY, lun=lun), "go"] * 3], ["1 * 0 *", "1 * 0 *", answer()])


def heads():
    """The fixed part of a request."""
    inq = inquiry()
    yield Case("actions 0, 4, 99 and 255", [
        *(request(inq, BUFFER, rqid=action, action=action) for action in (0, 4, 99, 255)), "go"],
        [answer(ERROR, rqid=action) for action in (0, 4, 99, 255)])
    for length in (0, 17, 255):
        yield one(f"CDB length {length}", request(inq, BUFFER, length=length))
    long = bytes([0x7f, 0, 0, 0, 0, 0, 0])
    yield one("variable length CDB that says 255 more",
              request(long + b"\xff" + bytes(8), BUFFER), answer(CHECK, sense=BAD_FIELD))
    yield one("variable length CDB that says one more than there is",
              request(long + b"\x09\x00\x09" + bytes(6), BUFFER), answer(CHECK, sense=BAD_FIELD))
    yield one("variable length CDB, cut off",
              request(long + b"\x08", BUFFER), answer(CHECK, sense=BAD_FIELD))
    yield one("variable length CDB that fits is target core's to refuse",
              request(long + b"\x08\x00\x20" + bytes(6), BUFFER), answer(CHECK, 4096, "05/20/00"))
    for direction in (0, 4, 255):
        yield one(f"direction {direction}", request(inq, BUFFER, direction=direction))
    for count in (27, 0x7f, INDIRECT | 27, 0xff):
        yield one(f"segment count {count:#x}", request(inq, BUFFER, segments=count))
    yield one("segment count 0xff without data is of no interest",
              request(TEST_UNIT_READY, BUFFER, direction=NONE, segments=0xff), answer())
    for where in ({"lun": 9}, {"lun": 0xffff}, {"id": 5}, {"channel": 3},
                  {"channel": 0xffff, "id": 0xffff, "lun": 0xffff}):
        name = " ".join(f"{key} {value}" for key, value in where.items())
        yield one(f"no device: {name}", request(inq, BUFFER, **where), answer(NO_CONNECT))


# feature-sg-grant
MOST = 1040


def segments():
    """Segments that leave their page, direct and in lists."""
    inq = inquiry()
    for offset, length in ((4096, 0), (4096, 1), (4095, 2), (1, 4096), (0, 0xffff), (0xffff, 0xffff)):
        yield one(f"segment at {offset} of {length} bytes",
                  request(inq, f"{FREE}/{offset}/{length}"))
        yield Case(f"the same in a list, {offset} and {length}", [
            f"list {LISTS} 0 {FREE}/0/512 {FREE}/{offset}/{length}",
            request(inq, f"{LISTS}/0/16", segments=INDIRECT | 1), "go"], [answer(ERROR)])
    for offset, length in ((0, 12), (0, 7), (0, 0), (4088, 16), (4096, 8), (0, 0xfff8), (0xfff8, 8)):
        yield one(f"list at {offset} of {length} bytes",
                  request(inq, f"{LISTS}/{offset}/{length}", segments=INDIRECT | 1))
    many = [f"list {LISTS} 0 0/0/512*512"]
    whole = f"{LISTS}/0/4096"
    yield Case("129 segments in one list are more than the stock frontend sends", [
        *many, request(read(0, 129), f"{LISTS}/0/{129 * 8}", segments=INDIRECT | 1), "go"], [answer()])
    yield Case(f"{MOST} segments in lists are as many as there may be", [
        *many, request(read(0, MOST), [whole, f"{LISTS}/8/4088", f"{LISTS}/0/{(MOST - 1023) * 8}"],
                       segments=INDIRECT | 3), "go"], [answer()])
    yield Case(f"{MOST + 1} segments in lists", [
        *many, request(inq, [whole, whole, f"{LISTS}/0/{(MOST - 1023) * 8}"],
                       segments=INDIRECT | 3), "go"], [answer(ERROR)])
    yield Case("26 lists of whole pages", [
        *many, request(inq, [f"{LISTS}/0/4096"] * 26, segments=INDIRECT | 26), "go"], [answer(ERROR)])
    yield Case("a list in 26 pieces, at its odd places, is fine", [
        f"list {LISTS} 4 {FREE}/0/512*26",
        request(read(0, 26), [f"{LISTS}/{4 + 8 * n}/8" for n in range(26)], segments=INDIRECT | 26),
        "go"], [answer()])
    yield one("no list at all", request(TEST_UNIT_READY, direction=IN, segments=INDIRECT), answer())


def grants():
    """Grants that are none, are no more, or are not for writing."""
    page = FREE + 20
    seg = f"{page}/0/4096"
    yield Case("a list page that is not granted", [
        request(inquiry(), f"!{0x7ffffff0}/0/8", segments=INDIRECT | 1), "go"], [answer(ERROR)])
    yield Case("a list that names no grant", [
        f"list {LISTS} 0 {NO_GRANT}", request(read(0, 8), f"{LISTS}/0/8", segments=INDIRECT | 1),
        "go"], [answer(ERROR, 4096)])
    yield one("READ to no grant", request(read(0, 8), NO_GRANT), answer(ERROR, 4096))
    yield one("READ, the last of three pages is no grant",
              request(read(0, 24), [*pages(FREE, 2), NO_GRANT]), answer(ERROR, 12288))
    yield one("WRITE from no grant", request(write(0, 8), NO_GRANT, direction=OUT),
              answer(ERROR, 4096))
    yield Case("grants that were ended", [
        f"grant end {page}", request(read(0, 8), seg), request(write(0, 8), seg, 2, direction=OUT),
        request(read(0, 8), f"{page}/0/8", 3, segments=INDIRECT | 1), "go", f"grant rw {page}"],
        [answer(ERROR, 4096), answer(ERROR, 4096, rqid=2), answer(ERROR, rqid=3)])
    yield Case("a read-only grant: READ is refused and changes nothing, WRITE works", [
        f"fill {page} 1 {PATTERN}", f"grant ro {page}", request(read(0, 8), seg), "go",
        f"same {page} 0 4096 {PATTERN}", request(write(0, 8), seg, direction=OUT), "go",
        f"grant rw {page}", f"fill {page} 1 0", request(read(0, 8), seg), "go",
        f"same {page} 0 4096 {PATTERN}"],
        [answer(ERROR, 4096), "same", answer(), answer(), "same"])


def tasks():
    """Request ids and task management."""
    yield Case("a request id twice at once", [
        request(inquiry(), BUFFER, 5), request(inquiry(), BUFFER, 5), "go"],
        [answer(ERROR, rqid=5), answer(GOOD, 4060, rqid=5)])
    yield Case("sixteen times the same request id", [
        *[request(read(0, 8), BUFFER, 5, lun=SLOW)] * 16, "go"],
        [answer(rqid=5)] + [answer(ERROR, rqid=5)] * 15)
    yield Case("a request id that a slow command still has", [
        request(read(0, 8), BUFFER, 5, lun=SLOW), "push",
        "sleep 200", request(inquiry(), BUFFER, 5), request(b"", rqid=5, action=ABORT, ref=5), "go"],
        [answer(rqid=5), answer(ERROR, rqid=5), answer(TASK_FAILED, rqid=5)])

    attention = Case("the unit attention of a reset, once", [
        request(TEST_UNIT_READY, lun=SLOW), "go", request(TEST_UNIT_READY, lun=SLOW), "go"],
        [answer(CHECK, sense="06/29/*"), answer()])

    def task(action, rqid=1, **fields):
        return request(b"", rqid=rqid, action=action, **fields)
    yield one("abort of an unknown request", task(ABORT, ref=4711), answer(TASK_DONE))
    yield one("abort of itself", task(ABORT, rqid=8, ref=8), answer(TASK_DONE, rqid=8))
    yield one("abort on no device", task(ABORT, lun=9), answer(TASK_FAILED))
    yield one("reset of no device", task(RESET, lun=9), answer(TASK_FAILED))
    yield one("reset of channel 0xffff", task(RESET, channel=0xffff), answer(TASK_FAILED))
    yield Case("abort of a running command", [
        f"fill {FREE} 1 {PATTERN}", request(read(0, 8), BUFFER, 5, lun=SLOW), "push", "sleep 200",
        task(ABORT, 6, ref=5, lun=SLOW), "go", f"same {FREE} 0 4096 {PATTERN}"],
        [answer(ABORTED, 4096, rqid=5), answer(TASK_DONE, rqid=6), "same"])
    yield Case("a running command cannot be aborted by way of another device", [
        request(read(0, 8), BUFFER, 5, lun=SLOW), "push", "sleep 200", task(ABORT, 6, ref=5),
        "go"], [answer(rqid=5), answer(TASK_DONE, rqid=6)])
    yield Case("abort and reset of the same command at once", [
        request(read(0, 8), BUFFER, 5, lun=SLOW), "push", "sleep 200",
        task(ABORT, 6, ref=5, lun=SLOW), task(ABORT, 7, ref=5, lun=SLOW), task(RESET, 8, lun=SLOW),
        "go"],
        # A reset ends the aborts before it, which may get no further then.
        [answer(ABORTED, 4096, rqid=5), "6 0x200? 0 -", "7 0x200? 0 -", answer(TASK_DONE, rqid=8)])
    yield attention
    yield Case("abort of an abort, reset while resetting", [
        request(read(0, 8), BUFFER, 5, lun=SLOW), "push", "sleep 200", task(RESET, 6, lun=SLOW),
        task(ABORT, 7, ref=6, lun=SLOW), task(RESET, 8, lun=SLOW), "go"],
        [answer(ABORTED, 4096, rqid=5), "6 0x200? 0 -", answer(TASK_DONE, rqid=7),
         answer(TASK_DONE, rqid=8)])
    yield attention


def resets():
    """As many resets as the ring takes, of a device that is busy."""
    resets = [request(b"", rqid=n + 1, action=RESET, lun=SLOW) for n in range(15)]
    yield Case("15 resets of a busy device at once", [
        request(read(0, 8), BUFFER, 99, lun=SLOW), "push", "sleep 200", *resets, "go"],
        [answer(ABORTED, 4096, rqid=99), *[answer(TASK_DONE, rqid=n + 1) for n in range(15)]])
    yield Case("of which one unit attention is left", [
        request(TEST_UNIT_READY, lun=SLOW), "go", request(TEST_UNIT_READY, lun=SLOW), "go"],
        [answer(CHECK, sense="06/29/*"), answer()])


def reservations():
    """Persistent reservations, many at once: each must be answered, whatever it says."""
    key, none, params = "!1/1/1", "!0/0/0", FREE + 30

    def out(action, rqid=1):
        return request(bytes([0x5f, action, 5, *bytes(5), 24, 0]), f"{params}/0/24", rqid,
                       direction=OUT, lun=FILEIO)

    def anything(*rqids):
        return [answer("*", "*", "*", rqid=rqid) for rqid in rqids]
    yield Case("a key is registered", [f"list {params} 0 {none} {key} {none}", out(6), "go",
                                       f"list {params} 0 {key} {key} {none}"], [answer()])
    yield Case("15 PREEMPTs at once", [*(out(4, n) for n in range(1, 16)), "go"], anything(*range(1, 16)))
    yield Case("15 PREEMPT AND ABORTs at once", [*(out(5, n) for n in range(1, 16)), "go"],
               anything(*range(1, 16)))
    for turn in range(3):
        yield Case(f"reads, resets, PREEMPT AND ABORTs and their aborts at once, {turn}", [
            *(line for n in range(4) for line in large(n, read(n * 1024, 1024), lun=FILEIO)),
            request(b"", rqid=20, action=RESET, lun=FILEIO), out(5, 21), out(5, 22),
            request(b"", rqid=23, action=ABORT, ref=21, lun=FILEIO),
            request(b"", rqid=24, action=RESET, lun=FILEIO), out(5, 25), out(4, 26),
            request(b"", rqid=27, action=ABORT, ref=26, lun=FILEIO), "go"],
            anything(1, 2, 3, 4, *range(20, 28)))
    yield Case("all is cleared", [request(TEST_UNIT_READY, lun=FILEIO), "go", *[out(3), "go"] * 2,
                                  request(TEST_UNIT_READY, lun=FILEIO), "go"],
               ["1 * 0 *", *anything(1, 1), answer()])


def well_known():
    """The logical unit that is there to report the others."""
    here = {"lun": 0xc101}
    yield one("well known logical unit: INQUIRY", request(inquiry(), BUFFER, **here),
              answer(residual=4060))
    yield one("well known logical unit: REPORT LUNS", request(REPORT_LUNS, BUFFER, **here),
              answer(residual=4096 - 8 - 5 * 8))
    yield Case("well known logical unit: REPORT LUNS changes no more than it says", [
        f"fill {FREE} 16 {PATTERN}", request(REPORT_LUNS, pages(FREE, 16), **here), "go",
        f"tail 1 {FREE} 65536 {PATTERN}"], ["1 0 * -", "some same"])
    yield one("well known logical unit: another SELECT REPORT",
              request(bytes([0xa0, 0, 3, *bytes(3), 0, 0, 0xff, 0xff, 0, 0]), BUFFER, **here),
              answer(CHECK, 4096, BAD_FIELD))
    yield one("well known logical unit: TEST UNIT READY", request(TEST_UNIT_READY, **here), answer())
    yield one("well known logical unit: READ", request(read(0, 8), BUFFER, **here),
              answer(CHECK, 4096, "05/20/00"))
    yield one("well known logical unit: WRITE from no grant",
              request(write(0, 8), NO_GRANT, direction=OUT, **here), answer(ERROR, 4096))
    yield one("well known logical unit: INQUIRY to no grant", request(inquiry(), NO_GRANT, **here),
              answer(ERROR, 4096))
    yield Case("well known logical unit: abort and reset", [
        request(b"", rqid=1, action=ABORT, ref=9, **here),
        request(b"", rqid=2, action=RESET, **here), "go"],
        [answer(TASK_DONE), answer(TASK_DONE, rqid=2)])
    yield one("no well known logical unit where there is no other",
              request(inquiry(), BUFFER, lun=0xc101, id=5), answer(NO_CONNECT))


def sizes():
    """Buffers that do not fit the CDB, and what must stay as it was."""
    names = {RAMDISK: "ramdisk", FILEIO: "fileio", IBLOCK: "iblock", PSCSI: "pscsi"}
    for lun, name in names.items():
        yield Case(f"{name}: READ of one block into 64 KiB", [
            f"fill {FREE} 17 {PATTERN}", request(read(0, 1), pages(FREE, 16), lun=lun), "go",
            f"tail 1 {FREE} 65536 {PATTERN}", f"same {FREE + 16} 0 4096 {PATTERN}"],
            [answer(residual=65536 - 512), "some same", "same"])
        yield Case(f"{name}: READ of 16 blocks into 512 bytes", [
            f"fill {FREE} 2 {PATTERN}", request(read(0, 16), f"{FREE}/1024/512", lun=lun), "go",
            f"same {FREE} 0 1024 {PATTERN}", f"same {FREE} 1536 6656 {PATTERN}"],
            [answer(), "same", "same"])
        yield Case(f"{name}: READ into pieces of four pages", [
            f"fill {FREE} 4 {PATTERN}",
            request(read(0, 2), [f"{FREE}/4092/4", f"{FREE + 1}/0/0", f"{FREE + 1}/100/508",
                                 f"{FREE + 2}/0/256", f"{FREE + 3}/3840/256"], lun=lun), "go",
            f"same {FREE} 0 4092 {PATTERN}", f"same {FREE + 1} 0 100 {PATTERN}",
            f"same {FREE + 1} 608 3488 {PATTERN}", f"same {FREE + 2} 256 3840 {PATTERN}",
            f"same {FREE + 3} 0 3840 {PATTERN}"], [answer(), *["same"] * 5])
    for lun in (RAMDISK, FILEIO, IBLOCK):
        yield Case(f"{names[lun]}: WRITE of one block from 64 KiB is refused", [
            request(write(0, 1), pages(FREE, 16), direction=OUT, lun=lun), "go"],
            [answer(CHECK, "*", "05/0e/03")])
        yield Case(f"{names[lun]}: WRITE of 16 blocks from 512 bytes is refused", [
            request(write(0, 16), f"{FREE}/0/512", direction=OUT, lun=lun), "go"],
            [answer(CHECK, "*", "05/0e/03")])
    yield one("EXTENDED COPY is refused, it would reach LUNs of others",
              request(bytes([0x83, *bytes(11), 16, 0, 0, 0]), BUFFER, direction=OUT),
              answer(CHECK, "*", "05/20/00"))
    yield one("COMPARE AND WRITE that pretends to be a read",
              request(bytes([0x89, *bytes(12), 1, 0, 0]), f"{FREE}/0/1024"),
              answer(CHECK, "*", "05/24/00"))
    yield one("READ beyond the end", request(read(0x7fffffff, 8), BUFFER),
              answer(CHECK, 4096, "05/21/00"))
    yield one("segments without a byte", request(inquiry(), [f"{FREE}/0/0", f"{FREE}/4095/0"]),
              answer())
    yield one("READ without a byte", request(read(0, 1), f"{FREE}/0/0"), answer("*", 0, "*"))
    commands = {"INQUIRY": inquiry(0xffff), "MODE SENSE": MODE_SENSE, "REPORT LUNS": REPORT_LUNS,
                "READ CAPACITY(16)": READ_CAPACITY, "vital product data": bytes([0x12, 1, 0x83, 255, 255, 0])}
    for lun in (RAMDISK, IBLOCK, PSCSI):
        for name, cdb in commands.items():
            yield Case(f"{names[lun]}: {name} changes no more than it says", [
                f"fill {FREE} 16 {PATTERN}", request(cdb, pages(FREE, 16), lun=lun), "go",
                f"tail 1 {FREE} 65536 {PATTERN}"], ["1 0 * -", "some same"])
    yield Case("an unknown command leaves the buffer alone", [
        f"fill {FREE} 16 {PATTERN}", request(bytes([0xff, *bytes(15)]), pages(FREE, 16)), "go",
        f"tail 1 {FREE} 65536 {PATTERN}"], [answer(CHECK, 65536, "05/20/00"), "none same"])


def odd_sizes():
    """Fewer bytes than a block: block drivers warn of such requests."""
    for lun, name in {RAMDISK: "ramdisk", FILEIO: "fileio", PSCSI: "pscsi", IBLOCK: "iblock"}.items():
        for length in (100, 700):
            yield Case(f"{name}: READ of 16 blocks into {length} bytes", [
                f"fill {FREE} 1 {PATTERN}",
                request(read(0, 16), f"{FREE}/512/{length}", lun=lun), "go",
                f"same {FREE} 0 512 {PATTERN}", f"same {FREE} {512 + length} {3584 - length} {PATTERN}"],
                ["1 * * *", "same", "same"])


def full():
    """As much at once as the ring takes."""
    for lun, name in {RAMDISK: "ramdisk", IBLOCK: "iblock"}.items():
        yield Case(f"{name}: 16 requests of 512 KiB at once", [
            f"stamp 0 {LISTS} {lun + 1}",
            *(line for n in range(16) for line in large(n, write(n * 1024, 1024), direction=OUT,
                                                        lun=lun)), "go",
            f"fill 0 {LISTS} {PATTERN}",
            *(line for n in range(16) for line in large(n, read(n * 1024, 1024), lun=lun)), "go",
            f"stamped 0 {LISTS} {lun + 1}"],
            [*[answer(rqid=n + 1) for n in range(16)] * 2, "as stamped"])


def scribbles():
    """The page that both write to."""
    yield Case("responses and indices overwritten in flight", [
        *(request(read(0, 8), f"{FREE + n}/0/4096", n + 1, lun=SLOW) for n in range(8)), "push",
        "sleep 200", "scribble 1", "sleep 200", "scribble 2", "go"],
        [answer(rqid=n + 1) for n in range(8)])


CASES = [*beginnings(), *heads(), *segments(), *grants(), *tasks(), *resets(), *reservations(), *well_known(),
         *sizes(), *odd_sizes(), *full(), *scribbles()]

# One request for each reason to refuse one, by the name of its counter.
REFUSALS = {
    "action": [request(inquiry(), BUFFER, action=99)],
    "cdb_length": [request(inquiry(), BUFFER, length=17)],
    "direction": [request(inquiry(), BUFFER, direction=4)],
    "segments": [request(inquiry(), BUFFER, segments=27)],
    "list": [request(inquiry(), f"{LISTS}/0/12", segments=INDIRECT | 1)],
    "segment": [request(inquiry(), f"{FREE}/4096/1")],
    "lun": [request(inquiry(), BUFFER, lun=9)],
    "rqid": [request(read(0, 8), BUFFER, 5, lun=SLOW), request(inquiry(), BUFFER, 5)],
    "grant": [request(read(0, 8), NO_GRANT)],
}
