# SPDX-License-Identifier: LGPL-2.1-or-later
from __future__ import annotations

import contextlib
import time

from p2p.expectations import Expected
from p2p.machine import only_the_link, system
from p2p.scene import SINK_NAME, Scene, only_session, told
from p2p.waiting import demand
from radios import run

NETNS = "kitchen"
SECOND_NAME = "Kitchen TV"


@contextlib.contextmanager
def second_display(scene: Scene):
    """A wfd-sink-p2p on a radio and in a namespace of its own."""
    run("ip", "netns", "add", NETNS)
    interface = scene.radios.give(2, NETNS)
    try:
        run("ip", "-n", NETNS, "link", "set", "lo", "up")
        yield scene.sink_on(interface, NETNS, SECOND_NAME, scene.logs / f"sink-{scene.name}-2")
    finally:
        scene.end()
        scene.radios.park(2, NETNS)
        run("ip", "netns", "del", NETNS)


def perform(scene: Scene, expected: Expected) -> None:
    """
    One scan lists both displays, a row each. While the one is cast to there is no radio for the other: a connect is answered
    at once, and told of the one; its cast goes on as if nothing had been. Once it is disconnected, the other is cast to.
    """
    busy = expected["busy"]
    with second_display(scene) as second:
        scene.broker()
        first = scene.sink()
        scene.find(SINK_NAME, SECOND_NAME)
        rows = run("miracastctl", "list").splitlines()
        for name in (SINK_NAME, SECOND_NAME):
            demand(sum(name in row for row in rows) == expected["rows"], f"rows of {name}: {rows}")
        before = system()
        scene.connect()
        scene.frames()
        casting = only_session()
        began = time.monotonic()
        scene.connect_fails(busy, name=SECOND_NAME)
        told("that the radio is in use", began, lambda: True, busy)
        scene.frames(only_session()["stats"]["frames-sent"])
        for part in busy["unchanged"]:
            demand(only_session()[part] == casting[part], f"{part}: {only_session()[part]}, before {casting[part]}")
        scene.disconnect()
        scene.ends(first)
        scene.unchanged(before, "after the first cast")
        scene.find(SECOND_NAME)
        session = scene.connect(name=SECOND_NAME)
        scene.frames()
        only_the_link(session)
        scene.disconnect()
        scene.ends(second)
        scene.unchanged(before, "after the second cast")
        scene.quit()
