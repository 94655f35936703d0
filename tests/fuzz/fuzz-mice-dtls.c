/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What a display sends as DTLS: whatever comes, in whatever order, only what it has encrypted comes out, and after a
 * failure nothing does.
 *
 * The display is a real one (mock-dtls.h), or its first message would be all that ever matters.  The input is steps:
 * what becomes of its next datagram, or bytes in place of it.
 */
#include <string.h>

#include "fuzz.h"
#include "mice-dtls.h"
#include "mice-message.h"
#include "mock-dtls.h"
#include "steps.h"

enum step {
	STEP_PASS,
	STEP_FLIP, /* two bytes: where; one: with what */
	STEP_CUT, /* two bytes: after how many */
	STEP_AGAIN, /* what came last */
	STEP_BYTES, /* two bytes: how many; those */
	STEP_JOIN, /* the next two are one */
	STEP_SEAL, /* we say something */
	STEP_KEYS, /* the stream begins */
	N_STEPS,
};

struct talk {
	mice_dtls *ours;
	mock_dtls *display;
	GQueue datagrams; /* GBytes: of the display's handshake, on their way */
	GBytes *last;
	GByteArray *plain; /* what is in the record under way */
	gboolean failed;
	gboolean streams;
	guint said;
};

/* Our answers go to the display, which shakes hands as one does. */
static void to_display(struct talk *talk, GPtrArray *tokens)
{
	for (guint i = 0; i < tokens->len; i++) {
		g_autoptr(GPtrArray) answers = NULL;

		if (mock_dtls_is_ready(talk->display))
			return;
		answers = mock_dtls_shake(talk->display, tokens->pdata[i]);
		for (guint j = 0; j < answers->len; j++)
			g_queue_push_tail(&talk->datagrams, g_bytes_ref(answers->pdata[j]));
	}
}

static void shake(struct talk *talk, GBytes *datagram)
{
	g_autoptr(GPtrArray) tokens = g_ptr_array_new_with_free_func((GDestroyNotify)g_bytes_unref);
	g_autoptr(GError) error = NULL;

	talk->failed = !mice_dtls_shake(talk->ours, datagram, tokens, &error);
	g_assert_true(talk->failed == (error != NULL));
	g_assert_false(talk->failed && mice_dtls_is_ready(talk->ours));
	for (guint i = 0; i < tokens->len; i++)
		g_assert_cmpuint(g_bytes_get_size(tokens->pdata[i]), <=, MICE_MESSAGE_MAX);
	to_display(talk, tokens);
	if (mice_dtls_is_ready(talk->ours)) {
		g_autofree char *description = mice_dtls_describe(talk->ours);

		g_assert_nonnull(strstr(description, "GCM"));
		g_assert_true(mock_dtls_is_ready(talk->display));
		g_queue_clear_full(&talk->datagrams, (GDestroyNotify)g_bytes_unref);
	}
}

/* @genuine: the display has said it, and not before: it has to be understood; else it must not be. */
static void hear(struct talk *talk, GBytes *data, gboolean genuine)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(GBytes) heard = mice_dtls_open(talk->ours, g_bytes_get_data(data, NULL), g_bytes_get_size(data), &error);

	talk->failed = heard == NULL;
	g_assert_true(talk->failed == (error != NULL));
	g_assert_true(genuine == (heard != NULL));
	g_assert_true(talk->failed != mice_dtls_is_ready(talk->ours));
	if (heard)
		g_assert_cmpmem(g_bytes_get_data(heard, NULL), g_bytes_get_size(heard), talk->plain->data, talk->plain->len);
}

/* What the display says next. */
static GBytes *next(struct talk *talk)
{
	guint8 text[64];

	if (!mice_dtls_is_ready(talk->ours))
		return g_queue_pop_head(&talk->datagrams);
	memset(text, (int)++talk->said, sizeof(text));
	g_byte_array_append(talk->plain, text, 1 + talk->said % sizeof(text));
	return mock_dtls_seal(talk->display, text, 1 + talk->said % sizeof(text));
}

static GBytes *joined(GBytes *one, GBytes *two)
{
	GByteArray *both = g_byte_array_new();

	g_byte_array_append(both, g_bytes_get_data(one, NULL), (guint)g_bytes_get_size(one));
	g_byte_array_append(both, g_bytes_get_data(two, NULL), (guint)g_bytes_get_size(two));
	return g_byte_array_free_to_bytes(both);
}

/* The datagram of a step; NULL: the display has nothing to say. */
static GBytes *datagram_of(struct talk *talk, enum step step, struct steps *steps, gboolean *genuine)
{
	g_autoptr(GBytes) datagram = NULL;
	g_autoptr(GBytes) second = NULL;
	g_autofree guint8 *copy = NULL;
	gsize len, at;

	*genuine = FALSE;
	if (step == STEP_AGAIN)
		return talk->last ? g_bytes_ref(talk->last) : NULL;
	if (step == STEP_BYTES)
		return steps_bytes(steps);
	datagram = next(talk);
	if (!datagram)
		return NULL;
	len = g_bytes_get_size(datagram);
	switch (step) {
	case STEP_FLIP:
		copy = g_memdup2(g_bytes_get_data(datagram, NULL), len);
		at = steps_u16(steps) % len;
		copy[at] ^= steps_u8(steps);
		*genuine = memcmp(copy, g_bytes_get_data(datagram, NULL), len) == 0;
		return g_bytes_new_take(g_steal_pointer(&copy), len);
	case STEP_CUT:
		return g_bytes_new_from_bytes(datagram, 0, steps_u16(steps) % len);
	case STEP_JOIN:
		*genuine = TRUE;
		second = next(talk);
		return second ? joined(datagram, second) : g_bytes_ref(datagram);
	default:
		*genuine = TRUE;
		return g_bytes_ref(datagram);
	}
}

static void say(struct talk *talk)
{
	static const guint8 text[] = "we say this";
	g_autoptr(GError) error = NULL;
	g_autoptr(GBytes) record = mice_dtls_seal(talk->ours, text, sizeof(text), &error);
	g_autoptr(GBytes) heard = NULL;

	g_assert_true((record == NULL) == (error != NULL));
	if (!record) {
		talk->failed = TRUE;
		return;
	}
	heard = mock_dtls_open(talk->display, g_bytes_get_data(record, NULL), g_bytes_get_size(record));
	g_assert_nonnull(heard);
	g_assert_cmpmem(g_bytes_get_data(heard, NULL), g_bytes_get_size(heard), text, sizeof(text));
}

static void take_step(struct talk *talk, struct steps *steps)
{
	enum step step = steps_u8(steps) % N_STEPS;
	g_autoptr(GBytes) datagram = NULL;
	struct mice_dtls_keys keys;
	gboolean genuine;

	if (step == STEP_SEAL) {
		say(talk);
		return;
	}
	if (step == STEP_KEYS) {
		genuine = mice_dtls_is_ready(talk->ours) && !talk->streams;
		talk->failed = !mice_dtls_give_keys(talk->ours, &keys, NULL);
		talk->streams = !talk->failed;
		g_assert_true(talk->streams == genuine);
		return;
	}
	g_byte_array_set_size(talk->plain, 0);
	datagram = datagram_of(talk, step, steps, &genuine);
	if (!datagram)
		return;
	g_clear_pointer(&talk->last, g_bytes_unref);
	talk->last = g_bytes_ref(datagram);
	if (mice_dtls_is_ready(talk->ours))
		hear(talk, datagram, genuine);
	else
		shake(talk, datagram);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct steps steps = { data, size };
	struct talk talk = {
		.ours = mice_dtls_new(NULL),
		.display = mock_dtls_new(NULL),
		.plain = g_byte_array_new(),
	};

	shake(&talk, NULL);
	while (steps.left && !talk.failed)
		take_step(&talk, &steps);
	if (talk.failed) {
		g_assert_false(mice_dtls_is_ready(talk.ours));
		g_assert_null(mice_dtls_seal(talk.ours, data, MIN(size, 1), NULL));
		g_assert_null(mice_dtls_open(talk.ours, data, size, NULL));
	}
	g_queue_clear_full(&talk.datagrams, (GDestroyNotify)g_bytes_unref);
	g_clear_pointer(&talk.last, g_bytes_unref);
	g_byte_array_unref(talk.plain);
	mice_dtls_free(talk.ours);
	mock_dtls_free(talk.display);
	return 0;
}
