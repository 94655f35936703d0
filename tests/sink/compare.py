#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Finds the decoded picture that is most like a screenshot, and says how much.

    compare.py desktop.png DIR-or-sink.ts [--out sink.png] [--from S] [--to S] [--min-psnr DB]

Prints JSON: PSNR of luma and of RGB in dB, the picture's number, PTS and arrival (seconds since the session's
start, if frames.json lies beside the recording). --from and --to choose pictures by arrival.

It refuses what would prove nothing: a screenshot without contrast (black is like black), and a match that a
uniform grey would have reached as well.

Exit status: 0 similar enough, 1 not, 2 the question makes no sense.
"""
from __future__ import annotations

import argparse
import collections
import json
import math
import os
import re
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

from wfdsink import media  # noqa: E402

FFMPEG = ("ffmpeg", "-nostdin", "-hide_banner", "-v", "error")
MIN_CONTRAST = 8.0                  # standard deviation of luma
MAX_ONE_LEVEL = 0.98                # share of the commonest luma value
MARGIN = 6.0                        # dB above what a uniform picture would reach
TILE = 64


class Unusable(ValueError):
    """The comparison would prove nothing, or an input cannot be read."""


def _ffmpeg(*arguments: str) -> bytes:
    done = subprocess.run([*FFMPEG, *arguments], capture_output=True, check=False)
    if done.returncode:
        raise Unusable(f"ffmpeg: {done.stderr.decode('utf-8', 'replace').strip()[-300:]}")
    return done.stdout


def size_of(path: str, *options: str) -> tuple[int, int, str]:
    """Width, height and colour matrix of the first picture."""
    done = subprocess.run(["ffprobe", "-v", "error", *options, "-select_streams", "v:0", "-show_entries",
                           "stream=width,height,color_space", "-of", "json", path], capture_output=True, check=False)
    streams = json.loads(done.stdout or b"{}").get("streams", [])
    if not streams or not streams[0].get("width"):
        raise Unusable(f"{path} holds no picture: {done.stderr.decode('utf-8', 'replace').strip()[-200:]}")
    return streams[0]["width"], streams[0]["height"], streams[0].get("color_space", "unknown")


def grey(path: str) -> bytes:
    return _ffmpeg("-i", path, "-frames:v", "1", "-pix_fmt", "gray", "-f", "rawvideo", "pipe:1")


def contrast(pixels: bytes) -> tuple[float, float]:
    """(standard deviation, share of the commonest value)."""
    levels = collections.Counter(pixels)
    count = len(pixels)
    mean = sum(level * n for level, n in levels.items()) / count
    variance = sum((level - mean) ** 2 * n for level, n in levels.items()) / count
    return math.sqrt(variance), max(levels.values()) / count


def worst_tile(a: bytes, b: bytes, width: int) -> float:
    """Luma PSNR of the tile that differs most: a missing window shows here and hardly in the whole picture."""
    worst, height = math.inf, len(a) // width
    for top in range(0, height, TILE):
        rows = range(top, min(top + TILE, height))
        for left in range(0, width, TILE):
            right = min(left + TILE, width)
            error = 0
            for row in rows:
                one, two = a[row * width + left:row * width + right], b[row * width + left:row * width + right]
                if one != two:
                    error += sum((x - y) ** 2 for x, y in zip(one, two))
            if error:
                worst = min(worst, 10 * math.log10(255 ** 2 * len(rows) * (right - left) / error))
    return worst


def _psnr(desktop: str, video: str, matrix: str, pixel_format: str) -> list[dict[str, float]]:
    """PSNR of every decoded picture against the screenshot, per component."""
    if pixel_format == "gbrp":
        reference = "format=gbrp"
        picture = f"scale=in_color_matrix={matrix}:in_range=limited:out_range=full,format=gbrp"
    else:
        reference = f"scale=out_color_matrix={matrix}:out_range=limited,format=yuv420p"
        picture = "format=yuv420p"
    graph = (f"[0:v]settb=1/90000,setpts=N,{picture}[a];[1:v]{reference},settb=1/90000,setpts=N[b];"
             "[a][b]psnr=stats_file=-:eof_action=repeat")
    text = _ffmpeg("-f", "mpegts", "-i", video, "-i", desktop, "-lavfi", graph, "-fps_mode", "passthrough", "-f", "null",
                   os.devnull).decode()
    return [{key: float(value) for key, value in re.findall(r"psnr_(\w+):(\S+)", line)}
            for line in text.splitlines() if line.startswith("n:")]


def compare(desktop: str, video: str, out: str | None = None, window: tuple[float | None, float | None] = (None, None),
            matrix: str | None = None) -> dict:
    """The best match; raises Unusable. `video` is sink.ts or the directory it lies in."""
    if os.path.isdir(video):
        video = os.path.join(video, "sink.ts")
    width, height, _ = size_of(desktop)
    video_width, video_height, space = size_of(video, "-f", "mpegts")
    if (width, height) != (video_width, video_height):
        raise Unusable(f"screenshot is {width}x{height}, stream is {video_width}x{video_height}")
    pixels = grey(desktop)
    deviation, share = contrast(pixels)
    if deviation < MIN_CONTRAST or share > MAX_ONE_LEVEL:
        raise Unusable(f"screenshot has no contrast (deviation {deviation:.1f}, {share:.1%} of one level)")
    if matrix is None:
        # Without a colour description the usual rule: BT.709 from 720 lines, BT.601 below.
        matrix = {"bt709": "bt709", "smpte170m": "bt601", "bt470bg": "bt601"}.get(
            space, "bt709" if height >= 720 else "bt601")
    luma = _psnr(desktop, video, matrix, "yuv420p")
    frames = media.decoded_frames(video)
    frames += [None] * (len(luma) - len(frames))
    candidates = [n for n in range(len(luma)) if _inside(frames[n], window)]
    if not candidates:
        raise Unusable(f"no decoded picture in the time window (of {len(luma)} pictures)")
    best = max(candidates, key=lambda n: luma[n]["y"])
    png = out or os.path.join(os.path.dirname(os.path.abspath(video)), "sink.png")
    _ffmpeg("-y", "-f", "mpegts", "-i", video, "-vf",
            f"select=eq(n\\,{best}),scale=in_color_matrix={matrix}:in_range=limited:out_range=full,format=rgb24",
            "-fps_mode", "passthrough", "-frames:v", "1", png)
    rgb = _psnr(desktop, video, matrix, "gbrp")[best]
    # 16..235 of limited range: a uniform picture of the mean is this far from the screenshot.
    baseline = 20 * math.log10(255 / deviation)
    frame = frames[best]
    return {"psnr_y": _finite(luma[best]["y"]), "psnr_rgb": _finite(rgb["avg"]),
            "psnr_r": _finite(rgb["r"]), "psnr_g": _finite(rgb["g"]), "psnr_b": _finite(rgb["b"]),
            "worst_tile_psnr": _finite(worst_tile(pixels, grey(png), width)), "baseline": round(baseline, 2),
            "contrast": round(deviation, 2), "matrix": matrix, "picture": best, "pictures": len(luma),
            "candidates": len(candidates), "pts": frame and frame.pts, "t": frame and frame.t, "sink_png": png}


def _finite(value: float) -> float:
    """Identical pictures have an infinite PSNR, which JSON cannot hold."""
    return round(min(value, 100.0), 2)


def _inside(frame: media.Frame | None, window: tuple[float | None, float | None]) -> bool:
    start, end = window
    if start is None and end is None:
        return True
    if frame is None or frame.t is None:
        return False
    return (start is None or frame.t >= start) and (end is None or frame.t <= end)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("desktop", help="screenshot (PNG)")
    parser.add_argument("video", help="sink.ts, or the directory of the session")
    parser.add_argument("--out", metavar="PNG", help="where the best picture goes (default: sink.png beside sink.ts)")
    parser.add_argument("--from", dest="start", type=float, metavar="S", help="only pictures that arrived from here on")
    parser.add_argument("--to", dest="end", type=float, metavar="S", help="only pictures that arrived until here")
    parser.add_argument("--matrix", choices=("bt601", "bt709"), help="colour matrix (default: as the stream says)")
    parser.add_argument("--min-psnr", type=float, default=30.0, metavar="DB", help="luma PSNR (default %(default)s)")
    args = parser.parse_args()
    try:
        result = compare(args.desktop, args.video, args.out, (args.start, args.end), args.matrix)
    except (Unusable, OSError) as error:
        print(f"compare: {error}", file=sys.stderr)
        return 2
    result["similar"] = result["psnr_y"] >= max(args.min_psnr, result["baseline"] + MARGIN)
    json.dump(result, sys.stdout, indent=2)
    print()
    return 0 if result["similar"] else 1


if __name__ == "__main__":
    sys.exit(main())
