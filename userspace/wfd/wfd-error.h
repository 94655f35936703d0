/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * wfd-error.h - how the protocol library fails, and the reason codes of WFD
 *
 * Every function of this library that can fail returns FALSE or NULL and sets
 * a GError of the domain WFD_ERROR.  The message names the parameter, what was
 * wrong with it and, where that helps, what was expected.  No function of the
 * library does I/O, logs, aborts on input, or keeps state between calls; all
 * are safe to call from any thread on different objects.
 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

#define WFD_ERROR (wfd_error_quark())

/**
 * enum wfd_error - what went wrong
 * @WFD_ERROR_SYNTAX: the text or bytes do not follow the grammar
 * @WFD_ERROR_TRUNCATED: a length says more than there is
 * @WFD_ERROR_TOO_BIG: larger than any correct peer sends (see the limits that
 *	are declared beside each parser)
 * @WFD_ERROR_RANGE: well formed, but a value that is not allowed there
 * @WFD_ERROR_MISSING: something mandatory is not there
 * @WFD_ERROR_NO_MATCH: both sides are correct and have nothing in common
 */
enum wfd_error {
	WFD_ERROR_SYNTAX,
	WFD_ERROR_TRUNCATED,
	WFD_ERROR_TOO_BIG,
	WFD_ERROR_RANGE,
	WFD_ERROR_MISSING,
	WFD_ERROR_NO_MATCH,
};

GQuark wfd_error_quark(void);

/*
 * RTSP reason codes that a peer puts in the body of "303 See Other"
 * (WFD v2.1, 6.2, Table 96).
 */
#define WFD_REASONS(R) \
	R(400, SYNTAX, "syntax error in the parameter") \
	R(401, RTP_PORT, "RTP port not acceptable") \
	R(404, NOT_ADVERTISED, "parameter not known or not advertised") \
	R(415, FORMAT, "audio or video format not supported") \
	R(451, NOT_UNDERSTOOD, "parameter not understood") \
	R(453, BANDWIDTH, "not enough bandwidth") \
	R(457, PROFILE_LEVEL, "H.264 profile or level not supported") \
	R(458, NOT_ALLOWED, "operation not allowed") \
	R(465, UNKNOWN, "unknown error") \
	R(552, RESOLUTION_CHANGE, "resolution change refused") \
	R(553, RATE_CHANGE, "frame rate change refused")

enum wfd_reason {
#define R(code, id, text) WFD_REASON_##id = code,
	WFD_REASONS(R)
#undef R
};

/**
 * wfd_reason_text - a reason code in words
 * @code: number from a 303 body
 *
 * Returns: a static string; "unassigned reason code" for a number that
 * Table 96 does not have.
 */
const char *wfd_reason_text(guint code);

G_END_DECLS
