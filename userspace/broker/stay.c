// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Coming back: see stay.h.
 */
#include "stay.h"

#include "channel.h"

static gboolean is_asked_for(GVariant *options)
{
	const char *word = "no";

	g_variant_lookup(options, "stay", "&s", &word);
	return g_str_equal(word, "yes");
}

void stay_init(struct stay *stay, GVariant *options)
{
	*stay = (struct stay){ .wanted = is_asked_for(options) };
}

void stay_clear(struct stay *stay)
{
	g_clear_pointer(&stay->cause, reason_free);
}

gboolean stay_may_pass(const reason *why)
{
	static const enum reason_code ours[] = {
		REASON_SUSPENDED, REASON_NO_FREE_CONNECTOR, REASON_UMD_DIED, REASON_UMD_HUNG,
		REASON_ADDRESS_IN_USE, REASON_SINK_NEVER_DIALLED, REASON_LINK_UNAVAILABLE, REASON_LINK_BUSY,
		REASON_SINK_UNAVAILABLE, REASON_HOST_UNKNOWN, REASON_CONTROL_REFUSED, REASON_CONTROL_LOST,
		REASON_CONTROL_PROTOCOL, REASON_SINK_LEFT, REASON_SUPPLICANT_MISSING, REASON_SUPPLICANT_FAILED,
		REASON_NO_WIFI, REASON_NO_P2P_SUPPORT, REASON_SINK_NOT_IN_SIGHT, REASON_NOT_ACCEPTED,
		REASON_NO_COMMON_CHANNEL, REASON_WPS_FAILED, REASON_GROUP_FAILED, REASON_GROUP_ENDED,
		REASON_ADDRESS_FAILED,
	};
	static const enum channel_reason theirs[] = {
		CHANNEL_REASON_SINK_VANISHED, CHANNEL_REASON_RESPONSE_TIMEOUT, CHANNEL_REASON_REQUEST_TIMEOUT,
		CHANNEL_REASON_KEEPALIVE_LOST, CHANNEL_REASON_PROTOCOL_ERROR, CHANNEL_REASON_BANDWIDTH,
		CHANNEL_REASON_PIPELINE_FAILED, CHANNEL_REASON_LINK_LOST,
	};

	for (guint i = 0; i < G_N_ELEMENTS(ours); i++) {
		if (g_str_equal(why->name, reason_code_name(ours[i])))
			return TRUE;
	}
	for (guint i = 0; i < G_N_ELEMENTS(theirs); i++) {
		if (g_str_equal(why->name, channel_reason_name(theirs[i])))
			return TRUE;
	}
	return FALSE;
}

void stay_heed(struct stay *stay, const reason *why)
{
	if (g_str_equal(why->name, reason_code_name(REASON_DISCONNECTED)) ||
	    g_str_equal(why->name, reason_code_name(REASON_SHUTDOWN)))
		stay->wanted = FALSE;
}

void stay_streams(struct stay *stay, gint64 now_us)
{
	stay->streamed = TRUE;
	stay->streams_since_us = now_us;
}

static gint64 until(const struct stay *stay)
{
	return stay->lost_us + (gint64)STAY_SECONDS * G_USEC_PER_SEC;
}

static gint64 next_wait(const struct stay *stay)
{
	gint64 seconds = STAY_FIRST_SECONDS;

	for (guint i = 0; i < stay->tries && seconds < STAY_MOST_SECONDS; i++)
		seconds *= 2;
	return MIN(seconds, STAY_MOST_SECONDS) * G_USEC_PER_SEC;
}

/* What was lost before is over, or it is the same. */
static void note_loss(struct stay *stay, gint64 now_us)
{
	gboolean settled = stay->streams_since_us &&
			   now_us - stay->streams_since_us >= (gint64)STAY_SETTLED_SECONDS * G_USEC_PER_SEC;

	if (!stay->lost_us || settled) {
		stay->lost_us = now_us;
		stay->tries = 0;
	}
	stay->streams_since_us = 0;
}

/* What it was lost for is the session's reason, or said before. Nobody waits for what is gone for good. */
static gboolean give_up(struct stay *stay)
{
	stay->wanted = FALSE;
	stay->next_us = 0;
	g_clear_pointer(&stay->cause, reason_free);
	return FALSE;
}

gboolean stay_lose(struct stay *stay, reason *why, gint64 now_us)
{
	gboolean slept = g_str_equal(why->name, reason_code_name(REASON_SUSPENDED));
	g_autofree char *message = NULL;

	if (!stay->wanted || !stay_may_pass(why) || (!stay->streamed && !slept && !stay->tries))
		return give_up(stay);
	note_loss(stay, now_us);
	stay->next_us = stay->asleep ? 0 : now_us + next_wait(stay);
	if (stay->next_us > until(stay)) {
		message = g_strdup_printf("%s; it was tried again %u times within %d minutes", why->message,
					  stay->tries, STAY_SECONDS / 60);
		g_free(why->message);
		why->message = g_steal_pointer(&message);
		return give_up(stay);
	}
	reason_free(stay->cause);
	stay->cause = why;
	return TRUE;
}

gint64 stay_wait_ms(const struct stay *stay, gint64 now_us)
{
	return stay->asleep ? -1 : MAX(stay->next_us - now_us, 0) / 1000;
}

void stay_try(struct stay *stay)
{
	stay->tries++;
	stay->next_us = 0;
}

void stay_sleep(struct stay *stay)
{
	stay->asleep = TRUE;
	stay->next_us = 0;
}

void stay_wake(struct stay *stay, gint64 now_us)
{
	stay->asleep = FALSE;
	if (!stay->lost_us)
		return;
	stay->lost_us = now_us;
	stay->tries = 0;
	stay->next_us = now_us + next_wait(stay);
}

char *stay_describe(const struct stay *stay, gint64 now_us)
{
	if (stay->asleep)
		return g_strdup_printf("waiting to reconnect when the computer is awake again: %s",
				       stay->cause->message);
	return g_strdup_printf("waiting to reconnect, in %" G_GINT64_FORMAT " s: %s",
			       (stay_wait_ms(stay, now_us) + 500) / 1000, stay->cause->message);
}

GVariant *stay_to_variant(const struct stay *stay, GVariant *options)
{
	g_auto(GVariantDict) dict = G_VARIANT_DICT_INIT(NULL);

	if (!is_asked_for(options))
		return g_variant_dict_end(&dict);
	g_variant_dict_insert(&dict, "wanted", "b", stay->wanted);
	if (stay->wanted && stay->cause && !stay->streams_since_us) {
		g_variant_dict_insert(&dict, "cause", "s", stay->cause->name);
		g_variant_dict_insert(&dict, "message", "s", stay->cause->message);
		g_variant_dict_insert(&dict, "tries", "u", stay->tries);
		g_variant_dict_insert(&dict, "asleep", "b", stay->asleep);
		if (stay->next_us)
			g_variant_dict_insert(&dict, "next-try", "x", stay->next_us);
		if (!stay->asleep)
			g_variant_dict_insert(&dict, "until", "x", until(stay));
	}
	return g_variant_dict_end(&dict);
}
