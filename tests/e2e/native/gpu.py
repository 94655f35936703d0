# SPDX-License-Identifier: LGPL-2.1-or-later
"""Pictures that go past the processor, by the programs as they are installed: the test picture is in a dma-buf, which goes to
the converter of the encoder's device, and what that makes to the encoder.

The device is that of tests/unit/fake-va.h, as a plug-in of GStreamer's, which the test tells what fails from then on; its
dma-bufs are those of tests/unit/fake-udmabuf.c. Whatever fails, what the sink sees of it is one key frame.
"""
from __future__ import annotations

import dataclasses
import pathlib
import shutil
import subprocess
import sys
import time

import mice
import pictures
from conformance import formats
from processes import (TIMING, TOP, Broker, Failed, Programs, Sink, address, demand, demand_strict, sanitizer_environment,
                       wait_until)

sys.path.insert(0, str(TOP / "tests/sink"))

from wfdsink import media  # noqa: E402

# Large enough for BT.709, also of an encoder that does not say in its stream which it is.
WIDTH, HEIGHT, RATE = 1280, 720, 30
VIDEO = formats(cea=1 << 5)
ENCODER = "vah264enc"
# The first fault comes later than that.
START_SECONDS = 1.0
# Between two faults, so that what each one costs can be told.
STEP_SECONDS = 2.0


@dataclasses.dataclass(frozen=True)
class Step:
    """What the device is told, and what becomes of the pictures."""
    faults: str
    way: str
    why: str
    same_encoder: bool


CASES = {
    # The converter; then the encoder with whatever pictures.
    "steps-down": (Step("convert-fails", "processor", "does not import", True),
                   Step("convert-fails encode-fails", "processor", "", False)),
    # The encoder with pictures of the GPU, and with no others.
    "encoder-refuses": (Step("encode-fails-gpu", "processor", "does not encode this surface", True),),
    # All at once.
    "encoder-lost": (Step("encode-fails", "processor", "", False),),
}


@dataclasses.dataclass
class Device:
    """A miracast-umd that has one; the broker hands on no variables that it does not know."""
    programs: Programs
    directory: pathlib.Path

    def __post_init__(self) -> None:
        unit = self.programs.umd.parents[2] / "tests/unit"
        self.directory.mkdir(parents=True, exist_ok=True)
        self.control = self.directory / "faults"
        self.umd = self.directory / "umd-with-gpu"
        self.umd.write_text(
            "#!/bin/sh\n"
            f"export GST_PLUGIN_PATH='{unit}/gpu-plugin' GST_FAKE_VA='{self.control}' LIBVA_DRIVERS_PATH=/nonexistent\n"
            # It is there before the sanitizers are, and has none.
            f'export ASAN_OPTIONS="$ASAN_OPTIONS:verify_asan_link_order=0" LD_PRELOAD=\'{unit}/libfake-udmabuf.so\'\n'
            f"exec '{self.programs.umd}' \"$@\"\n", encoding="utf-8")
        self.umd.chmod(0o755)
        self.environment = {"XDG_CACHE_HOME": str(self.directory / "cache")}

    def fail(self, faults: str) -> None:
        new = self.control.with_suffix(".new")
        new.write_text(faults, encoding="utf-8")
        new.rename(self.control)

    def check(self) -> None:
        """As the daemon does before the first session: what is found out is kept in the cache."""
        said = subprocess.run([self.umd, "--check-encoder", ""], capture_output=True, text=True, timeout=120, check=False,
                              env={**sanitizer_environment(self.directory), **self.environment})
        demand(said.stdout.startswith(f"{ENCODER}\nthrough vapostproc,"), f"{said.stdout} {said.stderr[-300:]}")


def _session(bench: mice.Bench) -> dict:
    """What miracastctl says of the one that there is."""
    sessions = bench.ctl("status")["sessions"]
    demand(len(sessions) == 1, f"{len(sessions)} sessions")
    return sessions[0]


def _wait_way(bench: mice.Bench, wanted: str) -> dict:
    session: dict = {}

    def there() -> bool:
        session.update(_session(bench))
        return session.get("stats", {}).get("pictures-way") == wanted

    wait_until(there, 15, f"pictures go by way of the {wanted}")
    return session


def _take(bench: mice.Bench, device: Device, step: Step) -> None:
    device.fail(step.faults)
    if step.same_encoder:
        session = _wait_way(bench, step.way)
        demand(session["mode"]["encoder"] == ENCODER, f"the encoder is {session['mode']['encoder']}")
        demand(step.why in session["stats"].get("pictures-way-why", ""), f"{session['stats']}")
    else:
        wait_until(lambda: _session(bench)["mode"]["encoder"] != ENCODER, 15, "another encoder takes its place")
        _wait_way(bench, step.way)
    time.sleep(STEP_SECONDS)


def _demand_picture(directory: pathlib.Path, report: dict, steps: int) -> None:
    """A change of encoder has its key frame; no picture has gone astray, and all have their colours."""
    demand_strict(report, TIMING)
    video = report["negotiated"]["video"]
    demand((video["width"], video["height"]) == (WIDTH, HEIGHT), f"{video}")
    frames = media.load_frames(str(directory))
    # What is shown before the first picture is black, of which there is none in the GPU: that is one more at the start.
    keys = [number for number, frame in enumerate(frames) if frame.idr and frame.t > frames[0].t + START_SECONDS]
    demand(len(keys) == steps, f"{len(keys)} key frames for {steps} faults")
    recording = directory / "sink.ts"
    pictures.demand_order(pictures.numbers(recording, WIDTH), RATE * (1 + steps))
    for number in [*(key - 1 for key in keys), len(frames) - 1]:
        pictures.demand_colors(recording, WIDTH, HEIGHT, number)


def run_case(programs: Programs, directory: pathlib.Path, host: str, name: str, cache: pathlib.Path) -> None:
    device = Device(programs, directory)
    shutil.copytree(cache, device.environment["XDG_CACHE_HOME"])
    with mice.Bus() as bus, Broker(programs, directory / "broker", host, f"--mode={WIDTH}x{HEIGHT}@{RATE}", "--no-p2p",
                                   f"--runtime-dir={directory}/broker", umd=str(device.umd), bus=True, env={**bus.environment(), **device.environment}) as broker:
        broker.wait_ready()
        bench = mice.Bench(programs, directory, broker, bus, host)
        sink = Sink(directory / "sink", host, "--duration", "120", "--end", "wait", "--video-formats", VIDEO)
        try:
            broker.wait_phase(1, "streaming")
            session = _wait_way(bench, "gpu")
            demand(session["mode"]["encoder"] == ENCODER, f"the encoder is {session['mode']['encoder']}")
            time.sleep(STEP_SECONDS)
            for step in CASES[name]:
                _take(bench, device, step)
        finally:
            broker.end()
            report = sink.wait(60)
        _demand_picture(directory / "sink", report, len(CASES[name]))


def run(programs: Programs, directory: pathlib.Path, only: list[str], report) -> None:
    try:
        first = Device(programs, directory / "check")
        first.check()
    except Failed as error:
        report("check", str(error))
        return
    report("check")
    for number, name in enumerate(CASES):
        if only and name not in only:
            continue
        try:
            run_case(programs, directory / name, address(100 + number), name, directory / "check/cache")
        except Failed as error:
            report(name, str(error))
        else:
            report(name)
