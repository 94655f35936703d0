# SPDX-License-Identifier: LGPL-2.1-or-later
# Completion of miracastctl for fish: see userspace/ctl/ctl-complete.c.
#
# The words come from programs and from displays. fish does not expand what a command prints, and quotes it.

function __miracastctl_complete
    set -l words (commandline --tokenize --cut-at-cursor --current-process)
    set --erase words[1]
    command miracastctl complete $words (commandline --current-token --cut-at-cursor) 2>/dev/null
end

complete --command miracastctl --no-files --arguments '(__miracastctl_complete)'
