// SPDX-License-Identifier: LGPL-2.1-or-later
/* What a sink may send on the RTSP connection. */
#include "fuzz.h"
#include "rtsp-connection.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	while (size) {
		g_autoptr(GError) error = NULL;
		g_autoptr(GString) text = NULL;
		GstRTSPMessage message = { 0 };
		gsize used = 0;
		enum rtsp_parse_result result = rtsp_parse(data, size, &used, &message, &error);

		g_assert_true((result == RTSP_PARSE_ERROR) == (error != NULL));
		if (result != RTSP_PARSE_DONE)
			break;
		g_assert_cmpuint(used, >, 0);
		g_assert_cmpuint(used, <=, size);
		text = rtsp_format(&message, 0);
		g_assert_nonnull(text);
		gst_rtsp_message_unset(&message);
		data += used;
		size -= used;
	}
	return 0;
}
