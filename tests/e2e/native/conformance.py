# SPDX-License-Identifier: LGPL-2.1-or-later
"""Well-behaved sinks of many kinds: the source has to keep to every rule, and the pictures have to be the right ones.

One session at a time, since here real time counts, too. A session whose only faults are late packets is repeated
once, one whose sound is listened to twice: something else may have had the processor.
"""
from __future__ import annotations

import dataclasses
import pathlib

import pictures
import sounds
from processes import (TIMING, Broker, Failed, Programs, address, demand, demand_strict, play)
from wfdsink import media  # where it is, sounds has said

CEA = {"640x480p60": 0, "1280x720p30": 5, "1280x720p60": 6, "1920x1080p30": 7, "1920x1080p60": 8, "1920x1080p24": 16}
VESA = {"800x600p60": 1, "1024x768p30": 2, "1366x768p30": 12}
HH = {"800x480p60": 1, "854x480p30": 2, "960x540p30": 8}
CBP, CHP = 1, 2
LEVEL_4_2 = 0x10
# What the source leaves between two key frames that are asked for (key-frames.h), and how late one may then be here.
IDR_GAP_S = 0.25
IDR_LIMIT_S = 0.1


def formats(cea: int = 0, vesa: int = 0, hh: int = 0, profiles: tuple[int, ...] = (CBP, CHP), native: int = 0) -> str:
    """The value of wfd_video_formats for some bits of the mode tables."""
    codecs = [f"{profile:02X} {LEVEL_4_2:02X} {cea:08X} {vesa:08X} {hh:08X} 00 0000 0000 11 none none"
              for profile in profiles]
    return f"{native:02X} 00 " + ", ".join(codecs)


VGA = formats(cea=1)

# The first picture, at its soonest: 0.05 s on an idle machine. To build the pipeline took 0.11 s alone once.
SOON = 0.100
SANITIZED_SOON = 0.600


@dataclasses.dataclass(frozen=True)
class Case:
    """A sink: its wfd-sink options, and what M4 has to agree on with it."""
    options: tuple[str, ...]
    mode: str = "640x480p60"
    audio: str | None = "AAC"
    channels: int = 2
    hear: bool = False              # the sound is listened to
    profile: str | None = None
    duration: float = 3.0
    idr_requests: int = 0
    pauses: int = 0
    slices: int = 1


CASES = {
    "audio-lpcm": Case(("--video-formats", VGA, "--sound", "lpcm-48000"), audio="LPCM", hear=True, duration=6),
    "audio-lpcm-44100": Case(("--video-formats", VGA, "--sound", "lpcm-44100"), audio="LPCM", hear=True, duration=6),
    "audio-aac": Case(("--video-formats", VGA, "--sound", "aac-2"), hear=True, duration=6),
    "audio-aac-6": Case(("--video-formats", VGA, "--sound", "lpcm-48000,aac-2,aac-6"), channels=6, hear=True, duration=6),
    "audio-ac3": Case(("--video-formats", VGA, "--sound", "ac3-2"), audio="AC3", hear=True, duration=6),
    "audio-ac3-6": Case(("--video-formats", VGA, "--sound", "lpcm-48000,ac3-2,ac3-4,ac3-6"), audio="AC3", channels=6,
                        hear=True, duration=6),
    # What no encoder makes is not taken, though the sink has it.
    "audio-aac-8": Case(("--video-formats", VGA, "--sound", "lpcm-48000,aac-8"), audio="LPCM"),
    "audio-both": Case(("--video-formats", VGA, "--audio-codecs", "LPCM 00000003 00, AAC 00000001 00")),
    "audio-none": Case(("--video-formats", VGA, "--audio-codecs", "none"), audio=None),
    "profile-cbp": Case(("--video-formats", formats(cea=1 << 5, profiles=(CBP,))), "1280x720p30", profile="CBP"),
    "profile-chp": Case(("--video-formats", formats(cea=1 << 5, profiles=(CHP,))), "1280x720p30", profile="CHP"),
    "native-hh": Case(("--video-formats", formats(cea=1 | 1 << 5, hh=0xFFF, native=HH["960x540p30"] << 3 | 2)),
                      "960x540p30"),
    "release-2": Case(("--wfd2-video-formats", "00 01 01 0010 000000000021 000000000000 000000000000 00 0000 0000 11 00",
                       "--wfd2-audio-codecs", "AAC 00000001 00"), "1280x720p30"),
    "release-2-audio-of-1": Case(
        ("--wfd2-video-formats", "00 01 03 0010 000000000001 000000000000 000000000000 00 0000 0000 11 00")),
    "microsoft": Case(("--video-formats", VGA, "--user-agent", "MSFT-WDD/10.00", "--param",
                       "microsoft_latency_management_capability=supported", "--param", "intel_sink_model_name=x")),
    "slices": Case(("--video-formats", formats(cea=1).replace("00 0000 0000 11", "00 0050 0007 11")), slices=3),
    "key-frames": Case(("--video-formats", VGA, "--idr-at", "3", "--idr-at", "3.1", "--idr-at", "5"),
                       duration=7, idr_requests=3),
    "pause": Case(("--video-formats", VGA, "--send-at", "2:M9", "--send-at", "4:M7"), duration=6, pauses=1),
    "pauses": Case(("--video-formats", VGA, *(word for n in range(8) for word in (
        "--send-at", f"{1 + n * 0.6:.1f}:M9", "--send-at", f"{1.3 + n * 0.6:.1f}:M7"))), duration=6.5, pauses=8),
    "standby": Case(("--video-formats", VGA, "--send-at", "2:M12", "--send-at", "4:M7"), duration=6, pauses=1),
}
CASES |= {f"cea-{mode}": Case(("--video-formats", formats(cea=1 << bit)), mode) for mode, bit in CEA.items()}
CASES |= {f"vesa-{mode}": Case(("--video-formats", formats(cea=1, vesa=1 << bit)), mode) for mode, bit in VESA.items()}
CASES |= {f"hh-{mode}": Case(("--video-formats", formats(hh=1 << bit)), mode) for mode, bit in HH.items()}


def _demand_agreed(case: Case, report: dict) -> None:
    video, audio = report["negotiated"]["video"], report["negotiated"].get("audio")
    demand(video["mode"] == case.mode, f"M4 set {video['mode']} instead of {case.mode}")
    demand(case.profile in (None, video["profile"]), f"M4 set {video['profile']} instead of {case.profile}")
    demand(video["slices"] == case.slices, f"M4 set {video['slices']} slices instead of {case.slices}")
    codec = audio["codec"] if audio else None
    demand(codec == case.audio, f"M4 set audio {codec} instead of {case.audio}")
    demand(not audio or audio["channels"] == case.channels, f"M4 set {audio and audio['channels']} channels")


def _demand_key_frames(case: Case, report: dict) -> None:
    asked = report["idr_requests"]
    demand(len(asked) == case.idr_requests, f"{len(asked)} key frames asked for, not {case.idr_requests}")
    late = media.late_idrs(asked, report["media"]["idr_times"], IDR_GAP_S, IDR_LIMIT_S)
    demand(not late, f"key frames are late by more than {IDR_LIMIT_S} s: {'; '.join(late)}")


def _seconds_to_picture(report: dict) -> float:
    """From the connection to the first key frame, without the distance that M3 keeps from M2's answer."""
    times: dict[str, float] = {}
    for seconds, label in report["events"]:
        times.setdefault(label, seconds)
    return report["first_picture"]["idr_t"] - times["WAIT_M1"] - (times["M3"] - times["M2.answered"])


def _demand_pictures(case: Case, report: dict, recording: pathlib.Path) -> None:
    width, height, rate = (report["negotiated"]["video"][key] for key in ("width", "height", "rate"))
    found = pictures.numbers(recording, width)
    # Half of the time may pass in a pause; a slow processor may drop every second picture.
    pictures.demand_order(found, int(case.duration * rate / (6 if case.pauses else 4)), case.pauses)
    pictures.demand_colors(recording, width, height)


def run_case(broker: Broker, name: str, attempt: int) -> float:
    """How long the first picture took."""
    case = CASES[name]
    session = broker.sessions() + 1
    directory = broker.directory / f"{name}.{attempt}"
    report = play(directory, broker.host, "--duration", str(case.duration), *case.options)
    reason, message = broker.wait_over(session)
    broker.demand_clean()
    demand(reason == "sink-left", f"ended with '{reason}' ({message})")
    last = 3 if case.hear else 2
    tolerated = TIMING if attempt < last and set(report["violations"]) <= TIMING else frozenset()
    demand_strict(report, tolerated)
    _demand_agreed(case, report)
    told = [label for _, label in report["events"]].count("latency")
    wanted = int("microsoft_latency_management_capability=supported" in case.options)
    demand(told == wanted, f"the sink was told of a latency {told} times")
    _demand_key_frames(case, report)
    _demand_pictures(case, report, directory / "sink.ts")
    again = bool(set(report["violations"]) & tolerated)
    if case.hear and not again:
        again = not sounds.demand_sound(directory, report["negotiated"]["audio"], case.duration, attempt < last)
    return run_case(broker, name, attempt + 1) if again else _seconds_to_picture(report)


def run(programs: Programs, directory: pathlib.Path, only: list[str], report) -> None:
    limit = SOON if programs.unsanitized() else SANITIZED_SOON
    took: list[float] = []
    with Broker(programs, directory / "broker", address(30)) as broker:
        try:
            broker.wait_ready()
        except Failed as error:
            report("broker", str(error))
            return
        for name in CASES:
            if only and name not in only:
                continue
            try:
                took.append(run_case(broker, name, 1))
            except Failed as error:
                report(name, str(error))
            else:
                report(name)
        if took:
            print(f"# conformance: first pictures after {min(took):.3f} to {max(took):.3f} s", flush=True)
            report("soon", None if min(took) <= limit else f"the soonest first picture came after {min(took):.3f} s")
        try:
            broker.end()
        except Failed as error:
            report("end", str(error))
        else:
            report("end")
