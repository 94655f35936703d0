// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * DTLS over a control channel: see mice-dtls.h.
 */
#include "mice-dtls.h"

#include <errno.h>
#include <string.h>

#include <gnutls/dtls.h>
#include <gnutls/gnutls.h>

#include "mice-message.h"
#include "reason.h"

/* RSA and ECDSA certificates; what every display that has DTLS 1.2 can do. */
#define PRIORITY \
	"NONE:+VERS-DTLS1.2:+ECDHE-RSA:+ECDHE-ECDSA:+AES-256-GCM:+AES-128-GCM:+AEAD:+SIGN-ALL:" \
	"+GROUP-ALL:+CTYPE-X509:+COMP-NULL:%SERVER_PRECEDENCE"
/* One token is one message, and messages are small. */
#define MTU 1400
/* Nothing gets lost on the way: nothing is sent again. The owner has the limits. */
#define NEVER_MS (24 * 60 * 60 * 1000u)

struct mice_dtls {
	gnutls_session_t session;
	gnutls_certificate_credentials_t credentials;
	GQueue in; /* GBytes: datagrams */
	GPtrArray *out; /* GBytes: datagrams */
	gboolean ready;
	gboolean failed;
	gboolean given; /* the keys of the stream; a second time would use numbers twice */
	guint sealed;
	guint64 opened; /* number of the last record that was; with the epoch in front */
};

static gboolean fail(mice_dtls *dtls, int code, const char *what, GError **error)
{
	int alert = code == GNUTLS_E_FATAL_ALERT_RECEIVED ? gnutls_alert_get(dtls->session) : 0;
	const char *said = alert ? gnutls_alert_get_name(alert) : NULL;

	dtls->failed = TRUE;
	g_set_error(error, REASON_ERROR, REASON_ENCRYPTION_FAILED, "%s: %s%s%s%s", what,
		    gnutls_strerror(code), said ? " (" : "", said ? said : "", said ? ")" : "");
	return FALSE;
}

/* ---- datagrams ------------------------------------------------------------------ */

static ssize_t push(gnutls_transport_ptr_t user_data, const void *data, size_t len)
{
	mice_dtls *dtls = user_data;

	g_ptr_array_add(dtls->out, g_bytes_new(data, len));
	return (ssize_t)len;
}

static ssize_t pull(gnutls_transport_ptr_t user_data, void *data, size_t size)
{
	mice_dtls *dtls = user_data;
	g_autoptr(GBytes) datagram = g_queue_pop_head(&dtls->in);
	gsize len;

	if (!datagram) {
		gnutls_transport_set_errno(dtls->session, EAGAIN);
		return -1;
	}
	/* As a socket does it: what has no room is cut off, and then not accepted. */
	len = MIN(size, g_bytes_get_size(datagram));
	if (len)
		memcpy(data, g_bytes_get_data(datagram, NULL), len);
	return (ssize_t)len;
}

static int pull_timeout(gnutls_transport_ptr_t user_data, unsigned int ms)
{
	mice_dtls *dtls = user_data;

	return g_queue_is_empty(&dtls->in) ? 0 : 1;
}

static gboolean put_in(mice_dtls *dtls, GBytes *datagram, GError **error)
{
	if (g_queue_get_length(&dtls->in) >= MICE_DTLS_MAX_WAITING)
		return fail(dtls, GNUTLS_E_RECORD_OVERFLOW, "the display sends too much at once", error);
	g_queue_push_tail(&dtls->in, g_bytes_ref(datagram));
	return TRUE;
}

/* What was to be sent, without it being kept. */
static void take_out(mice_dtls *dtls, GPtrArray *tokens)
{
	g_ptr_array_extend_and_steal(tokens, g_steal_pointer(&dtls->out));
	dtls->out = g_ptr_array_new_with_free_func((GDestroyNotify)g_bytes_unref);
}

/* ---- handshake -------------------------------------------------------------------- */

gboolean mice_dtls_shake(mice_dtls *dtls, GBytes *token, GPtrArray *tokens, GError **error)
{
	int code;

	if (dtls->failed || dtls->ready)
		return fail(dtls, GNUTLS_E_UNEXPECTED_HANDSHAKE_PACKET, "there is no handshake", error);
	if (token && !put_in(dtls, token, error))
		return FALSE;
	do
		code = gnutls_handshake(dtls->session);
	while (code == GNUTLS_E_INTERRUPTED ||
	       (code < 0 && !gnutls_error_is_fatal(code) && !g_queue_is_empty(&dtls->in)));
	if (code < 0 && gnutls_error_is_fatal(code)) {
		gnutls_alert_send_appropriate(dtls->session, code);
		take_out(dtls, tokens);
		return fail(dtls, code, "the display and we agree on no encryption", error);
	}
	take_out(dtls, tokens);
	dtls->ready = code == GNUTLS_E_SUCCESS;
	return TRUE;
}

gboolean mice_dtls_is_ready(mice_dtls *dtls)
{
	return dtls->ready && !dtls->failed;
}

char *mice_dtls_describe(mice_dtls *dtls)
{
	char *text = gnutls_session_get_desc(dtls->session);
	char *copy = g_strdup(text ? text : "");

	gnutls_free(text);
	return copy;
}

/* ---- records ---------------------------------------------------------------------- */

/*
 * The next record.  One that was there before is refused here: GnuTLS forgets which there were when the number of ours
 * is set.  On a control channel they come in their order.
 */
static ssize_t receive(mice_dtls *dtls, guint8 *record, gsize size)
{
	guint64 number = 0;
	ssize_t got = gnutls_record_recv_seq(dtls->session, record, size, (guint8 *)&number);

	if (got <= 0)
		return got;
	number = GUINT64_FROM_BE(number);
	if (number <= dtls->opened)
		return GNUTLS_E_DECRYPTION_FAILED;
	dtls->opened = number;
	return got;
}

GBytes *mice_dtls_seal(mice_dtls *dtls, const guint8 *data, gsize len, GError **error)
{
	g_autoptr(GPtrArray) records = g_ptr_array_new_with_free_func((GDestroyNotify)g_bytes_unref);
	ssize_t sent;

	if (!mice_dtls_is_ready(dtls) || dtls->sealed >= MICE_DTLS_MAX_RECORDS) {
		fail(dtls, GNUTLS_E_INVALID_SESSION, "nothing can be encrypted", error);
		return NULL;
	}
	dtls->sealed++;
	sent = gnutls_record_send(dtls->session, data, len);
	take_out(dtls, records);
	if (sent == (ssize_t)len && records->len == 1)
		return g_bytes_ref(records->pdata[0]);
	fail(dtls, sent < 0 ? (int)sent : GNUTLS_E_LARGE_PACKET, "a message cannot be encrypted", error);
	return NULL;
}

GBytes *mice_dtls_open(mice_dtls *dtls, const guint8 *data, gsize len, GError **error)
{
	g_autoptr(GBytes) datagram = g_bytes_new(data, len);
	GByteArray *plain = g_byte_array_new();
	guint8 record[MICE_MESSAGE_MAX];
	ssize_t got = GNUTLS_E_INVALID_SESSION;

	if (mice_dtls_is_ready(dtls) && put_in(dtls, datagram, NULL)) {
		while ((got = receive(dtls, record, sizeof(record))) > 0 &&
		       plain->len + (gsize)got <= MICE_MESSAGE_MAX)
			g_byte_array_append(plain, record, (guint)got);
		/* A record that cannot be read is passed over by DTLS; here it is a message. */
		if (got == GNUTLS_E_AGAIN && plain->len)
			return g_byte_array_free_to_bytes(plain);
		if (got == GNUTLS_E_AGAIN || got >= 0)
			got = GNUTLS_E_DECRYPTION_FAILED;
	}
	g_byte_array_unref(plain);
	fail(dtls, (int)got, "the display sends what cannot be decrypted", error);
	return NULL;
}

gboolean mice_dtls_give_keys(mice_dtls *dtls, struct mice_dtls_keys *keys, GError **error)
{
	gnutls_datum_t salt, key;
	guint8 next[8];
	int code = mice_dtls_is_ready(dtls) && !dtls->given ?
			   gnutls_record_get_state(dtls->session, 0, NULL, &salt, &key, next) :
			   GNUTLS_E_INVALID_SESSION;

	if (code == GNUTLS_E_SUCCESS && (salt.size < sizeof(keys->salt) || (key.size != 16 && key.size != 32)))
		code = GNUTLS_E_INTERNAL_ERROR;
	if (code == GNUTLS_E_SUCCESS) {
		guint64 last = GUINT64_TO_BE(MICE_DTLS_LAST | G_GUINT64_CONSTANT(1) << 48);

		dtls->given = TRUE;
		memcpy(keys->salt, salt.data, sizeof(keys->salt));
		memcpy(keys->key, key.data, key.size);
		keys->key_len = key.size;
		/* The epoch, 1, is in front of the number. */
		code = gnutls_record_set_state(dtls->session, 0, (const guint8 *)&last);
	}
	return code == GNUTLS_E_SUCCESS || fail(dtls, code, "there are no keys for the stream", error);
}

/* ---- life ------------------------------------------------------------------------- */

mice_dtls *mice_dtls_new(GError **error)
{
	g_autoptr(mice_dtls) dtls = g_new0(mice_dtls, 1);
	int code;

	dtls->out = g_ptr_array_new_with_free_func((GDestroyNotify)g_bytes_unref);
	code = gnutls_certificate_allocate_credentials(&dtls->credentials);
	if (code == GNUTLS_E_SUCCESS)
		code = gnutls_init(&dtls->session, GNUTLS_CLIENT | GNUTLS_DATAGRAM | GNUTLS_NONBLOCK);
	if (code == GNUTLS_E_SUCCESS)
		code = gnutls_priority_set_direct(dtls->session, PRIORITY, NULL);
	if (code == GNUTLS_E_SUCCESS)
		code = gnutls_credentials_set(dtls->session, GNUTLS_CRD_CERTIFICATE, dtls->credentials);
	if (code != GNUTLS_E_SUCCESS) {
		fail(dtls, code, "GnuTLS cannot be used", error);
		return NULL;
	}
	gnutls_dtls_set_mtu(dtls->session, MTU);
	gnutls_dtls_set_timeouts(dtls->session, NEVER_MS, NEVER_MS);
	gnutls_transport_set_ptr(dtls->session, dtls);
	gnutls_transport_set_push_function(dtls->session, push);
	gnutls_transport_set_pull_function(dtls->session, pull);
	gnutls_transport_set_pull_timeout_function(dtls->session, pull_timeout);
	return g_steal_pointer(&dtls);
}

void mice_dtls_free(mice_dtls *dtls)
{
	if (!dtls)
		return;
	if (dtls->session)
		gnutls_deinit(dtls->session);
	if (dtls->credentials)
		gnutls_certificate_free_credentials(dtls->credentials);
	g_queue_clear_full(&dtls->in, (GDestroyNotify)g_bytes_unref);
	g_ptr_array_unref(dtls->out);
	g_free(dtls);
}
