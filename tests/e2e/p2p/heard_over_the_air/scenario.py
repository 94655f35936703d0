# SPDX-License-Identifier: LGPL-2.1-or-later
from __future__ import annotations

from p2p.expectations import Expected
from p2p.machine import only_the_link, settled
from p2p.mice import MiceDisplay, is_no_group
from p2p.neighbours import access_point
from p2p.scene import Scene, ctl, names, went
from p2p.station import DISPLAY, station
from p2p.waiting import demand


def perform(scene: Scene, expected: Expected) -> None:
    """
    A display that says over the air where it is in the network is one row. It is cast to over the network, and nothing is
    made for it; when it is not there any more, over Wi-Fi P2P, in the same attempt.
    """
    with access_point(scene), station(scene) as link:
        scene.broker()
        sink = scene.sink("--mice-address", DISPLAY)
        scene.find()
        rows = [one["name"] for one in ctl("scan", "--seconds", "4")[1]["sinks"]]
        demand(rows == expected["row-names"], f"one display has these rows: {rows}")
        before = settled()
        display = MiceDisplay(scene, "heard")
        session = scene.connect()
        scene.frames()
        is_no_group(scene, session)
        scene.disconnect()
        scene.ends(display.process)
        scene.unchanged(before, "after the cast over the network")

        session = scene.connect()
        went(session, expected)
        way, group = (names(session).index(phase) for phase in expected["phases"])
        start = session["phases"][0]["time-us"]
        print("    the network was given up after", (session["phases"][way]["time-us"] - start) // 1000, "ms")
        demand(way < group, f"over the air: {names(session)}")
        scene.frames()
        only_the_link(session)
        scene.disconnect()
        scene.ends(sink)
        link.undisturbed(expected)
        scene.unchanged(before, "after the casts")
        scene.quit()
