// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * A user-mode driver in a page: what a vendor would start from, and a witness
 * that libmiracast is enough to write one.
 *
 *     echo-driver [TARGET]
 *
 * Opens TARGET of /dev/miracast (default: the first free one), starts a session
 * without any sink, answers each message of the display driver with its own
 * bytes, in as many threads as libmiracast has, and ends when the message
 * "stop" comes, or on end of file of standard input.  With miracast.ko it sees
 * MODE_SET and the like; with miracast_test.ko what the tests send.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <miracast/umd.h>

struct echo {
	struct miracast_host *host;
	const struct miracast_callbacks *callbacks;
	atomic_uint messages;
};

static int create_context(void *data, struct miracast_host *host,
			  const struct miracast_callbacks *callbacks, void **context)
{
	struct echo *echo = data;

	echo->host = host;
	echo->callbacks = callbacks;
	*context = echo;
	puts("create");
	return 0;
}

static void destroy_context(void *context)
{
	puts("destroy");
}

static int start_session(void *context, int rtsp, const struct miracast_wfd_connection_stats *stats,
			 uint32_t *info)
{
	puts("start");
	return 0;
}

static void stop_session(void *context)
{
	puts("stop");
}

static int handle_kernel_mode_message(void *context, uint32_t in_size, const void *in,
				      uint32_t out_size, void *out, uint32_t *bytes_returned)
{
	struct echo *echo = context;

	atomic_fetch_add(&echo->messages, 1);
	if (in_size == 4 && memcmp(in, "stop", 4) == 0)
		echo->callbacks->report_session_status(
			echo->host, MIRACAST_STATUS_SINK_DISCONNECT_REQUEST, 0);
	if (in_size > out_size)
		return -EMSGSIZE;
	memcpy(out, in, in_size);
	*bytes_returned = in_size;
	return 0;
}

static const struct miracast_driver driver = {
	.size = sizeof(driver),
	.version = MIRACAST_DRIVER_VERSION,
	.create_context = create_context,
	.destroy_context = destroy_context,
	.start_session = start_session,
	.stop_session = stop_session,
	.handle_kernel_mode_message = handle_kernel_mode_message,
};

/* The broker's part: /dev/miracast, handshake, a sink. Returns its fd, or negative errno. */
static int open_sink(const char *target, int *broker)
{
	struct miracast_hello hello = {
		.abi_min = MIRACAST_ABI_VERSION,
		.abi_max = MIRACAST_ABI_VERSION,
	};
	struct miracast_open_sink open_sink = { 0 };

	*broker = open("/dev/miracast", O_RDWR | O_CLOEXEC);
	if (*broker < 0 || ioctl(*broker, MIRACAST_IOC_HELLO, &hello) < 0)
		return -errno;
	if (target && sscanf(target, "%u", &open_sink.target) != 1)
		return -EINVAL;
	if (ioctl(*broker, MIRACAST_IOC_OPEN_SINK, &open_sink) < 0)
		return -errno;
	return open_sink.fd;
}

static void *wait_for_input(void *host)
{
	char c;

	while (read(STDIN_FILENO, &c, 1) > 0)
		;
	miracast_host_request_stop(host);
	return NULL;
}

int main(int argc, char *argv[])
{
	struct echo echo = { 0 };
	struct miracast_host_config config = { .driver = &driver, .driver_data = &echo };
	struct miracast_host *host;
	pthread_t input;
	int broker, err;

	setlinebuf(stdout);
	config.sink_fd = open_sink(argc > 1 ? argv[1] : NULL, &broker);
	if (config.sink_fd < 0) {
		fprintf(stderr, "echo-driver: /dev/miracast: %s\n", strerror(-config.sink_fd));
		return 1;
	}
	/* Nobody reads it: a session without a sink needs no more. */
	config.rtsp_fd = open("/dev/null", O_RDWR | O_CLOEXEC);
	err = miracast_host_new(&config, &host);
	if (!err && pthread_create(&input, NULL, wait_for_input, host) == 0)
		err = miracast_host_run(host);
	printf("messages %u, result %d\n", atomic_load(&echo.messages), err);
	/* The input thread may still wait; the process ends it. */
	return err ? 1 : 0;
}
