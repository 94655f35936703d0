// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * What is left when there is nothing but libyuv, libx264 and a packer: each new frame is
 * converted as a whole, encoded in this thread and sent.  No repeats, no sound, no key
 * frames but the first.  libyuv converts to BT.601, as Debian has it; that costs the same.
 */
#include "bench.h"

#include <stdint.h>

#include <gio/gio.h>
#include <libyuv.h>
#include <x264.h>

#include "h264-sps.h"
#include "ts-packer.h"

#define RTP_HEADER 12

struct bare {
	x264_t *encoder;
	x264_picture_t picture;
	struct wfd_ts_packer *packer;
	GByteArray *packets;
	GSocket *socket;
	guint16 number;
};

static gboolean open_encoder(struct bare *b, const struct bench_run *run)
{
	x264_param_t param;

	x264_param_default_preset(&param, "ultrafast", "zerolatency");
	param.i_log_level = X264_LOG_ERROR;
	param.i_width = run->mode->width;
	param.i_height = run->mode->height;
	param.i_csp = X264_CSP_I420;
	param.i_fps_num = run->mode->fps;
	param.i_fps_den = 1;
	param.b_vfr_input = 0;
	param.i_threads = 1;
	param.b_sliced_threads = 0;
	param.i_keyint_max = X264_KEYINT_MAX_INFINITE;
	param.b_cabac = 0;
	param.b_annexb = 1;
	param.b_repeat_headers = 1;
	param.b_aud = 1;
	param.rc.i_rc_method = X264_RC_ABR;
	param.rc.i_bitrate = param.rc.i_vbv_max_bitrate = run->bit_rate / 1000;
	param.rc.i_vbv_buffer_size = run->bit_rate / 1000 / 10;
	x264_param_apply_profile(&param, "high");
	b->encoder = x264_encoder_open(&param);
	return b->encoder && x264_picture_alloc(&b->picture, X264_CSP_I420, param.i_width, param.i_height) == 0;
}

static void send_packets(struct bare *b)
{
	guint8 datagram[RTP_HEADER + WFD_TS_PACKETS_PER_RTP * WFD_TS_PACKET_SIZE] = { 0x80, 33 };
	const gsize most = sizeof(datagram) - RTP_HEADER;

	for (gsize at = 0; at < b->packets->len; at += most) {
		gsize size = MIN(most, b->packets->len - at);

		datagram[2] = b->number >> 8;
		datagram[3] = b->number++ & 0xff;
		memcpy(datagram + RTP_HEADER, b->packets->data + at, size);
		g_socket_send(b->socket, (const char *)datagram, RTP_HEADER + size, NULL, NULL);
	}
	g_byte_array_set_size(b->packets, 0);
}

static void encode(struct bare *b, const struct bench_frame *frame)
{
	struct wfd_ts_access_unit au = { .stream = WFD_TS_VIDEO, .n_slices = 1 };
	x264_picture_t out;
	x264_nal_t *nals;
	int n = 0, size;

	b->picture.i_pts++;
	size = x264_encoder_encode(b->encoder, &nals, &n, &b->picture, &out);
	if (size <= 0)
		return;
	au.slices[0] = (struct wfd_ts_slice){ nals[0].p_payload, size };
	au.pts = au.dts = frame->flip_ns;
	au.now = g_get_monotonic_time() * 1000;
	au.random_access = out.b_keyframe;
	wfd_ts_packer_pack(b->packer, &au, b->packets);
	send_packets(b);
}

static int run_x264(const struct bench_run *run)
{
	const struct wfd_ts_format format = { .codec = WFD_TS_CODEC_H264, .profile_idc = 100, .level_idc = 42 };
	g_autoptr(GSocketAddress) sink = g_inet_socket_address_new_from_string("127.0.0.1", run->port);
	struct bare b = { 0 };
	struct bench_frame frame;

	if (!open_encoder(&b, run))
		return 1;
	b.packer = wfd_ts_packer_new();
	wfd_ts_packer_set_format(b.packer, WFD_TS_VIDEO, &format);
	b.packets = g_byte_array_new();
	b.socket = g_socket_new(G_SOCKET_FAMILY_IPV4, G_SOCKET_TYPE_DATAGRAM, G_SOCKET_PROTOCOL_UDP, NULL);
	if (!g_socket_connect(b.socket, sink, NULL, NULL))
		return 1;
	frames_ready();
	while (frames_wait(&frame)) {
		x264_image_t *to = &b.picture.img;

		ARGBToI420(frame.pixels, frame.pitch, to->plane[0], to->i_stride[0], to->plane[1], to->i_stride[1],
			   to->plane[2], to->i_stride[2], run->mode->width, run->mode->height);
		frames_release(frame.buffer);
		frames_pushed(frame.seq, FALSE);
		encode(&b, &frame);
	}
	return 0;
}

const struct bench_source source_x264 = {
	.name = "x264",
	.what = "bare libyuv and libx264 ultrafast zerolatency: new frames only, no sound",
	.bt601 = TRUE,
	.run = run_x264,
};
