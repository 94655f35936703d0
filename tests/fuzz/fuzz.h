/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * fuzz.h - what a fuzz target defines, and what it may use
 *
 * One target per file, fuzz-<name>.c, seeds and past failures in
 * corpus/<name>/.  Each target is built twice: with fuzz-main.c, which replays
 * the corpus as an ordinary test with any compiler, and, with -Dfuzz=true and
 * clang, with libFuzzer.
 */
#pragma once

#include <glib.h>
#include <stdint.h>

/* Returns 0; a finding is an abort (g_assert) or a sanitizer's report. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
