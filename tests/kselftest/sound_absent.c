// SPDX-License-Identifier: GPL-2.0-only
/*
 * A module that was built without ALSA: who asks for sound is told so, and the
 * monitor is as ever.
 */
#define SOUND_WANTED	false
#include "miracast_alsa.h"

FIXTURE(absent) {
	struct kms kms;
};

FIXTURE_SETUP(absent)
{
	kms_open(_metadata, &self->kms);
}

FIXTURE_TEARDOWN(absent)
{
	kms_close(&self->kms);
}

static drmModeConnection connection(struct kms *kms)
{
	drmModeConnection connection = DRM_MODE_UNKNOWNCONNECTION;
	drmModeConnector *connector = drmModeGetConnector(kms->card, kms->connector);

	if (connector)
		connection = connector->connection;
	drmModeFreeConnector(connector);

	return connection;
}

TEST_F(absent, plugs_with_sound_are_refused)
{
	struct kms *kms = &self->kms;
	int sink = kms->sink;

	/* As nothing of it happens, it may be plugged in without. */
	EXPECT_EQ(-EOPNOTSUPP, sink_plug_sound(sink));
	EXPECT_EQ(DRM_MODE_DISCONNECTED, connection(kms));
	EXPECT_EQ(0, sink_plug_sounding(sink, 0, 0, ""));
	EXPECT_EQ(DRM_MODE_CONNECTED, connection(kms));
	/* The monitor that is there stays. */
	EXPECT_EQ(-EOPNOTSUPP, sink_plug_sound(sink));
	EXPECT_EQ(DRM_MODE_CONNECTED, connection(kms));
	EXPECT_EQ(-ENOENT, sound_card_number(&kms->target));

	/* What makes no sense makes none here, too. */
	EXPECT_EQ(-EINVAL, sink_plug_sounding(sink, 4, 2, "A"));
	EXPECT_EQ(-EINVAL, sink_plug_sounding(sink, 3, 3, "A"));
	EXPECT_EQ(-EINVAL, sink_plug_sounding(sink, 0, 2, ""));
	EXPECT_EQ(-EINVAL, sink_plug_sounding(sink, 0, 0, "A"));
}

TEST_F(absent, nobody_can_hear)
{
	struct miracast_open_sound open = {};
	int sink = self->kms.sink;

	EXPECT_EQ(-ENODATA, sink_open_sound(sink, 0, &open));
	EXPECT_EQ(0, sink_plug_sounding(sink, 0, 0, ""));
	EXPECT_EQ(-ENODATA, sink_open_sound(sink, 0, &open));
	EXPECT_EQ(-ENODATA, sink_open_sound(sink, MIRACAST_OPEN_NONBLOCK, &open));
	EXPECT_EQ(-EINVAL, sink_open_sound(sink, 2, &open));
}

TEST_HARNESS_MAIN
