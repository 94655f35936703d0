# SPDX-License-Identifier: LGPL-2.1-or-later
# Completion of miracastctl for bash.
#
# The words come from programs and from displays: they are compared, never expanded (compgen -W would
# run what is in $(...)).

_miracastctl() {
	local current=${COMP_WORDS[COMP_CWORD]} command='' words='' word i

	# Global options may stand before the command.
	for ((i = 1; i < COMP_CWORD; i++)); do
		if [[ ${COMP_WORDS[i]} != -* ]]; then
			command=${COMP_WORDS[i]}
			break
		fi
	done
	if [[ -z $command ]]; then
		words=$(printf '%s\n' scan list connect listen unlisten status disconnect monitor doctor help \
			--help --json --version)
	elif [[ $current == -* ]]; then
		words=$(miracastctl "$command" --help 2>/dev/null | grep -o -- '--[a-z][a-z-]*')
	else
		case $command in
		connect) words=$(miracastctl list 2>/dev/null | grep -oE '\b(([0-9a-f]{2}:){5}[0-9a-f]{2}|mice:[][0-9a-z.:%_-]+)\b') ;;
		unlisten) words=$(miracastctl status 2>/dev/null |
			sed -nE 's/^listening on ([][0-9A-Za-z.:%]+)$/\1/p') ;;
		disconnect) words=all$'\n'$(miracastctl status 2>/dev/null | sed -nE 's/^([0-9]+)  .*/\1/p') ;;
		help) words=$(printf '%s\n' scan list connect listen unlisten status disconnect monitor doctor) ;;
		esac
	fi
	COMPREPLY=()
	while IFS= read -r word; do
		if [[ -n $word && $word == "$current"* ]]; then
			COMPREPLY+=("$word")
		fi
	done <<<"$words"
}
complete -F _miracastctl miracastctl
