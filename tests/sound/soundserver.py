# SPDX-License-Identifier: LGPL-2.1-or-later
"""A user's sound server, as a desktop session has it: PipeWire, WirePlumber and PulseAudio's protocol.

The programs are the user's, not root's. Who ends is started again, as systemd does with their units: Restart=on-failure,
RestartSec=100ms, and PipeWire's start wants WirePlumber's.
"""
from __future__ import annotations

import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import threading
import time

USER, UID = "viewer", 1000
HOME = pathlib.Path("/home", USER)
RUNTIME = pathlib.Path("/run/user", str(UID))
# In the order in which they need each other.
PROGRAMS = ("pipewire", "wireplumber", "pipewire-pulse")
RESTART_S = 0.1


def use_beside(name: str) -> None:
    """Puts over the root what it has unpacked in /opt/NAME (tests/vm/root.conf, section beside).

    Not to be followed by ldconfig: it would prefer the newest of two versions of a library.
    """
    subprocess.run(f"tar -C /opt/{name} -c . | tar -C / -x --no-overwrite-dir --no-same-owner --keep-directory-symlink",
                   shell=True, check=True)


class SoundServer:
    def __init__(self, out: pathlib.Path, programs: tuple[str, ...] = PROGRAMS):
        self._out = out
        self._programs = programs
        self._running: dict[str, subprocess.Popen] = {}
        self._stopping = threading.Event()
        self._keepers: list[threading.Thread] = []
        self._bus: subprocess.Popen | None = None

    def start(self) -> None:
        if not HOME.exists():
            subprocess.run(["useradd", "--create-home", "--uid", str(UID), "--groups", "audio", USER], check=True)
        # Where logind keeps who is logged in; WirePlumber 0.4 ends without them.
        for directory in ("seats", "sessions", "users", "machines"):
            pathlib.Path("/run/systemd", directory).mkdir(parents=True, exist_ok=True)
        RUNTIME.mkdir(parents=True, exist_ok=True)
        RUNTIME.chmod(0o700)
        shutil.chown(RUNTIME, USER, USER)
        (RUNTIME / "bus").unlink(missing_ok=True)
        self._bus = self.spawn("dbus-daemon", "--session", "--nofork", "--nopidfile",
                               f"--address=unix:path={RUNTIME}/bus")
        self._wait(RUNTIME / "bus")
        for program in self._programs:
            keeper = threading.Thread(target=self._keep, args=(program,), daemon=True)
            keeper.start()
            self._keepers.append(keeper)
            if program != "wireplumber":
                self._wait(RUNTIME / ("pulse/native" if "pulse" in program else "pipewire-0"))
        if "wireplumber" in self._programs:
            self.wait()

    def wait(self) -> None:
        """Until it answers, WirePlumber included."""
        deadline = time.monotonic() + 60
        while not self._policy_runs():
            if time.monotonic() > deadline:
                raise TimeoutError("the sound server is not there again within 60 s")
            time.sleep(0.1)

    def _policy_runs(self) -> bool:
        return any(item.get("info", {}).get("props", {}).get("application.name") == "WirePlumber"
                   for item in self.dump())

    @staticmethod
    def _wait(path: pathlib.Path) -> None:
        deadline = time.monotonic() + 60
        while not path.exists():
            if time.monotonic() > deadline:
                raise TimeoutError(f"{path} does not appear within 60 s")
            time.sleep(0.05)

    def _keep(self, program: str) -> None:
        while not self._stopping.is_set():
            self._running[program] = self.spawn(program)
            self._running[program].wait()
            time.sleep(RESTART_S)

    def environment(self) -> dict[str, str]:
        return {"PATH": os.environ["PATH"], "HOME": str(HOME), "USER": USER, "LANG": "C.UTF-8",
                "XDG_RUNTIME_DIR": str(RUNTIME), "DBUS_SESSION_BUS_ADDRESS": f"unix:path={RUNTIME}/bus"}

    @staticmethod
    def _as_user(argv: tuple[str, ...]) -> list[str]:
        return ["setpriv", f"--reuid={USER}", f"--regid={USER}", "--init-groups", *argv]

    def spawn(self, *argv: str, **kwargs) -> subprocess.Popen:
        """Starts a program of the user's; its output goes to a log of its name."""
        with open(self._out / f"{pathlib.Path(argv[0]).name}.log", "ab") as log:
            return subprocess.Popen(self._as_user(argv), env=self.environment(), cwd="/",
                                    **{"stdin": subprocess.DEVNULL, "stdout": log, "stderr": log, **kwargs})

    def run(self, *argv: str, check: bool = True, timeout: float = 60) -> str:
        """Output of a program of the user's."""
        return subprocess.run(self._as_user(argv), env=self.environment(), cwd="/", check=check, text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=timeout).stdout

    def kill(self, *programs: str) -> None:
        """SIGKILL; they are started again."""
        for program in programs or self._programs:
            self._running[program].send_signal(signal.SIGKILL)

    def stop(self) -> None:
        self._stopping.set()
        for process in [*reversed(self._running.values()), self._bus]:
            if process and process.poll() is None:
                process.terminate()
                try:
                    process.wait(10)
                except subprocess.TimeoutExpired:
                    process.kill()
        for keeper in self._keepers:
            keeper.join(5)

    # -- what the user's desktop sees ----------------------------------------------------------------------

    def dump(self) -> list[dict]:
        """All of PipeWire's objects, see pw-dump(1)."""
        output = self.run("pw-dump", check=False)
        return json.loads(output[output.find("["):]) if "[" in output else []

    def nodes(self, media_class: str = "Audio/Sink") -> dict[str, dict]:
        """Properties of the nodes of a class, by name; what has the class as a part, too."""
        found = {}
        for item in self.dump():
            properties = item.get("info", {}).get("props", {})
            if item["type"].endswith(":Node") and media_class in properties.get("media.class", ""):
                found[properties["node.name"]] = {**properties, "id": item["id"]}
        return found

    def _metadata(self, key: str, timeout: float) -> str:
        try:
            output = self.run("pw-metadata", "-n", "default", "0", key, check=False, timeout=timeout)
        except subprocess.TimeoutExpired:
            # It waits for a WirePlumber that has died meanwhile.
            return ""
        # What has been replaced may be there, too.
        values = re.findall(r"value:'(.*)' type:", output)
        return json.loads(values[-1])["name"] if values else ""

    def default(self, timeout: float = 10) -> str:
        """Name of the output that plays what has no other; empty where that is not said in time."""
        return self._metadata("default.audio.sink", timeout)

    def configured(self) -> str:
        """Name of the output that was asked for."""
        return self._metadata("default.configured.audio.sink", timeout=10)

    def default_became(self, name: str, seconds: float, do) -> float:
        """Does something and waits for this output to be the default; when it was, in CLOCK_MONOTONIC."""
        watcher = self.spawn("stdbuf", "-oL", "pw-metadata", "-m", "-n", "default", stdout=subprocess.PIPE, text=True)
        timer = threading.Timer(seconds, watcher.kill)
        timer.start()
        try:
            # What is so already comes first.
            while "default.audio.sink'" not in watcher.stdout.readline() and watcher.poll() is None:
                pass
            do()
            for line in watcher.stdout:
                if "'default.audio.sink'" in line and f'"{name}"' in line:
                    return time.monotonic()
        finally:
            timer.cancel()
            watcher.kill()
            watcher.wait()
        raise TimeoutError(f"{name} is not the default output within {seconds} s")

    def choose(self, name: str) -> None:
        """The user makes this output the default."""
        self.run("wpctl", "set-default", str(self.nodes()[name]["id"]))
