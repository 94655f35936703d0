# SPDX-License-Identifier: LGPL-2.1-or-later
from __future__ import annotations

import pathlib
import time

from p2p.expectations import Expected
from p2p.machine import system
from p2p.scene import AFTERWARDS, BEFORE, Scene, ctl, failed, has_ended, only_session, told
from p2p.waiting import wait_for


def perform(scene: Scene, expected: Expected) -> None:
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
        told("the end", began, has_ended, expected["ended"])
        scene.ended(expected["ended"])
        failed(ctl("scan", "--seconds", "2")[1], expected["scan"])
    finally:
        switch.write_text("0", encoding="ascii")
    # A display is back at its first page soon; this one waits for a group that is gone.
    scene.switch_off(sink)
    scene.unchanged(before, "after flight mode")

    sink = scene.sink(*BEFORE)
    scene.find()
    scene.connect("--stay")
    scene.frames()
    began = time.monotonic()
    switch.write_text("1", encoding="ascii")
    stays = expected["stays"]
    try:
        told("that it waits", began, lambda: only_session()["state"] == stays["meanwhile"], stays)
        scene.switch_off(sink)
        scene.sink(*AFTERWARDS)
    finally:
        switch.write_text("0", encoding="ascii")
    wait_for("it streams again", lambda: only_session()["state"] == stays["state"])
    print(f"    streams again after {time.monotonic() - began:.0f} s")
    scene.disconnect()
    scene.quit()
