/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * wfd-params.h - bodies of GET_PARAMETER and SET_PARAMETER (WFD v2.1, 6.1)
 *
 * A body is a list of lines, "name: value" or a bare "name", each ended by
 * CRLF; the last CRLF counts in Content-Length.  Reading is liberal: LF alone,
 * a missing last line end, white space around name and value, upper or lower
 * case names and any order are accepted, and names that are not known are
 * kept.  Writing is strict: exactly "name: value\r\n".
 *
 * Single values have their parsers in wfd-values.h; what a sink answered to M3
 * as a whole is struct wfd_sink_caps in wfd-caps.h.
 */
#pragma once

#include <glib.h>

#include "wfd-error.h"

G_BEGIN_DECLS

/*
 * Limits of a body.  The largest legal content is a wfd_display_edid of 256
 * blocks, 256 hex digits each, plus everything else a sink can say.
 */
#define WFD_PARAMS_MAX_BODY (128 * 1024)
#define WFD_PARAMS_MAX_LINES 256
#define WFD_PARAMS_MAX_NAME 64

/* An ordered list of parameters; opaque, owned by whoever made it. */
typedef struct wfd_params wfd_params;

/**
 * struct wfd_param - one line of a body
 * @name: as written, white space removed
 * @value: as written, white space at both ends removed; NULL for a bare name
 *	(wfd_idr_request, wfd_standby, every line of an M3 request), "" for
 *	"name:" without a value
 */
struct wfd_param {
	const char *name;
	const char *value;
};

wfd_params *wfd_params_new(void);
void wfd_params_free(wfd_params *params);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(wfd_params, wfd_params_free)

/**
 * wfd_params_parse - read a body
 * @body: bytes, not zero terminated; may be NULL if @len is 0
 *
 * An empty body is an empty list.  Fails for a body with a NUL or another
 * control character, for a line without a name, and beyond the limits above.
 */
wfd_params *wfd_params_parse(const void *body, gsize len, GError **error);

/* Number of lines, and line @i of them (borrowed, valid until @params changes). */
guint wfd_params_n(const wfd_params *params);
struct wfd_param wfd_params_at(const wfd_params *params, guint i);

/* Is there a line of that name, with or without a value? */
gboolean wfd_params_has(const wfd_params *params, const char *name);

/**
 * wfd_params_get - value of a parameter
 *
 * Names compare without regard to case.  When a name is there more than once
 * the first line counts; the others stay visible through wfd_params_at().
 *
 * Returns: the value (borrowed), "" for a bare name, NULL if it is not there.
 */
const char *wfd_params_get(const wfd_params *params, const char *name);

/* Append a line; @value NULL makes a bare name. The strings are copied. */
void wfd_params_add(wfd_params *params, const char *name, const char *value);
void wfd_params_addf(wfd_params *params, const char *name, const char *format, ...) G_GNUC_PRINTF(3, 4);

/**
 * wfd_params_format - write a body
 * @len: (out) (optional): its length = Content-Length
 *
 * Returns: a zero terminated string; caller frees.
 */
char *wfd_params_format(const wfd_params *params, gsize *len);

#define WFD_PARAM_ERROR_MAX_CODES 16

/**
 * struct wfd_param_error - one line of the body of "303 See Other" (6.2)
 * @name: parameter that was refused
 * @n_codes, @codes: reason codes, see wfd_reason_text()
 */
struct wfd_param_error {
	char *name;
	guint n_codes;
	guint16 codes[WFD_PARAM_ERROR_MAX_CODES];
};

/**
 * wfd_param_errors_parse - read a 303 body, "name: code, code" per line
 *
 * A line whose value is not a list of numbers gets the single code 465
 * (unknown), because the name alone is worth telling the user.
 *
 * Returns: (element-type struct wfd_param_error): array, free with
 * g_array_unref(), or NULL if the body as a whole cannot be read.
 */
GArray *wfd_param_errors_parse(const void *body, gsize len, GError **error);

/* "wfd_video_formats: H.264 profile or level not supported (457)"; several joined by "; ". */
char *wfd_param_errors_to_string(const GArray *errors);

G_END_DECLS
