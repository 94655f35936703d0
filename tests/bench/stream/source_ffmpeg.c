// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * What ffmpeg does with "-c:v libx264 -preset ultrafast -tune zerolatency -f rtp_mpegts" and
 * a screen as its input, by its libraries: a constant rate of whole pictures, in BT.601, which
 * is what its converter has vectors for.  No sound.
 */
#include "bench.h"

#include <libavcodec/avcodec.h>
#include <libavformat/avformat.h>
#include <libavutil/opt.h>
#include <libswscale/swscale.h>

#include <gst/gst.h>

struct output {
	AVCodecContext *encoder;
	AVFormatContext *muxer;
	AVStream *stream;
	AVPacket *packet;
};

static AVCodecContext *open_encoder(const struct bench_run *run)
{
	const struct bench_mode *mode = run->mode;
	const AVCodec *codec = avcodec_find_encoder_by_name("libx264");
	AVCodecContext *encoder = codec ? avcodec_alloc_context3(codec) : NULL;

	if (!encoder)
		return NULL;
	encoder->width = mode->width;
	encoder->height = mode->height;
	encoder->pix_fmt = AV_PIX_FMT_YUV420P;
	encoder->time_base = (AVRational){ 1, 1000000 };
	encoder->framerate = (AVRational){ mode->fps, 1 };
	encoder->gop_size = 4 * mode->fps;
	encoder->bit_rate = encoder->rc_max_rate = run->bit_rate;
	encoder->rc_buffer_size = run->bit_rate / 10;
	av_opt_set(encoder->priv_data, "preset", "ultrafast", 0);
	av_opt_set(encoder->priv_data, "tune", "zerolatency", 0);
	if (avcodec_open2(encoder, codec, NULL) < 0)
		avcodec_free_context(&encoder);
	return encoder;
}

static gboolean open_output(struct output *out, const struct bench_run *run)
{
	g_autofree char *url = g_strdup_printf("rtp://127.0.0.1:%u?pkt_size=1328", run->port);
	AVDictionary *options = NULL;

	out->encoder = open_encoder(run);
	if (!out->encoder || avformat_alloc_output_context2(&out->muxer, NULL, "rtp_mpegts", url) < 0)
		return FALSE;
	out->stream = avformat_new_stream(out->muxer, NULL);
	out->stream->time_base = out->encoder->time_base;
	avcodec_parameters_from_context(out->stream->codecpar, out->encoder);
	av_dict_set(&options, "mpegts_muxer_options", "mpegts_start_pid=4113", 0);
	out->muxer->flags |= AVFMT_FLAG_FLUSH_PACKETS;
	out->packet = av_packet_alloc();
	return avio_open(&out->muxer->pb, url, AVIO_FLAG_WRITE) >= 0 &&
	       avformat_write_header(out->muxer, &options) >= 0;
}

static gboolean send_packets(struct output *out)
{
	while (avcodec_receive_packet(out->encoder, out->packet) >= 0) {
		av_packet_rescale_ts(out->packet, out->encoder->time_base, out->stream->time_base);
		out->packet->stream_index = 0;
		if (av_write_frame(out->muxer, out->packet) < 0)
			return FALSE;
		av_write_frame(out->muxer, NULL);
		av_packet_unref(out->packet);
	}
	return TRUE;
}

static int run_ffmpeg(const struct bench_run *run)
{
	struct output out = { 0 };
	struct SwsContext *sws;
	AVFrame *picture = av_frame_alloc();
	struct bench_frame frame;
	gint64 begun = g_get_monotonic_time(), last = -1;

	av_log_set_level(AV_LOG_ERROR);
	if (!open_output(&out, run)) {
		g_printerr("stream-bench: ffmpeg's libraries have no libx264 or no rtp_mpegts\n");
		return 1;
	}
	sws = sws_getContext(run->mode->width, run->mode->height, AV_PIX_FMT_BGR0, run->mode->width, run->mode->height,
			     AV_PIX_FMT_YUV420P, SWS_BICUBIC, NULL, NULL, NULL);
	picture->format = AV_PIX_FMT_YUV420P;
	picture->width = run->mode->width;
	picture->height = run->mode->height;
	av_frame_get_buffer(picture, 0);
	frames_ready();
	while (frames_wait_at_rate(&frame)) {
		const guint8 *const planes[] = { frame.pixels };
		const int strides[] = { frame.pitch };

		av_frame_make_writable(picture);
		sws_scale(sws, planes, strides, 0, run->mode->height, picture->data, picture->linesize);
		frames_release(frame.buffer);
		picture->pts = MAX(g_get_monotonic_time() - begun, last + 1);
		last = picture->pts;
		frames_pushed(frame.seq, frame.repeat);
		if (avcodec_send_frame(out.encoder, picture) < 0 || !send_packets(&out))
			return 1;
	}
	return 0;
}

const struct bench_source source_ffmpeg = {
	.name = "ffmpeg",
	.what = "ffmpeg's libraries: swscale, libx264 ultrafast zerolatency, rtp_mpegts; no sound",
	.bt601 = TRUE,
	.run = run_ffmpeg,
};
