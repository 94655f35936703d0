// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The sender on a link that is slower than what is to be sent, as the kernel has it: the loopback interface of a
 * network namespace of the test's own, with a token bucket filter (tc-tbf(8)) in front of it whose rate changes. What
 * is sent are made-up pictures of a constant rate, 30 of them a second; how late each packet comes is measured at the
 * other end. There is nothing to encode, so that the link is all that is slow.
 */
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <sched.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "rtp-sender.h"

#define MBIT 1000000
#define LEAST (1 * MBIT)
#define MOST (20 * MBIT)
#define PERIOD_US (G_USEC_PER_SEC / 30)
/* A RTP packet with seven packets of a transport stream. */
#define PACKET_BYTES (12 + 7 * 188)

struct packet {
	guint32 seq;
	gint64 sent_us;
};

struct link {
	GSocket *from, *to;
	rtp_sender *sender;
	gint rate; /* that the sender has found */
	guint32 seq;
	guint pictures;

	GThread *receiver;
	GMutex lock; /* what is below */
	GArray *delays_us; /* gint64; -1: the receiver is to end */
	guint64 bytes;
	guint32 next;
	guint lost;
};

static void tc(const char *verb, guint mbit)
{
	/* The queue behind the filter has room for a second and more: none of it is for the sender to use. */
	g_autofree char *rate = g_strdup_printf("%umbit", mbit);
	const char *argv[] = { TC, "qdisc", verb, "dev", "lo", "root", "tbf", "rate", rate, "burst", "16kb", "limit",
			       "4mb", NULL };
	g_autoptr(GError) error = NULL;
	int status = 0;

	g_spawn_sync(NULL, (char **)argv, NULL, G_SPAWN_DEFAULT, NULL, NULL, NULL, NULL, &status, &error);
	g_assert_no_error(error);
	g_assert_true(g_spawn_check_wait_status(status, &error));
	g_assert_no_error(error);
}

/* Before there is a thread: a namespace for this process alone, with its loopback interface up. */
static void enter_namespace(void)
{
	struct ifreq request = { .ifr_name = "lo", .ifr_flags = IFF_UP | IFF_RUNNING };
	g_autofree char *map = g_strdup_printf("0 %u 1", getuid());
	int fd;

	/* Who is not root needs one of users around it, in which tc finds that it is. */
	if (unshare(CLONE_NEWNET) < 0) {
		if (unshare(CLONE_NEWUSER | CLONE_NEWNET) < 0)
			g_error("there is no network namespace to be had: %s", g_strerror(errno));
		fd = open("/proc/self/uid_map", O_WRONLY | O_CLOEXEC);
		g_assert_no_errno(fd);
		g_assert_cmpint(write(fd, map, strlen(map)), ==, strlen(map));
		close(fd);
	}
	fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	g_assert_no_errno(fd);
	g_assert_no_errno(ioctl(fd, SIOCSIFFLAGS, &request));
	close(fd);
}

static gpointer receive(gpointer data)
{
	struct link *link = data;
	guint8 bytes[PACKET_BYTES];

	for (;;) {
		gssize n = g_socket_receive(link->to, (char *)bytes, sizeof(bytes), NULL, NULL);
		gint64 now = g_get_monotonic_time(), delay;
		struct packet packet;

		if (n < (gssize)sizeof(packet))
			return NULL;
		memcpy(&packet, bytes, sizeof(packet));
		delay = now - packet.sent_us;
		g_mutex_lock(&link->lock);
		link->lost += packet.seq - link->next;
		link->next = packet.seq + 1;
		link->bytes += n;
		g_array_append_val(link->delays_us, delay);
		g_mutex_unlock(&link->lock);
	}
}

static void rate_found(guint bit_rate, gpointer data)
{
	struct link *link = data;

	g_atomic_int_set(&link->rate, bit_rate);
}

static void recovered(gpointer data)
{
}

static void lost(const char *message, gpointer data)
{
	g_error("%s", message);
}

static GSocket *bound_socket(void)
{
	g_autoptr(GSocketAddress) address = g_inet_socket_address_new_from_string("127.0.0.1", 0);
	g_autoptr(GError) error = NULL;
	GSocket *socket = g_socket_new(G_SOCKET_FAMILY_IPV4, G_SOCKET_TYPE_DATAGRAM, G_SOCKET_PROTOCOL_UDP, &error);

	g_assert_no_error(error);
	g_assert_true(g_socket_bind(socket, address, FALSE, NULL));
	return socket;
}

static void begin(struct link *link)
{
	static const struct rtp_sender_funcs funcs = { recovered, lost, rate_found };
	g_autoptr(GSocketAddress) address = NULL;
	g_autoptr(GError) error = NULL;

	memset(link, 0, sizeof(*link));
	link->rate = MOST;
	link->delays_us = g_array_new(FALSE, FALSE, sizeof(gint64));
	link->from = bound_socket();
	link->to = bound_socket();
	address = g_socket_get_local_address(link->to, NULL);
	link->sender = rtp_sender_new(link->from, "127.0.0.1",
				      g_inet_socket_address_get_port(G_INET_SOCKET_ADDRESS(address)), 0, &funcs, link,
				      &error);
	g_assert_no_error(error);
	rtp_sender_set_bounds(link->sender, LEAST, MOST);
	link->receiver = g_thread_new("receiver", receive, link);
}

static void end(struct link *link)
{
	rtp_sender_stop(link->sender);
	rtp_sender_free(link->sender);
	g_socket_shutdown(link->to, TRUE, FALSE, NULL);
	g_socket_close(link->to, NULL);
	g_thread_join(link->receiver);
	g_object_unref(link->from);
	g_object_unref(link->to);
	g_array_unref(link->delays_us);
}

/* A picture of the rate that was found, as the pump and the encoder do it. */
static void picture(struct link *link)
{
	guint packets = MAX(g_atomic_int_get(&link->rate) / 30 / 8 / PACKET_BYTES, 1);
	g_autoptr(GstBufferList) list = gst_buffer_list_new();
	gsize bytes;

	rtp_sender_wait(link->sender);
	for (guint i = 0; i < packets; i++) {
		struct packet packet = { link->seq++, g_get_monotonic_time() };
		guint8 data[PACKET_BYTES] = { 0 };

		memcpy(data, &packet, sizeof(packet));
		gst_buffer_list_add(list, gst_buffer_new_memdup(data, sizeof(data)));
	}
	rtp_sender_send(link->sender, list, &bytes);
	link->pictures++;
}

static void run(struct link *link, guint seconds)
{
	gint64 now = g_get_monotonic_time(), until = now + seconds * G_USEC_PER_SEC, next = now;

	while (now < until) {
		picture(link);
		/* What could not be sent in time is no picture later. */
		now = g_get_monotonic_time();
		next = MAX(next + PERIOD_US, now);
		g_usleep(next - now);
	}
}

static gint compare(gconstpointer a, gconstpointer b)
{
	gint64 first = *(const gint64 *)a, second = *(const gint64 *)b;

	return (first > second) - (first < second);
}

struct figures {
	double mbit;
	gint64 median_us, p95_us, most_us;
	guint lost;
	double pictures; /* a second */
};

/* Of some seconds from now on. */
static struct figures measure(struct link *link, guint seconds)
{
	guint before = link->pictures;
	struct figures figures;
	guint n;

	g_mutex_lock(&link->lock);
	g_array_set_size(link->delays_us, 0);
	link->bytes = link->lost = 0;
	g_mutex_unlock(&link->lock);
	run(link, seconds);
	g_mutex_lock(&link->lock);
	n = link->delays_us->len;
	g_assert_cmpuint(n, >, 20);
	g_array_sort(link->delays_us, compare);
	figures = (struct figures){
		.mbit = (double)link->bytes * 8 / seconds / MBIT,
		.median_us = g_array_index(link->delays_us, gint64, n / 2),
		.p95_us = g_array_index(link->delays_us, gint64, n * 95 / 100),
		.most_us = g_array_index(link->delays_us, gint64, n - 1),
		.lost = link->lost,
		.pictures = (double)(link->pictures - before) / seconds,
	};
	g_mutex_unlock(&link->lock);
	g_test_message("%.1f Mbit/s wanted, %.1f arrive, %.1f pictures/s, delay %.1f ms, 95 %%: %.1f ms, at most %.1f ms, %u lost",
		       g_atomic_int_get(&link->rate) / (double)MBIT, figures.mbit, figures.pictures, figures.median_us / 1000.0,
		       figures.p95_us / 1000.0, figures.most_us / 1000.0, figures.lost);
	return figures;
}

/* A link with room has all that is wanted; one without gets what it takes, soon; and with room again all of it. */
static void test_follows(void)
{
	struct figures figures;
	struct link link;

	tc("add", 40);
	begin(&link);
	figures = measure(&link, 3);
	g_assert_cmpint(link.rate, ==, MOST);
	g_assert_cmpfloat(figures.pictures, >, 28);
	g_assert_cmpint(figures.p95_us, <, 20000);

	tc("change", 5);
	/* A picture that was on its way is long for this link, and the rate is halved at most four times a second. */
	run(&link, 3);
	figures = measure(&link, 6);
	g_assert_cmpfloat(figures.mbit, >, 5 * 0.65);
	g_assert_cmpfloat(figures.pictures, >, 25);
	g_assert_cmpint(figures.median_us, <, 40000);
	g_assert_cmpint(figures.p95_us, <, 80000);
	g_assert_cmpuint(figures.lost, ==, 0);

	tc("change", 40);
	for (guint i = 0; i < 20 && g_atomic_int_get(&link.rate) < MOST; i++)
		run(&link, 1);
	figures = measure(&link, 2);
	g_assert_cmpint(link.rate, ==, MOST);
	g_assert_cmpfloat(figures.pictures, >, 28);
	g_assert_cmpint(figures.p95_us, <, 20000);
	end(&link);
}

int main(int argc, char **argv)
{
	enter_namespace();
	gst_init(NULL, NULL);
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/slow-link/follows", test_follows);
	return g_test_run();
}
