# SPDX-License-Identifier: LGPL-2.1-or-later
# Completion of miracastctl for bash: see userspace/ctl/ctl-complete.c.
#
# The words come from programs and from displays: they are compared and quoted, never expanded (compgen -W would
# run what is in $(...)).

_miracastctl() {
	local line=${COMP_LINE:0:COMP_POINT} current='' quote='' offer word text i
	local words=()

	# Bash takes what is on either side of a colon for two words.
	for ((i = 0; i <= COMP_CWORD; i++)); do
		text=${line#"${line%%[![:space:]]*}"}
		if [[ $i -eq 0 || $text != "$line" ]]; then
			words+=('')
		fi
		word=${COMP_WORDS[i]}
		# What stands behind the cursor does not count.
		if [[ ${#word} -gt ${#text} ]]; then
			word=$text
		fi
		words[-1]+=$word
		line=${text#"$word"}
	done
	current=${words[-1]}
	if [[ $current == [\'\"]* ]]; then
		quote=${current:0:1}
		current=${current:1}
	else
		current=${current//\\/}
	fi
	words[-1]=$current

	COMPREPLY=()
	while IFS=$'\t' read -r word text; do
		if [[ -z $word || $word != "$current"* ]]; then
			continue
		fi
		# Inside of quotes some characters cannot be written at all, or mean something.
		case $quote in
		\') [[ $word != *\'* ]] || continue ;;
		\") [[ $word != *[\`\$\\\"!]* ]] || continue ;;
		*)
			printf -v offer %q "$word"
			printf -v text %q "$current"
			# It stays in the line up to the last colon.
			if [[ $COMP_WORDBREAKS == *:* && $text == *:* ]]; then
				offer=${offer#"${text%"${text##*:}"}"}
			fi
			word=$offer
			;;
		esac
		COMPREPLY+=("$word")
	done < <(miracastctl complete "${words[@]:1}" 2>/dev/null)
}
complete -F _miracastctl miracastctl
