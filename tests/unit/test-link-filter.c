// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * link-filter.h: the text of the rules, and what the kernel makes of them.
 *
 * The second half needs nf_tables, and network namespaces (link-net.h); without them it
 * is skipped, which is not passed.
 */
#include <gio/gio.h>
#include <linux/capability.h>
#include <nftables/libnftables.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "link-filter.h"
#include "link-net.h"
#include "p2p-path.h"
#include "reason.h"
#include "umd-process.h"

#define RTSP_PORT 7236

/* ---- the text ------------------------------------------------------------ */

#define OWNED "table inet miracast-p2p-wlan0-0 {\n\tflags owner\n"

/* Word for word: each line of it is a promise. */
#define RULES(dhcp, doors) \
	OWNED \
	"}\n" \
	"flush table inet miracast-p2p-wlan0-0\n" \
	OWNED \
	"\tchain input {\n" \
	"\t\ttype filter hook input priority 0; policy accept;\n" \
	"\t\tiifname != \"p2p-wlan0-0\" accept\n" \
	"\t\tct state established,related accept\n" \
	"\t\t" dhcp " accept\n" \
	doors \
	"\t\ticmp type echo-request accept\n" \
	"\t\tdrop\n" \
	"\t}\n" \
	"\tchain forward {\n" \
	"\t\ttype filter hook forward priority 0; policy accept;\n" \
	"\t\tiifname \"p2p-wlan0-0\" drop\n" \
	"\t\toifname \"p2p-wlan0-0\" drop\n" \
	"\t}\n" \
	"}\n"

static void test_text(void)
{
	struct link_filter_rules rules = { .ifname = "p2p-wlan0-0", .owner = TRUE };
	g_autofree char *owner = link_filter_text(&rules, NULL);
	g_autofree char *client = NULL, *doors = NULL;

	g_assert_cmpstr(owner, ==, RULES("udp dport 67", ""));
	rules.owner = FALSE;
	client = link_filter_text(&rules, NULL);
	g_assert_cmpstr(client, ==, RULES("udp sport 67 udp dport 68", ""));
	rules.doors[LINK_FILTER_RTSP] = RTSP_PORT;
	rules.doors[LINK_FILTER_REPORTS] = 65535;
	doors = link_filter_text(&rules, NULL);
	g_assert_cmpstr(doors, ==, RULES("udp sport 67 udp dport 68",
					 "\t\ttcp dport 7236 accept\n"
					 "\t\tudp dport 65535 accept\n"));
}

/* Names that an interface can have, and some that it cannot. */
static void test_names(void)
{
	static const char *const refused[] = {
		"", "-p2p", ".", "wlan*", "*", "a\"", "\" accept #", "a b", "a\tb", "a\nb", "a;b", "a{b", "a}b",
		"$a", "@a", "a\\b", "a'b", "a,b", "a#b", "a/b", "a:b", "\303\244", "sixteen-letters-",
	};
	static const char *const taken[] = { "p2p-wlan0-0", "wlp0s20f3", "wlan0.7", "wlan_0", "0", "fifteen-letters" };

	for (guint i = 0; i < G_N_ELEMENTS(refused); i++) {
		const struct link_filter_rules rules = { .ifname = refused[i] };
		g_autoptr(GError) error = NULL;

		g_assert_null(link_filter_text(&rules, &error));
		g_assert_error(error, REASON_ERROR, REASON_CONFIGURATION);
		g_assert_null(strchr(error->message, '\n'));
		g_clear_error(&error);
		g_assert_null(link_filter_new(refused[i], TRUE, &error));
		g_assert_nonnull(error);
	}
	for (guint i = 0; i < G_N_ELEMENTS(taken); i++) {
		const struct link_filter_rules rules = { .ifname = taken[i] };
		g_autofree char *text = link_filter_text(&rules, NULL);

		g_assert_nonnull(text);
	}
}

/* ---- in the kernel ------------------------------------------------------- */

/* As somebody else with the same rights. */
static char *nft(const char *command)
{
	struct nft_ctx *ctx = nft_ctx_new(NFT_CTX_DEFAULT);
	char *output;

	nft_ctx_buffer_output(ctx);
	nft_ctx_buffer_error(ctx);
	if (nft_run_cmd_from_buffer(ctx, command) == 0)
		output = g_strdup(nft_ctx_get_output_buffer(ctx));
	else
		output = g_strdup_printf("failed: %s", nft_ctx_get_error_buffer(ctx));
	nft_ctx_free(ctx);
	return output;
}

#define assert_ruleset(expected) G_STMT_START { \
	g_autofree char *ruleset__ = nft("list ruleset"); \
	g_assert_cmpstr(ruleset__, ==, (expected)); \
} G_STMT_END

/* The kernel has all of them as they were written. */
static void test_rules_in_kernel(void)
{
	g_autoptr(link_filter) filter = NULL;
	g_autofree char *ruleset = NULL;

	if (!link_net_has_rules())
		return;
	filter = link_filter_new("p2p-wlan0-0", TRUE, NULL);
	g_assert_nonnull(filter);
	link_filter_open_door("p2p-wlan0-0", LINK_FILTER_RTSP, RTSP_PORT);
	link_filter_open_door("p2p-wlan0-0", LINK_FILTER_REPORTS, 65535);
	ruleset = nft("list ruleset");
	g_test_message("%s", ruleset);
	for (const char *const *line = (const char *const[]){
		     "table inet miracast-p2p-wlan0-0 {", "flags owner", "iifname != \"p2p-wlan0-0\" accept",
		     "ct state established,related accept", "udp dport 67 accept", "tcp dport 7236 accept",
		     "udp dport 65535 accept", "icmp type echo-request accept", "iifname \"p2p-wlan0-0\" drop",
		     "oifname \"p2p-wlan0-0\" drop", NULL }; *line; line++) {
		const char *at = strstr(ruleset, *line);

		g_assert_nonnull(at);
		/* Doors are opened by writing all rules again. */
		g_assert_null(strstr(at + 1, *line));
	}
}

/* A service that is there for all, a port that is meant for the display. */
static void test_services(void)
{
	g_autoptr(link_filter) filter = NULL;
	int service, rtsp, udp;

	if (!link_net_has_rules())
		return;
	service = link_net_serve(HERE, SOCK_STREAM, 631);
	udp = link_net_serve(HERE, SOCK_DGRAM, 5353);
	rtsp = link_net_serve(HERE, SOCK_STREAM, RTSP_PORT);
	g_assert_true(link_net_calls(TV, LINK_NET_HERE, 631));
	g_assert_true(link_net_sends(TV, 0, LINK_NET_HERE, 5353, udp));

	filter = link_filter_new(LINK_NET_IFNAME, TRUE, NULL);
	g_assert_nonnull(filter);
	g_assert_false(link_net_calls(TV, LINK_NET_HERE, 631));
	/* Nor by the address of another interface. */
	g_assert_false(link_net_calls(TV, LINK_NET_LAN, 631));
	g_assert_false(link_net_sends(TV, 0, LINK_NET_HERE, 5353, udp));
	g_assert_false(link_net_calls(TV, LINK_NET_HERE, RTSP_PORT));
	g_assert_true(link_net_calls(PC, LINK_NET_LAN, 631));
	g_assert_true(link_net_sends(PC, 0, LINK_NET_LAN, 5353, udp));
	g_assert_true(link_net_echoes(TV, LINK_NET_HERE));

	link_filter_open_door(LINK_NET_IFNAME, LINK_FILTER_RTSP, RTSP_PORT);
	g_assert_true(link_net_calls(TV, LINK_NET_HERE, RTSP_PORT));
	g_assert_false(link_net_calls(TV, LINK_NET_HERE, 631));
	link_filter_shut_door(LINK_NET_IFNAME, LINK_FILTER_RTSP, RTSP_PORT);
	g_assert_false(link_net_calls(TV, LINK_NET_HERE, RTSP_PORT));

	g_clear_pointer(&filter, link_filter_free);
	g_assert_true(link_net_calls(TV, LINK_NET_HERE, 631));
	close(service);
	close(rtsp);
	close(udp);
}

/* DHCP's ports, in the role that we have. */
static void test_dhcp(void)
{
	int server, client;

	if (!link_net_has_rules())
		return;
	server = link_net_serve(HERE, SOCK_DGRAM, 67);
	client = link_net_serve(HERE, SOCK_DGRAM, 68);
	for (gboolean owner = FALSE; owner <= TRUE; owner++) {
		g_autoptr(link_filter) filter = link_filter_new(LINK_NET_IFNAME, owner, NULL);

		g_assert_nonnull(filter);
		g_assert_cmpint(link_net_sends(TV, 68, "255.255.255.255", 67, server), ==, owner);
		g_assert_cmpint(link_net_sends(TV, 67, LINK_NET_HERE, 68, client), ==, !owner);
		g_assert_false(link_net_sends(TV, 1067, LINK_NET_HERE, 68, client));
	}
	close(server);
	close(client);
}

/* The display's reports, which come unasked, and answers to what we send. */
static void test_reports(void)
{
	g_autoptr(link_filter) filter = NULL;
	int rtcp, before, there;
	guint16 port;

	if (!link_net_has_rules())
		return;
	rtcp = link_net_serve(HERE, SOCK_DGRAM, 0);
	before = link_net_serve(HERE, SOCK_DGRAM, 0);
	there = link_net_serve(TV, SOCK_STREAM, 554);
	port = link_net_port(rtcp);
	filter = link_filter_new(LINK_NET_IFNAME, FALSE, NULL);
	g_assert_true(link_net_calls(HERE, LINK_NET_TV, 554));
	g_assert_false(link_net_sends(TV, 0, LINK_NET_HERE, port, rtcp));
	link_filter_open_door(LINK_NET_IFNAME, LINK_FILTER_REPORTS, link_net_port(before));
	link_filter_open_door(LINK_NET_IFNAME, LINK_FILTER_REPORTS, port);
	/* The former session ends after the next one has begun. */
	link_filter_shut_door(LINK_NET_IFNAME, LINK_FILTER_REPORTS, link_net_port(before));
	g_assert_true(link_net_sends(TV, 0, LINK_NET_HERE, port, rtcp));
	g_assert_false(link_net_sends(TV, 0, LINK_NET_HERE, link_net_port(before), before));
	link_filter_shut_door(LINK_NET_IFNAME, LINK_FILTER_REPORTS, port);
	g_assert_false(link_net_sends(TV, 0, LINK_NET_HERE, port, rtcp));
	/* Not filtered, and so nothing. */
	link_filter_open_door("lan", LINK_FILTER_REPORTS, port);
	link_filter_open_door(NULL, LINK_FILTER_REPORTS, port);
	close(there);
	close(before);
	close(rtcp);
}

/* This machine is no router between the display and others, whoever asks. */
static void test_forward(void)
{
	int there, at_tv;

	if (!link_net_has_rules())
		return;
	there = link_net_serve(PC, SOCK_STREAM, 80);
	at_tv = link_net_serve(TV, SOCK_STREAM, 80);
	g_assert_true(link_net_calls(TV, LINK_NET_PC, 80));
	g_assert_true(link_net_calls(PC, LINK_NET_TV, 80));
	{
		g_autoptr(link_filter) filter = link_filter_new(LINK_NET_IFNAME, TRUE, NULL);

		g_assert_nonnull(filter);
		link_filter_open_door(LINK_NET_IFNAME, LINK_FILTER_RTSP, 80);
		g_assert_false(link_net_calls(TV, LINK_NET_PC, 80));
		g_assert_false(link_net_calls(PC, LINK_NET_TV, 80));
	}
	g_assert_true(link_net_calls(TV, LINK_NET_PC, 80));
	close(there);
	close(at_tv);
}

/* Others can neither change nor flush it, it changes nothing of theirs, and their "accept" opens nothing. */
static void test_neighbours(void)
{
	static const char theirs[] = "table inet theirs {\n\tchain input {\n"
				     "\t\ttype filter hook input priority -300; policy accept;\n"
				     "\t\ttcp dport 631 accept\n\t}\n}\n";
	g_autofree char *made = NULL, *before = NULL, *between = NULL, *flushed = NULL, *added = NULL;
	g_autoptr(link_filter) filter = NULL;
	int service;

	if (!link_net_has_rules())
		return;
	service = link_net_serve(HERE, SOCK_STREAM, 631);
	made = nft(theirs);
	g_assert_cmpstr(made, ==, "");
	before = nft("list ruleset");
	filter = link_filter_new(LINK_NET_IFNAME, TRUE, NULL);
	g_assert_nonnull(filter);
	between = nft("list ruleset");
	g_assert_nonnull(strstr(between, before));
	g_assert_false(link_net_calls(TV, LINK_NET_HERE, 631));
	added = nft("insert rule inet miracast-" LINK_NET_IFNAME " input accept");
	g_assert_true(g_str_has_prefix(added, "failed: "));
	link_filter_free(g_steal_pointer(&filter));
	assert_ruleset(before);

	filter = link_filter_new(LINK_NET_IFNAME, TRUE, NULL);
	flushed = nft("flush ruleset");
	g_assert_cmpstr(flushed, ==, "");
	g_assert_false(link_net_calls(TV, LINK_NET_HERE, 631));
	link_filter_free(g_steal_pointer(&filter));
	assert_ruleset("");
	close(service);
}

/* Our other half: a daemon with a filter, and a process that it has started. */
static int hold(void)
{
	g_autoptr(link_filter) filter = link_filter_new(LINK_NET_IFNAME, TRUE, NULL);
	g_autoptr(GSubprocess) child =
		g_subprocess_new(G_SUBPROCESS_FLAGS_NONE, NULL, "sleep", "5", NULL);

	if (!filter || !child)
		return 1;
	g_print("ready\n");
	pause();
	return 0;
}

static void test_killed(void)
{
	g_autofree char *self = g_file_read_link("/proc/self/exe", NULL);
	g_autoptr(GSubprocess) holder = NULL;
	char line[6];
	int service;

	if (!link_net_has_rules())
		return;
	service = link_net_serve(HERE, SOCK_STREAM, 631);
	holder = g_subprocess_new(G_SUBPROCESS_FLAGS_STDOUT_PIPE, NULL, self, "--hold", NULL);
	g_assert_nonnull(holder);
	g_assert_true(g_input_stream_read_all(g_subprocess_get_stdout_pipe(holder), line, sizeof(line), NULL,
					      NULL, NULL));
	g_assert_cmpmem(line, sizeof(line), "ready\n", 6);
	g_assert_false(link_net_calls(TV, LINK_NET_HERE, 631));
	g_subprocess_force_exit(holder);
	g_subprocess_wait(holder, NULL, NULL);
	assert_ruleset("");
	g_assert_true(link_net_calls(TV, LINK_NET_HERE, 631));
	close(service);
}

static gboolean ruleset_says(const char *words)
{
	g_autofree char *ruleset = nft("list ruleset");

	return strstr(ruleset, words) != NULL;
}

/* Whether the kernel does anything for this process. */
static void set_right(gboolean has)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3];

	g_assert_cmpint(syscall(SYS_capget, &header, data), ==, 0);
	if (has)
		data[0].effective |= 1u << CAP_NET_ADMIN;
	else
		data[0].effective &= ~(1u << CAP_NET_ADMIN);
	g_assert_cmpint(syscall(SYS_capset, &header, data), ==, 0);
}

static guint warnings;

static void count_warning(const char *domain, GLogLevelFlags level, const char *text, gpointer user_data)
{
	g_printerr("%s\n", text);
	warnings += (level & G_LOG_LEVEL_WARNING) && strstr(text, "a display can reach every service");
}

/* A daemon whose rights go while there is a link. */
static int do_without(void)
{
	g_autoptr(link_filter) kept = link_filter_new("p2p-wlan1-0", TRUE, NULL);
	g_autoptr(link_filter) filter = link_filter_new(LINK_NET_IFNAME, TRUE, NULL);

	g_assert_true(kept && filter);
	g_log_set_default_handler(count_warning, NULL);
	link_filter_open_door("p2p-wlan1-0", LINK_FILTER_RTSP, RTSP_PORT);
	set_right(FALSE);
	link_filter_shut_door("p2p-wlan1-0", LINK_FILTER_RTSP, RTSP_PORT);
	g_assert_cmpuint(warnings, ==, 0);
	link_filter_open_door(LINK_NET_IFNAME, LINK_FILTER_RTSP, RTSP_PORT);
	g_assert_cmpuint(warnings, ==, 1);
	set_right(TRUE);
	g_assert_false(ruleset_says("miracast-" LINK_NET_IFNAME));
	g_assert_true(ruleset_says("tcp dport 7236"));
	/* There is none any more. */
	link_filter_open_door(LINK_NET_IFNAME, LINK_FILTER_REPORTS, RTSP_PORT);
	link_filter_shut_door(LINK_NET_IFNAME, LINK_FILTER_RTSP, RTSP_PORT);
	g_assert_false(ruleset_says("miracast-" LINK_NET_IFNAME));
	/* What could not be shut is with the next change. */
	link_filter_open_door("p2p-wlan1-0", LINK_FILTER_REPORTS, RTSP_PORT);
	g_assert_false(ruleset_says("tcp dport 7236"));
	g_assert_true(ruleset_says("udp dport 7236"));
	return 0;
}

/* A daemon that is asked what it could do, with and without a link. */
static int check_often(void)
{
	link_filter *filter = link_filter_new(LINK_NET_IFNAME, TRUE, NULL);

	g_assert_nonnull(filter);
	set_right(FALSE);
	g_assert_true(link_filter_check(NULL));
	link_filter_free(filter);
	for (guint has = FALSE; has <= TRUE; has++) {
		g_autoptr(GError) error = NULL;

		set_right(has);
		/* The kernel was asked the first time. */
		g_assert_false(link_filter_check(&error));
		g_assert_error(error, REASON_ERROR, REASON_CONFIGURATION);
	}
	return 0;
}

/* @data: what this program does then; in a process of its own, since rights and answers are a process's. */
static void test_in_process(gconstpointer data)
{
	g_autofree char *self = g_file_read_link("/proc/self/exe", NULL);
	g_autoptr(GSubprocess) process = NULL;
	g_autoptr(GError) error = NULL;

	if (!link_net_has_rules())
		return;
	process = g_subprocess_new(G_SUBPROCESS_FLAGS_STDOUT_SILENCE, NULL, self, data, NULL);
	g_subprocess_wait_check(process, NULL, &error);
	g_assert_no_error(error);
	assert_ruleset("");
}

/* What a call costs the main loop, which waits for it. The limit is for one that hangs. */
static void measure(const char *beside)
{
	enum { TIMES = 10 };
	gint64 made = 0, opened = 0, ended = 0;

	for (guint i = 0; i < TIMES; i++) {
		gint64 start = g_get_monotonic_time();
		link_filter *filter = link_filter_new(LINK_NET_IFNAME, TRUE, NULL);
		gint64 is_made = g_get_monotonic_time(), is_open;

		link_filter_open_door(LINK_NET_IFNAME, LINK_FILTER_RTSP, RTSP_PORT);
		is_open = g_get_monotonic_time();
		link_filter_free(filter);
		made += is_made - start;
		opened += is_open - is_made;
		ended += g_get_monotonic_time() - is_open;
	}
	g_test_message("us per call, %s: new %d, open_door %d, free %d", beside, (int)(made / TIMES),
		       (int)(opened / TIMES), (int)(ended / TIMES));
	g_assert_cmpint(made + opened + ended, <, TIMES * G_USEC_PER_SEC);
}

/* libnftables reads what all others have in the kernel before it writes. With a sanitizer that takes a hundred times as long. */
#ifdef __SANITIZE_ADDRESS__
#define OTHER_CHAINS 100
#else
#define OTHER_CHAINS 4000
#endif

static void test_time(void)
{
	g_autofree char *beside = g_strdup_printf("beside %u chains", OTHER_CHAINS);
	g_autoptr(GString) many = g_string_new("table inet theirs {\n");
	g_autofree char *made = NULL, *flushed = NULL;

	if (!link_net_has_rules())
		return;
	measure("with no other rules");
	assert_ruleset("");
	for (guint i = 0; i < OTHER_CHAINS; i++)
		g_string_append_printf(many, "chain c%u { tcp dport %u accept\n }\n", i, i + 1);
	g_string_append(many, "}\n");
	made = nft(many->str);
	g_assert_cmpstr(made, ==, "");
	measure(beside);
	flushed = nft("delete table inet theirs");
	g_assert_cmpstr(flushed, ==, "");
	assert_ruleset("");
}

/* ---- where it is used ---------------------------------------------------- */

/* What the connection with the display hears. */
struct heard {
	gboolean up, closed, exited;
	GSocketConnection *rtsp;
};

static void path_up(p2p_path *path, const struct link_path *where, gpointer user_data)
{
	((struct heard *)user_data)->up = TRUE;
}

static void path_dialled(p2p_path *path, GSocketConnection *rtsp, gpointer user_data)
{
	g_set_object(&((struct heard *)user_data)->rtsp, rtsp);
}

static void path_failed(p2p_path *path, const GError *error, gpointer user_data)
{
	g_error("%s", error->message);
}

static void path_closed(p2p_path *path, gpointer user_data)
{
	((struct heard *)user_data)->closed = TRUE;
}

static const struct p2p_path_funcs path_funcs = {
	.up = path_up, .dialled = path_dialled, .failed = path_failed, .closed = path_closed,
};

static void umd_says(umd_process *umd, enum channel_message message, GVariant *fields, gpointer user_data)
{
}

static void umd_exited(umd_process *umd, const reason *why, gpointer user_data)
{
	((struct heard *)user_data)->exited = TRUE;
}

static const struct umd_process_funcs umd_funcs = { .message = umd_says, .exited = umd_exited };

static void wait_for(const gboolean *happened)
{
	while (!*happened)
		g_main_context_iteration(NULL, TRUE);
}

/* As client with an address from the handshake, for which no DHCP program is needed. */
static p2p_path *open_path(const char *ifname, const char *here, const char *there, const char *directory,
			   struct heard *heard)
{
	g_autoptr(GInetAddress) ours = g_inet_address_new_from_string(here);
	g_autoptr(GInetAddress) theirs = g_inet_address_new_from_string(there);

	return p2p_path_open(&p2p_net_system, &(struct p2p_net_request){
				     .ifname = ifname, .ip = ours, .prefix = 24,
				     .owner_ip = theirs, .runtime_dir = directory,
			     }, RTSP_PORT, &path_funcs, heard);
}

static umd_process *start_session(struct heard *heard)
{
	g_autoptr(umd_launcher) launcher = umd_launcher_new(FAKE_UMD, NULL);
	GVariant *config = g_variant_new_parsed(
		"{'source': <'test'>, 'friendly-name': <'this'>, 'peer-address': <%s>, 'local-address': <%s>, "
		"'max-bit-rate': <@t 1000000>}", LINK_NET_TV, LINK_NET_HERE);
	g_autoptr(GError) error = NULL;
	umd_process *umd = umd_process_new(launcher, -1, heard->rtsp, &(struct umd_process_path){
						   .local = LINK_NET_HERE, .peer = LINK_NET_TV,
						   .interface = LINK_NET_IFNAME,
					   }, config, &umd_funcs, heard, &error);

	g_assert_no_error(error);
	return umd;
}

static gboolean goes_through_tv(void)
{
	g_autofree char *routes = NULL;

	g_assert_true(g_file_get_contents("/proc/net/route", &routes, NULL, NULL));
	return strstr(routes, LINK_NET_IFNAME "\t00000000") != NULL;
}

static gboolean no_way_through_tv(gpointer user_data)
{
	*(gboolean *)user_data = !goes_through_tv();
	return G_SOURCE_CONTINUE;
}

/* One that another program has made: what it has set beyond the link goes, again and again, its address stays. */
static void test_made(void)
{
	g_autofree char *directory = NULL;
	g_autoptr(GInetAddress) tv = g_inet_address_new_from_string(LINK_NET_TV);
	struct heard heard = { 0 };
	gboolean gone = FALSE;
	p2p_path *path;
	guint poll;

	if (!link_net_has_rules())
		return;
	directory = g_dir_make_tmp(NULL, NULL);
	link_net_go_through_tv();
	path = p2p_path_open(&p2p_net_system, &(struct p2p_net_request){
				     .ifname = LINK_NET_IFNAME, .made = TRUE, .owner_ip = tv, .runtime_dir = directory,
			     }, RTSP_PORT, &path_funcs, &heard);
	wait_for(&heard.up);
	g_assert_false(goes_through_tv());
	g_assert_true(ruleset_says("table inet miracast-" LINK_NET_IFNAME));
	g_assert_true(link_net_calls(TV, LINK_NET_HERE, RTSP_PORT));
	link_net_go_through_tv();
	poll = g_timeout_add(50, no_way_through_tv, &gone);
	wait_for(&gone);
	g_source_remove(poll);
	p2p_path_close(path);
	wait_for(&heard.closed);
	p2p_path_free(path);
	assert_ruleset("");
	g_assert_true(link_net_echoes(TV, LINK_NET_HERE));
	g_clear_object(&heard.rtsp);
	rmdir(directory);
}

/* From the address to the end of it; who owns the port of the reports is a session process. */
static void test_link(void)
{
	g_autofree char *directory = NULL;
	struct heard heard = { 0 };
	umd_process *umd;
	p2p_path *path;
	int service;

	if (!link_net_has_rules())
		return;
	directory = g_dir_make_tmp(NULL, NULL);
	service = link_net_serve(HERE, SOCK_STREAM, 631);
	path = open_path(LINK_NET_IFNAME, LINK_NET_HERE, LINK_NET_TV, directory, &heard);
	wait_for(&heard.up);
	g_assert_false(link_net_calls(TV, LINK_NET_HERE, 631));
	g_assert_true(link_net_calls(TV, LINK_NET_HERE, RTSP_PORT));
	while (!heard.rtsp)
		g_main_context_iteration(NULL, TRUE);

	g_assert_false(ruleset_says("\tudp dport"));
	umd = start_session(&heard);
	g_assert_true(ruleset_says("\tudp dport"));
	g_assert_true(ruleset_says("tcp dport 7236"));
	p2p_path_answered(path);
	g_assert_false(ruleset_says("tcp dport 7236"));
	umd_process_stop(umd, "over");
	wait_for(&heard.exited);
	umd_process_free(umd);
	g_assert_false(ruleset_says("\tudp dport"));

	p2p_path_close(path);
	wait_for(&heard.closed);
	/* The group may still be there, and with it the display. */
	g_assert_true(ruleset_says("table inet miracast-" LINK_NET_IFNAME));
	p2p_path_free(path);
	assert_ruleset("");
	g_clear_object(&heard.rtsp);
	rmdir(directory);
	close(service);
}

static gboolean lan_forwards(void)
{
	g_autofree char *value = NULL;

	g_assert_true(g_file_get_contents("/proc/sys/net/ipv4/conf/lan/forwarding", &value, NULL, NULL));
	return *value == '1';
}

/* Where the group has the adapter's own interface, that is as before when the group is gone. */
static void test_adapter(void)
{
	g_autofree char *directory = NULL;
	struct heard heard = { 0 };
	p2p_path *path;

	if (!link_net_has_rules())
		return;
	directory = g_dir_make_tmp(NULL, NULL);
	g_assert_true(lan_forwards());
	path = open_path("lan", LINK_NET_LAN, LINK_NET_PC, directory, &heard);
	wait_for(&heard.up);
	g_assert_false(lan_forwards());
	p2p_path_close(path);
	wait_for(&heard.closed);
	g_assert_false(lan_forwards());
	g_assert_true(ruleset_says("table inet miracast-lan"));
	p2p_path_free(path);
	g_assert_true(lan_forwards());
	assert_ruleset("");
	g_assert_cmpint(rmdir(directory), ==, 0);
}

int main(int argc, char **argv)
{
	if (argc == 2 && g_str_equal(argv[1], "--hold"))
		return hold();
	if (argc == 2 && g_str_equal(argv[1], "--do-without"))
		return do_without();
	if (argc == 2 && g_str_equal(argv[1], "--check-often"))
		return check_often();
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/link-filter/text", test_text);
	g_test_add_func("/link-filter/names", test_names);
	g_test_add_func("/link-filter/rules-in-kernel", test_rules_in_kernel);
	g_test_add_func("/link-filter/services", test_services);
	g_test_add_func("/link-filter/dhcp", test_dhcp);
	g_test_add_func("/link-filter/reports", test_reports);
	g_test_add_func("/link-filter/forward", test_forward);
	g_test_add_func("/link-filter/neighbours", test_neighbours);
	g_test_add_func("/link-filter/killed", test_killed);
	g_test_add_data_func("/link-filter/refused", "--do-without", test_in_process);
	g_test_add_data_func("/link-filter/check", "--check-often", test_in_process);
	g_test_add_func("/link-filter/time", test_time);
	g_test_add_func("/link-filter/made", test_made);
	/* Last: they take the addresses away. */
	g_test_add_func("/link-filter/link", test_link);
	g_test_add_func("/link-filter/adapter", test_adapter);
	return g_test_run();
}
