#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Judges what cast.py left in a directory: writes report.json, sink.png and sink.mp4, prints a summary.

    judge.py DIR [--min-psnr DB] [--min-seconds S]

Exit status: 0 the cast is what it should be, 1 it is not (every reason is printed).
"""
from __future__ import annotations

import argparse
import json
import pathlib
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "sink"))

import compare  # noqa: E402
from wfdsink import media, runner  # noqa: E402

# Rules about the pace of the stream. An emulated processor cannot keep it, so that pictures come late and sound
# has gaps; the native casts do.
PACE = {"pts-late", "audio-pts"}


def reached(session: dict) -> dict[str, int]:
    """Phase to microseconds; what came twice counts from the last time."""
    return {phase["name"]: phase["time-us"] for phase in session["phases"]}


class Judge:
    def __init__(self, directory: pathlib.Path, args: argparse.Namespace):
        self.directory, self.args = directory, args
        self.faults: list[str] = []
        self.cast = self._load("cast.json")

    def _load(self, name: str) -> dict:
        path = self.directory / name
        if not path.exists():
            raise SystemExit(f"judge: no {name} in {self.directory}: the cast did not come that far")
        return json.loads(path.read_text(encoding="utf-8"))

    def demand(self, true: bool, otherwise: str) -> None:
        if not true:
            self.faults.append(otherwise)

    def pictures(self, sink: dict) -> dict:
        """PSNR of the still picture: desktop.png against the pictures that arrived while nothing moved."""
        window = (self.cast["still_from"] - sink["started"], self.cast["still_to"] - sink["started"])
        try:
            pair = compare.compare(str(self.directory / "desktop.png"), str(self.directory), window=window)
        except (compare.Unusable, OSError) as error:
            self.faults.append(f"the pictures cannot be compared: {error}")
            return {}
        floor = max(self.args.min_psnr, pair["baseline"] + compare.MARGIN)
        self.demand(pair["psnr_y"] >= floor, f"PSNR {pair['psnr_y']} dB is below {floor:.1f} dB")
        self.demand(pair["psnr_rgb"] >= self.args.min_psnr,
                    f"PSNR of the colours {pair['psnr_rgb']} dB is below {self.args.min_psnr} dB")
        return pair

    def motion(self) -> dict:
        """Moving clients make pictures that differ: a stream that repeats one picture is no cast."""
        frames = [frame for frame in media.load_frames(str(self.directory)) if frame.t is not None]
        if not frames:
            self.faults.append("nothing arrived")
            return {}
        seconds = frames[-1].t - frames[0].t
        self.demand(seconds >= self.args.min_seconds,
                    f"only {seconds:.1f} s of stream, {self.args.min_seconds:g} s wanted")
        return {"seconds": round(seconds, 1), "pictures_per_second": round(len(frames) / seconds, 1) if seconds else 0}

    def phases(self, session: dict, sink: dict) -> dict:
        """Seconds from `connect` to each phase, and to the sink's first decoded picture."""
        start = self.cast["connect_t"]
        times = {name: round(us / 1e6 - start, 3) for name, us in reached(session).items() if us / 1e6 >= start}
        first = sink["first_picture"].get("decoded_t")
        self.demand(first is not None, "the sink decoded no picture while the session ran")
        if first is not None:
            times["first decoded picture"] = round(
                sink["started"] - self.cast["monotonic_offset"] + first - start, 3)
        return dict(sorted(times.items(), key=lambda item: item[1]))

    def run(self) -> dict:
        sink = runner.analyse(str(self.directory))
        session = self.cast.get("session")
        if session is None:
            raise SystemExit("judge: the cast ended early, see cast.log")
        found, stats = sink["media"], session["stats"]
        self.demand(found.get("frames", 0) > 0, "the sink could not decode the stream")
        self.demand(found.get("decode_errors", 0) == 0, f"decoder errors: {found.get('decode_error_lines')}")
        self.demand(found.get("first_is_idr", False), "the first picture is no IDR")
        self.demand(bool(found.get("mp4")), "sink.mp4 could not be made")
        broken = sorted(set(sink["violations"]) - PACE)
        self.demand(not broken, f"rules of the specification broken: {broken}")
        self.demand(self.cast["desktop_alive"] and self.cast["desktop_alive_after"], "a part of the desktop died")
        sound, seconds = found.get("audio", {}).get("seconds", 0), sink["rtp"].get("seconds", 0)
        self.demand(sound * 3 >= seconds, f"only {sound:.1f} s of sound in {seconds:.1f} s")
        negotiated = f"{session['mode']['width']}x{session['mode']['height']}"
        self.demand(found.get("resolutions") == [negotiated],
                    f"mode {negotiated} negotiated, pictures of {found.get('resolutions')}")
        report = {
            "link": self.cast["link"], "connector": self.cast["connector"], "mode": session["mode"],
            "frames": {"sent": stats["frames-sent"], "dropped": stats["frames-dropped"],
                       "arrived": found["access_units"], "decoded": found.get("frames", 0), **self.motion()},
            "idr": found["idr"], "audio": found.get("audio", {}),
            "rtp": {key: sink["rtp"][key] for key in ("packets", "lost") if key in sink["rtp"]},
            "picture_pair": self.pictures(sink),
            "seconds_from_connect": self.phases(session, sink),
            "latency_flip_to_packet_ms": {"median": stats["latency-median-us"] / 1000,
                                          "p95": stats["latency-p95-us"] / 1000},
            "violations": broken, "late": sorted(set(sink["violations"]) & PACE),
        }
        report["faults"] = self.faults
        (self.directory / "sink-report.json").write_text(json.dumps(sink, indent=2) + "\n", encoding="utf-8")
        (self.directory / "report.json").write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")
        return report


def summary(report: dict) -> None:
    mode, frames, pair = report["mode"], report["frames"], report["picture_pair"]
    latency = report["latency_flip_to_packet_ms"]
    rows = [
        ("connector", f"{report['connector']}, over {report['link']}"),
        ("mode", f"{mode['width']}x{mode['height']} at {mode['refresh'] / 1000:g} Hz, {mode['codec']} "
                 f"{mode['profile']} {mode['level']}, {mode['audio']}, {mode['bit-rate'] / 1e6:.1f} Mbit/s"),
        ("pictures", f"{frames['sent']} sent, {frames['arrived']} arrived, {frames['decoded']} decoded, "
                     f"{frames['dropped']} dropped, {frames.get('seconds', 0)} s, IDR {report['idr']}"),
        ("desktop against sink", f"PSNR {pair.get('psnr_y', '?')} dB luma, {pair.get('psnr_rgb', '?')} dB RGB"),
        ("flip to packet", f"median {latency['median']:.1f} ms, 95th percentile {latency['p95']:.1f} ms"),
        *((f"connect to {name}", f"{seconds:.2f} s") for name, seconds in report["seconds_from_connect"].items()),
    ]
    for name, value in rows:
        print(f"  {name:34} {value}")
    for fault in report["faults"]:
        print(f"  FAULT: {fault}")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("directory", type=pathlib.Path)
    parser.add_argument("--min-psnr", type=float, default=30.0, metavar="DB")
    parser.add_argument("--min-seconds", type=float, default=10.0, metavar="S", help="of stream (default %(default)s)")
    args = parser.parse_args()
    report = Judge(args.directory, args).run()
    summary(report)
    return 1 if report["faults"] else 0


if __name__ == "__main__":
    sys.exit(main())
