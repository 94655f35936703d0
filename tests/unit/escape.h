/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * escape.h - ways out of a session process that somebody else has taken over
 *
 * A way is tried by one call, of which "open" means that it was answered otherwise than
 * with a lack of rights (escape.c).  Nothing here changes the system where it is let.
 */
#pragma once

/* As umd-process.h has them. */
enum { FD_RTSP = 4, FD_RTP = 6, FD_RTCP = 7 };

/* Returns 0 or more: it worked; else -1, and errno says why not. */
typedef long attempt_function(const char *argument);

struct attempt {
	const char *name; /* NULL: the last one */
	attempt_function *attempt;
	const char *argument;
};

/* escape-network.c */
extern const struct attempt network_attempts[];
