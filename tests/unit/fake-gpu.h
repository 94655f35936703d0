/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * fake-gpu.h - the elements of a GPU that is not here: its converter and its encoder
 *
 * vapostproc and vah264enc (or vah264lpenc, or those of a further device); glupload, glcolorconvert
 * and NVENC's; v4l2convert and v4l2h264enc: with the names, properties (data/encoders.ini), caps and
 * refusals (data/gpu-devices.ini) of the real ones, and their habits: memory of one connection to the
 * device is not known to another one; pictures are held back unless the stream is live; times are
 * counted anew; V4L2 takes and gives dma-bufs where it is told so, and where it is not it copies.  The
 * picture is converted by GStreamer and encoded by x264enc.  The GPU is done when the converter returns.
 *
 * All that can go wrong can be told.  A test has the elements in its process; for a program that is
 * not one they are a plug-in (gpu-plugin/), which is told from outside.
 */
#pragma once

#include <gst/gst.h>

G_BEGIN_DECLS

/**
 * struct fake_gpu - what it does; may be changed at any time
 * @convert_fails_at: this picture of all is refused with an error; 0: none
 * @convert_fails: all are
 * @convert_hangs_at: the thread does not come back from this one until @let_go
 * @encode_hangs_at: the same for the encoder, of those in GPU memory
 * @encode_fails_at: of these this one is refused with an error ...
 * @encode_fails_gpu: ... all of those ...
 * @encode_fails: ... or all of them, in whatever memory
 * @swaps: red and blue have changed places
 * @old: what comes out is the picture before
 * @green: nothing was drawn into the memory
 * @no_live: it holds pictures back even when the stream is live
 * @open_together: nobody opens a device before so many have found that nobody has; 0: at once
 * @no_path: no device says which one it is
 * @let_go: who hangs goes on
 * @converted, @encoded, @encoded_gpu, @held, @opened: counted, the first at the converter's end; the third of GPU memory,
 *	the fourth now, the fifth connections to devices
 * @copied: pictures that an element of V4L2 was not told to take, or give, as dma-bufs, or has too few buffers for
 * @matrix: of the colours of what is encoded, as caps have it
 */
struct fake_gpu {
	gint convert_fails_at;
	gint convert_fails;
	gint convert_hangs_at;
	gint encode_hangs_at;
	gint encode_fails_at;
	gint encode_fails_gpu;
	gint encode_fails;
	gint swaps;
	gint old;
	gint green;
	gint no_live;
	gint open_together;
	gint no_path;
	gint let_go;
	gint converted;
	gint encoded;
	gint encoded_gpu;
	gint held;
	gint opened;
	gint copied;
	gint matrix;
};

extern struct fake_gpu fake_gpu;

/* One of the two files; ends the test if it cannot be read. */
GKeyFile *fake_gpu_load(const char *name);

/**
 * fake_gpu_register - a device
 * @plugin: (nullable): that has the elements
 * @encoders, @devices: the two files
 * @group: of the latter
 * @encoder: name of the element; NULL: without
 * @converter: those of the elements, "A ! B" for two, of which the first has [group] and the second [group/2]; NULL:
 *	without
 */
void fake_gpu_register(GstPlugin *plugin, GKeyFile *encoders, GKeyFile *devices, const char *group,
		      const char *encoder, const char *converter);

G_END_DECLS
