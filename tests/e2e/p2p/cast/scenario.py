# SPDX-License-Identifier: LGPL-2.1-or-later
from __future__ import annotations

import socket

from p2p.expectations import Expected
from p2p.machine import addresses, only_the_link, system
from p2p.scene import Scene, only_session, went, width
from p2p.waiting import demand, wait_for
from radios import run


def shut(scene: Scene, address: str, ports: list[int]) -> None:
    """What else this machine serves is not for the display, nor the RTSP port for another one."""
    # miracastd listens no longer: somebody has to, or there would be nothing to reach.
    for port in ports:
        with socket.create_server(("0.0.0.0", port)):
            socket.create_connection(("127.0.0.1", port), 3).close()
            demand(scene.echoes(address), "the display's side of the link reaches nothing at all: this test proves nothing")
            demand(not scene.reaches(address, port), f"the display reaches port {port} of this machine")


def radio_is_shown(channel: str, expected: Expected) -> None:
    """By status as iw has it, with what the radios of the two make of it, and a word on whether that is good."""
    stats = wait_for("status shows the radio", lambda: (lambda stats: "radio-channel" in stats and stats)(
        only_session()["stats"]))
    radio = {name: value for name, value in stats.items() if name.startswith("radio-")}
    print("    radio:", radio)
    shown = f"{radio['radio-channel']} ({radio['radio-frequency']} MHz), width: {radio['radio-width']} MHz"
    demand(channel.startswith(shown), f"shown is {shown!r}, and it is {channel!r}")
    demand(radio["radio-band"] == ("5 GHz" if radio["radio-frequency"] > 5000 else "2.4 GHz"), f"{radio}")
    demand(radio["radio-rate"] >= expected["rate-from"], f"{radio}")
    demand(expected["signal-above"] < radio["radio-signal"] < expected["signal-below"], f"{radio}")
    rows = [line for line in run("miracastctl", "status").splitlines() if line.split()[:1] == ["link"]]
    demand(len(rows) == 1 and rows[0].split()[1] in expected["link-is"] and
           f"channel {radio['radio-channel']}, {radio['radio-width']} MHz wide" in rows[0], f"{rows}")


def perform(scene: Scene, expected: Expected) -> None:
    """Found, joined by push button, streamed to, left; and again; and nothing stays."""
    scene.broker()
    before = None
    channel = ""
    for _ in range(expected["casts"]):
        sink = scene.sink("--advertise-router", "--misbehave", "port-pair")
        found = scene.find()
        # It waits on a channel of these; D-Bus alone would not say so.
        heard = expected["found"]
        demand(found.get("band") == heard["band"] and found.get("level", heard["signal-below"]) < heard["signal-below"],
               f"where was it heard? {found}")
        # From here on wpa_supplicant has the adapter.
        before = before or system()
        session = scene.connect()
        went(session, expected)
        scene.frames()
        # They come unasked, to a port that is let through for them.
        wait_for("the display's reports come", lambda: only_session()["stats"].get("sink-reports", 0))
        interface = only_the_link(session)
        channel = width(interface)
        radio_is_shown(channel, expected["radio"])
        address = addresses(interface)[0].split()[1].partition("/")[0]
        shut(scene, address, expected["shut-ports"])
        scene.disconnect()
        scene.ends(sink)
        scene.unchanged(before, "after the cast")
        announced = f"announced: {address}"
        demand(any(announced in text for text in scene.sink_heard()), f"the display has heard no {announced!r}")
    # The simulated driver announces 80 MHz and refuses them; so the first group had to be tried again.
    demand(f"width: {expected['width']}" in channel, f"the last group is no wider: {channel}")
    scene.quit()
