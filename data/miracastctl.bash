# SPDX-License-Identifier: LGPL-2.1-or-later
# Completion of miracastctl for bash.

_miracastctl() {
	local current=${COMP_WORDS[COMP_CWORD]} command=${COMP_WORDS[1]} words IFS=$'\n'

	if [ "$COMP_CWORD" -eq 1 ]; then
		words=$'scan\nlist\nconnect\nlisten\nunlisten\nstatus\ndisconnect\ndoctor\n--help\n--json\n--version'
	elif [[ $current == -* ]]; then
		words=$(miracastctl "$command" --help 2>/dev/null | grep -o -- '--[a-z-]*')
	else
		case $command in
		connect) words=$(miracastctl list 2>/dev/null | grep -o '\([0-9a-f]\{2\}:\)\{5\}[0-9a-f]\{2\}') ;;
		unlisten) words=$(miracastctl status 2>/dev/null | sed -n 's/^listening on //p') ;;
		disconnect) words=all$'\n'$(miracastctl status 2>/dev/null | sed -n 's/^\([0-9]*\)  .*/\1/p') ;;
		esac
	fi
	mapfile -t COMPREPLY < <(compgen -W "$words" -- "$current")
}
complete -F _miracastctl miracastctl
