/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * ts-packer.h - MPEG-2 transport stream as Wi-Fi Display prescribes it
 *
 * A packer turns access units (one coded picture, one audio frame group) into
 * 188-byte transport packets at once; it holds nothing back and knows neither
 * threads nor clocks.  One program, at most one video and one audio stream,
 * with the fixed PIDs of WFD v2.1 D.4.2, PCR on a PID of its own.
 *
 * Time is counted in nanoseconds on one axis of the caller's choice (GStreamer
 * running time); it may start at 0 and a little before.  WFD_TS_TIME_BASE is
 * added before it is written, see wfd_ts_time_to_90k().
 *
 * Not thread safe: one caller at a time.
 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

#define WFD_TS_PACKET_SIZE 188

/* RFC 2250 and WFD B.1: at most so many transport packets per RTP packet. */
#define WFD_TS_PACKETS_PER_RTP 7

/* An access unit of no more RTP packets leaves at once; see wfd_ts_packer_set_spread(). */
#define WFD_TS_RTP_AT_ONCE 32

/* PIDs, WFD v2.1 D.4.2. */
#define WFD_TS_PID_PAT 0x0000
#define WFD_TS_PID_PMT 0x0100
#define WFD_TS_PID_PCR 0x1000
#define WFD_TS_PID_VIDEO 0x1011
#define WFD_TS_PID_AUDIO 0x1100

/* The longest time between two PCRs, and between two PATs or PMTs (4.10.3.1, D.4.2). */
#define WFD_TS_MAX_INTERVAL (100 * G_GINT64_CONSTANT(1000000))

/*
 * Added to every time before it is written, so that the PCR, which lags behind
 * the PTS, is positive from the first access unit on.
 */
#define WFD_TS_TIME_BASE (10 * G_GINT64_CONSTANT(1000000000))

/**
 * wfd_ts_time_to_90k() - a time as it stands in PTS and DTS
 * @ns: time in nanoseconds
 *
 * Also what wfd_av_format_change_timing wants for a coming access unit.
 *
 * Return: ticks of 90 kHz, 33 bits
 */
static inline guint64 wfd_ts_time_to_90k(gint64 ns)
{
	return (guint64)((ns + WFD_TS_TIME_BASE) * 9 / 100000) & ((G_GUINT64_CONSTANT(1) << 33) - 1);
}

/**
 * enum wfd_ts_stream - the elementary streams of the program
 */
enum wfd_ts_stream {
	WFD_TS_VIDEO,
	WFD_TS_AUDIO,
	WFD_TS_N_STREAMS,
};

/**
 * enum wfd_ts_codec - what an elementary stream carries
 * @WFD_TS_CODEC_NONE: no such stream in the program
 * @WFD_TS_CODEC_H264: byte stream, one access unit per PES packet
 * @WFD_TS_CODEC_LPCM: WFD_TS_LPCM_BYTES of big-endian samples per access unit;
 *	the packer writes the private header
 * @WFD_TS_CODEC_AAC: AAC-LC, ADTS
 * @WFD_TS_CODEC_AC3: AC-3 sync frames
 */
enum wfd_ts_codec {
	WFD_TS_CODEC_NONE,
	WFD_TS_CODEC_H264,
	WFD_TS_CODEC_LPCM,
	WFD_TS_CODEC_AAC,
	WFD_TS_CODEC_AC3,
	WFD_TS_N_CODECS,
};

/*
 * Payload of one LPCM PES packet: 6 audio access units of 80 frames of two
 * 16-bit samples, 10 ms at 48 kHz.
 */
#define WFD_TS_LPCM_BYTES (6 * 80 * 4)

/**
 * struct wfd_ts_format - a stream as its descriptors tell it
 * @codec: the codec
 * @profile_idc: H.264: byte 1 of the sequence parameter set
 * @constraint_flags: H.264: byte 2
 * @level_idc: H.264: byte 3
 * @rate: audio: samples per second; LPCM knows 44100 and 48000
 * @channels: audio: number of channels; LPCM knows 2
 */
struct wfd_ts_format {
	enum wfd_ts_codec codec;
	guint8 profile_idc;
	guint8 constraint_flags;
	guint8 level_idc;
	guint rate;
	guint channels;
};

/**
 * struct wfd_ts_slice - a piece of an access unit, borrowed for the call
 */
struct wfd_ts_slice {
	const guint8 *data;
	gsize size;
};

#define WFD_TS_MAX_SLICES 4

/**
 * struct wfd_ts_access_unit - what one PES packet carries
 * @stream: where it belongs
 * @slices: its bytes in order
 * @n_slices: number of @slices
 * @pts: presentation time, ns
 * @dts: decoding time, ns; the same as @pts without reordering
 * @now: time at which the packets leave, ns.  A caller without a clock gives @dts
 * @random_access: decoding can start here (IDR with SPS and PPS)
 */
struct wfd_ts_access_unit {
	enum wfd_ts_stream stream;
	struct wfd_ts_slice slices[WFD_TS_MAX_SLICES];
	guint n_slices;
	gint64 pts;
	gint64 dts;
	gint64 now;
	gboolean random_access;
};

/**
 * struct wfd_ts_packer - opaque
 */
typedef struct wfd_ts_packer wfd_ts_packer;

struct wfd_ts_packer *wfd_ts_packer_new(void);
void wfd_ts_packer_free(struct wfd_ts_packer *packer);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(wfd_ts_packer, wfd_ts_packer_free)

/**
 * wfd_ts_packer_set_pmt_pid() - move the PMT, for a sink that insists
 * @packer: the packer
 * @pid: 0x0010 to 0x1FFE, none of the other PIDs; default WFD_TS_PID_PMT
 *
 * Return: FALSE if the PID is taken or out of range; nothing changed then
 */
gboolean wfd_ts_packer_set_pmt_pid(struct wfd_ts_packer *packer, guint pid);

/**
 * wfd_ts_packer_set_intervals() - how often tables and clock are repeated
 * @packer: the packer
 * @psi: longest time between two PATs and PMTs, ns
 * @pcr: longest time between two PCRs, ns
 *
 * Both are cut to WFD_TS_MAX_INTERVAL, which is also the default of @psi; that
 * of @pcr is 40 ms.
 */
void wfd_ts_packer_set_intervals(struct wfd_ts_packer *packer, gint64 psi, gint64 pcr);

/**
 * wfd_ts_packer_set_pcr_lag() - how far the PCR runs behind the time at which it leaves
 * @packer: the packer
 * @lag: ns, 0 to 1 s; default 80 ms
 *
 * So long after an access unit's time a sink that obeys the PCR shows it: that is what
 * the encoder and the way to the sink may take.  It is the same for all access units, and
 * does not change by itself.  Once the clock runs another lag starts it anew, with a
 * PCR marked as discontinuous.
 */
void wfd_ts_packer_set_pcr_lag(struct wfd_ts_packer *packer, gint64 lag);

/**
 * wfd_ts_packer_set_spread() - how long a large access unit may take to leave
 * @packer: the packer
 * @spread: ns; default 0
 *
 * A picture of more than WFD_TS_RTP_AT_ONCE packets is late if its end is, so long after its beginning.
 */
void wfd_ts_packer_set_spread(struct wfd_ts_packer *packer, gint64 spread);

/**
 * wfd_ts_packer_set_format() - set, change or (CODEC_NONE) remove a stream
 * @packer: the packer
 * @stream: which
 * @format: its format, copied
 *
 * A change raises the version of the PMT, which then precedes the next access
 * unit.  The same format again changes nothing.
 *
 * Return: FALSE if Wi-Fi Display cannot carry @format; nothing changed then
 */
gboolean wfd_ts_packer_set_format(struct wfd_ts_packer *packer, enum wfd_ts_stream stream,
				  const struct wfd_ts_format *format);

/**
 * wfd_ts_packer_discontinuity() - the axis of time jumps
 * @packer: the packer
 *
 * The next packets start with PAT, PMT and a PCR marked as discontinuous.
 */
void wfd_ts_packer_discontinuity(struct wfd_ts_packer *packer);

/**
 * enum wfd_ts_wrote - what a call appended, apart from the access unit
 */
enum wfd_ts_wrote {
	WFD_TS_WROTE_PSI = 1 << 0,
	WFD_TS_WROTE_PCR = 1 << 1,
	WFD_TS_WROTE_DISCONTINUITY = 1 << 2,
};

/**
 * wfd_ts_packer_pack() - append the packets of one access unit
 * @packer: the packer
 * @au: the access unit; its stream must have a format.  Times of a picture that is
 *	later than the PCR's lag, or not later than the picture before, are moved to
 *	the first ones at which it can be shown.  Sound keeps its own
 * @out: whole packets are appended here
 *
 * PAT and PMT come first if they are due, the stream set changed, or the access
 * unit is a random access point of video; then a PCR if one is due.
 *
 * Return: enum wfd_ts_wrote bits
 */
guint wfd_ts_packer_pack(struct wfd_ts_packer *packer, struct wfd_ts_access_unit *au, GByteArray *out);

/**
 * wfd_ts_packer_idle_deadline() - until when something has to be sent
 * @packer: the packer
 *
 * Return: the time at which wfd_ts_packer_pack_idle() will write, or G_MAXINT64
 * before the first access unit
 */
gint64 wfd_ts_packer_idle_deadline(const struct wfd_ts_packer *packer);

/**
 * wfd_ts_packer_pack_idle() - keep tables and clock alive while nothing flows
 * @packer: the packer
 * @now: the time, ns
 * @out: PAT, PMT and PCR are appended here if the deadline has come
 *
 * Return: enum wfd_ts_wrote bits, 0 if it is not yet time
 */
guint wfd_ts_packer_pack_idle(struct wfd_ts_packer *packer, gint64 now, GByteArray *out);

G_END_DECLS
