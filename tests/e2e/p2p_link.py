#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The Wi-Fi P2P link with real wpa_supplicants on simulated radios. Runs as root in a virtual machine.

The source casts its test picture, so that no kernel module and no desktop are needed. Prints "PASS name" or
"FAIL name" for each scenario.

    p2p_link.py [--out DIR] [SCENARIO...]
"""
from __future__ import annotations

import argparse
import json
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

from radios import SINK_NETNS, Radios, run  # noqa: E402

BROKER = "/usr/libexec/miracastd"
SINK = HERE.parent / "sink" / "wfd-sink-p2p"
SINK_NAME = "Living room TV"
RUNTIME = pathlib.Path("/run/miracast")
# The emulated machine is slow; these are limits for a hang, not measurements.
PATIENCE = 90


class Failure(Exception):
    pass


def wait_for(what: str, condition, seconds: float = PATIENCE):
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        result = condition()
        if result:
            return result
        time.sleep(0.3)
    raise Failure(f"waited {seconds:.0f} s in vain: {what}")


def demand(condition, what: str) -> None:
    if not condition:
        raise Failure(what)


def ctl(*argv: str) -> tuple[int, dict]:
    done = subprocess.run(["miracastctl", "--json", *argv], capture_output=True, text=True, timeout=300, check=False)
    return done.returncode, json.loads(done.stdout)


def wfd_element() -> str:
    """What wpa_supplicant announces for us, as gdbus prints it."""
    return run("gdbus", "call", "--system", "--dest", "fi.w1.wpa_supplicant1", "--object-path",
               "/fi/w1/wpa_supplicant1", "--method", "org.freedesktop.DBus.Properties.Get",
               "fi.w1.wpa_supplicant1", "WFDIEs").strip()


def leftovers() -> list[str]:
    """Group interfaces and DHCP programs of the source; the sink has a server of its own if it is group owner."""
    links = [line.split()[1].rstrip(":") for line in run("ip", "-o", "link").splitlines()]
    processes = [line for line in run("ps", "-eo", "args").splitlines()
                 if line.startswith("dhcpcd") or (line.startswith("dnsmasq") and str(RUNTIME) in line)]
    return [link for link in links if link.startswith("p2p-")] + processes


class Scene:
    """Radios for all scenarios; a broker and a sink for each."""

    def __init__(self, logs: pathlib.Path):
        self.logs = logs
        self.radios = Radios(logs)
        self.processes: list[subprocess.Popen] = []
        self.name = ""

    def start(self, argv: list[str], log: str) -> subprocess.Popen:
        with open(self.logs / log, "ab") as file:
            file.write(f"-- {self.name}\n".encode())
            file.flush()
            process = subprocess.Popen(argv, stdout=file, stderr=file)
        self.processes.append(process)
        return process

    def broker(self, *options: str) -> subprocess.Popen:
        process = self.start([BROKER, "--verbose", "--source=test", "--mode=640x480", *options], "miracastd.log")
        wait_for("miracastd answers", lambda: ctl("status")[0] == 0)
        return process

    def sink(self, *options: str) -> subprocess.Popen:
        return self.start(["ip", "netns", "exec", SINK_NETNS, str(SINK), "--interface", self.radios.sink_interface,
                           "--name", SINK_NAME, "--out", str(self.logs / f"sink-{self.name}"), "--duration", "100000",
                           "--end", "wait", "--time-scale", "10", "--no-analysis", *options], "sink.log")

    def find(self) -> None:
        wait_for(f"{SINK_NAME} is found", lambda: any(
            sink["name"] == SINK_NAME and sink["present"] for sink in ctl("scan", "--seconds", "10")[1]["sinks"]))

    def connect(self, *options: str) -> dict:
        status, session = ctl("connect", SINK_NAME, "--wait", *options)
        demand(status == 0, f"connect: {session}")
        return session

    def connect_fails(self, reason: str) -> None:
        status, result = ctl("connect", SINK_NAME, "--wait")
        demand(status == 1, f"connect ended with status {status}: {result}")
        demand(result["error"]["name"] == reason, f"connect: {result['error']} instead of {reason}")
        demand(result["error"]["hint"], "no hint")

    def disconnect(self) -> None:
        demand(ctl("disconnect", "all")[0] == 0, "disconnect")
        wait_for("the session is gone", lambda: not ctl("status")[1]["sessions"])
        wait_for("nothing is left of it", lambda: not leftovers(), 10)

    def quit(self, broker: subprocess.Popen) -> None:
        broker.terminate()
        demand(broker.wait(PATIENCE) == 0, f"miracastd ended with status {broker.returncode}")
        demand(not any(RUNTIME.iterdir()), f"left in {RUNTIME}: {list(RUNTIME.iterdir())}")
        demand(wfd_element() == "(<@ay []>,)", f"still announced: {wfd_element()}")

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


# -- scenarios ---------------------------------------------------------------------------------------------------

def cast(scene: Scene) -> None:
    """Found, joined by push button, streamed to, left; twice; and nothing stays."""
    broker = scene.broker()
    for _ in range(2):
        sink = scene.sink()
        scene.find()
        session = scene.connect()
        for phase in ("waiting-for-acceptance", "group-started", "link-up", "dialled", "streaming"):
            demand(phase in [step["name"] for step in session["phases"]], f"no phase {phase} in {session['phases']}")
        start = session["phases"][0]["time-us"]
        print("    ms:", {step["name"]: (step["time-us"] - start) // 1000 for step in session["phases"]})
        wait_for("frames are sent", lambda: ctl("status")[1]["sessions"][0]["stats"].get("frames-sent", 0) > 5)
        scene.disconnect()
        sink.wait(PATIENCE)
    scene.quit(broker)


def rejected(scene: Scene) -> None:
    """The user at the display says no."""
    broker = scene.broker()
    # A sink that only listens stops doing so once it has been asked.
    scene.sink("--answer", "reject", "--p2p-state", "find")
    scene.find()
    scene.connect_fails("rejected")
    demand(not leftovers(), "something is left")
    scene.quit(broker)


def sink_is_owner(scene: Scene) -> None:
    """The sink insists on being group owner: it gives us the address."""
    broker = scene.broker()
    scene.sink("--go-intent", "15")
    scene.find()
    session = scene.connect()
    demand(session["path"]["interface"].startswith("p2p-"), f"{session['path']}")
    scene.disconnect()
    scene.quit(broker)


def killed(scene: Scene) -> None:
    """SIGKILL in mid-stream; the next daemon cleans up and connects again."""
    broker = scene.broker()
    sink = scene.sink()
    scene.find()
    scene.connect()
    broker.send_signal(signal.SIGKILL)
    broker.wait()
    demand(leftovers(), "a killed daemon has left nothing: this test proves nothing")
    sink.terminate()
    sink.wait(PATIENCE)
    broker = scene.broker()
    scene.sink()
    scene.find()
    wait_for("the former group is gone", lambda: not leftovers())
    scene.connect()
    scene.disconnect()
    scene.quit(broker)


def sink_vanishes(scene: Scene) -> None:
    """The display is switched off in mid-stream."""
    broker = scene.broker()
    sink = scene.sink()
    scene.find()
    scene.connect()
    sink.terminate()
    ended = wait_for("the session has ended", lambda: ctl("status")[1]["ended"])
    demand(ended[0]["reason"] in ("group-ended", "sink-vanished", "sink-left"), f"{ended[0]}")
    print("    reason:", ended[0]["reason"])
    wait_for("nothing is left", lambda: not leftovers())
    scene.quit(broker)


SCENARIOS = (cast, rejected, sink_is_owner, killed, sink_vanishes)


def perform(scene: Scene, scenario) -> bool:
    scene.name = scenario.__name__
    began = time.monotonic()
    try:
        scenario(scene)
    except (Failure, subprocess.SubprocessError, OSError, KeyError, ValueError) as error:
        print(f"    {error}")
        print(f"FAIL {scene.name}", flush=True)
        return False
    finally:
        scene.end()
    print(f"PASS {scene.name} ({time.monotonic() - began:.0f} s)", flush=True)
    return True


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", default="/out", help="receives the logs (default %(default)s)")
    parser.add_argument("scenario", nargs="*", choices=[*(s.__name__ for s in SCENARIOS), []])
    args = parser.parse_args()
    # Not in --out at once: each line that a supplicant logs there would be a round trip to the host.
    logs = pathlib.Path(tempfile.mkdtemp())
    scene = Scene(logs)
    try:
        run("start-services", "udev", "dbus")
        scene.radios.start()
        results = [perform(scene, scenario) for scenario in SCENARIOS
                   if not args.scenario or scenario.__name__ in args.scenario]
    finally:
        scene.radios.stop()
        shutil.copytree(logs, args.out, dirs_exist_ok=True)
    return 0 if all(results) else 1


if __name__ == "__main__":
    sys.exit(main())
