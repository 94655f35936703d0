# SPDX-License-Identifier: LGPL-2.1-or-later
from __future__ import annotations

import pathlib
import time

from p2p.expectations import Expected
from p2p.scene import Scene, names, only_session, told
from p2p.waiting import wait_for

SIMULATION = pathlib.Path("/sys/kernel/debug/ieee80211")


def last_phase() -> str:
    return names(only_session())[-1]


def perform(scene: Scene, expected: Expected) -> None:
    """The display is carried out of reach and back; then its plug is pulled. Neither time does anybody say goodbye."""
    group = SIMULATION / scene.radios.sink_phy / "hwsim/group"
    carried, brought, pulled = (expected[part] for part in ("carried-away", "brought-back", "unplugged"))
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
        told("that it is silent", began, lambda: last_phase() == carried["phase"], carried)
        group.write_text(heard, encoding="ascii")
        wait_for("that it is heard again", lambda: last_phase() == brought["phase"])
        began = time.monotonic()
        group.write_text("2", encoding="ascii")
        told("that it is silent", began, lambda: last_phase() == pulled["phase"], pulled)
        scene.ended(pulled)
    finally:
        group.write_text(heard, encoding="ascii")
    scene.quit()
