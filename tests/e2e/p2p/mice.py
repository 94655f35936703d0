# SPDX-License-Identifier: LGPL-2.1-or-later
"""A display at the other end of the radio's own network, that is cast to over it (Miracast over Infrastructure)."""
from __future__ import annotations

import json
import pathlib
import signal

from p2p.expectations import HERE, Expected
from p2p.neighbours import ACCESS_POINT_NETNS
from p2p.scene import WITHOUT_END, Scene
from p2p.station import DISPLAY, OWN
from p2p.waiting import demand, wait_for

MICE_SINK = HERE.parents[1] / "sink" / "wfd-sink-mice"


class MiceDisplay:
    """A wfd-sink-mice at the other end of the network, with what it wrote when it has ended."""

    def __init__(self, scene: Scene, name: str, *options: str):
        self.scene = scene
        self.out = scene.logs / f"mice-{name}"
        log = f"mice-{name}.log"
        self.process = scene.start(["ip", "netns", "exec", ACCESS_POINT_NETNS, str(MICE_SINK), "--listen", DISPLAY, "--out",
                                    str(self.out), "--mice-timeout", "600", *WITHOUT_END, *options], log)
        wait_for("the display listens", lambda: "listening on" in (scene.logs / log).read_text(encoding="utf-8"))

    def act(self) -> None:
        self.process.send_signal(signal.SIGUSR1)

    def sealed(self, expected: Expected) -> dict:
        """All that was played came encrypted, in that way. Returns what was said on the control channel."""
        self.scene.ends(self.process)
        report, said = (json.loads(pathlib.Path(self.out, name).read_text(encoding="utf-8"))
                        for name in ("report.json", "mice.json"))
        rtp = report["rtp"]
        print("    cipher:", said["cipher"], "packets:", rtp["packets"])
        demand(rtp["packets"] and rtp["unsealed"] == rtp["packets"] and not rtp["not_rtp"], f"not all was encrypted: {rtp}")
        for word in expected["cipher"]:
            demand(word in said["cipher"], f"the cipher is {said['cipher']}")
        said["said"] = [word for _, word in said["said"] if word != "SECURITY_HANDSHAKE"]
        return said


def is_no_group(scene: Scene, session: dict) -> None:
    demand(session["path"]["local-address"].startswith(OWN) and session["path"]["peer-address"].startswith(DISPLAY),
           f"{session['path']}")
    demand(not scene.leftovers(), f"it is cast over the network, and there is {scene.leftovers()}")
