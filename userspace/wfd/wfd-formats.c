/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Video and audio format values; the declarations are in wfd-values.h. */
#include "wfd-scan.h"
#include "wfd-values.h"

/* Where the grammars of the three video parameters differ; widths in bits. */
struct video_grammar {
	const char *name;
	guint native;
	guint native_table; /* of these, for the table number */
	gboolean preferred;
	gboolean codec;
	guint profile;
	guint level;
	guint modes[WFD_N_TABLES];
	gboolean max_res;
	gboolean non_transcoding;
};

static const struct video_grammar *video_grammar(enum wfd_set set)
{
	static const struct video_grammar r1 = {
		"wfd_video_formats", 8, 3, TRUE, FALSE, 8, 8, { 32, 32, 32 }, TRUE, FALSE,
	};
	static const struct video_grammar r2 = {
		"wfd2_video_formats", 8, 2, FALSE, TRUE, 8, 16, { 48, 48, 48 }, FALSE, TRUE,
	};
	static const struct video_grammar x = {
		"wfdx_video_formats", 16, 3, TRUE, FALSE, 16, 16, { 40, 40, 32 }, TRUE, FALSE,
	};

	switch (set) {
	case WFD_SET_R1:
		return &r1;
	case WFD_SET_R2:
		return &r2;
	case WFD_SET_X:
		return &x;
	case WFD_SET_MS:
		break;
	}
	g_return_val_if_reached(&r1);
}

static gboolean scan_field(const char **pos, guint bits, const char *field, const char **expected,
			   guint64 *out)
{
	*expected = field;
	return scan_hex(pos, bits, out);
}

/* Nothing more in this tuple. */
static gboolean at_tuple_end(const char **pos)
{
	scan_blanks(pos);
	return **pos == '\0' || **pos == ',';
}

/* "none" or a number; a missing field is "none" too. */
static gboolean scan_max_res(const char **pos, guint16 *out)
{
	guint64 value = 0;

	if (!at_tuple_end(pos) && !scan_word(pos, "none") && !scan_hex(pos, 16, &value))
		return FALSE;
	*out = value;
	return TRUE;
}

static gboolean scan_video_codec(const char **pos, const struct video_grammar *grammar,
				 struct wfd_video_codec *out, gboolean *cut, const char **expected)
{
	guint64 codec = WFD_CODEC_H264;
	guint64 profile, level, latency = 0, min_slice = 0, slice_enc = 0, rate_control = 0;

	if (grammar->codec && !scan_field(pos, 8, "the codec", expected, &codec))
		return FALSE;
	if (!scan_field(pos, grammar->profile, "the profile", expected, &profile) ||
	    !scan_field(pos, grammar->level, "the level", expected, &level) ||
	    !scan_field(pos, grammar->modes[0], "the CEA mask", expected, &out->modes[0]) ||
	    !scan_field(pos, grammar->modes[1], "the VESA mask", expected, &out->modes[1]) ||
	    !scan_field(pos, grammar->modes[2], "the HH mask", expected, &out->modes[2]))
		return FALSE;
	/* What decides the mode is there; 0 in the rest promises nothing. */
	*cut = at_tuple_end(pos);
	if (!*cut &&
	    (!scan_field(pos, 8, "the latency", expected, &latency) ||
	     !scan_field(pos, 16, "the minimum slice size", expected, &min_slice) ||
	     !scan_field(pos, 16, "the slice parameters", expected, &slice_enc) ||
	     !scan_field(pos, 8, "the frame rate control", expected, &rate_control)))
		return FALSE;

	*expected = "a resolution or \"none\"";
	if (grammar->max_res &&
	    (!scan_max_res(pos, &out->max_hres) || !scan_max_res(pos, &out->max_vres)))
		return FALSE;

	out->codec = codec;
	out->profile = profile;
	out->level = level;
	out->latency = latency;
	out->min_slice_size = min_slice;
	out->slice_enc = slice_enc;
	out->frame_rate_control = rate_control;
	return TRUE;
}

static gboolean scan_video_formats(const char **pos, const struct video_grammar *grammar,
				   struct wfd_video_formats *out, const char **expected)
{
	guint64 native, preferred = 0, non_transcoding = 0;

	if (!scan_field(pos, grammar->native, "the native mode", expected, &native))
		return FALSE;
	if (grammar->preferred &&
	    !scan_field(pos, 8, "the preferred mode flag", expected, &preferred))
		return FALSE;

	do {
		gboolean cut;

		*expected = "no more codecs";
		if (out->n_codecs == WFD_VIDEO_MAX_CODECS ||
		    !scan_video_codec(pos, grammar, &out->codecs[out->n_codecs], &cut, expected))
			return FALSE;
		out->cut |= cut;
		out->n_codecs++;
	} while (scan_char(pos, ','));

	if (grammar->non_transcoding && !scan_end(pos) &&
	    !scan_field(pos, 8, "the non-transcoding field", expected, &non_transcoding))
		return FALSE;

	out->native_table = native & ((1u << grammar->native_table) - 1);
	out->native_bit = native >> grammar->native_table;
	out->preferred = preferred;
	out->non_transcoding = non_transcoding;
	return TRUE;
}

gboolean wfd_video_formats_parse(const char *value, enum wfd_set set,
				 struct wfd_video_formats *out, GError **error)
{
	const struct video_grammar *grammar = video_grammar(set);
	const char *expected = NULL;
	const char *pos = value;

	*out = (struct wfd_video_formats){ .set = set };
	if (scan_is_none(value))
		return TRUE;
	if (scan_video_formats(&pos, grammar, out, &expected))
		return TRUE;
	*out = (struct wfd_video_formats){ 0 };
	return scan_fail(error, grammar->name, value, pos, expected);
}

static void append_hex(GString *text, guint bits, guint64 value)
{
	g_string_append_printf(text, " %0*" G_GINT64_MODIFIER "X", (int)bits / 4, value);
}

static void append_max_res(GString *text, guint16 value)
{
	if (value)
		append_hex(text, 16, value);
	else
		g_string_append(text, " none");
}

char *wfd_video_formats_format(const struct wfd_video_formats *formats)
{
	const struct video_grammar *grammar = video_grammar(formats->set);
	GString *text;

	if (formats->n_codecs == 0)
		return g_strdup("none");

	text = g_string_new(NULL);
	append_hex(text, grammar->native,
		   (guint)formats->native_bit << grammar->native_table | formats->native_table);
	if (grammar->preferred)
		append_hex(text, 8, formats->preferred);
	for (guint i = 0; i < formats->n_codecs; i++) {
		const struct wfd_video_codec *codec = &formats->codecs[i];

		if (i)
			g_string_append_c(text, ',');
		if (grammar->codec)
			append_hex(text, 8, codec->codec);
		append_hex(text, grammar->profile, codec->profile);
		append_hex(text, grammar->level, codec->level);
		for (guint table = 0; table < WFD_N_TABLES; table++)
			append_hex(text, grammar->modes[table], codec->modes[table]);
		append_hex(text, 8, codec->latency);
		append_hex(text, 16, codec->min_slice_size);
		append_hex(text, 16, codec->slice_enc);
		append_hex(text, 8, codec->frame_rate_control);
		if (grammar->max_res) {
			append_max_res(text, codec->max_hres);
			append_max_res(text, codec->max_vres);
		}
	}
	if (grammar->non_transcoding)
		append_hex(text, 8, formats->non_transcoding);
	g_string_erase(text, 0, 1);
	return g_string_free(text, FALSE);
}

gboolean wfd_ms_video_formats_parse(const char *value, guint64 *mask, GError **error)
{
	const char *pos = value;

	*mask = 0;
	if (scan_is_none(value) || scan_hex(&pos, 48, mask))
		return TRUE;
	return scan_fail(error, "microsoft_video_formats", value, pos, "a mask of 12 hex digits");
}

static const char *const audio_names[] = {
	[WFD_AUDIO_LPCM] = "LPCM",
	[WFD_AUDIO_AAC] = "AAC",
	[WFD_AUDIO_AC3] = "AC3",
};

const char *wfd_audio_format_name(enum wfd_audio_format format)
{
	return format < G_N_ELEMENTS(audio_names) ? audio_names[format] : NULL;
}

guint wfd_audio_rate(enum wfd_audio_format format, guint32 mode)
{
	if (!wfd_audio_format_name(format))
		return 0;
	return format == WFD_AUDIO_LPCM && mode == WFD_LPCM_44K1_16_2 ? 44100 : 48000;
}

guint wfd_audio_channels(enum wfd_audio_format format, guint32 mode)
{
	if (!wfd_audio_format_name(format))
		return 0;
	if (format == WFD_AUDIO_LPCM)
		return 2;
	/* AAC and AC-3: 2, 4, 6, 8 by the bit's number. */
	return 2 * (guint)g_bit_nth_lsf(mode << 1, 0);
}

static gboolean scan_audio_codec(const char **pos, struct wfd_audio_codec *out,
				 const char **expected)
{
	guint64 modes, latency = 0;

	out->format = WFD_AUDIO_OTHER;
	for (guint format = WFD_AUDIO_LPCM; format <= WFD_AUDIO_AC3; format++) {
		if (scan_word(pos, audio_names[format]))
			out->format = format;
	}
	if (out->format == WFD_AUDIO_OTHER) {
		/* A codec of a later release; its fields are its own. */
		*expected = "the name of a codec";
		if (!g_ascii_isalpha(**pos))
			return FALSE;
		*pos += strcspn(*pos, ",");
		return TRUE;
	}
	if (!scan_field(pos, 32, "the audio modes", expected, &modes))
		return FALSE;
	if (!at_tuple_end(pos) &&
	    !scan_field(pos, 8, "the audio latency", expected, &latency))
		return FALSE;
	out->modes = modes;
	out->latency = latency;
	return TRUE;
}

gboolean wfd_audio_codecs_parse(const char *value, struct wfd_audio_codecs *out, GError **error)
{
	const char *expected;
	const char *pos = value;

	*out = (struct wfd_audio_codecs){ 0 };
	if (scan_is_none(value))
		return TRUE;
	do {
		expected = "no more codecs";
		if (out->n_codecs == WFD_AUDIO_MAX_CODECS ||
		    !scan_audio_codec(&pos, &out->codecs[out->n_codecs], &expected))
			goto fail;
		out->n_codecs++;
	} while (scan_char(&pos, ','));
	expected = "a comma";
	if (scan_end(&pos))
		return TRUE;
fail:
	*out = (struct wfd_audio_codecs){ 0 };
	return scan_fail(error, "wfd_audio_codecs", value, pos, expected);
}

char *wfd_audio_codecs_format(const struct wfd_audio_codecs *codecs)
{
	GString *text = g_string_new(NULL);

	for (guint i = 0; i < codecs->n_codecs; i++) {
		const struct wfd_audio_codec *codec = &codecs->codecs[i];
		const char *name = wfd_audio_format_name(codec->format);

		if (name)
			g_string_append_printf(text, "%s%s %08X %02X", text->len ? ", " : "", name,
					       codec->modes, codec->latency);
	}
	if (text->len == 0)
		g_string_append(text, "none");
	return g_string_free(text, FALSE);
}
