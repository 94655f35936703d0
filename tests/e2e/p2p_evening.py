# SPDX-License-Identifier: LGPL-2.1-or-later
"""Scenarios of p2p_link.py: what happens to a cast in the course of an evening, and how soon the user is told."""
from __future__ import annotations

import json
import pathlib
import time

from p2p_scene import Scene, ctl, demand, system, unchanged, wait_for

# From what has happened to the word about it, by the wall's clock. The machine is emulated, but waits more than it works.
TOLD_SECONDS = 5
SIMULATION = pathlib.Path("/sys/kernel/debug/ieee80211")


def told(what: str, began: float, condition) -> None:
    wait_for(what, condition)
    seconds = time.monotonic() - began
    print(f"    {what} after {seconds:.1f} s")
    demand(seconds <= TOLD_SECONDS, f"{what} after {seconds:.1f} s")


def ended(scene: Scene, *reasons: str) -> None:
    """How the last session has ended."""
    last = max(wait_for("the session has ended", lambda: ctl("status")[1]["ended"]), key=lambda session: session["id"])
    print("    reason:", last["reason"])
    demand(last["reason"] in reasons and last["message"] and last["hint"], f"{last}")
    wait_for("nothing is left", lambda: not scene.leftovers())


def last_phase() -> str:
    return ctl("status")[1]["sessions"][0]["phases"][-1]["name"]


def radio_off(scene: Scene) -> None:
    """Flight mode in mid-stream, and out of it again: a session that shall stay comes back by itself."""
    switch = next(pathlib.Path(f"/sys/class/ieee80211/{scene.radios.source_phy}").glob("rfkill*/soft"))
    scene.broker()
    sink = scene.sink()
    scene.find()
    before = system()
    scene.connect()
    scene.frames()
    began = time.monotonic()
    switch.write_text("1", encoding="ascii")
    try:
        told("the end", began, lambda: ctl("status")[1]["ended"])
        ended(scene, "no-wifi")
        _, result = ctl("scan", "--seconds", "2")
        demand(result.get("error", {}).get("name") == "no-wifi", f"a scan without a radio: {result}")
    finally:
        switch.write_text("0", encoding="ascii")
    # A display is back at its first page soon; this one waits for a group that is gone.
    sink.terminate()
    sink.wait(90)
    unchanged(before, "after flight mode")

    sink = scene.sink()
    scene.find()
    scene.connect("--stay")
    scene.frames()
    began = time.monotonic()
    switch.write_text("1", encoding="ascii")
    try:
        told("that it waits", began, lambda: ctl("status")[1]["sessions"][0]["state"] == "waiting")
        sink.terminate()
        sink.wait(90)
        scene.sink()
    finally:
        switch.write_text("0", encoding="ascii")
    wait_for("it streams again", lambda: ctl("status")[1]["sessions"][0]["state"] == "streaming")
    print(f"    streams again after {time.monotonic() - began:.0f} s")
    scene.disconnect()
    scene.quit()


def out_of_reach(scene: Scene) -> None:
    """The display is carried out of reach and back; then its plug is pulled. Neither time does anybody say goodbye."""
    group = SIMULATION / scene.radios.sink_phy / "hwsim/group"
    scene.broker()
    scene.sink()
    scene.find()
    scene.connect()
    scene.frames()
    # By then the daemon knows how quickly this radio confirms.
    time.sleep(6)
    heard = group.read_text(encoding="ascii")
    try:
        began = time.monotonic()
        group.write_text("2", encoding="ascii")
        told("that it is silent", began, lambda: last_phase() == "silent")
        group.write_text(heard, encoding="ascii")
        wait_for("that it is heard again", lambda: last_phase() == "heard")
        began = time.monotonic()
        group.write_text("2", encoding="ascii")
        told("that it is silent", began, lambda: last_phase() == "silent")
        ended(scene, "group-ended")
    finally:
        group.write_text(heard, encoding="ascii")
    scene.quit()


# What the kernel does of a suspend: all programs are frozen, and after five seconds thawed again.
PM_TEST = pathlib.Path("/sys/power/pm_test")


def go_to_sleep(scene: Scene) -> None:
    """As with the lid: logind is asked, waits for who has asked it to, and suspends. Returns when the machine is awake."""
    before = time.monotonic()
    scene.systemd.inside("systemctl", "suspend")
    wait_for("the machine has slept", lambda: time.monotonic() - before > 5 and
             scene.systemd.property("systemd-suspend", "ActiveState") == "inactive")
    demand(scene.systemd.property("systemd-suspend", "Result") == "success", "the machine could not sleep")


def sleeps(scene: Scene) -> None:
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
        ended(scene, "suspended")
        # It has been told, and need not wait for what does not come.
        sink.wait(90)
        report = json.loads((scene.sink_out() / "report.json").read_text(encoding="utf-8"))
        demand(report["ended_by"] in ("source", "source-trigger"), f"the display's session was ended by {report['ended_by']}")
        unchanged(before, "after the sleep")

        sink = scene.sink("--sessions", "2")
        scene.find()
        scene.connect("--stay")
        scene.frames()
        go_to_sleep(scene)
        began = time.monotonic()
        wait_for("it streams again", lambda: ctl("status")[1]["sessions"][0]["state"] == "streaming")
        print(f"    streams again {time.monotonic() - began:.0f} s after the machine is awake")
        scene.disconnect()
        scene.quit()
        sink.wait(90)
    finally:
        PM_TEST.write_text("none", encoding="ascii")
        scene.systemd.inside("systemctl", "stop", "systemd-logind", check=False)


SCENARIOS = (radio_off, out_of_reach, sleeps)
