/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * mock-dtls.h - the display's end of DTLS, for tests
 *
 * A server of GnuTLS whose datagrams come and go as bytes; its certificate is made for it.
 */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

typedef struct mock_dtls mock_dtls;

/* @priority: of GnuTLS; NULL: "NORMAL" */
mock_dtls *mock_dtls_new(const char *priority);
void mock_dtls_free(mock_dtls *dtls);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(mock_dtls, mock_dtls_free)
/* A datagram of the client's; (element-type GBytes) (transfer full): the answers. */
GPtrArray *mock_dtls_shake(mock_dtls *dtls, GBytes *datagram);
gboolean mock_dtls_is_ready(mock_dtls *dtls);
GBytes *mock_dtls_seal(mock_dtls *dtls, const void *data, gsize len);
/* NULL: it is no record of this session, or one that was there before. */
GBytes *mock_dtls_open(mock_dtls *dtls, const void *data, gsize len);

G_END_DECLS
