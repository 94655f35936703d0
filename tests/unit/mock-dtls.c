// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * A DTLS server over bytes: see mock-dtls.h.
 */
#include "mock-dtls.h"

#include <errno.h>
#include <string.h>

#include <gnutls/dtls.h>
#include <gnutls/gnutls.h>
#include <gnutls/x509.h>

struct mock_dtls {
	gnutls_session_t session;
	gnutls_certificate_credentials_t credentials;
	GQueue in;
	GPtrArray *out;
	gboolean ready;
};

#define OK(call) g_assert_cmpint(call, ==, GNUTLS_E_SUCCESS)

static void use_certificate(mock_dtls *dtls)
{
	gnutls_x509_privkey_t key;
	gnutls_x509_crt_t certificate;
	time_t now = time(NULL);

	OK(gnutls_x509_privkey_init(&key));
	OK(gnutls_x509_privkey_generate(key, GNUTLS_PK_ECDSA, GNUTLS_CURVE_TO_BITS(GNUTLS_ECC_CURVE_SECP256R1), 0));
	OK(gnutls_x509_crt_init(&certificate));
	OK(gnutls_x509_crt_set_version(certificate, 3));
	OK(gnutls_x509_crt_set_serial(certificate, "\1", 1));
	OK(gnutls_x509_crt_set_dn(certificate, "CN=TV", NULL));
	OK(gnutls_x509_crt_set_activation_time(certificate, now));
	OK(gnutls_x509_crt_set_expiration_time(certificate, now + 3600));
	OK(gnutls_x509_crt_set_key(certificate, key));
	OK(gnutls_x509_crt_sign2(certificate, certificate, key, GNUTLS_DIG_SHA256, 0));
	OK(gnutls_certificate_allocate_credentials(&dtls->credentials));
	OK(gnutls_certificate_set_x509_key(dtls->credentials, &certificate, 1, key));
	gnutls_x509_crt_deinit(certificate);
	gnutls_x509_privkey_deinit(key);
}

static ssize_t push(gnutls_transport_ptr_t user_data, const void *data, size_t len)
{
	mock_dtls *dtls = user_data;

	g_ptr_array_add(dtls->out, g_bytes_new(data, len));
	return (ssize_t)len;
}

static ssize_t pull(gnutls_transport_ptr_t user_data, void *data, size_t size)
{
	mock_dtls *dtls = user_data;
	g_autoptr(GBytes) datagram = g_queue_pop_head(&dtls->in);
	gsize len;

	if (!datagram) {
		gnutls_transport_set_errno(dtls->session, EAGAIN);
		return -1;
	}
	len = MIN(size, g_bytes_get_size(datagram));
	memcpy(data, g_bytes_get_data(datagram, NULL), len);
	return (ssize_t)len;
}

static int pull_timeout(gnutls_transport_ptr_t user_data, unsigned int ms)
{
	mock_dtls *dtls = user_data;

	return !g_queue_is_empty(&dtls->in);
}

mock_dtls *mock_dtls_new(const char *priority)
{
	mock_dtls *dtls = g_new0(mock_dtls, 1);

	dtls->out = g_ptr_array_new_with_free_func((GDestroyNotify)g_bytes_unref);
	use_certificate(dtls);
	OK(gnutls_init(&dtls->session, GNUTLS_SERVER | GNUTLS_DATAGRAM | GNUTLS_NONBLOCK));
	OK(gnutls_priority_set_direct(dtls->session, priority ? priority : "NORMAL", NULL));
	OK(gnutls_credentials_set(dtls->session, GNUTLS_CRD_CERTIFICATE, dtls->credentials));
	gnutls_dtls_set_mtu(dtls->session, 1400);
	gnutls_dtls_set_timeouts(dtls->session, 3600 * 1000, 3600 * 1000);
	gnutls_transport_set_ptr(dtls->session, dtls);
	gnutls_transport_set_push_function(dtls->session, push);
	gnutls_transport_set_pull_function(dtls->session, pull);
	gnutls_transport_set_pull_timeout_function(dtls->session, pull_timeout);
	return dtls;
}

void mock_dtls_free(mock_dtls *dtls)
{
	if (!dtls)
		return;
	gnutls_deinit(dtls->session);
	gnutls_certificate_free_credentials(dtls->credentials);
	g_queue_clear_full(&dtls->in, (GDestroyNotify)g_bytes_unref);
	g_ptr_array_unref(dtls->out);
	g_free(dtls);
}

static GPtrArray *take_out(mock_dtls *dtls)
{
	GPtrArray *out = g_steal_pointer(&dtls->out);

	dtls->out = g_ptr_array_new_with_free_func((GDestroyNotify)g_bytes_unref);
	return out;
}

GPtrArray *mock_dtls_shake(mock_dtls *dtls, GBytes *datagram)
{
	int code;

	g_queue_push_tail(&dtls->in, g_bytes_ref(datagram));
	code = gnutls_handshake(dtls->session);
	if (code < 0 && gnutls_error_is_fatal(code))
		gnutls_alert_send_appropriate(dtls->session, code);
	dtls->ready = code == GNUTLS_E_SUCCESS;
	return take_out(dtls);
}

gboolean mock_dtls_is_ready(mock_dtls *dtls)
{
	return dtls->ready;
}

GBytes *mock_dtls_seal(mock_dtls *dtls, const void *data, gsize len)
{
	g_autoptr(GPtrArray) out = NULL;

	g_assert_cmpint(gnutls_record_send(dtls->session, data, len), ==, len);
	out = take_out(dtls);
	g_assert_cmpuint(out->len, ==, 1);
	return g_bytes_ref(out->pdata[0]);
}

GBytes *mock_dtls_open(mock_dtls *dtls, const void *data, gsize len)
{
	guint8 plain[16384];
	ssize_t n;

	g_queue_push_tail(&dtls->in, g_bytes_new(data, len));
	n = gnutls_record_recv(dtls->session, plain, sizeof(plain));
	return n > 0 ? g_bytes_new(plain, (gsize)n) : NULL;
}
