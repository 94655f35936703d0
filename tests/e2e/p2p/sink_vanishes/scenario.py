# SPDX-License-Identifier: LGPL-2.1-or-later
from __future__ import annotations

import time

from p2p.expectations import Expected
from p2p.scene import Scene, ctl, told


def is_ending() -> bool:
    status = ctl("status")[1]
    return bool(status["ended"]) or status["sessions"][0]["state"] == "ending"


def perform(scene: Scene, expected: Expected) -> None:
    """The display is switched off in mid-stream: it leaves the group, without a word in RTSP, and does not come back."""
    scene.broker()
    sink = scene.sink()
    scene.find()
    scene.connect()
    scene.frames()
    began = time.monotonic()
    sink.terminate()
    told("the end", began, is_ending, expected)
    scene.ended(expected)
    scene.quit()
