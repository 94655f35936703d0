# SPDX-License-Identifier: LGPL-2.1-or-later
"""Miracast over Infrastructure over the loopback: miracastctl connects, the test sink is the display in the network."""
from __future__ import annotations

import dataclasses
import json
import os
import pathlib
import re
import signal
import subprocess
import tempfile
import time

from processes import MICE_SINK, PYTHON, Broker, Failed, Programs, address, demand, sanitizer_environment, wait_until

MODE = "--mode=640x480@60"
# From the command to the display's first picture; most of it is the encoder's start, which sanitizers make slow.
PICTURE_SECONDS = 2.0
SANITIZED_SECONDS = 10.0
# Of it, until the display has been told to call: nothing is waited for there.
CONTACT_SECONDS = 1.0
# Of /proc/PID/status: no capabilities, none to be gained, and a filter of system calls.
CONFINEMENT = {"CapEff": "0+", "NoNewPrivs": "1", "Seccomp": "2"}


class Bus:
    """A D-Bus of the test's own, for both of miracastd's; a context manager."""

    def __enter__(self) -> "Bus":
        self._process = subprocess.Popen(["dbus-daemon", "--session", "--nofork", "--print-address"],
                                         stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        self.address = self._process.stdout.readline().strip()
        demand(self.address, "dbus-daemon did not start")
        return self

    def __exit__(self, *_exception) -> None:
        self._process.terminate()
        self._process.wait()

    def environment(self) -> dict[str, str]:
        return {"DBUS_SESSION_BUS_ADDRESS": self.address, "DBUS_SYSTEM_BUS_ADDRESS": self.address}


class Display:
    """A wfd-sink-mice that waits for its source."""

    def __init__(self, directory: pathlib.Path, host: str, *options: str):
        self.directory = directory
        directory.mkdir(parents=True, exist_ok=True)
        listen = f"[{host}]:0" if ":" in host else f"{host}:0"
        self._log = open(directory / "sink.log", "w", encoding="utf-8")
        self._process = subprocess.Popen([PYTHON, MICE_SINK, "--listen", listen, "--out", directory, "--no-analysis",
                                          *options], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                         stderr=self._log, text=True)
        line = self._process.stdout.readline()
        match = re.fullmatch(r"listening on (\S+) (\d+)\n", line)
        demand(match, f"the display did not start: {line!r}, see {directory}")
        self.port = int(match[2])
        self.what = f"mice:[{host}]:{self.port}" if ":" in host else f"{host}:{self.port}"

    def wait(self, seconds: float = 60) -> tuple[dict, dict]:
        """(report.json, mice.json); the first is empty if there was no session."""
        try:
            self._process.communicate(timeout=seconds)
        except subprocess.TimeoutExpired:
            self.kill()
            raise Failed(f"the display did not end within {seconds:g} s, see {self.directory}") from None
        self._log.close()
        report = self.directory / "report.json"
        return (json.loads(report.read_text(encoding="utf-8")) if report.exists() else {},
                json.loads((self.directory / "mice.json").read_text(encoding="utf-8")))

    def act(self) -> None:
        self._process.send_signal(signal.SIGUSR1)

    def kill(self) -> None:
        self._process.kill()
        self._process.communicate()
        self._log.close()


@dataclasses.dataclass
class Bench:
    programs: Programs
    directory: pathlib.Path
    broker: Broker
    bus: Bus
    host: str

    def display(self, name: str, *options: str, host: str | None = None) -> Display:
        return Display(self.directory / name, host or self.host, *options)

    def type_pin(self, what: str, typed: str) -> dict:
        """What the session became: with pictures, or an error."""
        return self.ctl("connect", "--pin", what, typed=typed)

    def ctl(self, *arguments: str, typed: str = "") -> dict:
        result = subprocess.run([self.programs.ctl, "--session-bus", *arguments, "--json"], capture_output=True, text=True,
                                timeout=60, check=False, input=typed,
                                env=dict(sanitizer_environment(self.directory), **self.bus.environment()))
        try:
            return json.loads(result.stdout)
        except json.JSONDecodeError:
            raise Failed(f"miracastctl {' '.join(arguments)}: {result.returncode} {result.stderr}") from None

    def connect(self, what: str, *options: str) -> int:
        """The session's number."""
        answer = self.ctl("connect", "--no-wait", what, *options)
        demand("id" in answer, f"miracastctl connect {what}: {answer}")
        return answer["id"]

    def demand_end(self, session: int, wanted: str, seconds: float = 15) -> None:
        reason, message = self.broker.wait_over(session, seconds)
        demand(reason == wanted, f"{reason} ({message}) instead of {wanted}")

    def said(self, mice: dict) -> list[str]:
        return [word for _, word in mice["said"]]


def _demand_soon(bench: Bench, what: str, start: float, report: dict, mice: dict) -> None:
    """From the command, at `start`, to the display's first picture."""
    came, seconds = mice["came"] - start, report["started_monotonic"] + report["first_picture"]["idr_t"] - start
    print(f"# mice: {what}: contacted after {came:.3f} s, first picture after {seconds:.3f} s", flush=True)
    limit = PICTURE_SECONDS if bench.programs.unsanitized() else SANITIZED_SECONDS
    demand(came <= CONTACT_SECONDS, f"the display was contacted after {came:.3f} s")
    demand(seconds <= limit, f"the first picture came after {seconds:.3f} s")


def picture(bench: Bench, host: str | None = None) -> None:
    """From the command to the picture, by one clock; then the display ends it as over any other link."""
    display = bench.display("picture-6" if host else "picture", "--duration", "2", host=host)
    start = time.monotonic()
    session = bench.connect(display.what)
    report, mice = display.wait()
    bench.demand_end(session, "sink-left")
    demand(report.get("played") and report["rtp"]["packets"], f"nothing was played, see {display.directory}")
    _demand_soon(bench, "IPv6" if host else "IPv4", start, report, mice)
    demand(bench.said(mice) == ["SOURCE_READY", "STOP_PROJECTION"], f"the source said {bench.said(mice)}")
    demand(mice["source"]["name"] and len(mice["source"]["id"]) == 32, f"the source is {mice['source']}")


def ipv6(bench: Bench) -> None:
    picture(bench, "::1")


def stopped_by_source(bench: Bench) -> None:
    display = bench.display("stopped-by-source", "--duration", "60", "--end", "wait")
    session = bench.connect(display.what)
    bench.broker.wait_phase(session, "streaming")
    bench.ctl("disconnect", str(session))
    bench.demand_end(session, "disconnected")
    report, mice = display.wait(20)
    demand(report["ended_by"] in ("source", "source-trigger"), f"ended by {report['ended_by']}")
    demand(bench.said(mice) == ["SOURCE_READY", "STOP_PROJECTION"], f"the source said {bench.said(mice)}")


def _plays_then(behaviour: str, reason: str):
    def case(bench: Bench) -> None:
        display = bench.display(behaviour, "--behaviour", behaviour, "--duration", "60", "--end", "wait")
        session = bench.connect(display.what)
        bench.broker.wait_phase(session, "streaming")
        display.act()
        bench.demand_end(session, reason)
        display.wait(20)
    return case


def _never_plays(behaviour: str, reason: str):
    def case(bench: Bench) -> None:
        display = bench.display(behaviour, "--behaviour", behaviour)
        bench.demand_end(bench.connect(display.what), reason, 5)
        display.wait(20)
    return case


def _demand_sealed(report: dict, mice: dict) -> None:
    """All that was played came encrypted, and what was said was of DTLS 1.2."""
    rtp = report["rtp"]
    demand(rtp["packets"] and rtp["unsealed"] == rtp["packets"] and not rtp["not_rtp"], f"not all was encrypted: {rtp}")
    demand(mice["cipher"].startswith("DTLSv1.2") and "GCM" in mice["cipher"], f"the cipher is {mice['cipher']}")


def encrypted(bench: Bench) -> None:
    display = bench.display("encrypted", "--duration", "2")
    start = time.monotonic()
    session = bench.connect(display.what, "--encrypt")
    report, mice = display.wait()
    bench.demand_end(session, "sink-left")
    _demand_soon(bench, "encrypted", start, report, mice)
    _demand_sealed(report, mice)
    said = [word for word in bench.said(mice) if word != "SECURITY_HANDSHAKE"]
    demand(said == ["SOURCE_READY", "STOP_PROJECTION"], f"the source said {bench.said(mice)}")


def confined(bench: Bench) -> None:
    """
    The process that reads what the display sends has nothing but its descriptors: it gets the keys of an encrypted stream
    by one of them, and its sockets, which are connected to the display alone, carry the whole cast.
    """
    display = bench.display("confined", "--duration", "60", "--end", "wait")
    session = bench.connect(display.what, "--encrypt")
    bench.broker.wait_phase(session, "streaming")
    processes = bench.broker.umds()
    demand(len(processes) == 1, f"{len(processes)} processes of a session")
    status = pathlib.Path(f"/proc/{processes[0]}/status").read_text(encoding="ascii")
    for name, value in CONFINEMENT.items():
        demand(re.search(rf"^{name}:\s+{value}$", status, re.MULTILINE), f"{name} is not {value}: {status}")
    wait_until(lambda: bench.ctl("status")["sessions"][0]["stats"].get("frames-sent", 0) > 30, 15, "pictures are sent")
    bench.ctl("disconnect", str(session))
    bench.demand_end(session, "disconnected")
    report, mice = display.wait(20)
    _demand_sealed(report, mice)


def pin(bench: Bench) -> None:
    """Wrong once, then right; the source ends it, in a message that is behind the stream's."""
    display = bench.display("pin", "--duration", "60", "--end", "wait", "--pin", "90817263")
    answer = bench.type_pin(display.what, "11111111\n9081-7263\n")
    demand("id" in answer, f"no session: {answer}")
    session = answer["id"]
    bench.ctl("disconnect", str(session))
    bench.demand_end(session, "disconnected")
    report, mice = display.wait(20)
    _demand_sealed(report, mice)
    demand(mice["wrong_pins"] == 1, f"{mice['wrong_pins']} wrong PINs")
    said = [word for word in bench.said(mice) if word != "SECURITY_HANDSHAKE"]
    demand(said == ["SESSION_REQUEST", "PIN_CHALLENGE", "PIN_CHALLENGE", "SOURCE_READY", "STOP_PROJECTION"],
           f"the source said {bench.said(mice)}")


def _pin_fails(behaviour: str, reason: str, typed: str = "12345678\n", wrong: int = 0):
    def case(bench: Bench) -> None:
        display = bench.display(f"{behaviour}-{reason}", "--behaviour", behaviour)
        answer = bench.type_pin(display.what, typed)
        demand(answer.get("error", {}).get("name") == reason, f"{answer} instead of {reason}")
        _, mice = display.wait(20)
        demand("SOURCE_READY" not in bench.said(mice), f"the source said {bench.said(mice)}")
        demand(mice["wrong_pins"] == wrong, f"{mice['wrong_pins']} wrong PINs")
    return case


def refused(bench: Bench) -> None:
    display = bench.display("refused")
    display.kill()
    bench.demand_end(bench.connect(display.what), "control-refused", 5)


CASES = {
    "picture": picture,
    "ipv6": ipv6,
    "stopped-by-source": stopped_by_source,
    "stopped-by-display": _plays_then("stop", "sink-left"),
    "control-lost": _plays_then("lose", "control-lost"),
    "rejected": _never_plays("reject", "rejected"),
    "garbage": _never_plays("garbage", "control-protocol"),
    "security": _never_plays("security", "security-unsupported"),
    "refused": refused,
    "encrypted": encrypted,
    "pin": pin,
    "pin-wrong": _pin_fails("good", "pin-wrong", typed="1 2 3 4\n0000-0000\n87654321\n12345678\n", wrong=3),
    "pin-wrong-once": _pin_fails("impatient", "pin-wrong", typed="87654321\n", wrong=1),
    "pin-not-typed": _pin_fails("good", "disconnected", typed=""),
    "impostor": _pin_fails("impostor", "pin-wrong"),
    "garbled": _pin_fails("garbled", "control-protocol"),
    "no-handshake": _pin_fails("deaf", "encryption-failed"),
    "no-cipher": _pin_fails("no-cipher", "encryption-failed"),
    "demand-pin": _never_plays("demand-pin", "rejected"),
}


# With the sandbox, for programs without sanitizers.
CONFINED = {"confined": confined}


def _case(bench: Bench, name: str, report) -> None:
    try:
        {**CASES, **CONFINED}[name](bench)
        demand(bench.broker.running(), "miracastd has died")
        wait_until(lambda: not bench.broker.umds(), 5, "no miracast-umd is left")
        bench.broker.demand_clean()
    except Failed as error:
        report(f"mice/{name}", str(error))
    else:
        report(f"mice/{name}")


def _run_confined(programs: Programs, directory: pathlib.Path, name: str, report) -> None:
    """By a miracastd of its own, with a cache that another account may read, which the process has if we are root."""
    host = address(3)
    with tempfile.TemporaryDirectory(prefix="miracast-mice.") as cache, Bus() as bus:
        os.chmod(cache, 0o755)
        with Broker(programs, directory / "broker-confined", host, MODE, "--no-p2p",
                    f"--runtime-dir={directory / 'broker-confined'}",
                    f"--sandbox={programs.umd.parents[2]}/userspace/sandbox/miracast-sandbox", bus=True,
                    env={**bus.environment(), "XDG_CACHE_HOME": cache}) as broker:
            broker.wait_ready()
            _case(Bench(programs, directory, broker, bus, host), name, report)


def _run_together(programs: Programs, directory: pathlib.Path, only: list[str], report) -> None:
    """One miracastd for all; a display that is told to call, and does not, waits beside the other cases."""
    host = address(1)
    with Bus() as bus, Broker(programs, directory / "broker", host, MODE, "--no-p2p",
                              f"--runtime-dir={directory / 'broker'}", bus=True, env=bus.environment()) as broker:
        broker.wait_ready()
        bench = Bench(programs, directory, broker, bus, host)
        # What is known of encoders, and GStreamer's registry, are there from the second time on.
        _warm_up(bench)
        silent = None if only and "silent" not in only else bench.display("silent", "--behaviour", "silent",
                                                                          host=address(2))
        waiting = silent and bench.connect(silent.what)
        for name in only or CASES:
            if name in CASES:
                _case(bench, name, report)
        if silent:
            _silent(bench, silent, waiting, report)
        try:
            broker.end()
        except Failed as error:
            report("mice/end", str(error))
        else:
            report("mice/end")


def run(programs: Programs, directory: pathlib.Path, only: list[str], report) -> None:
    directory.mkdir(parents=True, exist_ok=True)
    if not only or set(only) - set(CONFINED):
        _run_together(programs, directory, only, report)
    for name in CONFINED:
        if programs.unsanitized() and (not only or name in only):
            _run_confined(programs, directory, name, report)


def _warm_up(bench: Bench) -> None:
    display = bench.display("warm-up", "--duration", "0.5")
    bench.connect(display.what)
    display.wait()


def _silent(bench: Bench, display: Display, session: int, report) -> None:
    try:
        bench.demand_end(session, "sink-never-dialled", 40)
        _, mice = display.wait(20)
        demand(bench.said(mice) == ["SOURCE_READY", "STOP_PROJECTION"], f"the source said {bench.said(mice)}")
    except Failed as error:
        report("mice/silent", str(error))
    else:
        report("mice/silent")
