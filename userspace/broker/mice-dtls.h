/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * mice-dtls.h - DTLS 1.2 with a display, over its control channel ([MS-MICE] 3.2.5.4)
 *
 * We are the client.  There is no socket: what GnuTLS wants to send comes out as tokens,
 * one for each datagram, and the tokens of the display are put in; whoever owns this
 * carries them, and has the time limits.
 *
 *	shaking --> ready			seal(), open()
 *	   |          |
 *	   +-> failed <+			everything fails; only to be freed
 *
 * The certificate of the display is one that it made itself, which nobody vouches for,
 * and is not looked at: against somebody who only listens that is enough, and who the
 * display is may be shown by a PIN.
 *
 * Only AES-GCM is offered.  The stream is encrypted with the same key by another process
 * (rtp-seal.h of the user-mode driver), and with GCM two records of one number would give
 * the key away.  Numbers of records are therefore parted:
 *
 *	from 0			ours, before the stream: less than MICE_DTLS_MAX_RECORDS
 *	MICE_DTLS_MEDIA_FIRST	the stream's
 *	MICE_DTLS_LAST		ours, behind the stream's, which a display would take for
 *				repetitions if they were lower
 *
 * A record of the display is taken once, and only behind those that were taken.
 *
 * Nothing waits.  Errors are of the domain REASON_ERROR, with REASON_ENCRYPTION_FAILED.
 */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

#define MICE_DTLS_MAX_RECORDS 1024
#define MICE_DTLS_MEDIA_FIRST (G_GUINT64_CONSTANT(1) << 32)
#define MICE_DTLS_LAST (G_GUINT64_CONSTANT(1) << 47)
/* What the display sends at once, and we have not looked at. */
#define MICE_DTLS_MAX_WAITING 32

typedef struct mice_dtls mice_dtls;

/**
 * struct mice_dtls_keys - to make records of the type "application data" with
 * @key, @key_len: of AES-128-GCM or AES-256-GCM
 * @salt: the part of the nonce that is the same in all records
 */
struct mice_dtls_keys {
	guint8 key[32];
	gsize key_len;
	guint8 salt[4];
};

/* NULL: GnuTLS refuses, and says why. */
mice_dtls *mice_dtls_new(GError **error);
void mice_dtls_free(mice_dtls *dtls);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(mice_dtls, mice_dtls_free)

/**
 * mice_dtls_shake - as far as the handshake goes with what was put in
 * @token: of the display, or NULL at the beginning
 * @tokens: (element-type GBytes): what has to be sent is added
 *
 * FALSE: it has failed; there may be @tokens all the same, which tell the display.
 */
gboolean mice_dtls_shake(mice_dtls *dtls, GBytes *token, GPtrArray *tokens, GError **error);
gboolean mice_dtls_is_ready(mice_dtls *dtls);
/* "(DTLS1.2)-(ECDHE-...)-(AES-256-GCM)", for the log. Free it. */
char *mice_dtls_describe(mice_dtls *dtls);

/* One record around @data. */
GBytes *mice_dtls_seal(mice_dtls *dtls, const guint8 *data, gsize len, GError **error);
/* What is in all the records of @data; an alert fails. */
GBytes *mice_dtls_open(mice_dtls *dtls, const guint8 *data, gsize len, GError **error);

/* The stream begins, once: records that are sealed from now on are behind its. */
gboolean mice_dtls_give_keys(mice_dtls *dtls, struct mice_dtls_keys *keys, GError **error);

G_END_DECLS
