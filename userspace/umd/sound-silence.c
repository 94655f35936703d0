// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The two probes of sound-silence.h.
 */
#include "sound-silence.h"

#include <string.h>

struct silence {
	GstPad *out;
	GstBuffer *cycle[SOUND_SILENCE_CYCLE]; /* the latest of the encoder's frames ... */
	guint n;	  /* ... of so many that have left, others included */
	guint same;	  /* the latest of them that were as those of the cycle before */
	guint silent;	  /* units of silence, up to the latest one */
	gint64 in_pts;	  /* of the latest unit that was encoded, as it came ... */
	gint64 next;	  /* ... and its end, as the encoder has it */
	gint64 ahead;	  /* how much later than a unit the frame is that comes out then: 0 or less */
	gint64 left_out;  /* of the encoder's time */
	gboolean repeats; /* this frame is not the encoder's */
};

static gboolean is_silence(GstBuffer *buffer)
{
	GstMapInfo map;
	gboolean silent;

	if (!gst_buffer_map(buffer, &map, GST_MAP_READ))
		return FALSE;
	/* All zero: the first is, and each is what the one before it is. */
	silent = !map.size || (!map.data[0] && !memcmp(map.data, map.data + 1, map.size - 1));
	gst_buffer_unmap(buffer, &map);
	return silent;
}

static gboolean are_equal(GstBuffer *one, GstBuffer *other)
{
	GstMapInfo map;
	gboolean equal;

	if (!one || gst_buffer_get_size(one) != gst_buffer_get_size(other) || !gst_buffer_map(other, &map, GST_MAP_READ))
		return FALSE;
	equal = !gst_buffer_memcmp(one, 0, map.data, map.size);
	gst_buffer_unmap(other, &map);
	return equal;
}

/* The place of the next one. */
static GstBuffer **next_frame(struct silence *s)
{
	return &s->cycle[s->n++ % SOUND_SILENCE_CYCLE];
}

/* In place of a unit the frame that would come out then. */
static void repeat(struct silence *s, GstBuffer *unit)
{
	GstBuffer *frame = gst_buffer_copy(*next_frame(s));

	s->left_out = (gint64)(GST_BUFFER_PTS(unit) + GST_BUFFER_DURATION(unit)) - s->next;
	GST_BUFFER_PTS(frame) = GST_BUFFER_DTS(frame) = (gint64)GST_BUFFER_PTS(unit) + s->ahead;
	GST_BUFFER_FLAG_UNSET(frame, GST_BUFFER_FLAG_DISCONT);
	s->repeats = TRUE;
	gst_pad_push(s->out, frame);
	s->repeats = FALSE;
}

static GstPadProbeReturn unit_comes(GstPad *pad, GstPadProbeInfo *info, gpointer user_data)
{
	struct silence *s = user_data;
	GstBuffer *unit = gst_pad_probe_info_get_buffer(info);

	s->silent = is_silence(unit) ? s->silent + 1 : 0;
	if (GST_BUFFER_IS_DISCONT(unit))
		s->same = 0;
	else if (s->silent > SOUND_SILENCE_BEFORE + SOUND_SILENCE_SAME && s->same >= SOUND_SILENCE_SAME) {
		repeat(s, unit);
		return GST_PAD_PROBE_DROP;
	}
	s->in_pts = GST_BUFFER_PTS(unit);
	unit = gst_buffer_make_writable(unit);
	GST_PAD_PROBE_INFO_DATA(info) = unit;
	GST_BUFFER_PTS(unit) -= s->left_out;
	s->next = GST_BUFFER_PTS(unit) + GST_BUFFER_DURATION(unit);
	return GST_PAD_PROBE_OK;
}

static GstPadProbeReturn frame_leaves(GstPad *pad, GstPadProbeInfo *info, gpointer user_data)
{
	struct silence *s = user_data;
	GstBuffer *frame = gst_pad_probe_info_get_buffer(info), **before;

	if (s->repeats || !GST_BUFFER_PTS_IS_VALID(frame))
		return GST_PAD_PROBE_OK;
	before = next_frame(s);
	s->same = are_equal(*before, frame) ? s->same + 1 : 0;
	if (s->left_out) {
		frame = gst_buffer_make_writable(frame);
		GST_PAD_PROBE_INFO_DATA(info) = frame;
		GST_BUFFER_PTS(frame) += s->left_out;
		if (GST_BUFFER_DTS_IS_VALID(frame))
			GST_BUFFER_DTS(frame) += s->left_out;
	}
	s->ahead = (gint64)GST_BUFFER_PTS(frame) - s->in_pts;
	gst_buffer_replace(before, frame);
	return GST_PAD_PROBE_OK;
}

static void silence_free(gpointer data)
{
	struct silence *s = data;

	for (guint i = 0; i < G_N_ELEMENTS(s->cycle); i++)
		gst_clear_buffer(&s->cycle[i]);
	g_free(s);
}

void sound_silence_watch(GstPad *in, GstPad *out)
{
	struct silence *s = g_new0(struct silence, 1);

	s->out = out;
	gst_pad_add_probe(out, GST_PAD_PROBE_TYPE_BUFFER, frame_leaves, s, NULL);
	gst_pad_add_probe(in, GST_PAD_PROBE_TYPE_BUFFER, unit_comes, s, silence_free);
}
