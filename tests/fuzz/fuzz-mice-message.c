/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a sink sends on the control channel: what is taken can be said again, and means the same. */
#include <string.h>

#include "fuzz.h"
#include "mice-message.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct mice_message message, again;
	g_autoptr(GBytes) built = NULL;
	const guint8 *bytes;
	gsize len, says;

	if (mice_message_size(data, size, &says, NULL) && says) {
		g_assert_cmpuint(says, >=, MICE_HEADER_SIZE);
		g_assert_cmpuint(says, <=, MICE_MESSAGE_MAX);
	}
	if (!mice_message_parse(data, size, &message, NULL))
		return 0;
	g_assert_true(!message.name || g_utf8_validate(message.name, -1, NULL));
	/* Only what a source says can be built whole. */
	if (message.command <= MICE_STOP_PROJECTION) {
		built = mice_message_build(&message);
		bytes = g_bytes_get_data(built, &len);
		g_assert_true(mice_message_parse(bytes, len, &again, NULL));
		g_assert_cmpint(again.command, ==, message.command);
		g_assert_cmpstr(again.name, ==, message.name);
		g_assert_cmpuint(again.rtsp_port, ==, message.rtsp_port);
		g_assert_cmpmem(again.source_id, sizeof(again.source_id), message.source_id,
				sizeof(message.source_id));
		mice_message_clear(&again);
	}
	mice_message_clear(&message);
	return 0;
}
