/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * ts-packer.c - MPEG-2 transport stream as Wi-Fi Display prescribes it
 *
 * From the bottom up: packets, tables (PAT, PMT), clock (PCR), PES packets, and
 * the rules that say when each of them is due.  Clauses are those of ISO/IEC
 * 13818-1 unless they say WFD.
 */
#include "ts-packer.h"

#include <string.h>

#define MSEC G_GINT64_CONSTANT(1000000)

#define PAYLOAD_SIZE (WFD_TS_PACKET_SIZE - 4)
#define PROGRAM_NUMBER 1
#define TRANSPORT_STREAM_ID 1

#define PSI_DEFAULT_INTERVAL WFD_TS_MAX_INTERVAL
#define PCR_DEFAULT_INTERVAL (40 * MSEC)
#define PCR_DEFAULT_LAG (80 * MSEC)
#define PCR_MAX_LAG (1000 * MSEC)

/* A picture that is too late for its time is shown so long after it has left: at once, nearly. */
#define LATE_LEAD (5 * MSEC)

/* A tick of 90 kHz, rounded up: times of a stream that are to differ differ by this much. */
#define TICK 11112

/* PES header: 6 bytes up to the length, 3 of flags, PTS, DTS, LPCM stuffing. */
#define PES_MAX_HEADER (9 + 10)
#define LPCM_HEADER_SIZE 4
#define LPCM_PES_STUFFING 2

/* Longest descriptor loop of one stream: AVC video, AVC timing and HRD. */
#define MAX_DESCRIPTORS 16

enum counter {
	COUNTER_PAT,
	COUNTER_PMT,
	COUNTER_VIDEO,
	COUNTER_AUDIO,
	N_COUNTERS,
};

struct stream_layout {
	guint16 pid;
	enum counter counter;
};

static const struct stream_layout stream_layout[WFD_TS_N_STREAMS] = {
	[WFD_TS_VIDEO] = { WFD_TS_PID_VIDEO, COUNTER_VIDEO },
	[WFD_TS_AUDIO] = { WFD_TS_PID_AUDIO, COUNTER_AUDIO },
};

struct wfd_ts_packer {
	guint16 pmt_pid;
	gint64 psi_interval;
	gint64 pcr_interval;
	gint64 pcr_lag;
	gint64 spread;

	struct wfd_ts_format formats[WFD_TS_N_STREAMS];
	guint8 pat_version;
	guint8 pmt_version;
	gboolean pat_announced; /* a PAT with pat_version has been written */
	gboolean pmt_announced;
	gboolean psi_wanted;
	guint8 counters[N_COUNTERS];

	gboolean running; /* the times below are valid */
	gboolean discontinuity; /* the next PCR has to say so */
	gint64 now; /* of the latest access unit or idle packet */
	gint64 gap; /* between the latest two access units */
	gint64 psi_time;
	gint64 pcr_time;
	gint64 lag; /* of the PCR behind now; pcr_lag when the clock was started */
	gint64 picture_pts; /* the latest one of video */
};

/* Codecs */

static guint8 *h264_descriptors(const struct wfd_ts_format *format, guint8 *d)
{
	/* AVC video descriptor 2.6.64: no still pictures, no 24-hour pictures */
	*d++ = 0x28;
	*d++ = 4;
	*d++ = format->profile_idc;
	*d++ = format->constraint_flags;
	*d++ = format->level_idc;
	*d++ = 0x3f;
	/* AVC timing and HRD descriptor 2.6.66, a "shall" of WFD: nothing is promised */
	*d++ = 0x2a;
	*d++ = 2;
	*d++ = 0x7e;
	*d++ = 0x1f;
	return d;
}

static guint lpcm_rate_code(const struct wfd_ts_format *format)
{
	return format->rate == 44100 ? 1 : 2;
}

static guint8 *lpcm_descriptors(const struct wfd_ts_format *format, guint8 *d)
{
	/* LPCM audio stream descriptor, WFD D.4.2: no emphasis, stereo */
	*d++ = 0x83;
	*d++ = 2;
	*d++ = lpcm_rate_code(format) << 5 | 0x06;
	*d++ = 1 << 5 | 0x0f;
	return d;
}

static guint8 *aac_descriptors(const struct wfd_ts_format *format, guint8 *d)
{
	/* MPEG-2 AAC audio descriptor 2.6.68: low complexity */
	*d++ = 0x2b;
	*d++ = 3;
	*d++ = 1;
	*d++ = format->channels == 8 ? 7 : format->channels;
	*d++ = 0;
	return d;
}

static guint8 *ac3_descriptors(const struct wfd_ts_format *format, guint8 *d)
{
	/* Registration descriptor of ATSC A/52 A.2 */
	memcpy(d, "\x05\x04"
		  "AC-3",
	       6);
	return d + 6;
}

struct codec {
	guint8 stream_type;
	guint8 stream_id;
	gboolean video;
	guint8 *(*descriptors)(const struct wfd_ts_format *format, guint8 *out);
};

static const struct codec codecs[WFD_TS_N_CODECS] = {
	[WFD_TS_CODEC_H264] = { 0x1b, 0xe0, TRUE, h264_descriptors },
	[WFD_TS_CODEC_LPCM] = { 0x83, 0xbd, FALSE, lpcm_descriptors },
	[WFD_TS_CODEC_AAC] = { 0x0f, 0xc0, FALSE, aac_descriptors },
	[WFD_TS_CODEC_AC3] = { 0x81, 0xbd, FALSE, ac3_descriptors },
};

static gboolean format_ok(enum wfd_ts_stream stream, const struct wfd_ts_format *format)
{
	if (format->codec == WFD_TS_CODEC_NONE)
		return TRUE;
	if (format->codec >= WFD_TS_N_CODECS || codecs[format->codec].video != (stream == WFD_TS_VIDEO))
		return FALSE;
	if (format->codec == WFD_TS_CODEC_LPCM)
		return (format->rate == 44100 || format->rate == 48000) && format->channels == 2;
	if (format->codec == WFD_TS_CODEC_AAC)
		return format->channels >= 1 && format->channels <= 8 && format->channels != 7;
	return TRUE;
}

static gboolean format_equal(const struct wfd_ts_format *a, const struct wfd_ts_format *b)
{
	return a->codec == b->codec && a->profile_idc == b->profile_idc &&
	       a->constraint_flags == b->constraint_flags && a->level_idc == b->level_idc &&
	       a->rate == b->rate && a->channels == b->channels;
}

/* Packets 2.4.3.2 */

static guint8 *append_packets(GByteArray *out, guint n)
{
	guint at = out->len;

	g_byte_array_set_size(out, at + n * WFD_TS_PACKET_SIZE);
	return out->data + at;
}

static guint8 *put_packet_header(guint8 *p, guint pid, gboolean unit_start, guint control, guint counter)
{
	*p++ = 0x47;
	*p++ = (unit_start ? 0x40 : 0x00) | pid >> 8;
	*p++ = pid & 0xff;
	*p++ = control << 4 | counter;
	return p;
}

static guint8 next_counter(struct wfd_ts_packer *packer, enum counter which)
{
	guint8 counter = packer->counters[which];

	packer->counters[which] = (counter + 1) & 0x0f;
	return counter;
}

/* Tables 2.4.4 */

static guint32 crc32_mpeg(const guint8 *data, gsize size)
{
	guint32 crc = 0xffffffff;

	for (gsize i = 0; i < size; i++) {
		crc ^= (guint32)data[i] << 24;
		for (guint bit = 0; bit < 8; bit++)
			crc = crc << 1 ^ (crc & 0x80000000 ? 0x04c11db7 : 0);
	}
	return crc;
}

static guint8 *put_be16(guint8 *p, guint value)
{
	*p++ = value >> 8 & 0xff;
	*p++ = value & 0xff;
	return p;
}

static guint8 *put_section_header(guint8 *p, guint table_id, guint id, guint version)
{
	*p++ = table_id;
	p = put_be16(p, 0); /* length, by finish_section() */
	p = put_be16(p, id);
	*p++ = 0xc1 | version << 1; /* current */
	*p++ = 0; /* section number */
	*p++ = 0; /* last section number */
	return p;
}

static guint8 *finish_section(guint8 *section, guint8 *end)
{
	guint32 crc;

	put_be16(section + 1, 0xb000 | (end + 4 - (section + 3)));
	crc = crc32_mpeg(section, end - section);
	end = put_be16(end, crc >> 16);
	return put_be16(end, crc & 0xffff);
}

static void write_section_packet(struct wfd_ts_packer *packer, guint pid, enum counter counter,
				 const guint8 *section, gsize size, GByteArray *out)
{
	guint8 *packet = append_packets(out, 1);
	guint8 *p = put_packet_header(packet, pid, TRUE, 1, next_counter(packer, counter));

	*p++ = 0; /* pointer_field */
	memcpy(p, section, size);
	p += size;
	memset(p, 0xff, packet + WFD_TS_PACKET_SIZE - p);
}

static void write_pat(struct wfd_ts_packer *packer, GByteArray *out)
{
	guint8 section[PAYLOAD_SIZE];
	guint8 *p = put_section_header(section, 0x00, TRANSPORT_STREAM_ID, packer->pat_version);

	p = put_be16(p, PROGRAM_NUMBER);
	p = put_be16(p, 0xe000 | packer->pmt_pid);
	p = finish_section(section, p);
	write_section_packet(packer, WFD_TS_PID_PAT, COUNTER_PAT, section, p - section, out);
}

static void write_pmt(struct wfd_ts_packer *packer, GByteArray *out)
{
	guint8 section[PAYLOAD_SIZE];
	guint8 *p = put_section_header(section, 0x02, PROGRAM_NUMBER, packer->pmt_version);

	p = put_be16(p, 0xe000 | WFD_TS_PID_PCR);
	p = put_be16(p, 0xf000); /* no program descriptors */
	for (guint i = 0; i < WFD_TS_N_STREAMS; i++) {
		const struct wfd_ts_format *format = &packer->formats[i];
		guint8 descriptors[MAX_DESCRIPTORS];
		gsize size;

		if (format->codec == WFD_TS_CODEC_NONE)
			continue;
		size = codecs[format->codec].descriptors(format, descriptors) - descriptors;
		*p++ = codecs[format->codec].stream_type;
		p = put_be16(p, 0xe000 | stream_layout[i].pid);
		p = put_be16(p, 0xf000 | size);
		memcpy(p, descriptors, size);
		p += size;
	}
	p = finish_section(section, p);
	write_section_packet(packer, packer->pmt_pid, COUNTER_PMT, section, p - section, out);
}

static void write_psi(struct wfd_ts_packer *packer, GByteArray *out)
{
	write_pat(packer, out);
	write_pmt(packer, out);
	packer->pat_announced = packer->pmt_announced = TRUE;
	packer->psi_wanted = FALSE;
	packer->psi_time = packer->now;
}

/* Clock 2.4.3.5 */

/*
 * The PCR is the time at which it leaves, less a lag that never changes while the clock
 * runs.  2.4.2.1 leaves no other way: a clock that may be off by 30 ppm, and change by
 * 75 mHz in a second, would take three hours to get to where it could make up 1 ms in
 * half a minute.  So neither a late picture nor late sound moves it; that is what the lag
 * is for, and what is later than it comes late.  Another lag is another clock: it
 * begins with a PCR that is marked as discontinuous.
 */
static gint64 pcr_at(const struct wfd_ts_packer *packer, gint64 now)
{
	return now - packer->lag;
}

static void write_pcr(struct wfd_ts_packer *packer, GByteArray *out)
{
	guint64 ticks = (guint64)(pcr_at(packer, packer->now) + WFD_TS_TIME_BASE) * 27 / 1000;
	guint64 base = ticks / 300 & ((G_GUINT64_CONSTANT(1) << 33) - 1);
	guint extension = ticks % 300;
	guint8 *packet = append_packets(out, 1);
	/* Without payload the counter stays; nothing ever counts on this PID. */
	guint8 *p = put_packet_header(packet, WFD_TS_PID_PCR, FALSE, 2, 0);

	*p++ = PAYLOAD_SIZE - 1;
	*p++ = (packer->discontinuity ? 0x80 : 0x00) | 0x10;
	p = put_be16(p, base >> 17 & 0xffff);
	p = put_be16(p, base >> 1 & 0xffff);
	p = put_be16(p, (base & 1) << 15 | 0x3f << 9 | extension);
	memset(p, 0xff, packet + WFD_TS_PACKET_SIZE - p);
	packer->discontinuity = FALSE;
	packer->pcr_time = packer->now;
}

/* PES packets 2.4.3.6 */

static guint8 *put_timestamp(guint8 *p, guint prefix, gint64 time)
{
	guint64 ticks = wfd_ts_time_to_90k(time);

	*p++ = prefix << 4 | (ticks >> 30 & 0x07) << 1 | 1;
	p = put_be16(p, (ticks >> 15 & 0x7fff) << 1 | 1);
	return put_be16(p, (ticks & 0x7fff) << 1 | 1);
}

static gsize slices_size(const struct wfd_ts_slice *slices, guint n)
{
	gsize size = 0;

	for (guint i = 0; i < n; i++)
		size += slices[i].size;
	return size;
}

static gsize put_pes_header(guint8 *header, const struct wfd_ts_format *format,
			    const struct wfd_ts_access_unit *au)
{
	gsize payload = slices_size(au->slices, au->n_slices);
	gboolean has_dts = au->dts != au->pts;
	guint stuffing = 0;
	guint8 *p = header;
	gsize length;

	if (format->codec == WFD_TS_CODEC_LPCM) {
		payload += LPCM_HEADER_SIZE;
		stuffing = LPCM_PES_STUFFING;
		has_dts = FALSE;
	}
	length = 3 + (has_dts ? 10 : 5) + stuffing + payload;

	p = put_be16(p, 0x0000);
	*p++ = 0x01;
	*p++ = codecs[format->codec].stream_id;
	/*
	 * Only video may leave the length open (0), and a sink then sees the end
	 * of a picture no sooner than the start of the next one: tell it if it fits.
	 */
	p = put_be16(p, length <= G_MAXUINT16 ? length : 0);
	*p++ = 0x84; /* data_alignment_indicator */
	*p++ = has_dts ? 0xc0 : 0x80;
	*p++ = (has_dts ? 10 : 5) + stuffing;
	p = put_timestamp(p, has_dts ? 3 : 2, au->pts);
	if (has_dts)
		p = put_timestamp(p, 1, au->dts);
	memset(p, 0xff, stuffing);
	return p + stuffing - header;
}

/* Private header of LPCM, WFD D.4.2: sub-stream id, 6 frames, no emphasis, 16 bits, rate, stereo */
static void put_lpcm_header(guint8 header[LPCM_HEADER_SIZE], const struct wfd_ts_format *format)
{
	header[0] = 0xa0;
	header[1] = 6;
	header[2] = 0x00;
	header[3] = lpcm_rate_code(format) << 3 | 1;
}

struct reader {
	const struct wfd_ts_slice *slice;
	gsize offset;
};

static void read_bytes(struct reader *reader, guint8 *to, gsize size)
{
	while (size > 0) {
		gsize n = MIN(size, reader->slice->size - reader->offset);

		if (n == 0) {
			reader->slice++;
			reader->offset = 0;
			continue;
		}
		memcpy(to, reader->slice->data + reader->offset, n);
		reader->offset += n;
		to += n;
		size -= n;
	}
}

static guint8 *put_adaptation_field(guint8 *p, gsize size, gboolean random_access)
{
	*p++ = size - 1;
	if (size > 1) {
		*p++ = random_access ? 0x40 : 0x00;
		memset(p, 0xff, size - 2);
		p += size - 2;
	}
	return p;
}

static void write_pes(struct wfd_ts_packer *packer, const struct wfd_ts_access_unit *au, GByteArray *out)
{
	const struct wfd_ts_format *format = &packer->formats[au->stream];
	const struct stream_layout *layout = &stream_layout[au->stream];
	guint8 header[PES_MAX_HEADER], lpcm_header[LPCM_HEADER_SIZE];
	struct wfd_ts_slice slices[WFD_TS_MAX_SLICES + 2] = { { header, put_pes_header(header, format, au) } };
	struct reader reader = { slices };
	gsize adaptation = au->random_access ? 2 : 0;
	gboolean first = TRUE;
	guint n = 1;
	gsize left;
	guint8 *p;

	if (format->codec == WFD_TS_CODEC_LPCM) {
		put_lpcm_header(lpcm_header, format);
		slices[n++] = (struct wfd_ts_slice){ lpcm_header, LPCM_HEADER_SIZE };
	}
	for (guint i = 0; i < au->n_slices; i++)
		slices[n++] = au->slices[i];

	left = slices_size(slices, n);
	p = append_packets(out, (left + adaptation + PAYLOAD_SIZE - 1) / PAYLOAD_SIZE);
	while (left > 0) {
		gsize size = MIN(left, PAYLOAD_SIZE - adaptation);

		/* What the last packet does not fill is stuffing. */
		adaptation = PAYLOAD_SIZE - size;
		p = put_packet_header(p, layout->pid, first, adaptation ? 3 : 1,
				      next_counter(packer, layout->counter));
		if (adaptation)
			p = put_adaptation_field(p, adaptation, first && au->random_access);
		read_bytes(&reader, p, size);
		p += size;
		left -= size;
		adaptation = 0;
		first = FALSE;
	}
}

/* When what is due */

static void start_time(struct wfd_ts_packer *packer, gint64 now)
{
	packer->running = TRUE;
	packer->now = now;
	packer->gap = 0;
	packer->lag = packer->pcr_lag;
	packer->picture_pts = G_MININT64;
	packer->psi_wanted = TRUE;
	packer->discontinuity = TRUE;
}

static void advance_time(struct wfd_ts_packer *packer, gint64 now)
{
	packer->now = MAX(packer->now, now);
	if (packer->lag == packer->pcr_lag)
		return;
	packer->lag = packer->pcr_lag;
	packer->discontinuity = TRUE;
}

static void observe_access_unit(struct wfd_ts_packer *packer, const struct wfd_ts_access_unit *au)
{
	if (packer->running) {
		gint64 before = packer->now;

		advance_time(packer, au->now);
		packer->gap = packer->now - before;
	} else {
		start_time(packer, au->now);
	}
}

/*
 * A picture whose time has passed in the sink when it gets there cannot be shown then.
 * It says when it can, and does not count as late; those behind it keep their own times.
 */
static void show_late_picture(struct wfd_ts_packer *packer, struct wfd_ts_access_unit *au)
{
	const gsize at_once = WFD_TS_RTP_AT_ONCE * WFD_TS_PACKETS_PER_RTP * PAYLOAD_SIZE;
	const gint64 spread = slices_size(au->slices, au->n_slices) > at_once ? packer->spread : 0;
	gint64 behind = pcr_at(packer, packer->now) + LATE_LEAD + spread - au->dts;

	if (packer->picture_pts != G_MININT64)
		behind = MAX(behind, packer->picture_pts + TICK - au->pts);
	if (behind > 0) {
		au->dts += behind;
		au->pts += behind;
	}
	packer->picture_pts = au->pts;
}

/* Timers are never early, and packets spend time on their way: aim before the limit. */
static gint64 target(gint64 interval)
{
	return interval - interval / 10;
}

/* Due now if the next access unit, should it come after the same gap, would be too late. */
static gboolean due(const struct wfd_ts_packer *packer, gint64 last, gint64 interval)
{
	return packer->now - last + packer->gap > target(interval);
}

guint wfd_ts_packer_pack(struct wfd_ts_packer *packer, struct wfd_ts_access_unit *au, GByteArray *out)
{
	guint wrote = 0;

	g_return_val_if_fail(packer->formats[au->stream].codec != WFD_TS_CODEC_NONE, 0);
	g_return_val_if_fail(au->n_slices <= WFD_TS_MAX_SLICES, 0);

	observe_access_unit(packer, au);
	if (au->stream == WFD_TS_VIDEO)
		show_late_picture(packer, au);
	if (packer->psi_wanted || (au->stream == WFD_TS_VIDEO && au->random_access) ||
	    due(packer, packer->psi_time, packer->psi_interval)) {
		write_psi(packer, out);
		wrote |= WFD_TS_WROTE_PSI;
	}
	if (packer->discontinuity || due(packer, packer->pcr_time, packer->pcr_interval)) {
		wrote |= WFD_TS_WROTE_PCR | (packer->discontinuity ? WFD_TS_WROTE_DISCONTINUITY : 0);
		write_pcr(packer, out);
	}
	write_pes(packer, au, out);
	return wrote;
}

gint64 wfd_ts_packer_idle_deadline(const struct wfd_ts_packer *packer)
{
	if (!packer->running)
		return G_MAXINT64;
	return MIN(packer->psi_time, packer->pcr_time) + target(WFD_TS_MAX_INTERVAL);
}

guint wfd_ts_packer_pack_idle(struct wfd_ts_packer *packer, gint64 now, GByteArray *out)
{
	guint wrote;

	if (now < wfd_ts_packer_idle_deadline(packer))
		return 0;
	advance_time(packer, now);
	write_psi(packer, out);
	wrote = WFD_TS_WROTE_PSI | WFD_TS_WROTE_PCR | (packer->discontinuity ? WFD_TS_WROTE_DISCONTINUITY : 0);
	write_pcr(packer, out);
	return wrote;
}

/* Set-up */

gboolean wfd_ts_packer_set_pmt_pid(struct wfd_ts_packer *packer, guint pid)
{
	if (pid < 0x0010 || pid > 0x1ffe || pid == WFD_TS_PID_PCR || pid == WFD_TS_PID_VIDEO ||
	    pid == WFD_TS_PID_AUDIO)
		return FALSE;
	if (packer->pmt_pid == pid)
		return TRUE;
	packer->pmt_pid = pid;
	if (packer->pat_announced)
		packer->pat_version = (packer->pat_version + 1) & 0x1f;
	packer->pat_announced = FALSE;
	packer->psi_wanted = TRUE;
	return TRUE;
}

void wfd_ts_packer_set_intervals(struct wfd_ts_packer *packer, gint64 psi, gint64 pcr)
{
	packer->psi_interval = CLAMP(psi, 0, WFD_TS_MAX_INTERVAL);
	packer->pcr_interval = CLAMP(pcr, 0, WFD_TS_MAX_INTERVAL);
}

void wfd_ts_packer_set_pcr_lag(struct wfd_ts_packer *packer, gint64 lag)
{
	packer->pcr_lag = CLAMP(lag, 0, PCR_MAX_LAG);
}

void wfd_ts_packer_set_spread(struct wfd_ts_packer *packer, gint64 spread)
{
	packer->spread = CLAMP(spread, 0, PCR_MAX_LAG);
}

gboolean wfd_ts_packer_set_format(struct wfd_ts_packer *packer, enum wfd_ts_stream stream,
				  const struct wfd_ts_format *format)
{
	if (!format_ok(stream, format))
		return FALSE;
	if (format_equal(&packer->formats[stream], format))
		return TRUE;
	packer->formats[stream] = *format;
	if (packer->pmt_announced)
		packer->pmt_version = (packer->pmt_version + 1) & 0x1f;
	packer->pmt_announced = FALSE;
	packer->psi_wanted = TRUE;
	return TRUE;
}

void wfd_ts_packer_discontinuity(struct wfd_ts_packer *packer)
{
	packer->running = FALSE;
}

struct wfd_ts_packer *wfd_ts_packer_new(void)
{
	struct wfd_ts_packer *packer = g_new0(struct wfd_ts_packer, 1);

	packer->pmt_pid = WFD_TS_PID_PMT;
	packer->psi_interval = PSI_DEFAULT_INTERVAL;
	packer->pcr_interval = PCR_DEFAULT_INTERVAL;
	packer->pcr_lag = PCR_DEFAULT_LAG;
	return packer;
}

void wfd_ts_packer_free(struct wfd_ts_packer *packer)
{
	g_free(packer);
}
