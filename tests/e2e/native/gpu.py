# SPDX-License-Identifier: LGPL-2.1-or-later
"""Pictures that go past the processor, by the programs as they are installed: the test picture is in a dma-buf, which goes to
the converter of the encoder's device, and what that makes to the encoder.

The device is that of tests/unit/fake-gpu.h, as a plug-in of GStreamer's, which the test tells what fails from then on; its
dma-bufs are those of tests/unit/fake-udmabuf.c. Whatever fails, what the sink sees of it is one key frame. A session that is
confined finds the plug-in, too, but may make no dma-buf: its test picture goes to that encoder through the processor.
"""
from __future__ import annotations

import dataclasses
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
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
    """What the device is told, and what becomes of the pictures; way is empty where there never were two."""
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


# With the sandbox, for programs without sanitizers.
CONFINED = {"confined": (Step("encode-fails", "", "", False),)}


def _plugins(programs: Programs) -> pathlib.Path:
    return programs.umd.parents[2] / "tests/unit/gpu-plugin"


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
            f"export GST_PLUGIN_PATH='{_plugins(self.programs)}' GST_FAKE_GPU='{self.control}' LIBVA_DRIVERS_PATH=/nonexistent\n"
            # It is there before the sanitizers are, and has none.
            f'export ASAN_OPTIONS="$ASAN_OPTIONS:verify_asan_link_order=0" LD_PRELOAD=\'{unit}/libfake-udmabuf.so\'\n'
            f"exec '{self.programs.umd}' \"$@\"\n", encoding="utf-8")
        self.umd.chmod(0o755)
        self.environment = {"XDG_CACHE_HOME": str(self.directory / "cache")}

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
        return "stats" in session and session["stats"].get("pictures-way", "") == wanted

    wait_until(there, 15, f"pictures go by way of the {wanted}")
    return session


def _fail(control: pathlib.Path, faults: str) -> None:
    new = control.with_suffix(".new")
    new.write_text(faults, encoding="utf-8")
    new.rename(control)


def _take(bench: mice.Bench, control: pathlib.Path, step: Step) -> None:
    _fail(control, step.faults)
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


def _cast(programs: Programs, directory: pathlib.Path, host: str, control: pathlib.Path, steps: tuple[Step, ...], way: str,
          *options: str, ready=lambda: True, umd: str | None = None, env: dict[str, str]) -> None:
    with mice.Bus() as bus, Broker(programs, directory / "broker", host, f"--mode={WIDTH}x{HEIGHT}@{RATE}", "--no-p2p",
                                   f"--runtime-dir={directory}/broker", *options, umd=umd, bus=True,
                                   env={**bus.environment(), **env}) as broker:
        broker.wait_ready()
        wait_until(ready, 60, "what there is to know of encoders is known")
        bench = mice.Bench(programs, directory, broker, bus, host)
        sink = Sink(directory / "sink", host, "--duration", "120", "--end", "wait", "--video-formats", VIDEO)
        try:
            broker.wait_phase(1, "streaming")
            session = _wait_way(bench, way)
            demand(session["mode"]["encoder"] == ENCODER, f"the encoder is {session['mode']['encoder']}")
            time.sleep(STEP_SECONDS)
            for step in steps:
                _take(bench, control, step)
        finally:
            broker.end()
            report = sink.wait(60)
        _demand_picture(directory / "sink", report, len(steps))


def run_case(programs: Programs, directory: pathlib.Path, host: str, name: str, cache: pathlib.Path) -> None:
    device = Device(programs, directory)
    shutil.copytree(cache, device.environment["XDG_CACHE_HOME"], dirs_exist_ok=True)
    _cast(programs, directory, host, device.control, CASES[name], "gpu", umd=str(device.umd), env=device.environment)


def run_confined(programs: Programs, directory: pathlib.Path, host: str, name: str) -> None:
    """With nothing but variables: the daemon hands on those of GStreamer's, and the sandbox lets what they name be read."""
    with tempfile.TemporaryDirectory(prefix="miracast-gpu.") as shared:
        # Another account's, if we are root.
        os.chmod(shared, 0o755)
        control, cache = pathlib.Path(shared) / "faults", pathlib.Path(shared) / "cache"
        notes = cache / "miracast/encoders"
        environment = {"GST_PLUGIN_PATH": f"{_plugins(programs)}:{shared}", "GST_FAKE_GPU": str(control),
                       "LIBVA_DRIVERS_PATH": "/nonexistent", "XDG_CACHE_HOME": str(cache)}
        _cast(programs, directory, host, control, CONFINED[name], "",
              f"--sandbox={programs.umd.parents[2]}/userspace/sandbox/miracast-sandbox",
              ready=lambda: notes.exists() and f"[{ENCODER}]\npassed" in notes.read_text(encoding="utf-8"), env=environment)


def _checked(programs: Programs, directory: pathlib.Path, report) -> bool:
    try:
        Device(programs, directory).check()
    except Failed as error:
        report("check", str(error))
        return False
    report("check")
    return True


def run(programs: Programs, directory: pathlib.Path, only: list[str], report) -> None:
    names = [name for name in CASES if not only or name in only]
    confined = [name for name in CONFINED if programs.unsanitized() and (not only or name in only)]
    if names and not _checked(programs, directory / "check", report):
        return
    for number, name in enumerate([*names, *confined]):
        (directory / name).mkdir(parents=True, exist_ok=True)
        try:
            if name in CONFINED:
                run_confined(programs, directory / name, address(100 + number), name)
            else:
                run_case(programs, directory / name, address(100 + number), name, directory / "check/cache")
        except Failed as error:
            report(name, str(error))
        else:
            report(name)
