// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Who may do what: see authority.h.
 */
#define G_LOG_DOMAIN "miracastd"

#include "authority.h"

#include <unistd.h>

#include "reason.h"

#define POLKIT "org.freedesktop.PolicyKit1"
#define POLKIT_PATH "/org/freedesktop/PolicyKit1/Authority"
#define POLKIT_IFACE "org.freedesktop.PolicyKit1.Authority"
#define ALLOW_USER_INTERACTION 1u

static const struct {
	const char *id; /* of polkit's action */
	const char *what;
	gboolean of_group; /* members of group miracast need no polkit */
	enum reason_code refused;
} actions[] = {
	[AUTHORITY_CAST] = { "org.miracast.Miracast1.cast", "cast to displays", TRUE, REASON_NOT_ALLOWED },
	[AUTHORITY_CONFIGURE] = { "org.miracast.Miracast1.manage", "change what all users of this computer share", TRUE,
				  REASON_NOT_ALLOWED },
	[AUTHORITY_OTHERS] = { "org.miracast.Miracast1.manage", "see or change casts of other users", FALSE,
			       REASON_OTHERS_CAST },
};

/* polkit has been asked. @id: of the question, for taking it back */
struct question {
	GDBusConnection *bus;
	char *id;
	enum authority_action action;
	gboolean interactive;
	authority_decided *done;
	gpointer user_data;
};

static void question_free(struct question *q)
{
	g_object_unref(q->bus);
	g_free(q->id);
	g_free(q);
}

gboolean authority_is_root(gint64 uid)
{
	return uid == 0 || uid == (gint64)geteuid();
}

static GError *refusal(enum authority_action action, const char *why)
{
	return g_error_new(REASON_ERROR, actions[action].refused, "you may not %s: %s", actions[action].what, why);
}

static void take_back(struct question *q)
{
	g_dbus_connection_call(q->bus, POLKIT, POLKIT_PATH, POLKIT_IFACE, "CancelCheckAuthorization",
			       g_variant_new("(s)", q->id), NULL, G_DBUS_CALL_FLAGS_NO_AUTO_START, AUTHORITY_SECONDS * 1000,
			       NULL, NULL, NULL);
}

static gboolean is_absent(const GError *error)
{
	return g_error_matches(error, G_DBUS_ERROR, G_DBUS_ERROR_SERVICE_UNKNOWN) ||
	       g_error_matches(error, G_DBUS_ERROR, G_DBUS_ERROR_NAME_HAS_NO_OWNER);
}

/* Why polkit has not answered. */
static GError *no_answer(struct question *q, const GError *error)
{
	static gboolean said;

	if (is_absent(error)) {
		if (!said)
			g_message("polkit is not there: nobody may cast but root and the members of group miracast");
		said = TRUE;
		return refusal(q->action, "polkit, which could allow it, is not there");
	}
	g_warning("polkit does not say whether somebody may %s: %s", actions[q->action].what, error->message);
	if (g_error_matches(error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT))
		return refusal(q->action, q->interactive ? "nobody has answered polkit's question in time" :
							    "polkit does not answer");
	return refusal(q->action, "polkit does not answer");
}

static void answered(GObject *source, GAsyncResult *result, gpointer user_data)
{
	struct question *q = user_data;
	g_autoptr(GError) error = NULL, no = NULL;
	g_autoptr(GVariant) reply = g_dbus_connection_call_finish(q->bus, result, &error);
	gboolean allowed = FALSE, challenge = FALSE;
	gboolean cancelled = g_error_matches(error, G_IO_ERROR, G_IO_ERROR_CANCELLED);

	if (cancelled || g_error_matches(error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT))
		take_back(q);
	if (reply)
		g_variant_get(reply, "((bb@a{ss}))", &allowed, &challenge, NULL);
	else if (!cancelled)
		no = no_answer(q, error);
	if (reply && !allowed)
		no = refusal(q->action, !challenge    ? "it was not allowed" :
					q->interactive ? "nobody was there to be asked" :
							 "an administrator would have to be asked");
	if (!cancelled)
		q->done(no, q->user_data);
	question_free(q);
}

static void ask_polkit(struct question *q, const char *name, GCancellable *cancellable)
{
	GVariantBuilder subject;

	g_variant_builder_init(&subject, G_VARIANT_TYPE_VARDICT);
	g_variant_builder_add(&subject, "{sv}", "name", g_variant_new_string(name));
	g_dbus_connection_call(q->bus, POLKIT, POLKIT_PATH, POLKIT_IFACE, "CheckAuthorization",
			       g_variant_new("((sa{sv})s@a{ss}us)", "system-bus-name", &subject, actions[q->action].id,
					     g_variant_new("a{ss}", NULL), q->interactive ? ALLOW_USER_INTERACTION : 0u,
					     q->id),
			       G_VARIANT_TYPE("((bba{ss}))"), G_DBUS_CALL_FLAGS_NONE,
			       (q->interactive ? AUTHORITY_ASK_SECONDS : AUTHORITY_SECONDS) * 1000, cancellable, answered,
			       q);
}

void authority_ask(GDBusConnection *bus, const char *name, const struct dbus_caller *who, enum authority_action action,
		   gboolean interactive, GCancellable *cancellable, authority_decided *done, gpointer user_data)
{
	static guint64 questions;
	struct question *q;

	if (authority_is_root(who->uid) || (who->member && actions[action].of_group)) {
		done(NULL, user_data);
		return;
	}
	q = g_new0(struct question, 1);
	q->bus = g_object_ref(bus);
	q->id = g_strdup_printf("miracastd-%" G_GUINT64_FORMAT, ++questions);
	q->action = action;
	q->interactive = interactive;
	q->done = done;
	q->user_data = user_data;
	ask_polkit(q, name, cancellable);
}
