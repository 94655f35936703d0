# SPDX-License-Identifier: LGPL-2.1-or-later
from __future__ import annotations

import json
import pathlib
import time

from p2p.expectations import Expected
from p2p.machine import system
from p2p.scene import Scene, only_session
from p2p.waiting import demand, wait_for

# What the kernel does of a suspend: all programs are frozen, and after five seconds thawed again.
PM_TEST = pathlib.Path("/sys/power/pm_test")


def go_to_sleep(scene: Scene) -> None:
    """As with the lid: logind is asked, waits for who has asked it to, and suspends. Returns when the machine is awake."""
    before = time.monotonic()
    scene.systemd.inside("systemctl", "suspend")
    wait_for("the machine has slept", lambda: time.monotonic() - before > 5 and
             scene.systemd.property("systemd-suspend", "ActiveState") == "inactive")
    demand(scene.systemd.property("systemd-suspend", "Result") == "success", "the machine could not sleep")


def perform(scene: Scene, expected: Expected) -> None:
    """
    The computer is put to sleep in mid-stream, by its logind: the display is told before, and nothing is left. One that shall
    stay is cast to again when the computer is awake.
    """
    PM_TEST.write_text("freezer", encoding="ascii")
    scene.systemd.inside("systemctl", "start", "systemd-logind")
    try:
        scene.broker()
        sink = scene.sink()
        scene.find()
        before = system()
        scene.connect()
        scene.frames()
        go_to_sleep(scene)
        scene.ended(expected)
        # It has been told, and need not wait for what does not come.
        scene.ends(sink)
        report = json.loads((scene.sink_out() / "report.json").read_text(encoding="utf-8"))
        demand(report["ended_by"] in expected["ended-by"], f"the display's session was ended by {report['ended_by']}")
        scene.unchanged(before, "after the sleep")

        sink = scene.sink("--sessions", "2")
        scene.find()
        scene.connect("--stay")
        scene.frames()
        go_to_sleep(scene)
        began = time.monotonic()
        wait_for("it streams again", lambda: only_session()["state"] == expected["stays"]["state"])
        print(f"    streams again {time.monotonic() - began:.0f} s after the machine is awake")
        scene.disconnect()
        scene.quit()
        scene.ends(sink)
    finally:
        PM_TEST.write_text("none", encoding="ascii")
        scene.systemd.inside("systemctl", "stop", "systemd-logind", check=False)
