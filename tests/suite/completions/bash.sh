# Prints what bash proposes for the last of the words given, which it has split as readline does.
# bash.sh PROGRAM WORD...
source <("$1" completions bash)
[[ $(complete -p whyclosed) == *"-F _whyclosed whyclosed" ]] || exit 1
COMP_WORDS=()
for word in "$@"; do
    if [[ $word == *[=:]* ]]; then
        begun=${word%%[=:]*} rest=${word#"${word%%[=:]*}"}
        [[ -n $begun ]] && COMP_WORDS+=("$begun")
        COMP_WORDS+=("${rest:0:1}")
        [[ -n ${rest:1} ]] && COMP_WORDS+=("${rest:1}")
    else
        COMP_WORDS+=("$word")
    fi
done
COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
current=${COMP_WORDS[COMP_CWORD]}
[[ $current == [=:] ]] && current=
_whyclosed "$1" "$current" "${COMP_WORDS[COMP_CWORD - 1]}"
printf '%s\n' "${COMPREPLY[@]}"
