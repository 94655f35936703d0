// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The properties of an encoder: looked up, set within their range, read back.
 *
 * gst_util_set_object_arg() and g_object_set() warn, or say nothing, when a value
 * is not one of the property's, and leave the old one.
 */
#include "encoders-private.h"

#include <gio/gio.h>

/* So many pictures are for ever; nobody's range is larger. */
#define NEVER (1 << 20)

/* One of "a|b|c" into @value, which has the property's type; FALSE: none is known to it. */
static gboolean parse_value(GParamSpec *spec, const char *text, GValue *value)
{
	g_auto(GStrv) choices = g_strsplit(text, "|", -1);

	for (char **choice = choices; *choice; choice++) {
		if (G_IS_PARAM_SPEC_ENUM(spec)) {
			const GEnumValue *found = g_enum_get_value_by_nick(
				G_PARAM_SPEC_ENUM(spec)->enum_class, *choice);

			if (!found)
				continue;
			g_value_set_enum(value, found->value);
			return TRUE;
		}
		if (gst_value_deserialize(value, *choice))
			return TRUE;
	}
	return FALSE;
}

static gboolean is_equal(GParamSpec *spec, const GValue *a, const GValue *b)
{
	if (G_VALUE_TYPE(a) == GST_TYPE_STRUCTURE)
		return g_value_get_boxed(b) &&
		       gst_structure_is_equal(g_value_get_boxed(a), g_value_get_boxed(b));
	return g_param_values_cmp(spec, a, b) == 0;
}

static gboolean refuse(GObject *element, const char *property, const char *value,
		       enum encoder_need need, const char *what, GError **error)
{
	if (need == WISH) {
		g_debug("%s: %s=%s %s", G_OBJECT_TYPE_NAME(element), property, value, what);
		return TRUE;
	}
	g_set_error(error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED, "its %s=%s %s", property, value,
		    what);
	return FALSE;
}

gboolean encoder_set_property(GObject *element, const char *property, const char *value,
			      enum encoder_need need, GError **error)
{
	GParamSpec *spec = g_object_class_find_property(G_OBJECT_GET_CLASS(element), property);
	g_auto(GValue) wanted = G_VALUE_INIT;
	g_auto(GValue) found = G_VALUE_INIT;

	if (!spec)
		return need == IF_THERE ||
		       refuse(element, property, value, need, "is not there", error);
	g_value_init(&wanted, G_PARAM_SPEC_VALUE_TYPE(spec));
	g_value_init(&found, G_PARAM_SPEC_VALUE_TYPE(spec));
	if (!parse_value(spec, value, &wanted))
		return refuse(element, property, value, need, "is not known to it", error);
	/* Out of range: the nearest. */
	if (g_param_value_validate(spec, &wanted) && need != WISH)
		return refuse(element, property, value, need, "is out of range", error);
	g_object_set_property(element, property, &wanted);
	g_object_get_property(element, property, &found);
	if (!is_equal(spec, &wanted, &found))
		return refuse(element, property, value, need, "was not taken", error);
	return TRUE;
}

/* @value as near as the range of @spec lets it. */
static guint64 clamp_to(GParamSpec *spec, guint64 value)
{
	if (G_IS_PARAM_SPEC_UINT(spec))
		return CLAMP(value, G_PARAM_SPEC_UINT(spec)->minimum,
			     G_PARAM_SPEC_UINT(spec)->maximum);
	if (G_IS_PARAM_SPEC_INT(spec))
		return CLAMP(value, (guint64)MAX(G_PARAM_SPEC_INT(spec)->minimum, 0),
			     (guint64)MAX(G_PARAM_SPEC_INT(spec)->maximum, 0));
	return value;
}

gboolean encoder_set_number(GObject *element, const char *property, guint64 value,
			    enum encoder_need need, GError **error)
{
	GParamSpec *spec = g_object_class_find_property(G_OBJECT_GET_CLASS(element), property);
	g_autofree char *text = g_strdup_printf("%" G_GUINT64_FORMAT,
						spec ? clamp_to(spec, value) : value);

	return encoder_set_property(element, property, text, need, error);
}

static guint64 scale(const struct encoder_scaled *scaled, guint bit_rate, guint burst_bit_rate)
{
	const guint64 rate = scaled->of_burst ? burst_bit_rate : bit_rate;

	return MAX(rate * scaled->ms / 1000 / scaled->unit, 1);
}

static gboolean set_controls(GObject *element, char *controls, GError **error)
{
	g_autofree char *text = controls;

	return encoder_set_property(element, "extra-controls", text, NEEDED, error);
}

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"

static char *make_controls(const struct encoder_row *row,
			   const struct video_encoder_settings *settings, guint key_interval)
{
	return g_strdup_printf(row->controls, settings->bit_rate, key_interval, key_interval);
}

static char *make_running_controls(const struct encoder_row *row, guint bit_rate)
{
	return g_strdup_printf(row->running_controls, bit_rate);
}

#pragma GCC diagnostic pop

static gboolean apply(const struct encoder_setting *settings, GObject *element, guint profile, GError **error)
{
	for (const struct encoder_setting *s = settings; s->property; s++) {
		if ((!s->profiles || s->profiles & profile) &&
		    !encoder_set_property(element, s->property, s->value, s->need, error))
			return FALSE;
	}
	return TRUE;
}

gboolean encoder_apply_row(const struct encoder_row *row, GObject *element,
			   const struct video_encoder_settings *settings, GError **error)
{
	guint profile = settings->high ? WFD_H264_PROFILE_CHP : WFD_H264_PROFILE_CBP;
	guint64 key_interval = (guint64)settings->key_interval_s * settings->fps;

	key_interval = CLAMP(key_interval, key_interval ? 1 : NEVER, NEVER);
	if (!apply(row->settings, element, profile, error) ||
	    (settings->on_gpu && row->gpu_settings && !apply(row->gpu_settings, element, profile, error)))
		return FALSE;
	if (row->slices && !encoder_set_number(element, row->slices, MAX(settings->slices, 1),
					       NEEDED, error))
		return FALSE;
	if (row->short_cuts &&
	    !encoder_set_property(element, row->short_cuts, settings->plain ? "false" : "true", NEEDED, error))
		return FALSE;
	if (row->key_interval &&
	    !encoder_set_number(element, row->key_interval, key_interval, NEEDED, error))
		return FALSE;
	for (const struct encoder_scaled *s = row->scaled; s->property; s++) {
		if (!encoder_set_number(element, s->property, scale(s, settings->bit_rate, settings->burst_bit_rate),
					s->need, error))
			return FALSE;
	}
	return !row->controls ||
	       set_controls(element, make_controls(row, settings, key_interval), error);
}

void encoder_apply_bit_rate(const struct encoder_row *row, GObject *element, guint bit_rate, guint burst_bit_rate)
{
	g_autoptr(GError) error = NULL;

	for (const struct encoder_scaled *s = row->scaled; s->property; s++) {
		if (s->while_playing)
			encoder_set_number(element, s->property, scale(s, bit_rate, burst_bit_rate), WISH, NULL);
	}
	if (row->running_controls &&
	    !set_controls(element, make_running_controls(row, bit_rate), &error))
		g_debug("%s", error->message);
}
