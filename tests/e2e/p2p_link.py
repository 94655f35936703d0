#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The Wi-Fi P2P link with real wpa_supplicants on simulated radios. Runs as root in a virtual machine.

miracastd is the installed unit with all its restrictions; its arguments alone are others: the source casts its test
picture, so that no kernel module and no desktop are needed. Prints "PASS name" or "FAIL name" for each scenario.

    p2p_link.py [--out DIR] [--left-out | SCENARIO...]
"""
from __future__ import annotations

import argparse
import pathlib
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

import p2p_beside  # noqa: E402
import p2p_evening  # noqa: E402
import p2p_persistent  # noqa: E402
import p2p_pin  # noqa: E402
import p2p_second  # noqa: E402
import p2p_station  # noqa: E402
from p2p_scene import (UNIT, Failure, Scene, addresses, ctl, demand, only_the_link, system, unchanged,  # noqa: E402
                       wait_for)
from radios import run  # noqa: E402

# What a display may send beside an address: routes in all the forms that DHCP has for them, a router, name servers.
ROUTES_BY_DHCP = ("--dhcp-option", "121,0.0.0.0/1,192.168.173.1,128.0.0.0/1,192.168.173.1,10.8.0.0/16,192.168.173.1",
                  "--dhcp-option", "249,10.9.0.0/16,192.168.173.1", "--dhcp-option", "33,10.10.0.0,192.168.173.1",
                  "--dhcp-option", "3,192.168.173.1", "--dhcp-option", "6,192.168.173.1")


def width(interface: str) -> str:
    """The channel of the group, as iw has it: "36 (5180 MHz), width: 40 MHz, center1: 5190 MHz"."""
    return re.search(r"channel (.*)", run("iw", "dev", interface, "info")).group(1)


def shut(scene: Scene, address: str) -> None:
    """What else this machine serves is not for the display, nor the RTSP port for another one."""
    # miracastd listens no longer: somebody has to, or there would be nothing to reach.
    with socket.create_server(("0.0.0.0", 631)), socket.create_server(("0.0.0.0", 7236)):
        for port in (631, 7236):
            socket.create_connection(("127.0.0.1", port), 3).close()
        demand(scene.echoes(address), "the display's side of the link reaches nothing at all: this test proves nothing")
        demand(not scene.reaches(address, 631), "the display reaches a service of this machine")
        demand(not scene.reaches(address, 7236), "the RTSP port is open after the display's call")


def radio_is_shown(channel: str) -> None:
    """By status as iw has it, with what the radios of the two make of it, and a word on whether that is good."""
    stats = wait_for("status shows the radio", lambda: (lambda stats: "radio-channel" in stats and stats)(
        ctl("status")[1]["sessions"][0]["stats"]))
    radio = {name: value for name, value in stats.items() if name.startswith("radio-")}
    print("    radio:", radio)
    shown = f"{radio['radio-channel']} ({radio['radio-frequency']} MHz), width: {radio['radio-width']} MHz"
    demand(channel.startswith(shown), f"shown is {shown!r}, and it is {channel!r}")
    demand(radio["radio-band"] == ("5 GHz" if radio["radio-frequency"] > 5000 else "2.4 GHz"), f"{radio}")
    demand(radio["radio-rate"] >= 1e6 and -128 < radio["radio-signal"] < 0, f"{radio}")
    rows = [line for line in run("miracastctl", "status").splitlines() if line.split()[:1] == ["link"]]
    demand(len(rows) == 1 and rows[0].split()[1] in ("good", "fair", "poor") and
           f"channel {radio['radio-channel']}, {radio['radio-width']} MHz wide" in rows[0], f"{rows}")


def cast(scene: Scene) -> None:
    """Found, joined by push button, streamed to, left; twice; and nothing stays."""
    scene.broker()
    before = None
    channel = ""
    for _ in range(2):
        sink = scene.sink("--advertise-router", "--misbehave", "port-pair")
        found = scene.find()
        # It waits on a channel of these; D-Bus alone would not say so.
        demand(found.get("band") == "2.4 GHz" and found.get("level", 0) < 0, f"where was it heard? {found}")
        # From here on wpa_supplicant has the adapter.
        before = before or system()
        session = scene.connect()
        for phase in ("waiting-for-acceptance", "group-started", "link-up", "dialled", "streaming"):
            demand(phase in [step["name"] for step in session["phases"]], f"no phase {phase} in {session['phases']}")
        start = session["phases"][0]["time-us"]
        print("    ms:", {step["name"]: (step["time-us"] - start) // 1000 for step in session["phases"]})
        scene.frames()
        # They come unasked, to a port that is let through for them.
        wait_for("the display's reports come", lambda: ctl("status")[1]["sessions"][0]["stats"].get("sink-reports", 0))
        interface = only_the_link(session)
        channel = width(interface)
        print("    channel:", channel)
        radio_is_shown(channel)
        address = addresses(interface)[0].split()[1].partition("/")[0]
        shut(scene, address)
        scene.disconnect()
        sink.wait(90)
        unchanged(before, "after the cast")
        announced = f"announced: {address}"
        demand(any(announced in text for text in scene.sink_heard()), f"the display has heard no {announced!r}")
    # The simulated driver announces 80 MHz and refuses them; so the first group had to be tried again.
    demand("width: 40 MHz" in channel, f"the second group is no wider: {channel}")
    scene.quit()


def rejected(scene: Scene) -> None:
    """The user at the display says no."""
    scene.broker()
    # A sink that only listens stops doing so once it has been asked.
    scene.sink("--answer", "reject", "--p2p-state", "find")
    scene.find()
    scene.connect_fails("rejected")
    demand(not scene.leftovers(), "something is left")
    scene.quit()


def sink_is_owner(scene: Scene) -> None:
    """The sink insists on being group owner and gives us an address; what else it gives is not taken."""
    scene.broker()
    sink = scene.sink("--go-intent", "15", "--advertise-router", *ROUTES_BY_DHCP)
    scene.find()
    before = system()
    session = scene.connect()
    scene.frames()
    only_the_link(session)
    demand(system()["resolver"] == before["resolver"], f"name servers: {system()['resolver']}")
    scene.disconnect()
    sink.wait(90)
    unchanged(before, "after the cast")
    demand(any("announced: 192.168.173." in text for text in scene.sink_heard()), "we have announced no address")
    scene.quit()


def sink_lies(scene: Scene) -> None:
    """A group owner that wants half of the Internet, or a network that is somebody else's, gets neither."""
    scene.broker()
    run("ip", "link", "add", "dummy0", "type", "dummy")
    run("ip", "addr", "add", "10.99.0.1/16", "dev", "dummy0")
    run("ip", "link", "set", "dummy0", "up")
    try:
        for options, words in ((("--dhcp-option", "1,128.0.0.0"), "impossible size"),
                               (("--owner-net", "10.99.3"), "10.99.0.0/16")):
            sink = scene.sink("--go-intent", "15", *options)
            scene.find()
            before = system()
            scene.connect_fails("address-refused", words)
            unchanged(before, "after the refusal")
            sink.terminate()
            sink.wait(90)
    finally:
        run("ip", "link", "del", "dummy0")
    scene.quit()


def killed(scene: Scene) -> None:
    """SIGKILL in mid-stream, in either role; the next daemon ends what is ours and nothing else."""
    with p2p_beside.foreign_group(scene):
        scene.broker("--p2p-interface", scene.radios.source_interface)
        before = None
        for options in ((), ("--go-intent", "15")):
            sink = scene.sink(*options)
            scene.find()
            before = before or system()
            scene.connect()
            scene.frames()
            demand(scene.kill(), "a killed daemon has left nothing: this test proves nothing")
            sink.terminate()
            sink.wait(90)
        sink = scene.sink()
        scene.find()
        unchanged(before, "after the clean-up")
        scene.connect()
        scene.disconnect()
        scene.quit()
        scene.end()


def sink_vanishes(scene: Scene) -> None:
    """The display is switched off in mid-stream: it leaves the group, without a word in RTSP, and does not come back."""
    def is_ending() -> bool:
        status = ctl("status")[1]
        return bool(status["ended"]) or status["sessions"][0]["state"] == "ending"
    scene.broker()
    sink = scene.sink()
    scene.find()
    scene.connect()
    scene.frames()
    began = time.monotonic()
    sink.terminate()
    p2p_evening.told("the end", began, is_ending)
    p2p_evening.ended(scene, "group-ended")
    scene.quit()


def unit(scene: Scene) -> None:
    """What the units of daemon and sessions open of the machine, and what they do not."""
    scene.broker()
    devices = {unit: scene.systemd.property(unit, "DeviceAllow") for unit in (UNIT, "miracast-umd@1.service")}
    for device in ("char-drm rw", "char-nvidia* rw"):
        demand(device in devices["miracast-umd@1.service"], f"sessions may not use {device}: {devices}")
        demand(device not in devices[UNIT], f"the daemon may use {device}: {devices}")
    for path, expected in (("/proc/sys/net/ipv6/conf/all/disable_ipv6", True),
                           ("/proc/sys/net/ipv4/conf/all/forwarding", True),
                           ("/proc/sys/net/ipv4/ip_forward", False), ("/proc/sys/kernel/core_pattern", False)):
        writable = scene.systemd.inside("nsenter", "--target", scene.pid(), "--mount", "sh", "-c",
                                        f"test -w {path} && echo yes", check=False).strip() == "yes"
        demand(writable == expected, f"{path} is {'' if writable else 'not '}writable")
    scene.quit()


SCENARIOS = (unit, cast, rejected, sink_is_owner, sink_lies, killed, sink_vanishes, *p2p_persistent.SCENARIOS,
             *p2p_pin.SCENARIOS, *p2p_beside.SCENARIOS, *p2p_evening.SCENARIOS, *p2p_second.SCENARIOS,
             *p2p_station.SCENARIOS)
# For who has time: `make check` has a limit.
LEFT_OUT = (*p2p_persistent.LONG, *p2p_pin.LONG, *p2p_beside.LONG, *p2p_evening.SCENARIOS, *p2p_second.SCENARIOS,
            *p2p_station.SCENARIOS)


def perform(scene: Scene, scenario) -> bool:
    scene.name = scenario.__name__
    began = time.monotonic()
    try:
        scenario(scene)
    except (Failure, subprocess.SubprocessError, OSError, LookupError, ValueError) as error:
        print(f"    {error} {getattr(error, 'stderr', None) or ''}")
        print(f"FAIL {scene.name}", flush=True)
        return False
    finally:
        scene.end()
    print(f"PASS {scene.name} ({time.monotonic() - began:.0f} s)", flush=True)
    return True


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", default="/out", help="receives the logs (default %(default)s)")
    parser.add_argument("scenario", nargs="*", choices=[*(s.__name__ for s in SCENARIOS), []],
                        help=f"(default: all but {', '.join(s.__name__ for s in LEFT_OUT)})")
    parser.add_argument("--left-out", action="store_true", help="those")
    args = parser.parse_args()
    # Not in --out at once: each line that a supplicant logs there would be a round trip to the host.
    logs = pathlib.Path(tempfile.mkdtemp())
    scene = Scene(logs)
    try:
        scene.begin()
        results = [perform(scene, scenario) for scenario in SCENARIOS
                   if scenario.__name__ in args.scenario
                   or not args.scenario and (scenario in LEFT_OUT) == args.left_out]
    finally:
        scene.radios.stop()
        scene.systemd.stop()
        shutil.copytree(logs, args.out, dirs_exist_ok=True)
    return 0 if all(results) else 1


if __name__ == "__main__":
    sys.exit(main())
