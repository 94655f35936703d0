/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * wfdtsmux.h - GStreamer elements for the Wi-Fi Display stream
 *
 * wfdtsmux packs H.264 and audio into the transport stream of WFD v2.1 App. D,
 * wfdrtppay (wfdrtppay.h) puts that into RTP.  Neither waits for anything: an
 * access unit has left through the source pad when the sink pad's chain
 * function returns.
 *
 *     ENCODER ! mux.video  AUDIO ! mux.audio
 *     wfdtsmux name=mux ! wfdrtppay ! udpsink sync=false async=false
 *
 * Pads
 *   video  request  video/x-h264,stream-format=byte-stream,alignment=au
 *   audio  request  audio/x-raw,format=S16BE,channels=2,rate=48000 or 44100 (LPCM),
 *                   audio/mpeg,mpegversion={2,4},stream-format=adts,framed (AAC),
 *                   audio/x-ac3,framed
 *   src             video/mpegts,systemstream=true,packetsize=188
 *
 * Nothing leaves before the first IDR picture, audio included: a sink must
 * start with one.  Sound that belongs before that picture never leaves.  Let the audio pad be linked, behind a capsfilter with fixed
 * caps, before that: the first PMT then already tells of the audio stream even
 * if no sample has come yet.
 *
 * Each source buffer holds at most "packets-per-buffer" transport packets, and
 * never those of two access units.  The buffers of one access unit come as one
 * buffer list.  Their PTS is the time they leave, which makes the RTP time stamp
 * the target send time.  Flags: HEADER if a
 * PAT is inside, DELTA_UNIT unless decoding can start here, DISCONT at the start
 * and at jumps of time, MARKER on the last buffer of a picture.
 *
 * In a live pipeline the PCR follows the pipeline clock, and a task keeps PAT,
 * PMT and PCR coming within 100 ms while nothing flows.  In a pipeline that is
 * not live it follows the time stamps.
 *
 * Properties, all changeable at any time
 *   pcr-interval (ns)       longest time between PCRs while access units flow;
 *                           default 40 ms, at most 100 ms
 *   psi-interval (ns)       the same for PAT and PMT, default 50 ms
 *   pcr-lag (ns)            see wfd_ts_packer_set_pcr_lag(), default 80 ms
 *   spread (ns)             see wfd_ts_packer_set_spread(), default 0
 *   packets-per-buffer      1 to 7, default 7
 *   pmt-pid                 default 0x100, as prescribed
 *   muted                   TRUE: nothing leaves, and what comes is dropped; set, what
 *                           was being sent has been sent.  FALSE again: the stream goes
 *                           on with the next IDR picture, and sound from its time on.
 *                           The clock does not stop meanwhile, as that of the sink does
 *                           not: this, and not the state PAUSED, is a session's pause.
 *                           Default FALSE
 *
 * Signals
 *   au-sent (guint64 pts, guint64 reference, guint64 sent)
 *     After the last packet of a picture was taken by what is downstream; with
 *     udpsink in the same thread (no queue between) and sync=false that means:
 *     handed to the network.  @pts is the picture's time in the stream, @reference
 *     the value of the picture's GstReferenceTimestampMeta with caps WFD_FLIP_TIME_CAPS or GST_CLOCK_TIME_NONE,
 *     @sent is CLOCK_MONOTONIC in ns.  Emitted in the streaming thread of the
 *     video pad: be short, and do not change the state of the pipeline.
 *
 *   sound-sent (guint64 pts, guint64 sent)
 *     The same for a unit of sound, in the streaming thread of the audio pad.
 */
#pragma once

#include <gst/gst.h>

G_BEGIN_DECLS

/*
 * Caps of the GstReferenceTimestampMeta with which a frame source tells when a
 * frame was shown: CLOCK_MONOTONIC in ns.  It is found again in "au-sent" and on the
 * last buffer of the picture.  Not all encoders keep it: put it behind them.
 */
#define WFD_FLIP_TIME_CAPS "timestamp/x-monotonic"

#define WFD_TYPE_TS_MUX (wfd_ts_mux_get_type())
G_DECLARE_FINAL_TYPE(WfdTsMux, wfd_ts_mux, WFD, TS_MUX, GstElement)

/**
 * wfd_ts_mux_register() - make "wfdtsmux", "wfdrtppay" and "wfdaac51enc" known
 *
 * Call after gst_init(), before elements are made by name; again does nothing.
 *
 * Return: FALSE if GStreamer refused
 */
gboolean wfd_ts_mux_register(void);

G_END_DECLS
