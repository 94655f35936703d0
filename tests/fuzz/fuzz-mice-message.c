/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a sink sends on the control channel: what is taken can be said again, and means the same. */
#include <string.h>

#include "fuzz.h"
#include "mice-message.h"

static void assert_equal(const struct mice_message *one, const struct mice_message *two)
{
	g_assert_cmpint(one->command, ==, two->command);
	g_assert_cmpstr(one->name, ==, two->name);
	g_assert_cmpuint(one->rtsp_port, ==, two->rtsp_port);
	g_assert_cmpint(one->has_source_id, ==, two->has_source_id);
	g_assert_cmpmem(one->source_id, sizeof(one->source_id), two->source_id, sizeof(two->source_id));
	g_assert_true(one->token == two->token || g_bytes_equal(one->token, two->token));
	g_assert_cmpuint(one->options, ==, two->options);
	g_assert_cmpint(one->has_hash, ==, two->has_hash);
	g_assert_cmpmem(one->hash, sizeof(one->hash), two->hash, sizeof(two->hash));
	g_assert_cmpint(one->has_result, ==, two->has_result);
	g_assert_cmpuint(one->result, ==, two->result);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct mice_message message, again;
	enum mice_command command;
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
	g_assert_true(mice_message_open(data, size, &command, &bytes, &len, NULL));
	g_assert_true(mice_message_parse_values(command, bytes, len, &again, NULL));
	assert_equal(&message, &again);
	mice_message_clear(&again);
	/* Options that say nothing are not said. */
	if (message.command != MICE_SESSION_REQUEST || message.options) {
		built = mice_message_build(&message);
		bytes = g_bytes_get_data(built, &len);
		g_assert_true(mice_message_parse(bytes, len, &again, NULL));
		assert_equal(&message, &again);
		mice_message_clear(&again);
	}
	mice_message_clear(&message);
	return 0;
}
