# SPDX-License-Identifier: LGPL-2.1-or-later
"""Pictures and sound: the first picture while the session runs, everything else from the recording afterwards."""
from __future__ import annotations

import array
import dataclasses
import json
import math
import os
import subprocess
import sys
import threading
import time

from . import h264, mpegts, rtp
from .rules import Findings

VIDEO_PID = 0x1011
AUDIO_PIDS = range(0x1100, 0x1120)
FFMPEG = ("ffmpeg", "-nostdin", "-hide_banner", "-y", "-v", "error")


class FirstPicture:
    """Finds the first complete IDR in the arriving stream and decodes just that one.

    Decoding costs most of the processor in an emulated machine, so nothing else is decoded live.
    """

    def __init__(self, png_path: str, t0: float):
        self._png, self._t0 = png_path, t0
        self._assembler = mpegts.PesAssembler(self._deliver)
        self._done = False
        self._worker: threading.Thread | None = None
        self.first_unit_t: float | None = None
        self.first_unit_complete: bool | None = None
        self.idr_t: float | None = None
        self.decoded_t: float | None = None
        self.error = ""
        self._t = 0.0

    def feed(self, payload: bytes, t: float) -> None:
        if self._done:
            return
        self._t = t
        for packet in mpegts.packets(payload):
            if packet.pid == VIDEO_PID:
                self._assembler.feed(packet)

    def _deliver(self, pes: mpegts.Pes) -> None:
        if self._done:
            return
        unit = h264.access_unit(pes.data)
        if self.first_unit_t is None:
            self.first_unit_t, self.first_unit_complete = self._t, unit.complete_idr()
        if not unit.complete_idr():
            return
        self._done = True
        self.idr_t = self._t
        self._worker = threading.Thread(target=self._decode, args=(pes.data,), daemon=True)
        self._worker.start()

    def _decode(self, data: bytes) -> None:
        try:
            result = subprocess.run([*FFMPEG, "-f", "h264", "-i", "pipe:0", "-frames:v", "1", self._png], input=data,
                                    capture_output=True, check=False)
        except FileNotFoundError as error:
            self.error = str(error)
            return
        self.error = result.stderr.decode("utf-8", "replace")[-500:]
        if os.path.exists(self._png):
            self.decoded_t = time.monotonic() - self._t0

    def finish(self, timeout: float = 60.0) -> None:
        if not self._done:
            self._assembler.flush()
        if self._worker:
            self._worker.join(timeout)

    def as_json(self) -> dict:
        def rounded(value: float | None) -> float | None:
            return None if value is None else round(value, 4)
        return {"first_unit_t": rounded(self.first_unit_t), "first_unit_is_idr": self.first_unit_complete,
                "idr_t": rounded(self.idr_t), "decoded_t": rounded(self.decoded_t), "error": self.error}


@dataclasses.dataclass
class Frame:
    """One access unit of the recording. t is the arrival of its last byte; idr means with SPS and PPS."""
    index: int
    t: float | None
    pts: int | None
    idr: bool
    size: int
    width: int
    height: int


class Arrivals:
    """Arrival time of each TS packet of a recording; without an RTP log every answer is None."""

    def __init__(self, datagrams: list[rtp.Datagram]):
        self._times = [d.t for d in datagrams for _ in range(d.recorded // mpegts.PACKET)]
        self._stamps = [d.timestamp for d in datagrams for _ in range(d.recorded // mpegts.PACKET)]

    def t(self, index: int) -> float | None:
        return self._times[index] if index < len(self._times) else None

    def timestamp(self, index: int) -> int | None:
        return self._stamps[index] if index < len(self._stamps) else None


@dataclasses.dataclass
class Recording:
    frames: list[Frame]
    audio: dict[int, list[mpegts.Pes]]
    sps: list[h264.Sps]


def read_recording(ts_path: str, datagrams: list[rtp.Datagram]) -> Recording:
    """The frames and audio units of a recording, in the order they arrived."""
    with open(ts_path, "rb") as file:
        data = file.read()
    arrivals = Arrivals(datagrams)
    recording = Recording([], {}, [])
    size = [0, 0]

    def deliver(pes: mpegts.Pes) -> None:
        if pes.pid != VIDEO_PID:
            recording.audio.setdefault(pes.pid, []).append(pes)
            return
        unit = h264.access_unit(pes.data)
        for nal in unit.sps:
            try:
                sps = h264.parse_sps(nal)
            except ValueError:
                continue
            size[:] = sps.width, sps.height
            if sps not in recording.sps:
                recording.sps.append(sps)
        recording.frames.append(Frame(len(recording.frames), arrivals.t(pes.last), pes.pts, unit.complete_idr(),
                                      len(pes.data), *size))

    assembler = mpegts.PesAssembler(deliver)
    for packet in mpegts.packets(data):
        if packet.pid == VIDEO_PID or packet.pid in AUDIO_PIDS:
            assembler.feed(packet)
    assembler.flush()
    return recording


def lpcm_payload(units: list[mpegts.Pes]) -> tuple[bytes, int, int]:
    """(big-endian 16-bit samples, rate, channels) of LPCM PES packets: four private header bytes, then samples."""
    rate = 44100 if units and len(units[0].data) > 3 and units[0].data[3] >> 3 & 7 == 1 else 48000
    channels = 2 if not units or len(units[0].data) < 4 or units[0].data[3] & 7 else 1
    return b"".join(unit.data[4:] for unit in units), rate, channels


def _run(*command: str, data: bytes | None = None) -> subprocess.CompletedProcess:
    return subprocess.run(command, input=data, capture_output=True, check=False)


def _without_sound(ts_path: str) -> bytes:
    """The recording less its audio packets: ffprobe does not know stream type 0x83 and takes LPCM for what it is not."""
    with open(ts_path, "rb") as file:
        data = file.read()
    return b"".join(packet for at in range(0, len(data) - mpegts.PACKET + 1, mpegts.PACKET)
                    if (((packet := data[at:at + mpegts.PACKET])[1] & 0x1F) << 8 | packet[2]) not in AUDIO_PIDS)


def _probe(ts_path: str) -> tuple[list[dict], list[str]]:
    """(decoded pictures as ffprobe describes them, error lines)."""
    result = _run("ffprobe", "-v", "error", "-f", "mpegts", "-select_streams", "v:0", "-show_entries",
                  "frame=pts,pict_type,key_frame,width,height", "-of", "json", "pipe:0", data=_without_sound(ts_path))
    errors = [line for line in result.stderr.decode("utf-8", "replace").splitlines() if line.strip()]
    try:
        return json.loads(result.stdout or b"{}").get("frames", []), errors
    except json.JSONDecodeError:
        return [], errors


def decoded_frames(ts_path: str) -> list[Frame | None]:
    """For each picture the decoder yields, in order, the access unit it came from (by PTS), with its arrival."""
    path = os.path.join(os.path.dirname(os.path.abspath(ts_path)), "frames.json")
    known = {frame.pts: frame for frame in load_frames(os.path.dirname(path))} if os.path.exists(path) else {}
    return [known.get(picture["pts"] % mpegts.WRAP) if "pts" in picture else None for picture in _probe(ts_path)[0]]


def decoded_sizes(ts_path: str) -> list[tuple[int, int]]:
    """Width and height of each picture that the decoder yields, in order."""
    return [(picture["width"], picture["height"]) for picture in _probe(ts_path)[0]]


def export_frames(directory: str, target: str) -> int:
    """Writes every decoded picture as NUMBER-ARRIVAL.png into target; returns how many."""
    os.makedirs(target, exist_ok=True)
    ts_path = os.path.join(directory, "sink.ts")
    _run(*FFMPEG, "-f", "mpegts", "-i", ts_path, "-fps_mode", "passthrough", os.path.join(target, "%06d.png"))
    frames = decoded_frames(ts_path)
    for number, frame in enumerate(frames):
        path = os.path.join(target, f"{number + 1:06d}.png")
        if frame and frame.t is not None and os.path.exists(path):
            os.rename(path, os.path.join(target, f"{number:06d}-{frame.t:.3f}.png"))
    return len(frames)


def decode_all(ts_path: str) -> dict:
    """Decodes every picture of the recording once, and counts."""
    frames, errors = _probe(ts_path)
    return {"frames": len(frames), "key_frames": sum(f.get("key_frame", 0) for f in frames),
            "resolutions": sorted({f"{f['width']}x{f['height']}" for f in frames}),
            "pict_types": "".join(f.get("pict_type", "?") for f in frames[:100]),
            "decode_errors": len(errors), "decode_error_lines": errors[:10]}


def sound(samples: bytes, rate: int, channels: int) -> dict:
    """Level and rough pitch of big-endian 16-bit PCM: enough to tell a test tone from silence."""
    pcm = array.array("h")
    pcm.frombytes(samples[:len(samples) // (2 * channels) * 2 * channels])
    if sys.byteorder == "little":
        pcm.byteswap()
    left = pcm[::channels]
    if not left:
        return {"seconds": 0.0, "peak": 0, "rms": 0.0, "pitch_hz": 0.0}
    rms = math.sqrt(sum(s * s for s in left) / len(left))
    # Zero crossings with a little hysteresis, so that noise around zero counts for nothing.
    floor, sign, crossings = rms * 0.2, 0, 0
    for sample in left:
        if abs(sample) > floor:
            new = 1 if sample > 0 else -1
            crossings += sign == -new
            sign = new
    seconds = len(left) / rate
    return {"seconds": round(seconds, 3), "peak": max(abs(min(left)), max(left)), "rms": round(rms, 1),
            "pitch_hz": round(crossings / 2 / seconds, 1)}


def _audio_input(directory: str, recording: Recording, codec: str | None) -> tuple[list[str], dict]:
    """ffmpeg arguments for the audio of sink.mp4, and facts about it. LPCM 0x83 is unknown to ffmpeg."""
    pid = min(recording.audio, default=None)
    if pid is None:
        return [], {}
    units = recording.audio[pid]
    facts: dict = {"pid": f"0x{pid:04x}", "units": len(units), "codec": codec}
    ts_path = os.path.join(directory, "sink.ts")
    if units[0].stream_id == 0xBD and units[0].data[:1] == b"\xa0":
        samples, rate, channels = lpcm_payload(units)
        path = os.path.join(directory, "sink.pcm")
        with open(path, "wb") as file:
            file.write(samples)
        video_pts = next((f.pts for f in recording.frames if f.pts is not None), None)
        offset = mpegts.delta(units[0].pts, video_pts) / 90000 if units[0].pts is not None and video_pts is not None else 0
        facts.update(codec="LPCM", rate=rate, channels=channels, **sound(samples, rate, channels))
        return ["-itsoffset", f"{offset:.4f}", "-f", "s16be", "-ar", str(rate), "-ac", str(channels), "-i", path], facts
    pcm = _run(*FFMPEG, "-f", "mpegts", "-i", ts_path, "-map", "0:a:0", "-ac", "2", "-ar", "48000", "-f", "s16be",
               "pipe:1").stdout
    facts.update(rate=48000, channels=2, **sound(pcm, 48000, 2))
    return [], facts


def process(directory: str, datagrams: list[rtp.Datagram], findings: Findings, audio_codec: str | None) -> dict:
    """After the session: sink.mp4, frames.json, and the facts about pictures and sound."""
    ts_path = os.path.join(directory, "sink.ts")
    recording = read_recording(ts_path, datagrams)
    save_frames(directory, recording.frames)
    facts: dict = {"access_units": len(recording.frames), "idr": sum(f.idr for f in recording.frames),
                   "first_is_idr": bool(recording.frames and recording.frames[0].idr),
                   "sps": [dataclasses.asdict(sps) for sps in recording.sps]}
    if not recording.frames:
        return facts
    facts.update(decode_all(ts_path))
    if not facts["frames"]:
        findings.add("decode-none", f"{facts['access_units']} access units")
    if facts["decode_errors"]:
        findings.add("decode-errors", "; ".join(facts["decode_error_lines"][:3]))
    extra_input, facts["audio"] = _audio_input(directory, recording, audio_codec)
    mapping = ["-map", "1:a", "-c:a", "aac"] if extra_input else ["-map", "0:a?", "-c:a", "copy"]
    muxed = _run(*FFMPEG, "-fflags", "+genpts", "-f", "mpegts", "-i", ts_path, *extra_input, "-map", "0:v:0", *mapping,
                 "-c:v", "copy", os.path.join(directory, "sink.mp4"))
    facts["mp4"] = muxed.returncode == 0
    if muxed.returncode:
        facts["mp4_error"] = muxed.stderr.decode("utf-8", "replace")[-500:]
    return facts


def idr_times(frames: list[Frame]) -> list[float]:
    """When each IDR had arrived."""
    return [round(f.t, 4) for f in frames if f.idr and f.t is not None]


def idr_latencies(requests: list[float], idrs: list[float]) -> list[float | None]:
    """Seconds from each M13 to the arrival of the next IDR; None if none came."""
    return [next((round(t - asked, 4) for t in idrs if t >= asked), None) for asked in requests]


def late_idrs(requests: list[float], idrs: list[float], gap: float, limit: float) -> list[str]:
    """The requests that were answered more than limit too late, by a source that leaves a gap between two IDRs."""
    late = []
    for asked in requests:
        before = max((t for t in idrs if t < asked), default=-gap)
        answer = next((t for t in idrs if t >= asked), None)
        if answer is None:
            late.append(f"none after {asked:.3f} s")
        elif answer > max(asked, before + gap) + limit:
            late.append(f"asked at {asked:.3f} s, the one before at {before:.3f}, there at {answer:.3f}")
    return late


def save_frames(directory: str, frames: list[Frame]) -> None:
    with open(os.path.join(directory, "frames.json"), "w", encoding="ascii") as file:
        json.dump([dataclasses.asdict(frame) for frame in frames], file, indent=0)


def load_frames(directory: str) -> list[Frame]:
    with open(os.path.join(directory, "frames.json"), encoding="ascii") as file:
        return [Frame(**row) for row in json.load(file)]
