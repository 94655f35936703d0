# SPDX-License-Identifier: LGPL-2.1-or-later
"""The scenario of p2p_link.py with two displays in reach."""
from __future__ import annotations

import contextlib
import time

from p2p_evening import told
from p2p_scene import SINK_NAME, Scene, ctl, demand, only_the_link, system, unchanged, wait_for
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


def only_session() -> dict:
    sessions = ctl("status")[1]["sessions"]
    demand(len(sessions) == 1, f"{len(sessions)} sessions")
    return sessions[0]


def second_tv(scene: Scene) -> None:
    """
    One scan lists both displays, a row each. While the one is cast to there is no radio for the other: a connect is answered
    at once with link-busy, which names the one; its cast goes on as if nothing had been. Once it is disconnected, the
    other is cast to.
    """
    with second_display(scene) as second:
        scene.broker()
        first = scene.sink()
        scene.find(SINK_NAME, SECOND_NAME)
        rows = run("miracastctl", "list").splitlines()
        for name in (SINK_NAME, SECOND_NAME):
            demand(sum(name in row for row in rows) == 1, f"not one row of {name}: {rows}")
        before = system()
        scene.connect()
        scene.frames()
        casting = only_session()
        began = time.monotonic()
        scene.connect_fails("link-busy", SINK_NAME, name=SECOND_NAME)
        told("that the radio is in use", began, lambda: True)
        sent = only_session()["stats"]["frames-sent"]
        wait_for("the first cast goes on", lambda: only_session()["stats"]["frames-sent"] > sent + 5)
        for part in ("id", "phases", "path"):
            demand(only_session()[part] == casting[part], f"{part}: {only_session()[part]}, before {casting[part]}")
        scene.disconnect()
        first.wait(90)
        unchanged(before, "after the first cast")
        scene.find(SECOND_NAME)
        session = scene.connect(name=SECOND_NAME)
        scene.frames()
        only_the_link(session)
        scene.disconnect()
        second.wait(90)
        unchanged(before, "after the second cast")
        scene.quit()


SCENARIOS = (second_tv,)
