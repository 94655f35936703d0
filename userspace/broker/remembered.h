/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * remembered.h - what is remembered of displays
 *
 * All that the daemon keeps of a display beyond a scan or a session is here and nowhere else, so that to forget one
 * is to take it out of here: what it called itself, when it was cast to last and at which connector (place.h),
 * what was learnt of it, the alias that people gave it, and whether it is cast to whenever it is in sight (autoconnect.h).  A display comes in when
 * pictures have flowed to it, when something was learnt, or when it gets an alias or autoconnect.  wpa_supplicant and
 * NetworkManager keep nothing of ours (wpa-persistent.h).
 *
 * A display that was found by looking belongs to the machine and not to a user.  A TV stands in a room, and what is
 * learnt of it holds for all; with aliases of each user's own "connect kitchen" would mean one thing to one
 * member of the family and nothing to the other.  Whose cast it is is another matter (authority.h): nobody ends those of
 * others here.
 *
 * One that a user has named by its address, or that has called where he listens, is his (link_sink.owner), and so
 * is what is remembered of it: nobody else is told that it is, nor that its alias is taken.  Two users' are two, also
 * by the same id, and each has his own alias for it.  It stays his when the same id is found by looking, since whoever
 * lets a host announce itself would else be told whether anybody has named it; he is told of one display then, the one
 * that all see.
 *
 * Functions that take an @owner mean what is remembered of that user's display, or if there is nothing of the shared one;
 * those that take a @viewer whatever he is told of (owner.h), and of the same name his own first.
 *
 * An alias is what people trust, and what displays call themselves is not: an alias means the display that got it
 * (by its id), whoever else calls himself so; see broker_find_sink().
 *
 * The file "displays" in the state directory, a GKeyFile, is for root alone: keys of Wi-Fi networks are in it.  It is written by a thread, after each
 * change, whole; remembered_free() writes what was not.  One that cannot be read is left alone until there is
 * something to write.  A display that dials us (link "direct") has only an address, which may be another's
 * tomorrow: it is not written, and gone with the daemon.  Whose one is stands in the name of its group, "ID@UID": one
 * user's display is nobody else's after a restart.  What has none there, as everything of older versions, is shared.  A
 * uid is as good as it is for files: who gets that of somebody who has left gets this, too.
 *
 * Threads: all functions are for the main one.
 */
#pragma once

#include "link.h"
#include "p2p-key.h"

G_BEGIN_DECLS

/* Displays; the one not cast to for longest goes, those with an alias or autoconnect last. */
#define REMEMBERED_MAX 64

typedef struct remembered remembered;

/**
 * remembered_new - what was remembered when the last one was freed
 * @directory: NULL: nothing, and nothing is kept
 * @changed: something is known now that was not, or the other way round; may be NULL
 */
remembered *remembered_new(const char *directory, void (*changed)(gpointer user_data), gpointer user_data);
void remembered_free(remembered *r);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(remembered, remembered_free)

/**
 * remembered_cast - pictures flow to it
 * @place: place_name() of the connector that it is at; NULL: what is known of that stays as it is
 */
void remembered_cast(remembered *r, const link_sink *sink, const char *place);
/* NULL: none is known. Borrowed, until something is learnt. Nobody outside of the daemon is told it. */
const char *remembered_place(remembered *r, const char *id, gint64 owner);
/**
 * remembered_last_cast_at - when pictures have flowed last to a display whose place this is
 * @id, @other_id: displays that do not count, whosever; the second may be NULL
 *
 * Returns: seconds since 1970, or REMEMBERED_NOBODY
 */
gint64 remembered_last_cast_at(remembered *r, const char *place, const char *id, const char *other_id);
#define REMEMBERED_NOBODY (-1)
/* Whether a place can have this name: printable, 64 characters at most. */
gboolean remembered_may_be_place(const char *name);

/* It closes the connection instead of answering the long M3, and is asked the short one from then on. */
void remembered_learn_short_m3(remembered *r, const link_sink *sink);
gboolean remembered_short_m3(remembered *r, const char *id, gint64 owner);

/**
 * struct remembered_group - the request of which a Wi-Fi P2P group with it came, over which pictures flowed
 * @go_intent: 0 to REMEMBERED_GO_INTENT_MAX
 * @frequency: MHz, REMEMBERED_FREQUENCY_MIN to _MAX; 0: any
 */
struct remembered_group {
	guint go_intent;
	guint frequency;
};
/* Those of options.h. */
#define REMEMBERED_GO_INTENT_MAX 15
#define REMEMBERED_FREQUENCY_MIN 2412
#define REMEMBERED_FREQUENCY_MAX 7115

/* Of groups and keys: such displays are found, and shared. NULL: as with any other display, from now on. */
void remembered_learn_group(remembered *r, const link_sink *sink, const struct remembered_group *group);
/* FALSE: nothing was learnt. */
gboolean remembered_find_group(remembered *r, const char *id, struct remembered_group *group);

/* The key to the persistent group with it; NULL: from now on there is none. */
void remembered_learn_key(remembered *r, const link_sink *sink, const struct p2p_key *key);
/* Borrowed, until something is learnt; NULL: there is none. Nobody outside of the daemon is told it. */
const struct p2p_key *remembered_key(remembered *r, const char *id);

/**
 * remembered_set_alias - what people call it
 * @alias: printable, 64 characters at most; "" takes it away
 *
 * Fails with REASON_CONFIGURATION: it cannot be one, or another display that @viewer is told of has it.
 */
gboolean remembered_set_alias(remembered *r, const link_sink *sink, const char *alias, gint64 viewer, GError **error);
/* NULL: it has none. */
const char *remembered_alias(remembered *r, const char *id, gint64 owner);
/* The id of the display with this alias, case is ignored; NULL: there is none. */
const char *remembered_find_alias(remembered *r, const char *alias, gint64 viewer);

/**
 * remembered_set_autoconnect - whether it is to be cast to whenever it is in sight; see autoconnect.h
 *
 * Of this very display, by its id, as an alias is.  Fails with REASON_CONFIGURATION: a display that dials us cannot
 * be called, and one that is only known by its address never comes in sight; and the cast would be everybody's.
 */
gboolean remembered_set_autoconnect(remembered *r, const link_sink *sink, gboolean on, GError **error);
gboolean remembered_autoconnect(remembered *r, const char *id, gint64 owner);
/* Of one at least. */
gboolean remembered_any_autoconnect(remembered *r);

/* (element-type link_sink) (transfer full): all, by id, the shared one of an id last; as remembered_find() gives them */
GPtrArray *remembered_list(remembered *r);

/**
 * remembered_find - a display as it is remembered
 * @what: its alias, id, name, or the beginning of a name or alias that only one has
 *
 * Returns: not in sight, and not connectable.  Fails with REASON_SINK_UNKNOWN.
 */
link_sink *remembered_find(remembered *r, const char *what, gint64 viewer, GError **error);
gboolean remembered_has(remembered *r, const char *id, gint64 owner);
/* Of each owner that @viewer is told of. FALSE: there was nothing. */
gboolean remembered_forget(remembered *r, const char *id, gint64 viewer);

/*
 * a{sa{sv}}, floating: the property Remembered of the D-Bus interface, as remembered_list() has them; of one that has an
 * owner with that (OWNER_KEY)
 */
GVariant *remembered_to_variant(remembered *r);

G_END_DECLS
