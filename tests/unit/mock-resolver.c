// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Names of hosts, for tests: see mock-resolver.h.
 */
#include "mock-resolver.h"

struct answer {
	gboolean silent;
	GStrv addresses;
};

static GHashTable *answers; /* name -> struct answer */
static GResolver *installed;

G_DECLARE_FINAL_TYPE(MockResolver, mock_resolver, MOCK, RESOLVER, GResolver)

struct _MockResolver {
	GResolver parent;
};

G_DEFINE_TYPE(MockResolver, mock_resolver, G_TYPE_RESOLVER)

static void answer_free(struct answer *answer)
{
	g_strfreev(answer->addresses);
	g_free(answer);
}

static gboolean give(gpointer user_data)
{
	GTask *task = user_data;
	GStrv addresses = g_task_get_task_data(task);
	GList *list = NULL;

	for (guint i = 0; addresses && addresses[i]; i++)
		list = g_list_append(list, g_inet_address_new_from_string(addresses[i]));
	if (list)
		g_task_return_pointer(task, list, (GDestroyNotify)g_resolver_free_addresses);
	else
		g_task_return_new_error(task, G_RESOLVER_ERROR, G_RESOLVER_ERROR_NOT_FOUND,
					"the test does not know it");
	return G_SOURCE_REMOVE;
}

static gboolean give_up(GCancellable *cancellable, gpointer user_data)
{
	GTask *task = user_data;

	g_task_return_error_if_cancelled(task);
	return G_SOURCE_REMOVE;
}

static void lookup_async(GResolver *resolver, const gchar *name, GCancellable *cancellable,
			 GAsyncReadyCallback callback, gpointer user_data)
{
	GTask *task = g_task_new(resolver, cancellable, callback, user_data);
	struct answer *answer = g_hash_table_lookup(answers, name);
	GSource *source;

	if (answer && answer->silent) {
		source = g_cancellable_source_new(cancellable);
		g_source_set_callback(source, G_SOURCE_FUNC(give_up), task, g_object_unref);
	} else {
		g_task_set_task_data(task, answer ? g_strdupv(answer->addresses) : NULL,
				     (GDestroyNotify)g_strfreev);
		source = g_idle_source_new();
		g_source_set_callback(source, give, task, g_object_unref);
	}
	g_source_attach(source, NULL);
	g_source_unref(source);
}

static GList *lookup_finish(GResolver *resolver, GAsyncResult *result, GError **error)
{
	return g_task_propagate_pointer(G_TASK(result), error);
}

static void mock_resolver_class_init(MockResolverClass *class)
{
	GResolverClass *resolver = G_RESOLVER_CLASS(class);

	resolver->lookup_by_name_async = lookup_async;
	resolver->lookup_by_name_finish = lookup_finish;
}

static void mock_resolver_init(MockResolver *self)
{
}

void mock_resolver_install(void)
{
	answers = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, (GDestroyNotify)answer_free);
	installed = g_object_new(mock_resolver_get_type(), NULL);
	g_resolver_set_default(installed);
}

void mock_resolver_remove(void)
{
	g_clear_pointer(&answers, g_hash_table_unref);
	g_clear_object(&installed);
}

void mock_resolver_add(const char *name, ...)
{
	struct answer *answer = g_new0(struct answer, 1);
	g_autoptr(GStrvBuilder) addresses = g_strv_builder_new();
	const char *address;
	va_list args;

	va_start(args, name);
	while ((address = va_arg(args, const char *)))
		g_strv_builder_add(addresses, address);
	va_end(args);
	answer->addresses = g_strv_builder_end(addresses);
	g_hash_table_replace(answers, g_strdup(name), answer);
}

void mock_resolver_add_silent(const char *name)
{
	struct answer *answer = g_new0(struct answer, 1);

	answer->silent = TRUE;
	g_hash_table_replace(answers, g_strdup(name), answer);
}

void mock_resolver_clear(void)
{
	g_hash_table_remove_all(answers);
}
