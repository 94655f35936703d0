// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * What is remembered of displays: see remembered.h.
 */
#define G_LOG_DOMAIN "miracastd"

#include "remembered.h"

#include <string.h>

#define FILE_NAME "displays"

/* Strings are never NULL; last_cast: seconds since 1970, 0: never */
struct display {
	char *key; /* key_of() */
	char *id;
	gint64 owner;
	char *name;
	char *model;
	const char *link;
	char *alias;
	char *place; /* or NULL */
	gint64 last_cast;
	gboolean short_m3;
	gboolean autoconnect;
	gboolean has_group;
	struct remembered_group group;
	struct p2p_key *p2p_key; /* or NULL */
};

/*
 * The file, and who writes it. @writing is held by the one writer; @lock only while @text, the newest content that
 * is not written yet, changes hands.
 */
struct store {
	gatomicrefcount refs;
	GMutex writing;
	GMutex lock;
	char *path;
	char *text;
};

struct remembered {
	GHashTable *displays; /* key -> struct display */
	struct store *store; /* NULL: nothing is kept */
	void (*changed)(gpointer user_data);
	gpointer user_data;
};

/* ---- file ----------------------------------------------------------------- */

static void store_unref(gpointer data)
{
	struct store *store = data;

	if (!g_atomic_ref_count_dec(&store->refs))
		return;
	g_mutex_clear(&store->writing);
	g_mutex_clear(&store->lock);
	g_free(store->path);
	g_free(store->text);
	g_free(store);
}

static void store_write(struct store *store)
{
	g_autofree char *directory = g_path_get_dirname(store->path);
	g_autofree char *text = NULL;
	g_autoptr(GError) error = NULL;

	g_mutex_lock(&store->writing);
	g_mutex_lock(&store->lock);
	text = g_steal_pointer(&store->text);
	g_mutex_unlock(&store->lock);
	if (text) {
		g_mkdir_with_parents(directory, 0700);
		if (!g_file_set_contents_full(store->path, text, -1,
					      G_FILE_SET_CONTENTS_CONSISTENT | G_FILE_SET_CONTENTS_DURABLE,
					      0600, &error))
			g_warning("what is remembered of displays cannot be kept: %s", error->message);
	}
	g_mutex_unlock(&store->writing);
}

static void write_in_thread(GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
	store_write(data);
	g_task_return_boolean(task, TRUE);
}

static const char *const links[] = { "p2p", "mice", "direct" };

/* Of a file, or of a backend; NULL: there is none of this name. */
static const char *link_of(const char *name)
{
	for (guint i = 0; name && i < G_N_ELEMENTS(links); i++) {
		if (strcmp(name, links[i]) == 0)
			return links[i];
	}
	return NULL;
}

/* One that dials us is neither kept nor can it be called. */
static gboolean is_kept(const struct display *display)
{
	return strcmp(display->link, "direct") != 0;
}

/* Whether it can be cast to whenever it is in sight. */
static gboolean may_be_wanted(const char *link, gint64 owner)
{
	return strcmp(link, "direct") != 0 && owner == OWNER_SHARED;
}

static int compare_displays(gconstpointer a, gconstpointer b)
{
	const struct display *one = *(const struct display *const *)a, *other = *(const struct display *const *)b;
	int order = strcmp(one->id, other->id);

	return order ? order : (one->owner < other->owner) - (one->owner > other->owner);
}

/* By id, and the shared one of an id last. */
static GPtrArray *sorted(remembered *r)
{
	GPtrArray *displays = g_ptr_array_new();
	struct display *display;
	GHashTableIter iter;

	g_hash_table_iter_init(&iter, r->displays);
	while (g_hash_table_iter_next(&iter, NULL, (gpointer *)&display))
		g_ptr_array_add(displays, display);
	g_ptr_array_sort(displays, compare_displays);
	return displays;
}

static char *to_text(remembered *r)
{
	g_autoptr(GKeyFile) keys = g_key_file_new();
	g_autoptr(GPtrArray) displays = sorted(r);

	g_key_file_set_comment(keys, NULL, NULL, " What miracastd remembers of displays; miracastctl forget", NULL);
	for (guint i = 0; i < displays->len; i++) {
		const struct display *display = g_ptr_array_index(displays, i);
		/* Names of groups have no brackets; and no "@" is left of the id. */
		g_autofree char *id = g_uri_escape_string(display->id, ":", TRUE);
		g_autofree char *group = display->owner == OWNER_SHARED ?
						 g_strdup(id) :
						 g_strdup_printf("%s@%" G_GINT64_FORMAT, id, display->owner);

		if (!is_kept(display))
			continue;
		g_key_file_set_string(keys, group, "name", display->name);
		g_key_file_set_string(keys, group, "model", display->model);
		g_key_file_set_string(keys, group, "link", display->link);
		g_key_file_set_string(keys, group, "alias", display->alias);
		g_key_file_set_int64(keys, group, "last-cast", display->last_cast);
		if (display->place)
			g_key_file_set_string(keys, group, "connector", display->place);
		g_key_file_set_boolean(keys, group, "short-m3", display->short_m3);
		g_key_file_set_boolean(keys, group, "autoconnect", display->autoconnect);
		if (display->has_group) {
			g_key_file_set_integer(keys, group, "go-intent", display->group.go_intent);
			g_key_file_set_integer(keys, group, "frequency", display->group.frequency);
		}
		if (display->p2p_key)
			p2p_key_save(display->p2p_key, keys, group);
	}
	return g_key_file_to_data(keys, NULL, NULL);
}

static void save(remembered *r)
{
	g_autoptr(GTask) task = g_task_new(NULL, NULL, NULL, NULL);
	char *text = to_text(r);

	g_mutex_lock(&r->store->lock);
	g_free(r->store->text);
	r->store->text = text;
	g_mutex_unlock(&r->store->lock);
	g_atomic_ref_count_inc(&r->store->refs);
	g_task_set_task_data(task, r->store, store_unref);
	g_task_run_in_thread(task, write_in_thread);
}

static void tell(remembered *r)
{
	if (r->store)
		save(r);
	if (r->changed)
		r->changed(r->user_data);
}

/* ---- displays ------------------------------------------------------------- */

static char *key_of(const char *id, gint64 owner)
{
	return g_strdup_printf("%" G_GINT64_FORMAT " %s", owner, id);
}

/* Of that very owner; NULL: nothing is remembered. */
static struct display *own(remembered *r, const char *id, gint64 owner)
{
	g_autofree char *key = key_of(id, owner);

	return g_hash_table_lookup(r->displays, key);
}

static struct display *own_or_shared(remembered *r, const char *id, gint64 owner)
{
	struct display *display = own(r, id, owner);

	return display ? display : own(r, id, OWNER_SHARED);
}

static void display_free(struct display *display)
{
	g_free(display->key);
	g_free(display->id);
	g_free(display->name);
	g_free(display->model);
	g_free(display->alias);
	g_free(display->place);
	p2p_key_free(display->p2p_key);
	g_free(display);
}

static void replace(char **where, const char *text)
{
	char *copy = g_strdup(text);

	g_free(*where);
	*where = copy;
}

/* Somebody has said something of it. */
static gboolean is_wanted(const struct display *display)
{
	return *display->alias || display->autoconnect;
}

static void make_room(remembered *r)
{
	struct display *first = NULL, *display;
	GHashTableIter iter;

	if (g_hash_table_size(r->displays) < REMEMBERED_MAX)
		return;
	g_hash_table_iter_init(&iter, r->displays);
	while (g_hash_table_iter_next(&iter, NULL, (gpointer *)&display)) {
		gboolean named = is_wanted(display), first_named = first && is_wanted(first);

		if (!first || named < first_named ||
		    (named == first_named && display->last_cast < first->last_cast))
			first = display;
	}
	g_hash_table_remove(r->displays, first->key);
}

/* With what it calls itself now; @link is one of ours. */
static struct display *put(remembered *r, const char *id, gint64 owner, const char *name, const char *model,
			   const char *link)
{
	struct display *display = own(r, id, owner);

	if (!display) {
		make_room(r);
		display = g_new0(struct display, 1);
		display->key = key_of(id, owner);
		display->id = g_strdup(id);
		display->owner = owner;
		display->alias = g_strdup("");
		g_hash_table_insert(r->displays, display->key, display);
	}
	replace(&display->name, name);
	replace(&display->model, model);
	display->link = link;
	return display;
}

static struct display *put_sink(remembered *r, const link_sink *sink)
{
	return put(r, sink->id, sink->owner, sink->name, sink->model, link_of(sink->link));
}

/* FALSE: it is no text that is printed as it is. */
static gboolean is_clean(const char *text)
{
	g_autofree char *clean = link_clean_text(text);

	return strcmp(clean, text) == 0;
}

/* FALSE: it says nothing of a group that one could ask for. */
static gboolean load_p2p_group(GKeyFile *keys, const char *name, struct remembered_group *group)
{
	g_autoptr(GError) no_intent = NULL;
	g_autoptr(GError) no_frequency = NULL;
	int intent = g_key_file_get_integer(keys, name, "go-intent", &no_intent);
	int frequency = g_key_file_get_integer(keys, name, "frequency", &no_frequency);

	if (no_intent || no_frequency || intent < 0 || intent > REMEMBERED_GO_INTENT_MAX ||
	    (frequency != 0 && (frequency < REMEMBERED_FREQUENCY_MIN || frequency > REMEMBERED_FREQUENCY_MAX)))
		return FALSE;
	*group = (struct remembered_group){ intent, frequency };
	return TRUE;
}

/* Of "ID@UID", ID escaped; NULL: it is none. */
static char *load_id(const char *group, gint64 *owner)
{
	const char *at = strchr(group, '@');
	guint64 uid;

	*owner = OWNER_SHARED;
	if (!at)
		return g_uri_unescape_string(group, NULL);
	/* (uid_t)-1 is nobody's. */
	if (!g_ascii_string_to_unsigned(at + 1, 10, 0, G_MAXUINT32 - 1, &uid, NULL))
		return NULL;
	*owner = uid;
	return g_uri_unescape_segment(group, at, NULL);
}

/* What @viewer means by it; NULL: nothing. */
static struct display *find_alias(remembered *r, const char *alias, gint64 viewer)
{
	g_autofree char *wanted = g_utf8_casefold(alias, -1);
	struct display *best = NULL, *display;
	GHashTableIter iter;

	g_hash_table_iter_init(&iter, r->displays);
	while (*alias && g_hash_table_iter_next(&iter, NULL, (gpointer *)&display)) {
		g_autofree char *folded = g_utf8_casefold(display->alias, -1);

		if (strcmp(folded, wanted) == 0 && owner_tells(display->owner, viewer) &&
		    (!best || owner_comes_first(display->owner, best->owner, viewer)))
			best = display;
	}
	return best;
}

/* One of that very owner's. */
static gboolean has_alias(remembered *r, const char *alias, gint64 owner)
{
	struct display *display = find_alias(r, alias, owner);

	return display && display->owner == owner;
}

/* A row that is wrong, of an editor's or of another version, is passed over. */
static void load_group(remembered *r, GKeyFile *keys, const char *group)
{
	gint64 owner;
	g_autofree char *id = load_id(group, &owner);
	g_autofree char *name = g_key_file_get_string(keys, group, "name", NULL);
	g_autofree char *model = g_key_file_get_string(keys, group, "model", NULL);
	g_autofree char *link = g_key_file_get_string(keys, group, "link", NULL);
	g_autofree char *alias = g_key_file_get_string(keys, group, "alias", NULL);
	g_autofree char *place = g_key_file_get_string(keys, group, "connector", NULL);
	struct display *display;

	if (!id || !*id || !g_utf8_validate(id, -1, NULL) || !name || !*name || !is_clean(name) || (model && !is_clean(model)) ||
	    (alias && !is_clean(alias)) || !link_of(link)) {
		g_warning("what is remembered of \"%s\" is not valid, and is ignored", group);
		return;
	}
	display = put(r, id, owner, name, model ? model : "", link_of(link));
	if (alias && !has_alias(r, alias, owner))
		replace(&display->alias, alias);
	display->last_cast = g_key_file_get_int64(keys, group, "last-cast", NULL);
	if (place && remembered_may_be_place(place))
		replace(&display->place, place);
	display->short_m3 = g_key_file_get_boolean(keys, group, "short-m3", NULL);
	display->autoconnect = may_be_wanted(display->link, owner) &&
			       g_key_file_get_boolean(keys, group, "autoconnect", NULL);
	display->has_group = load_p2p_group(keys, group, &display->group);
	p2p_key_free(display->p2p_key);
	display->p2p_key = p2p_key_load(keys, group);
}

static void load(remembered *r)
{
	g_autoptr(GKeyFile) keys = g_key_file_new();
	g_autoptr(GError) error = NULL;
	g_auto(GStrv) groups = NULL;

	if (!g_key_file_load_from_file(keys, r->store->path, G_KEY_FILE_NONE, &error)) {
		if (!g_error_matches(error, G_FILE_ERROR, G_FILE_ERROR_NOENT))
			g_warning("what is remembered of displays cannot be read: %s", error->message);
		return;
	}
	groups = g_key_file_get_groups(keys, NULL);
	for (char **group = groups; *group; group++)
		load_group(r, keys, *group);
}

void remembered_cast(remembered *r, const link_sink *sink, const char *place)
{
	struct display *display = put_sink(r, sink);

	display->last_cast = g_get_real_time() / G_USEC_PER_SEC;
	if (place)
		replace(&display->place, place);
	tell(r);
}

const char *remembered_place(remembered *r, const char *id, gint64 owner)
{
	struct display *display = own_or_shared(r, id, owner);

	return display ? display->place : NULL;
}

gint64 remembered_last_cast_at(remembered *r, const char *place, const char *id, const char *other_id)
{
	gint64 last_cast = REMEMBERED_NOBODY;
	struct display *display;
	GHashTableIter iter;

	g_hash_table_iter_init(&iter, r->displays);
	while (g_hash_table_iter_next(&iter, NULL, (gpointer *)&display)) {
		if (g_strcmp0(display->place, place) != 0 || strcmp(display->id, id) == 0 ||
		    g_strcmp0(display->id, other_id) == 0)
			continue;
		/* The file may say anything of the time. */
		last_cast = MAX(last_cast, MAX(display->last_cast, 0));
	}
	return last_cast;
}

gboolean remembered_may_be_place(const char *name)
{
	return *name && is_clean(name);
}

void remembered_learn_short_m3(remembered *r, const link_sink *sink)
{
	put_sink(r, sink)->short_m3 = TRUE;
	tell(r);
}

gboolean remembered_short_m3(remembered *r, const char *id, gint64 owner)
{
	struct display *display = own_or_shared(r, id, owner);

	return display && display->short_m3;
}

void remembered_learn_group(remembered *r, const link_sink *sink, const struct remembered_group *group)
{
	struct display *display = group ? put_sink(r, sink) : own(r, sink->id, sink->owner);

	if (!display || (!group && !display->has_group))
		return;
	display->has_group = group != NULL;
	display->group = group ? *group : (struct remembered_group){ 0 };
	tell(r);
}

gboolean remembered_find_group(remembered *r, const char *id, struct remembered_group *group)
{
	struct display *display = own(r, id, OWNER_SHARED);

	if (!display || !display->has_group)
		return FALSE;
	*group = display->group;
	return TRUE;
}

void remembered_learn_key(remembered *r, const link_sink *sink, const struct p2p_key *key)
{
	struct display *display = key ? put_sink(r, sink) : own(r, sink->id, sink->owner);

	if (!display || (!key && !display->p2p_key))
		return;
	p2p_key_free(display->p2p_key);
	display->p2p_key = key ? p2p_key_copy(key) : NULL;
	tell(r);
}

const struct p2p_key *remembered_key(remembered *r, const char *id)
{
	struct display *display = own(r, id, OWNER_SHARED);

	return display ? display->p2p_key : NULL;
}

/* ---- aliases -------------------------------------------------------------- */

gboolean remembered_set_alias(remembered *r, const link_sink *sink, const char *alias, gint64 viewer, GError **error)
{
	const char *other = remembered_find_alias(r, alias, viewer);

	if (!is_clean(alias)) {
		g_set_error_literal(error, REASON_ERROR, REASON_CONFIGURATION,
				    "an alias is printable text of at most 64 characters");
		return FALSE;
	}
	if (other && strcmp(other, sink->id) != 0) {
		g_set_error(error, REASON_ERROR, REASON_CONFIGURATION, "%s is called \"%s\" already", other, alias);
		return FALSE;
	}
	replace(&put_sink(r, sink)->alias, alias);
	tell(r);
	return TRUE;
}

const char *remembered_alias(remembered *r, const char *id, gint64 owner)
{
	struct display *display = own_or_shared(r, id, owner);

	return display && *display->alias ? display->alias : NULL;
}

const char *remembered_find_alias(remembered *r, const char *alias, gint64 viewer)
{
	struct display *display = find_alias(r, alias, viewer);

	return display ? display->id : NULL;
}

/* ---- autoconnect ---------------------------------------------------------- */

gboolean remembered_set_autoconnect(remembered *r, const link_sink *sink, gboolean on, GError **error)
{
	struct display *display;

	if (on && !may_be_wanted(sink->link, sink->owner)) {
		g_set_error(error, REASON_ERROR, REASON_CONFIGURATION,
			    g_str_equal(sink->link, "direct") ?
				    "%s calls by itself, and cannot be called" :
				    "%s was named by its address, and has not been found by looking for displays",
			    sink->name);
		return FALSE;
	}
	display = on ? put_sink(r, sink) : own(r, sink->id, sink->owner);
	if (!display || display->autoconnect == on)
		return TRUE;
	display->autoconnect = on;
	tell(r);
	return TRUE;
}

gboolean remembered_autoconnect(remembered *r, const char *id, gint64 owner)
{
	struct display *display = own_or_shared(r, id, owner);

	return display && display->autoconnect;
}

gboolean remembered_any_autoconnect(remembered *r)
{
	struct display *display;
	GHashTableIter iter;

	g_hash_table_iter_init(&iter, r->displays);
	while (g_hash_table_iter_next(&iter, NULL, (gpointer *)&display)) {
		if (display->autoconnect)
			return TRUE;
	}
	return FALSE;
}

/* ---- all of it ------------------------------------------------------------ */

/* 4: alias, 3: id, 2: name, 1: the beginning of one */
static guint quality_of(const struct display *display, const char *folded)
{
	g_autofree char *id = g_utf8_casefold(display->id, -1);
	g_autofree char *alias = g_utf8_casefold(display->alias, -1);
	g_autofree char *name = g_utf8_casefold(display->name, -1);

	if (strcmp(alias, folded) == 0)
		return 4;
	if (strcmp(id, folded) == 0)
		return 3;
	if (strcmp(name, folded) == 0)
		return 2;
	return g_str_has_prefix(alias, folded) || g_str_has_prefix(name, folded);
}

static link_sink *sink_of(const struct display *display)
{
	link_sink *sink = link_sink_new(display->link, display->id, display->name);

	replace(&sink->model, display->model);
	sink->connectable = FALSE;
	sink->present = FALSE;
	sink->owner = display->owner;
	return sink;
}

/* Two that @viewer has for one by this name. */
static gboolean are_one(const struct display *display, const struct display *other, guint quality)
{
	return quality == 4 || strcmp(display->id, other->id) == 0;
}

link_sink *remembered_find(remembered *r, const char *what, gint64 viewer, GError **error)
{
	g_autofree char *folded = g_utf8_casefold(what, -1);
	struct display *best = NULL, *display;
	guint best_quality = 0, n = 0;
	GHashTableIter iter;

	g_hash_table_iter_init(&iter, r->displays);
	while (*what && g_hash_table_iter_next(&iter, NULL, (gpointer *)&display)) {
		guint quality = owner_tells(display->owner, viewer) ? quality_of(display, folded) : 0;

		if (quality == 0 || quality < best_quality)
			continue;
		if (quality > best_quality)
			n = 1;
		else if (!are_one(display, best, quality))
			n++;
		else if (!owner_comes_first(display->owner, best->owner, viewer))
			continue;
		best_quality = quality;
		best = display;
	}
	if (n == 1)
		return sink_of(best);
	g_set_error(error, REASON_ERROR, REASON_SINK_UNKNOWN,
		    n ? "\"%s\" may mean several displays" : "no display \"%s\" is known", what);
	return NULL;
}

GPtrArray *remembered_list(remembered *r)
{
	GPtrArray *sinks = g_ptr_array_new_with_free_func((GDestroyNotify)link_sink_unref);
	g_autoptr(GPtrArray) displays = sorted(r);

	for (guint i = 0; i < displays->len; i++)
		g_ptr_array_add(sinks, sink_of(g_ptr_array_index(displays, i)));
	return sinks;
}

gboolean remembered_has(remembered *r, const char *id, gint64 owner)
{
	return own_or_shared(r, id, owner) != NULL;
}

struct forgetting {
	const char *id;
	gint64 viewer;
};

static gboolean is_meant(gpointer key, gpointer value, gpointer user_data)
{
	const struct forgetting *forgetting = user_data;
	const struct display *display = value;

	return strcmp(display->id, forgetting->id) == 0 && owner_tells(display->owner, forgetting->viewer);
}

gboolean remembered_forget(remembered *r, const char *id, gint64 viewer)
{
	if (!g_hash_table_foreach_remove(r->displays, is_meant, &(struct forgetting){ id, viewer }))
		return FALSE;
	tell(r);
	return TRUE;
}

static GVariant *display_to_variant(const struct display *display)
{
	const char *learnt[3];
	gssize n = 0;
	g_auto(GVariantDict) dict = G_VARIANT_DICT_INIT(NULL);

	g_variant_dict_insert(&dict, "name", "s", display->name);
	g_variant_dict_insert(&dict, "model", "s", display->model);
	g_variant_dict_insert(&dict, "link", "s", display->link);
	if (*display->alias)
		g_variant_dict_insert(&dict, "alias", "s", display->alias);
	g_variant_dict_insert(&dict, "last-cast", "x", display->last_cast);
	g_variant_dict_insert(&dict, "autoconnect", "b", display->autoconnect);
	if (display->short_m3)
		learnt[n++] = "short-m3";
	if (display->has_group)
		learnt[n++] = "p2p-group";
	if (display->p2p_key)
		learnt[n++] = "p2p-key";
	if (display->owner != OWNER_SHARED)
		g_variant_dict_insert(&dict, OWNER_KEY, "x", display->owner);
	g_variant_dict_insert_value(&dict, "learnt", g_variant_new_strv(learnt, n));
	return g_variant_dict_end(&dict);
}

GVariant *remembered_to_variant(remembered *r)
{
	g_autoptr(GPtrArray) displays = sorted(r);
	GVariantBuilder builder;

	g_variant_builder_init(&builder, G_VARIANT_TYPE("a{sa{sv}}"));
	for (guint i = 0; i < displays->len; i++) {
		const struct display *display = g_ptr_array_index(displays, i);

		g_variant_builder_add(&builder, "{s@a{sv}}", display->id, display_to_variant(display));
	}
	return g_variant_builder_end(&builder);
}

remembered *remembered_new(const char *directory, void (*changed)(gpointer user_data), gpointer user_data)
{
	remembered *r = g_new0(remembered, 1);

	r->changed = changed;
	r->user_data = user_data;
	r->displays = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, (GDestroyNotify)display_free);
	if (!directory)
		return r;
	r->store = g_new0(struct store, 1);
	g_atomic_ref_count_init(&r->store->refs);
	g_mutex_init(&r->store->writing);
	g_mutex_init(&r->store->lock);
	r->store->path = g_build_filename(directory, FILE_NAME, NULL);
	load(r);
	return r;
}

void remembered_free(remembered *r)
{
	if (!r)
		return;
	if (r->store) {
		store_write(r->store);
		store_unref(r->store);
	}
	g_hash_table_unref(r->displays);
	g_free(r);
}
