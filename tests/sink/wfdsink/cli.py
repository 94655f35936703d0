# SPDX-License-Identifier: LGPL-2.1-or-later
"""Command line shared by wfd-sink and wfd-sink-p2p."""
from __future__ import annotations

import argparse
import shutil
import sys

from . import media, misbehave, params, runner
from .session import Options


def scheduled(text: str) -> tuple[float, str]:
    seconds, colon, message = text.partition(":")
    try:
        if not colon or not message.startswith("M"):
            raise ValueError
        return float(seconds), message
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not SECONDS:MESSAGE, for example 3:M13") from None


def parameter(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals:
        raise argparse.ArgumentTypeError(f"{text!r} is not NAME=VALUE")
    return name, value


def sounds(text: str) -> str:
    try:
        return params.audio_codecs(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def add_session_arguments(parser: argparse.ArgumentParser) -> None:
    """Everything about the session itself; wfd-sink-p2p takes the same."""
    parser.add_argument("--out", metavar="DIR", help="directory for the results")
    choice = parser.add_mutually_exclusive_group()
    choice.add_argument("--misbehave", metavar="NAME", choices=sorted(misbehave.SCRIPTS), help="a script of --list")
    choice.add_argument("--script", metavar="FILE", help="a script in a JSON file")
    parser.add_argument("--list", action="store_true", help="list the misbehaviours and exit")
    parser.add_argument("--duration", type=float, default=10.0, help="seconds to play before M8 (default %(default)s)")
    parser.add_argument("--end", choices=("teardown", "close", "wait"), default="teardown",
                        help="how the session ends: M8, closing TCP, or wait for the source (default %(default)s)")
    parser.add_argument("--patience", type=float, metavar="S",
                        help="hang up when nothing has come for S seconds, and dial again (default: wait as the "
                        "specification says)")
    parser.add_argument("--retry", type=float, default=90.0, help="seconds to try to connect (default %(default)s)")
    parser.add_argument("--time-scale", type=float, default=1.0, help="factor on the time limits for slow machines")
    parser.add_argument("--strict", action="store_true", help="exit 1 if the source broke a rule")
    parser.add_argument("--no-analysis", action="store_true", help="record only")
    parser.add_argument("--frames-dir", metavar="DIR", help="write each decoded picture there as NUMBER-ARRIVAL.png")
    parser.add_argument("--bind", metavar="ADDRESS", help="local address of RTSP and RTP")
    parser.add_argument("--rtp-port", type=int, default=0, help="UDP port (default: any)")
    parser.add_argument("--user-agent", default="wfd-sink/1.0", help="User-Agent header; empty for none")
    parser.add_argument("--video-formats", default=params.DEFAULT_VIDEO, help="value of wfd_video_formats")
    parser.add_argument("--audio-codecs", default=params.DEFAULT_AUDIO, help="value of wfd_audio_codecs")
    parser.add_argument("--sound", metavar="NAMES", type=sounds, dest="audio_codecs",
                        help="the same by names, commas between them: lpcm-44100, lpcm-48000, aac-2, -4, -6, -8, ac3-2, -4, "
                             "-6; or none")
    parser.add_argument("--wfd2-video-formats", help="value of wfd2_video_formats (a release 2 sink)")
    parser.add_argument("--wfd2-audio-codecs", help="value of wfd2_audio_codecs")
    parser.add_argument("--edid", metavar="FILE", help="EDID to answer wfd_display_edid with")
    parser.add_argument("--param", metavar="NAME=VALUE", type=parameter, action="append", default=[],
                        help="another parameter of the M3 answer, or another value of one")
    parser.add_argument("--send-at", metavar="S:MESSAGE", type=scheduled, action="append", default=[],
                        help="send M7 (play), M9 (pause), M10[=route], M11[=type], M12 (standby), M13 (IDR), ... "
                             "S seconds after PLAY")
    parser.add_argument("--idr-at", metavar="S", type=float, action="append", default=[], help="same as --send-at S:M13")


def build(args: argparse.Namespace, host: str, port: int) -> tuple[Options, misbehave.Script]:
    """The session's options and script; raises OSError or ValueError with a message for the user."""
    if not args.no_analysis and not (shutil.which("ffmpeg") and shutil.which("ffprobe")):
        raise ValueError("ffmpeg and ffprobe are missing: install ffmpeg, or record with --no-analysis and judge "
                         "the recording elsewhere with --analyse")
    script = runner.NO_SCRIPT
    if args.script:
        script = misbehave.load(args.script)
    elif args.misbehave:
        script = misbehave.SCRIPTS[args.misbehave]
    edid = b""
    if args.edid:
        with open(args.edid, "rb") as file:
            edid = file.read()
        params.edid_value(edid)
    options = Options(
        host=host, port=port, bind=args.bind, retry=args.retry, patience=args.patience, duration=args.duration,
        time_scale=args.time_scale,
        video_formats=args.video_formats, audio_codecs=args.audio_codecs, wfd2_video_formats=args.wfd2_video_formats,
        wfd2_audio_codecs=args.wfd2_audio_codecs, edid=edid, user_agent=args.user_agent, extra=dict(args.param),
        schedule=args.send_at + [(seconds, "M13") for seconds in args.idr_at], end_with=args.end)
    for name, value in script.options.items():
        if not hasattr(options, name):
            raise ValueError(f"script {script.name}: no option {name!r}")
        setattr(options, name, value)
    return options, script


def finish(report: dict, args: argparse.Namespace, directory: str) -> int:
    """Writes the pictures if wanted, prints the summary and turns the report into an exit status."""
    if args.frames_dir and "media" in report:
        media.export_frames(directory, args.frames_dir)
    if "error" in report:
        print(f"wfd-sink: {report['error']}", file=sys.stderr)
    pictures, stream = report.get("media", {}), report.get("rtp", {})
    print(f"script {report['script']}: played={report.get('played', False)} ended by {report.get('ended_by')}, "
          f"{stream.get('packets', 0)} RTP packets, {pictures.get('frames', 0)} pictures {pictures.get('resolutions', [])}")
    for finding in report["findings"]:
        print(f"{finding['severity']}: {finding['name']} x{finding['count']} ({finding['clause']}): "
              f"{finding['text']}: {finding['detail']}")
    if not report["expectation_met"]:
        print(f"wfd-sink: expected '{report['expect']}', which did not happen; see rtsp.log", file=sys.stderr)
        return 3
    return 1 if args.strict and report["violations"] else 0


def list_scripts() -> None:
    for script in misbehave.SCRIPTS.values():
        print(f"{script.name:24} {script.expect:7} {script.summary}")
