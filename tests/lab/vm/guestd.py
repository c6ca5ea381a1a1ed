# SPDX-License-Identifier: GPL-2.0
"""Runs commands in a guest for the lab; see xslink.py for the transport."""
import json
import os

import jobs
from xslink import Link
from xswire import Xenstore, XenstoreError

BASE = "data/lab"


def main():
    # Whoever runs out of memory here, it must not be the messenger.
    with open("/proc/self/oom_score_adj", "w") as handle:
        handle.write("-1000")
    os.makedirs(jobs.SPOOL, exist_ok=True)
    store = Xenstore()
    link = Link(store, BASE, "guest", lambda data: receive(link, data))
    session = None
    store.watch(BASE + "/session", "session")
    store.watch(BASE + "/down", "down")
    while True:
        event = store.events.get()
        if event is None:
            return
        if event[1] == "session":
            try:
                token = store.read(BASE + "/session")
            except XenstoreError:
                continue
            if token != session:
                session = token
                link.reset()
                store.write(BASE + "/ready", token)
        elif session is not None:
            link.poll()


def receive(link, data):
    def reply(answer):
        link.send(json.dumps(answer).encode())
    jobs.serve(json.loads(data), reply)


main()
