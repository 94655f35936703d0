// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Where a peer was heard, in answers as wpa_supplicant writes them, and in others.
 */
#include "wpa-peer.h"

#define HEAD "02:00:00:00:01:00\nage=1\n"

static void test_answers(void)
{
	static const struct {
		const char *answer;
		guint listens, owns;
	} cases[] = {
		{ HEAD "listen_freq=2437\nlevel=-40\noper_freq=5180\nstatus=0\n", 2437, 5180 },
		/* It has no group, or never spoke of one. */
		{ HEAD "listen_freq=2412\nlevel=-40\noper_freq=0\nstatus=0", 2412, 2412 },
		{ HEAD "listen_freq=5955\nlevel=-40\n", 5955, 5955 },
		{ HEAD "oper_freq=5180\n", 0, 5180 },
		/* What it calls itself is between the two. */
		{ HEAD "listen_freq=2437\nmodel_name=X\nlisten_freq=5180\noper_freq=2412\noper_freq=5200\n", 2437, 5200 },
		{ HEAD "listen_freq=2437\nmodel_name=oper_freq=2412\noper_freq=5200\n", 2437, 5200 },
		{ "FAIL\n", 0, 0 },
		{ "UNKNOWN COMMAND\n", 0, 0 },
		{ "", 0, 0 },
		{ "\n\n\n", 0, 0 },
		{ "listen_freq", 0, 0 },
		{ "listen_freq=", 0, 0 },
		{ "listen_freq=\nlisten_freq=2437", 2437, 2437 },
		{ "listen_freq=-1\n", 0, 0 },
		{ "listen_freq= 2437\n", 0, 0 },
		{ "listen_freq=2437 \n", 0, 0 },
		{ "listen_freq=0x985\n", 0, 0 },
		{ "listen_freq=100000\n", 100000, 100000 },
		{ "listen_freq=100001\n", 0, 0 },
		{ "listen_freq=4294969733\n", 0, 0 },
		{ "listen_freq=99999999999999999999999999999999\n", 0, 0 },
		{ " listen_freq=2437\n", 0, 0 },
	};

	for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_assert_cmpuint(wpa_peer_frequency(cases[i].answer, FALSE), ==, cases[i].listens);
		g_assert_cmpuint(wpa_peer_frequency(cases[i].answer, TRUE), ==, cases[i].owns);
	}
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/wpa-peer/answers", test_answers);
	return g_test_run();
}
