# SPDX-License-Identifier: LGPL-2.1-or-later
"""Judges a recording against WFD Appendix B and D, ISO/IEC 13818-1 and RFC 2250.

The clock against which intervals are measured is the RTP timestamp of the packet (the source's own send time),
or PCR if there is no RTP log.
"""
from __future__ import annotations

import collections

from . import h264, mpegts, rtp, sound
from .rules import Findings

PAT_PID, PMT_PID, PCR_PID, VIDEO_PID, NULL_PID = 0x0000, 0x0100, 0x1000, 0x1011, 0x1FFF
AUDIO_PIDS, AUX_PIDS = range(0x1100, 0x1120), range(0x1120, 0x1130)
H264, HEVC, LPCM, AAC, AC3 = 0x1B, 0x24, 0x83, 0x0F, 0x81
AUDIO_TYPES = {LPCM: "LPCM", AAC: "AAC", AC3: "AC3"}
PSI_INTERVAL = PCR_INTERVAL = 0.100
# The interval is a rule for the source's schedule; a packet that waits for its datagram may be a little later.
INTERVAL_SLACK = 0.010
PCR_TICKS = 27_000_000
# 13818-1 2.4.2.1; RTP time stamps, against which it is held, are rounded to 11 us.
PCR_TOLERANCE, RTP_ROUNDING = 30e-6, 25e-6
# Packets are late by chance, but within so many seconds one is not, but for this.
ARRIVAL_WINDOW, ARRIVAL_LEAST, ARRIVAL_NOISE = 1.0, 8, 0.015
MAX_LEAD = 1.0
PAUSE_NOISE = 0.2
MAX_KEY_INTERVAL = 5.0
MAX_SKEW = 0.5
LPCM_PES_LENGTH, LPCM_UNIT, LPCM_SAMPLES = 0x078E, 1920, 480


class Clock:
    """Seconds of source time for a TS packet index: RTP timestamps if there are any, else PCR interpolation."""

    def __init__(self, packets: list[mpegts.Packet], datagrams: list[rtp.Datagram]):
        self._seconds: list[float] = []
        if datagrams:
            unwrap = mpegts.Unwrapper(1 << 32)
            for datagram in datagrams:
                seconds = unwrap(datagram.timestamp) / 90000
                self._seconds += [seconds] * (datagram.recorded // mpegts.PACKET)
        else:
            self._interpolate(packets)

    def _interpolate(self, packets: list[mpegts.Packet]) -> None:
        unwrap = mpegts.Unwrapper(mpegts.WRAP * 300)
        points = [(p.index, unwrap(p.pcr) / PCR_TICKS) for p in packets if p.pcr is not None]
        if not points:
            return
        self._seconds = [points[0][1]] * points[0][0]
        for (i0, t0), (i1, t1) in zip(points, points[1:]):
            self._seconds += [t0 + (t1 - t0) * n / (i1 - i0) for n in range(i1 - i0)]
        self._seconds += [points[-1][1]] * (len(packets) - points[-1][0])

    def __call__(self, index: int) -> float | None:
        return self._seconds[index] if index < len(self._seconds) else None


class Checker:
    def __init__(self, data: bytes, findings: Findings, datagrams: list[rtp.Datagram], negotiated: dict,
                 formats: list[dict], quiet: list, time_scale: float):
        self.findings, self.datagrams = findings, datagrams
        self.negotiated, self.formats, self.scale = negotiated, formats, time_scale
        self.data, self.quiet = data, quiet
        self.arrival = [d.t for d in datagrams for _ in range(d.recorded // mpegts.PACKET)]
        self.packets = list(mpegts.packets(data))
        self.clock = Clock(self.packets, datagrams)
        self.pmt: mpegts.Pmt | None = None              # the latest
        self.pmts: list[tuple[int, mpegts.Pmt]] = []    # those that differ, with the packet they are in
        self.pmt_pid: int | None = None
        self.pes: dict[int, list[mpegts.Pes]] = collections.defaultdict(list)
        self.pcrs: list[tuple[int, int]] = []           # packet index, 27 MHz, unwrapped
        self.restarts: list[int] = []                   # which of them are marked as discontinuous
        self.counters: dict = {"ts_packets": len(self.packets), "pids": collections.Counter()}
        self.sps: h264.Sps | None = None

    def add(self, rule: str, detail: str = "") -> None:
        self.findings.add(rule, detail)

    def run(self) -> dict:
        if len(self.data) % mpegts.PACKET:
            self.add("ts-sync", f"{len(self.data)} bytes are no whole number of packets")
        self._packet_layer()
        self._psi()
        self._pcr()
        self._collect_pes()
        self._video(self.pes.get(VIDEO_PID, []))
        for pid in AUDIO_PIDS:
            if pid in self.pes:
                self._audio(pid, self.pes[pid])
        self._streams_present()
        self._skew()
        self.counters["pids"] = {f"0x{pid:04x}": n for pid, n in sorted(self.counters["pids"].items())}
        return self.counters

    # -- TS packets ------------------------------------------------------------------------------------------

    def _packet_layer(self) -> None:
        last: dict[int, mpegts.Packet] = {}
        for packet in self.packets:
            self.counters["pids"][packet.pid] += 1
            if packet.raw[0] != mpegts.SYNC:
                self.add("ts-sync", f"packet {packet.index} starts with 0x{packet.raw[0]:02x}")
                continue
            if packet.error:
                self.add("ts-error-indicator", f"packet {packet.index}")
            if packet.scrambled:
                self.add("ts-scrambled", f"PID 0x{packet.pid:04x}")
            if packet.malformed:
                self.add("ts-adaptation", f"PID 0x{packet.pid:04x}: {packet.malformed}")
            if packet.pid == NULL_PID:
                self.add("ts-null-packets", f"packet {packet.index}")
                continue
            if not self._assigned(packet.pid):
                self.add("ts-pid", f"0x{packet.pid:04x}")
            self._continuity(last.get(packet.pid), packet)
            last[packet.pid] = packet

    @staticmethod
    def _assigned(pid: int) -> bool:
        return pid in (PAT_PID, PMT_PID, PCR_PID, VIDEO_PID) or pid in AUDIO_PIDS or pid in AUX_PIDS

    def _continuity(self, before: mpegts.Packet | None, packet: mpegts.Packet) -> None:
        if before is None or packet.discontinuity:
            return
        expected = (before.continuity + packet.has_payload) & 15
        repeated = packet.has_payload and packet.continuity == before.continuity and packet.raw == before.raw
        if packet.continuity != expected and not repeated:
            self.add("ts-continuity", f"PID 0x{packet.pid:04x}: {before.continuity} then {packet.continuity}, "
                                      f"packet {packet.index}")

    # -- PSI -------------------------------------------------------------------------------------------------

    def _psi(self) -> None:
        pats, pmts = [], []
        for packet in self.packets:
            if packet.pid == PAT_PID and packet.unit_start and self._pat(packet):
                pats.append(packet.index)
            elif packet.pid == self.pmt_pid and packet.unit_start and self._pmt(packet):
                pmts.append(packet.index)
        if not pats:
            self.add("pat-missing")
        if not pmts:
            self.add("pmt-missing")
        self._interval("pat", pats, PSI_INTERVAL)
        self._interval("pmt", pmts, PSI_INTERVAL)

    def _section(self, packet: mpegts.Packet, name: str) -> bytes | None:
        section = mpegts.section(packet)
        if section is None:
            self.add(f"{name}-layout", f"packet {packet.index}: section does not fit")
        elif mpegts.crc32(section):
            self.add(f"{name}-crc", f"packet {packet.index}")
            return None
        return section

    def _pat(self, packet: mpegts.Packet) -> bool:
        section = self._section(packet, "pat")
        programs = mpegts.parse_pat(section) if section else None
        programs = {n: pid for n, pid in (programs or {}).items() if n}
        if len(programs) != 1:
            if section:
                self.add("pat-layout", f"programs {programs}")
            return False
        self.pmt_pid = next(iter(programs.values()))
        if self.pmt_pid != PMT_PID:
            self.add("pmt-pid", f"0x{self.pmt_pid:04x}")
        return True

    def _pmt(self, packet: mpegts.Packet) -> bool:
        section = self._section(packet, "pmt")
        if section is None:
            return False
        pmt = mpegts.parse_pmt(section)
        if pmt is None:
            self.add("pmt-layout", section.hex())
            return False
        if self.pmt is None or section != self._pmt_section:
            self.pmt, self._pmt_section = pmt, section
            self.pmts.append((packet.index, pmt))
            self._judge_pmt(pmt)
        return True

    def _judge_pmt(self, pmt: mpegts.Pmt) -> None:
        if pmt.pcr_pid != PCR_PID:
            self.add("pcr-pid", f"0x{pmt.pcr_pid:04x}")
        if pmt.program_descriptors is None:
            self.add("desc-syntax", "program loop")
        for stream in pmt.streams:
            self._judge_stream(stream)
        kinds = [AUDIO_TYPES[s.stream_type] for s in pmt.streams if s.stream_type in AUDIO_TYPES]
        if "audio" in self.negotiated:
            audio = self.negotiated["audio"]
            wanted = [audio["codec"]] if audio else []
            if kinds != wanted:
                self.add("pmt-negotiated", f"audio {kinds} instead of {wanted}")
        if "video" in self.negotiated:
            wanted_type = H264 if self.negotiated["video"]["codec"] == "H.264" else HEVC
            if [s.stream_type for s in pmt.streams if s.pid == VIDEO_PID] != [wanted_type]:
                self.add("pmt-negotiated", f"no video of stream type 0x{wanted_type:02x}")

    def _judge_stream(self, stream: mpegts.Stream) -> None:
        name = f"PID 0x{stream.pid:04x} type 0x{stream.stream_type:02x}"
        if stream.pid == VIDEO_PID:
            good = stream.stream_type in (H264, HEVC)
        elif stream.pid in AUDIO_PIDS:
            good = stream.stream_type in AUDIO_TYPES
        else:
            good = stream.pid in AUX_PIDS
        if not good:
            self.add("pmt-streams", name)
        if stream.descriptors is None:
            self.add("desc-syntax", name)
            return
        found = dict(stream.descriptors)
        if stream.stream_type == H264:
            self._judge_avc_descriptors(found)
        elif stream.stream_type == LPCM:
            self._judge_lpcm_descriptor(found)
        elif stream.stream_type == AAC and 0x2B not in found:
            self.add("desc-aac-missing", name)

    def _judge_avc_descriptors(self, found: dict[int, bytes]) -> None:
        if 0x28 not in found:
            self.add("desc-avc-missing")
        elif len(found[0x28]) != 4:
            self.add("desc-avc", f"length {len(found[0x28])}")
        if 0x2A not in found:
            self.add("desc-hrd-missing")
        elif not hrd_well_formed(found[0x2A]):
            self.add("desc-hrd", found[0x2A].hex())
        if len({0x02, 0x07, 0x08} & set(found)) not in (0, 3):
            self.add("desc-recommended", ", ".join(f"0x{tag:02x}" for tag in found))

    def _judge_lpcm_descriptor(self, found: dict[int, bytes]) -> None:
        body = found.get(0x83)
        if body is None:
            self.add("desc-lpcm-missing")
            return
        audio = self.negotiated.get("audio")
        rate = {1: 44100, 2: 48000}.get(body[0] >> 5) if len(body) == 2 else None
        # sampling_frequency 3 bits, bits_per_sample 2 bits (0 = 16), ..., then number_of_channels 3 bits (1 = stereo)
        if rate is None or body[0] >> 3 & 3 or body[1] >> 5 != 1 or (audio and audio["rate"] != rate):
            self.add("desc-lpcm", body.hex())

    def _interval(self, name: str, indices: list[int], limit: float) -> None:
        times = [(i, t) for i, t in ((i, self.clock(i)) for i in indices) if t is not None]
        gaps = [b - a for (i, a), (j, b) in zip(times, times[1:]) if not self._pause_between(i, j)]
        self.counters[f"{name}_count"] = len(indices)
        self.counters[f"{name}_interval_max"] = round(max(gaps, default=0.0), 4)
        # Source time stretches with a slow machine: its timers run late there.
        late = [gap for gap in gaps if gap > (limit + INTERVAL_SLACK) * self.scale]
        if late:
            self.add(f"{name}-interval", f"{len(late)} of {len(gaps)} gaps, longest {max(late) * 1000:.0f} ms")

    # -- PCR -------------------------------------------------------------------------------------------------

    def _pcr(self) -> None:
        unwrap = mpegts.Unwrapper(mpegts.WRAP * 300)
        pid = self.pmt.pcr_pid if self.pmt else PCR_PID
        for packet in self.packets:
            if packet.pcr is None or packet.pid != pid:
                continue
            value = unwrap(packet.pcr)
            if self.pcrs and value <= self.pcrs[-1][1] and not packet.discontinuity:
                self.add("pcr-order", f"packet {packet.index}")
            if packet.discontinuity:
                self.restarts.append(len(self.pcrs))
            self.pcrs.append((packet.index, value))
        if not self.pcrs:
            self.add("pcr-missing")
            return
        self._pcr_interval()
        if self.datagrams:
            self._pcr_accuracy()
            borders = [0, *self.restarts, len(self.pcrs)]
            for start, end in zip(borders, borders[1:]):
                self._pcr_frequency(self.pcrs[start:end])
                self._pcr_steps(self.pcrs[start:end])

    def _pcr_frequency(self, pcrs: list[tuple[int, int]]) -> None:
        """One clock, from one mark of discontinuity to the next, against the time at which its packets were to leave."""
        points = [(stamp, value / PCR_TICKS - stamp) for index, value in pcrs if (stamp := self.clock(index)) is not None]
        moves = [(abs(b - a) - RTP_ROUNDING, t - s) for (s, a), (t, b) in zip(points, points[1:])]
        moves += [(abs(b - points[0][1]) - RTP_ROUNDING, t - points[0][0]) for t, b in points[1:]]
        worst = max((move - PCR_TOLERANCE * span for move, span in moves), default=0)
        if worst > 0:
            self.add("pcr-frequency", f"{worst * 1000:.3f} ms more than {PCR_TOLERANCE * 1e6:.0f} ppm allow")

    def _pcr_steps(self, pcrs: list[tuple[int, int]]) -> None:
        """The same against arrival: the packets that were late least, second by second."""
        windows: dict[int, list[float]] = collections.defaultdict(list)
        for index, value in pcrs:
            if index < len(self.arrival):
                windows[int(self.arrival[index] / ARRIVAL_WINDOW)].append(value / PCR_TICKS - self.arrival[index])
        best = [max(moves) for moves in windows.values() if len(moves) >= ARRIVAL_LEAST]
        step = max(best, default=0) - min(best, default=0)
        self.counters["pcr_step_max_ms"] = max(self.counters.get("pcr_step_max_ms", 0), round(step * 1000, 2))
        if step > (ARRIVAL_NOISE + PCR_TOLERANCE * len(best) * ARRIVAL_WINDOW) * self.scale:
            self.add("pcr-step", f"{step * 1000:.1f} ms")

    def _pcr_interval(self) -> None:
        gaps = [(b - a) / PCR_TICKS for (i, a), (j, b) in zip(self.pcrs, self.pcrs[1:]) if not self._pause_between(i, j)]
        self.counters["pcr_count"] = len(self.pcrs)
        self.counters["pcr_interval_max"] = round(max(gaps, default=0.0), 4)
        late = [gap for gap in gaps if gap > (PCR_INTERVAL + INTERVAL_SLACK) * self.scale]
        if late:
            self.add("pcr-interval", f"{len(late)} of {len(gaps)} gaps, longest {max(late) * 1000:.0f} ms")

    def _pcr_accuracy(self) -> None:
        """PCR against arrival and against the RTP timestamp of its packet."""
        points = [(value / PCR_TICKS, self.arrival[index], self.clock(index)) for index, value in self.pcrs
                  if index < len(self.arrival)]
        if len(points) < 2:
            return
        span_pcr, span_arrival = points[-1][0] - points[0][0], points[-1][1] - points[0][1]
        offsets = sorted(pcr - at for pcr, at, _ in points)
        against_rtp = [pcr - stamp for pcr, _, stamp in points]
        spread = max(against_rtp) - min(against_rtp)
        self.counters["pcr_jitter_ms"] = round((offsets[-1] - offsets[0]) * 1000, 2)
        self.counters["pcr_jitter_p90_ms"] = round((offsets[int(len(offsets) * 0.95)] -
                                                    offsets[int(len(offsets) * 0.05)]) * 1000, 2)
        self.counters["pcr_rtp_spread_ms"] = round(spread * 1000, 2)
        if span_arrival > 3 and abs(span_pcr - span_arrival) > 1.0 * self.scale:
            self.add("pcr-clock", f"{span_pcr:.3f} s of PCR in {span_arrival:.3f} s")
        if spread > 0.100 * self.scale:
            self.add("pcr-rtp", f"{spread * 1000:.0f} ms")

    def _pcr_at(self, index: int) -> float | None:
        """PCR seconds at a TS packet: the last PCR before it, moved on by source time."""
        low, high = 0, len(self.pcrs)
        while low < high:
            middle = (low + high) // 2
            if self.pcrs[middle][0] <= index:
                low = middle + 1
            else:
                high = middle
        if not low:
            return None
        at, value = self.pcrs[low - 1]
        now, then = self.clock(index), self.clock(at)
        return value / PCR_TICKS + (now - then if self.datagrams and now is not None and then is not None else 0)

    # -- PES -------------------------------------------------------------------------------------------------

    def _collect_pes(self) -> None:
        assembler = mpegts.PesAssembler(lambda pes: self.pes[pes.pid].append(pes))
        for packet in self.packets:
            if packet.pid == VIDEO_PID or packet.pid in AUDIO_PIDS:
                assembler.feed(packet)
        open_last = {pid: entry for pid, entry in assembler._open.items()}
        assembler.flush()
        # A recording ends anywhere: the unit that was still arriving is not judged.
        for pid, entry in open_last.items():
            if entry[3] and self.pes[pid]:
                self.pes[pid].pop()

    def _pes_common(self, units: list[mpegts.Pes], stream_ids: range, name: str) -> None:
        unwrap, previous = mpegts.Unwrapper(), None
        leads = []
        for pes in units:
            if pes.error:
                self.add("pes-header", f"{name}: {pes.error}")
                continue
            if pes.stream_id not in stream_ids:
                self.add("pes-stream-id", f"{name}: 0x{pes.stream_id:02x}")
            if pes.length and pes.length != len(pes.data) + 3 + pes.header_length:
                self.add("pes-length", f"{name}: {pes.length} for {len(pes.data) + 3 + pes.header_length} bytes")
            if pes.pts is None:
                self.add("pes-pts-missing", name)
                continue
            pts = unwrap(pes.pts)
            if previous is not None and pts <= previous:
                self.add("pts-order", f"{name}: {previous} then {pts}")
            previous = pts
            self._lead(pes, name, leads)
        if leads:
            leads.sort()
            self.counters[f"{name}_pts_lead_ms"] = [round(v * 1000, 1)
                                                    for v in (leads[0], leads[len(leads) // 2], leads[-1])]

    def _lead(self, pes: mpegts.Pes, name: str, leads: list[float]) -> None:
        clock = self._pcr_at(pes.last)
        if clock is None:
            return
        decode = pes.dts if pes.dts is not None else pes.pts
        lead = mpegts.delta(decode, round(clock * 90000) % mpegts.WRAP) / 90000
        leads.append(lead)
        if lead < 0:
            self.add("pts-late", f"{name}: {lead * 1000:.1f} ms, packet {pes.first}")
        if lead > MAX_LEAD * self.scale:
            self.add("pts-lead", f"{name}: {lead * 1000:.0f} ms, packet {pes.first}")

    # -- video -----------------------------------------------------------------------------------------------

    def _video(self, units: list[mpegts.Pes]) -> None:
        self._pes_common(units, range(0xE0, 0xF0), "video")
        self.counters["access_units"] = len(units)
        self.counters["idr"] = 0
        if not units or (self.pmt and any(s.pid == VIDEO_PID and s.stream_type == HEVC for s in self.pmt.streams)):
            return
        sizes: list[tuple[int, int, int]] = []
        cabac = False
        key: mpegts.Pes | None = None
        for number, pes in enumerate(units):
            unit = h264.access_unit(pes.data)
            self._access_unit(number, pes, unit)
            if number and self._resumed_between(units[number - 1].first, pes.first):
                self._after_pause(units[number - 1], pes, unit)
                key = None
            key = pes if unit.idr or key is None else self._key_interval(key, pes)
            for nal in unit.sps:
                cabac = self._sps(nal, pes, sizes) or cabac
            for nal in unit.pps:
                self._pps(nal)
            if unit.b_slices and self._simple_profile():
                self.add("video-b-slice", f"access unit {number}")
        self._sizes(sizes)
        self._fixed_rate(units)

    def _fixed_rate(self, units: list[mpegts.Pes]) -> None:
        """fixed_frame_rate_flag in SPS and descriptor, and what really comes."""
        timing = self.sps.timing if self.sps else None
        fixed = bool(timing and timing[2])
        for stream in self.pmt.streams if self.pmt else []:
            body = dict(stream.descriptors or []).get(0x2A) if stream.stream_type == H264 else None
            if body and len(body) >= 2 and bool(body[-1] & 0x80) != fixed:
                self.add("desc-hrd-rate", f"{body.hex()} for {timing}")
        stamped = [pes.pts for pes in units if pes.pts is not None]
        steps = [mpegts.delta(b, a) for a, b in zip(stamped, stamped[1:])]
        if fixed and timing and steps and max(steps) - min(steps) > 2:
            self.add("video-fixed-rate", f"steps of {min(steps)} to {max(steps)} at {timing[1]}/{2 * timing[0]} pictures/s")

    def _access_unit(self, number: int, pes: mpegts.Pes, unit: h264.AccessUnit) -> None:
        self.counters["idr"] += unit.idr
        if unit.pictures != 1 or unit.nal_types.count(h264.AUD) > 1:
            self.add("au-several", f"unit {number}: {unit.pictures} pictures, NAL types {unit.nal_types[:12]}")
        if not unit.starts_with_aud:
            self.add("au-delimiter", f"unit {number}: NAL types {unit.nal_types[:12]}")
        if number == 0 and not unit.complete_idr():
            self.add("au-first-idr", f"NAL types {unit.nal_types[:12]}")
        elif unit.idr and not unit.complete_idr():
            self.add("au-idr-headers", f"unit {number}")
        allowed = self.negotiated.get("video", {}).get("slices", 1)
        if unit.slices > allowed * max(unit.pictures, 1):
            self.add("au-slices", f"unit {number}: {unit.slices} slices, {allowed} allowed")

    def _key_interval(self, key: mpegts.Pes, pes: mpegts.Pes) -> mpegts.Pes:
        """Judges a picture that is not a key frame; returns that key frame, or this picture if its lateness is known."""
        if key.pts is None or pes.pts is None or mpegts.delta(pes.pts, key.pts) / 90000 <= MAX_KEY_INTERVAL * self.scale:
            return key
        self.add("video-key-interval", f"PTS {key.pts} to {pes.pts}, packet {pes.first}")
        return pes

    def _streams_at(self, index: int) -> list[mpegts.Stream]:
        """What the PMT says that was there before a packet."""
        before = [pmt for at, pmt in self.pmts if at <= index]
        return before[-1].streams if before else []

    def _after_pause(self, before: mpegts.Pes, pes: mpegts.Pes, unit: h264.AccessUnit) -> None:
        """What comes first after PLAY is a start, and of now."""
        if not unit.complete_idr():
            self.add("au-first-idr", f"after a pause: NAL types {unit.nal_types[:12]}")
        told = (self.clock(pes.first) or 0) - (self.clock(before.first) or 0)
        passed = self.arrival[pes.first] - self.arrival[before.first]
        if abs(told - passed) > PAUSE_NOISE * self.scale:
            self.add("rtp-clock", f"{told:.3f} s of RTP time in a pause of {passed:.3f} s")

    def _simple_profile(self) -> bool:
        return self.sps is not None and self.sps.wfd_profile() in ("CBP", "CHP")

    def _sps(self, nal: bytes, pes: mpegts.Pes, sizes: list) -> None:
        try:
            sps = h264.parse_sps(nal)
        except ValueError as error:
            self.add("video-profile", f"SPS: {error}")
            return
        if sps == self.sps:
            return
        self.sps = sps
        # Another encoder has another SPS, and pictures as large as before.
        if not sizes or sizes[-1][:2] != (sps.width, sps.height):
            sizes.append((sps.width, sps.height, pes.pts or 0))
        self.counters["sps"] = {"profile": sps.wfd_profile(), "level": sps.level, "size": f"{sps.width}x{sps.height}",
                                "colour": sps.colour}
        video = self.negotiated.get("video")
        if video and sps.wfd_profile() != video["profile"]:
            self.add("video-profile", f"{sps.wfd_profile()} instead of {video['profile']}")
        if video and sps.level > video["level"]:
            self.add("video-level", f"{sps.level} above {video['level']}")
        for stream in self._streams_at(pes.first):
            body = dict(stream.descriptors or []).get(0x28) if stream.stream_type == H264 else None
            if body and len(body) == 4 and (body[0], body[1], body[2]) != (sps.profile, sps.constraints, sps.level):
                self.add("desc-avc", f"{body.hex()} for SPS {sps.profile:02x}{sps.constraints:02x}{sps.level:02x}")

    def _pps(self, nal: bytes) -> None:
        try:
            if h264.pps_uses_cabac(nal) and self._simple_profile():
                self.add("video-cabac", self.sps.wfd_profile())
        except ValueError as error:
            self.add("video-cabac", f"PPS: {error}")

    def _sizes(self, sizes: list[tuple[int, int, int]]) -> None:
        """The sizes in the stream, in order, against the formats M4 announced."""
        announced = [f for f in self.formats if f.get("video")]
        if not announced:
            return
        wanted = [(f["video"]["width"], f["video"]["height"]) for f in announced]
        distinct = [size for n, size in enumerate(wanted) if n == 0 or size != wanted[n - 1]]
        if [size[:2] for size in sizes] != distinct[:len(sizes)] or len(sizes) > len(distinct):
            self.add("video-size", f"{[s[:2] for s in sizes]} in the stream, {distinct} announced")
            return
        changes = [f for n, f in enumerate(announced) if n and wanted[n] != wanted[n - 1]]
        for (_, _, pts), change in zip(sizes[1:], changes):
            if "change_pts" in change and mpegts.delta(pts, change["change_pts"]) != 0:
                self.add("video-change-time", f"PTS {pts} instead of {change['change_pts']}")

    # -- audio -----------------------------------------------------------------------------------------------

    def _audio(self, pid: int, units: list[mpegts.Pes]) -> None:
        stream = next((s for s in self.pmt.streams if s.pid == pid), None) if self.pmt else None
        kind = AUDIO_TYPES.get(stream.stream_type) if stream else None
        self._pes_common(units, range(0xBD, 0xBE) if kind in ("LPCM", "AC3") else range(0xC0, 0xE0), "audio")
        self.counters["audio_units"], self.counters["audio"] = len(units), kind
        for pes in units:
            if not pes.length:
                self.add("pes-length", "audio PES without a length")
        if kind == "LPCM":
            self._lpcm(units)
        elif kind in sound.PARSERS:
            self._coded(kind, units)

    def _lpcm(self, units: list[mpegts.Pes]) -> None:
        audio = self.negotiated.get("audio") or {}
        rate = audio.get("rate", 48000)
        wanted = 0x11 if rate == 48000 else 0x09
        for pes in units:
            head = pes.data[:4]
            good = (pes.length == LPCM_PES_LENGTH and pes.header_length == 7 and pes.stuffing == 2 and
                    head[:2] == b"\xa0\x06" and len(pes.data) == 4 + LPCM_UNIT and head[3] == wanted)
            if not good:
                self.add("lpcm-layout", f"length 0x{pes.length:04x}, header {pes.header_length}, private {head.hex()}, "
                                        f"{len(pes.data) - 4} bytes")
        self._audio_pts([(pes, LPCM_SAMPLES) for pes in units], rate)

    def _coded(self, kind: str, units: list[mpegts.Pes]) -> None:
        """AAC or AC-3: whole frames of what was agreed, whose PTS go on as their samples do."""
        audio = self.negotiated.get("audio")
        timed = []
        for pes in units:
            try:
                frames = sound.PARSERS[kind](pes.data)
            except ValueError as error:
                self.add("aac-adts" if kind == "AAC" else "ac3-frames", str(error))
                continue
            timed.append((pes, sum(frame.samples for frame in frames)))
            if kind == "AAC" and not pes.data[1] & 8:
                self.add("aac-id", pes.data[:7].hex())
            for frame in frames:
                if not frame.low_complexity:
                    self.add("aac-profile", pes.data[:7].hex())
                if audio and (frame.rate, frame.channels) != (audio["rate"], audio["channels"]):
                    self.add("audio-format", f"{frame.rate} Hz, {frame.channels} channels instead of {audio['rate']} Hz, "
                                             f"{audio['channels']}")
        self._audio_pts(timed, audio["rate"] if audio else 48000)

    def _audio_pts(self, timed: list[tuple[mpegts.Pes, int]], rate: int) -> None:
        """A PTS is rounded, and the grid of samples may be off by one; more is lost or repeated sound, but in a pause."""
        slack = 90000 / rate + 1
        stamped = [(pes, samples * 90000 / rate) for pes, samples in timed if pes.pts is not None]
        wrong = [(mpegts.delta(b.pts, a.pts) - step) * rate / 90000 for (a, step), (b, _) in zip(stamped, stamped[1:])
                 if abs(mpegts.delta(b.pts, a.pts) - step) > slack and not self._pause_between(a.first, b.first)]
        if wrong:
            self.add("audio-pts", f"{len(wrong)} steps are not as long as their sound, for example {wrong[0]:+.1f} samples")

    def _pause_between(self, first: int, second: int) -> bool:
        """Whether the session was paused or in standby at some time between two TS packets."""
        if second >= len(self.arrival):
            return False
        before, after = self.arrival[first], self.arrival[second]
        return any(start < after and (end is None or end > before) for start, end, _ in self.quiet)

    def _resumed_between(self, first: int, second: int) -> bool:
        """Whether a pause ended between two TS packets."""
        if second >= len(self.arrival):
            return False
        before, after = self.arrival[first], self.arrival[second]
        # Where the next one begins there, a session in standby was torn down.
        begun = {start for start, _, _ in self.quiet}
        return any(end is not None and before < end <= after and end not in begun for _, end, _ in self.quiet)

    def _streams_present(self) -> None:
        listed = {s.pid for s in self.pmt.streams} if self.pmt else set()
        for pid in sorted(listed - set(self.pes)):
            self.add("pmt-stream-absent", f"0x{pid:04x}")
        for pid in sorted(set(self.pes) - listed):
            self.add("pmt-stream-unlisted", f"0x{pid:04x}")
        heard = [pid for pid in self.pes if pid in AUDIO_PIDS]
        if "audio" in self.negotiated or self.negotiated.get("video"):
            audio = self.negotiated.get("audio")
            if audio and not heard:
                self.add("audio-missing", audio["codec"])
            if heard and not audio:
                self.add("audio-unexpected", f"0x{heard[0]:04x}")

    def _skew(self) -> None:
        """Distance in arrival of audio and video with the same PTS, measured as the difference of their leads."""
        video, audio = self.counters.get("video_pts_lead_ms"), self.counters.get("audio_pts_lead_ms")
        if video and audio:
            skew = video[1] - audio[1]
            self.counters["av_skew_ms"] = round(skew, 1)
            if abs(skew) > MAX_SKEW * 1000 * self.scale:
                self.add("av-skew", f"{skew:.0f} ms")


def hrd_well_formed(body: bytes) -> bool:
    """AVC timing and HRD descriptor, 13818-1 2.6.66: the length follows from the flags."""
    if len(body) < 2:
        return False
    size = 2
    if body[0] & 1:
        size += 1 + 4
        if len(body) > 1 and not body[1] & 0x80:
            size += 8
    return len(body) == size


def check(ts_path: str, findings: Findings, datagrams: list[rtp.Datagram] = (), negotiated: dict | None = None,
          formats: list[dict] = (), quiet: list = (), time_scale: float = 1.0) -> dict:
    """Judges a recording; findings go to `findings`, the counters are returned. No stream is expected in `quiet`."""
    with open(ts_path, "rb") as file:
        data = file.read()
    return Checker(data, findings, list(datagrams), negotiated or {}, list(formats), list(quiet), time_scale).run()
