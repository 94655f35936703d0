// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * What libx264 is told before the first picture: see wfdx264enc-private.h.
 */
#include "wfdx264enc-private.h"

#include <stdio.h>

static void log_x264(void *data, int level, const char *format, va_list args)
{
	g_autofree char *text = g_strdup_vprintf(format, args);

	g_strchomp(text);
	if (level <= X264_LOG_ERROR)
		GST_ERROR_OBJECT(data, "%s", text);
	else
		GST_DEBUG_OBJECT(data, "%s", text);
}

static void set_colours(x264_param_t *param, const GstVideoColorimetry *colours)
{
	param->vui.b_fullrange = colours->range == GST_VIDEO_COLOR_RANGE_0_255;
	param->vui.i_colorprim = gst_video_color_primaries_to_iso(colours->primaries);
	param->vui.i_transfer = gst_video_transfer_function_to_iso(colours->transfer);
	param->vui.i_colmatrix = gst_video_color_matrix_to_iso(colours->matrix);
}

/* level_idc of "4.2"; none, and x264 finds one: -1. */
static int level_of(const char *name)
{
	guint major = 0, minor = 0;

	return name && sscanf(name, "%u.%u", &major, &minor) >= 1 ? (int)(major * 10 + minor) : -1;
}

/* Does x264 refuse it? It only warns of a level that does not hold the pictures. */
static gboolean level_holds(const x264_param_t *param)
{
	const guint mbs = ((param->i_width + 15) / 16) * ((param->i_height + 15) / 16);

	for (const x264_level_t *level = x264_levels; level->level_idc; level++) {
		if (level->level_idc == param->i_level_idc)
			return (guint)level->frame_size >= mbs &&
			       (guint64)level->mbps * param->i_fps_den >= (guint64)mbs * param->i_fps_num;
	}
	return param->i_level_idc < 0;
}

/*
 * What costs least, since what it saves is worth more than the bits: on a desktop nearly
 * everything stays or moves by whole pixels.  No deblocking: it would blur what is left alone, and
 * then x264 may leave it alone no longer.
 */
gboolean wfd_x264_enc_set_parameters(WfdX264Enc *self, const GstStructure *format)
{
	const GstVideoInfo *info = &self->input->info;
	gboolean high = g_strcmp0(gst_structure_get_string(format, "profile"), "high") == 0;
	x264_param_t *param = &self->param;

	if (x264_param_default_preset(param, "ultrafast", "zerolatency") < 0)
		return FALSE;
	param->pf_log = log_x264;
	param->p_log_private = self;
	param->i_width = GST_VIDEO_INFO_WIDTH(info);
	param->i_height = GST_VIDEO_INFO_HEIGHT(info);
	param->i_csp = X264_CSP_I420;
	param->i_fps_num = GST_VIDEO_INFO_FPS_N(info);
	param->i_fps_den = GST_VIDEO_INFO_FPS_D(info);
	/* A variable rate makes x264 keep each picture until it knows when the next one comes. */
	param->b_vfr_input = 0;
	param->b_cabac = 0;
	param->b_annexb = 1;
	param->b_repeat_headers = 1;
	param->b_aud = 1;
	/* Which picture is one is decided in wfdx264enc.c, since its plan is another one. */
	param->i_keyint_max = X264_KEYINT_MAX_INFINITE;
	param->i_level_idc = level_of(gst_structure_get_string(format, "level"));
	param->vui.i_sar_width = param->vui.i_sar_height = 1;
	param->analyse.b_transform_8x8 = high;
	param->analyse.i_weighted_pred = X264_WEIGHTP_NONE;
	param->analyse.b_psy = 0;
	param->analyse.b_mb_info = 1;
	/*
	 * It says which macroblocks it has coded although they have not changed.  One that was to be skipped
	 * is taken to be worse than before: x264 gives a macroblock the quantiser of the one before if
	 * that is less by one, and then it is not the largest one.
	 */
	param->analyse.b_mb_info_update = 1;
	/* Offsets of the quantiser are a part of adaptive quantisation, which itself is not wanted. */
	param->rc.i_aq_mode = X264_AQ_VARIANCE;
	param->rc.f_aq_strength = 1e-4f;
	param->rc.i_rc_method = X264_RC_ABR;
	/* Beyond it offsets do not count any more. */
	param->rc.i_qp_max = MOST_QP;
	set_colours(param, &GST_VIDEO_INFO_COLORIMETRY(info));
	wfd_x264_enc_set_rate(self, param);
	GST_OBJECT_LOCK(self);
	param->rc.i_qp_min = self->qp_min;
	param->i_threads = self->slices;
	param->b_sliced_threads = self->slices > 1;
	param->i_slice_count = self->slices;
	GST_OBJECT_UNLOCK(self);
	if (x264_param_apply_profile(param, high ? "high" : "baseline") != 0)
		return FALSE;
	if (level_holds(param))
		return TRUE;
	GST_ERROR_OBJECT(self, "level %d does not hold such pictures", param->i_level_idc);
	return FALSE;
}
