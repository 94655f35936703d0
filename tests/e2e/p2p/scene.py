# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the scenarios are made of: miracastd as installed, a display, and what is demanded of either."""
from __future__ import annotations

import json
import os
import pathlib
import re
import subprocess
import time

from p2p.expectations import HERE, Expected, load
from p2p.machine import interfaces, system, tables, wfd_element
from p2p.waiting import demand, wait_for
from radios import SINK_NETNS, Radios, run
from systemd import Systemd

SINK = HERE.parents[1] / "sink" / "wfd-sink-p2p"
SINK_NAME = "Living room TV"
RUNTIME = pathlib.Path("/run/miracast")
# A display that plays until the source ends it, and is as slow as the machine; what it has recorded is nobody's concern.
WITHOUT_END = ("--duration", "100000", "--end", "wait", "--time-scale", "10", "--no-analysis")
# A display that is switched off and on again listens on any of three channels: here on another one than before, always.
BEFORE, AFTERWARDS = ("--listen-channel", "1"), ("--listen-channel", "11")
UNIT = "miracastd"
# What the daemon remembers of displays.
DISPLAYS = pathlib.Path("/var/lib/miracast/displays")


def ctl(*argv: str) -> tuple[int, dict]:
    done = subprocess.run(["miracastctl", "--json", *argv], capture_output=True, text=True, timeout=300, check=False)
    return done.returncode, json.loads(done.stdout)


def names(session: dict) -> list[str]:
    """Of its phases, as they came."""
    return [phase["name"] for phase in session["phases"]]


def went(session: dict, expected: Expected) -> None:
    """It went through these phases, and not through those."""
    start = session["phases"][0]["time-us"]
    print("    ms:", {phase["name"]: (phase["time-us"] - start) // 1000 for phase in session["phases"]})
    for phase in expected["phases"]:
        demand(phase in names(session), f"no phase {phase} in {names(session)}")
    for phase in expected["no-phases"] if "no-phases" in expected else ():
        demand(phase not in names(session), f"a phase {phase} in {names(session)}")


def told(what: str, began: float, condition, expected: Expected) -> None:
    """Within `told-seconds` of what has happened, by the wall's clock: the machine is emulated, but waits more than it works."""
    wait_for(what, condition)
    seconds = time.monotonic() - began
    print(f"    {what} after {seconds:.1f} s")
    demand(seconds <= expected["told-seconds"], f"{what} after {seconds:.1f} s")


def failed(result: dict, expected: Expected) -> None:
    """A command did not do what it was to: with that reason, in words that have these, and with a hint."""
    error = result.get("error", {})
    print("    reason:", error.get("name"), "-", error.get("message"))
    demand(error.get("name") == expected["reason"], f"{result} instead of {expected['reason']}")
    for word in expected["words"] if "words" in expected else ():
        demand(word in error["message"], f"no {word!r} in: {error['message']}")
    demand(error["hint"], "no hint")


def has_ended() -> bool:
    return bool(ctl("status")[1]["ended"])


def only_session() -> dict:
    sessions = ctl("status")[1]["sessions"]
    demand(len(sessions) == 1, f"{len(sessions)} sessions")
    return sessions[0]


def width(interface: str) -> str:
    """The channel of the group, as iw has it: "36 (5180 MHz), width: 40 MHz, center1: 5190 MHz"."""
    channel = re.search(r"channel (.*)", run("iw", "dev", interface, "info")).group(1)
    print("    channel:", channel)
    return channel


class Scene:
    """Radios and systemd for all scenarios; a broker and a sink for each."""

    def __init__(self, logs: pathlib.Path):
        self.logs = logs
        self.systemd = Systemd(logs / "systemd.log")
        self.radios = Radios(logs, self.systemd)
        self.processes: list[subprocess.Popen] = []
        self.foreign: set[str] = set()  # groups that are somebody else's
        self.name = ""
        self.shared = load(HERE)

    def begin(self) -> None:
        self.systemd.start()
        self.radios.start(4)

    def start(self, argv: list[str], log: str) -> subprocess.Popen:
        with open(self.logs / log, "ab") as file:
            file.write(f"-- {self.name}\n".encode())
            file.flush()
            process = subprocess.Popen(argv, stdout=file, stderr=file)
        self.processes.append(process)
        return process

    # -- the daemon, as its unit has it but for its arguments ----------------------------------------------------

    def broker(self, *options: str) -> None:
        command = " ".join(("/usr/libexec/miracastd", "--verbose", "--source=test", "--mode=640x480", *options))
        log = self.logs / "miracastd.log"
        with open(log, "a", encoding="utf-8") as file:
            file.write(f"-- {self.name}\n")
        self.systemd.configure(UNIT, "ExecStart=", f"ExecStart={command}", f"StandardError=append:{log}")
        # One that has never seen a display: no scenario depends on the one before.
        DISPLAYS.unlink(missing_ok=True)
        self.systemd.inside("systemctl", "reset-failed", UNIT, check=False)
        self.systemd.inside("systemctl", "start", UNIT)
        demand(ctl("status")[0] == 0, "miracastd does not answer")

    def leftovers(self) -> list[str]:
        """Group interfaces, rules and DHCP programs of the source; the sink has programs, too, without our directory."""
        links = [link for link in interfaces() if link.startswith("p2p-") and not link.startswith("p2p-dev-")]
        processes = [line for line in run("ps", "-eo", "args").splitlines()
                     if line.startswith(("busybox", "dnsmasq")) and str(RUNTIME) in line]
        return [link for link in links if link not in self.foreign] + tables() + processes

    def pid(self) -> str:
        return self.systemd.property(UNIT, "MainPID")

    def kill(self) -> list[str]:
        """SIGKILL; systemd starts the next one. Returns what was left at once: a display may end its group by itself."""
        killed = self.pid()
        demand(tables(), "a link without rules")
        self.systemd.inside("systemctl", "kill", "--signal=KILL", "--kill-whom=main", UNIT)
        wait_for("the rules have gone with the daemon", lambda: not tables(), self.shared["killed"]["rules-seconds"])
        left = self.leftovers()
        wait_for("the next miracastd runs", lambda: self.pid() not in ("0", killed)
                 and self.systemd.property(UNIT, "ActiveState") == "active")
        wait_for("the next miracastd takes down what was left, unasked", lambda: not self.leftovers(),
                 self.shared["killed"]["left-seconds"])
        return left

    def quit(self) -> None:
        self.systemd.inside("systemctl", "stop", UNIT)
        result = self.systemd.property(UNIT, "Result")
        demand(result == self.shared["daemon"]["result"], f"miracastd ended with {result}")
        demand(not any(RUNTIME.iterdir()), f"left in {RUNTIME}: {list(RUNTIME.iterdir())}")
        demand(wfd_element() == self.shared["daemon"]["announced"], f"still announced: {wfd_element()}")

    # -- the display's side of the link --------------------------------------------------------------------------

    def reaches(self, address: str, port: int) -> bool:
        """Whether whoever has the display can call a port of ours."""
        call = f"import socket; socket.create_connection(({address!r}, {port}), 3)"
        return subprocess.run(["ip", "netns", "exec", SINK_NETNS, "python3", "-c", call], stderr=subprocess.DEVNULL,
                              check=False).returncode == 0

    def echoes(self, address: str) -> bool:
        return subprocess.run(["ip", "netns", "exec", SINK_NETNS, "busybox", "ping", "-c", "1", "-W", "3", address],
                              stdout=subprocess.DEVNULL, check=False).returncode == 0

    # -- the display ---------------------------------------------------------------------------------------------

    def sink(self, *options: str) -> subprocess.Popen:
        return self.sink_on(self.radios.sink_interface, SINK_NETNS, SINK_NAME, self.sink_out(), *options)

    def sink_on(self, interface: str, netns: str, name: str, out: pathlib.Path, *options: str) -> subprocess.Popen:
        """Another display than the usual one."""
        return self.start(["ip", "netns", "exec", netns, str(SINK), "--interface", interface, "--name", name, "--out", str(out),
                           *WITHOUT_END, *options], "sink.log")

    def sink_out(self) -> pathlib.Path:
        return self.logs / f"sink-{self.name}"

    def sink_log(self) -> str:
        """What the last display has printed as yet."""
        return (self.logs / "sink.log").read_text(encoding="utf-8").rpartition(f"-- {self.name}\n")[2]

    def sink_heard(self) -> list[str]:
        """What happened at the display; known when it has ended."""
        return [text for _, text in json.loads((self.sink_out() / "p2p.json").read_text(encoding="utf-8"))["timeline"]]

    def sink_roles(self) -> list[str]:
        """What it was in each group, "GO" or "client"; known when it has ended."""
        return [text.split()[2] for text in self.sink_heard() if text.startswith("P2P-GROUP-STARTED")]

    @staticmethod
    def in_role(role: str) -> tuple[str, ...]:
        """Options with which a display is that in the group."""
        return "--go-intent", {"client": "0", "GO": "15"}[role]

    def find(self, *names: str) -> dict:
        """By one scan, which tells this of the first of them."""
        wanted = names or (SINK_NAME,)

        def found() -> dict | None:
            there = {sink["name"]: sink for sink in ctl("scan", "--seconds", "10")[1]["sinks"] if sink["present"]}
            return there[wanted[0]] if there.keys() >= set(wanted) else None
        return wait_for(f"{', '.join(wanted)} found", found)

    def connect(self, *options: str, name: str = SINK_NAME) -> dict:
        status, session = ctl("connect", name, *options)
        demand(status == 0, f"connect: {session}")
        return session

    def connect_fails(self, expected: Expected, name: str = SINK_NAME) -> None:
        status, result = ctl("connect", name)
        demand(status == 1, f"connect ended with status {status}: {result}")
        failed(result, expected)

    def shown_pin(self) -> str:
        """The PIN that the display has shown last."""
        def shown() -> list[str]:
            return re.findall(r"P2P-PROV-DISC-SHOW-PIN \S+ (\d+)", self.sink_log())
        return wait_for("the display shows a PIN", shown)[-1]

    def pin_file(self) -> pathlib.Path:
        """What the display's user types."""
        return self.logs / "typed-pin"

    def connect_with_pin(self, *options: str, pin: str = "") -> tuple[int, dict]:
        """
        As a user: what the display shows (or `pin`) is typed here when that is asked for, what is shown here is typed
        there; again if there is a second attempt. Returns the exit status and what miracastctl has printed.
        """
        process = subprocess.Popen(["miracastctl", "--json", "connect", SINK_NAME, *options], stdin=subprocess.PIPE,
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE, bufsize=0)
        self.processes.append(process)
        os.set_blocking(process.stderr.fileno(), False)
        said, here, there = "", 0, 0
        deadline = time.monotonic() + 300
        while process.poll() is None:
            demand(time.monotonic() < deadline, f"miracastctl connect hangs; it said: {said}")
            time.sleep(0.3)
            said += (process.stderr.read() or b"").decode()
            if said.count(f"PIN that {SINK_NAME} shows: ") > here:
                here += 1
                time.sleep(1)
                process.stdin.write(f"{pin or self.shown_pin()}\n".encode())
            shown = re.findall(rf"PIN to type at {SINK_NAME}: (\d+)\n", said)
            if len(shown) > there:
                there += 1
                self.pin_file().write_text(shown[-1], encoding="ascii")
        print("    typed here:", here, "typed there:", there)
        demand(here + there > 0, f"no PIN was wanted: {said}")
        return process.returncode, json.loads(process.stdout.read())

    def frames(self, more_than: int = 0) -> None:
        """The session streams: it has sent some frames, and more than it had sent."""
        wait_for("frames are sent", lambda: only_session()["stats"].get("frames-sent", 0) > more_than + self.shared["frames"])

    def disconnect(self) -> None:
        demand(ctl("disconnect", "all")[0] == 0, "disconnect")
        wait_for("the session is gone", lambda: not ctl("status")[1]["sessions"])
        wait_for("nothing is left of it", lambda: not self.leftovers(), self.shared["disconnected"]["left-seconds"])

    def ended(self, expected: Expected) -> None:
        """How the last session has ended."""
        last = max(wait_for("the session has ended", lambda: ctl("status")[1]["ended"]), key=lambda session: session["id"])
        print("    reason:", last["reason"])
        demand(last["reason"] == expected["reason"] and last["message"] and last["hint"], f"{last}")
        wait_for("nothing is left", lambda: not self.leftovers())

    def ends(self, display: subprocess.Popen) -> None:
        """By itself, its cast being over."""
        display.wait(self.shared["display"]["ends-seconds"])

    def switch_off(self, display: subprocess.Popen) -> None:
        """One that leaves, or that would wait for a cast that does not come."""
        display.terminate()
        self.ends(display)

    def unchanged(self, before: dict[str, list[str]], what: str) -> None:
        deadline = time.monotonic() + self.shared["machine"]["unchanged-seconds"]
        while (after := system()) != before and time.monotonic() < deadline:
            time.sleep(0.5)
        for part in self.shared["machine"]["unchanged"]:
            gone, new = set(before[part]) - set(after[part]), set(after[part]) - set(before[part])
            demand(not gone and not new, f"{what}: {part}: gone {sorted(gone)}, new {sorted(new)}")

    def end(self) -> None:
        for process in reversed(self.processes):
            if process.poll() is None:
                process.terminate()
        for process in self.processes:
            try:
                process.wait(30)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        self.processes.clear()
        self.systemd.inside("systemctl", "stop", UNIT, check=False)
