# Completes command lines of whyclosed. Printed by `whyclosed completions bash`.

_whyclosed() {
    local IFS=$'\n' at=-1 place word words=() line path kept prefix wants_files= form=%s
    # Readline splits words at = and :, which the program does not.
    for ((place = 0; place <= COMP_CWORD; place++)); do
        word=${COMP_WORDS[place]}
        if ((place == COMP_CWORD)) && [[ $word != [=:]* ]]; then
            word=$2
        fi
        if ((place > 0)) && [[ $word == [=:]* || ${COMP_WORDS[place - 1]} == *[=:] ]]; then
            words[at]+=$word
        else
            words[++at]=$word
        fi
    done
    # It replaces only the part behind them.
    kept=${words[at]%"$2"}
    COMPREPLY=()
    while read -r line; do
        if [[ $line == /* ]]; then
            # Files, behind a part of the word that does not belong to their path.
            wants_files=1 prefix=${line#/}
        else
            line=${line%%$'\t'*}
            COMPREPLY+=("${line#"$kept"}")
        fi
        # The command is as it was typed; the shell would expand its ~.
    done < <("${1/#~\//$HOME/}" completions bash -- "${words[@]}" 2>/dev/null)
    [[ -n $wants_files ]] || return
    # Where there is nothing else, readline completes files best: it knows ~, variables and quotes. It cannot if the part of
    # the word that it replaces is not the path; nor can Bash before 4.0, which has no compopt.
    if ((${#COMPREPLY[@]})); then
        form=%q
    elif [[ $kept == "$prefix" ]] && compopt -o bashdefault -o default 2>/dev/null; then
        return
    else
        compopt -o filenames 2>/dev/null
    fi
    while read -r path; do
        printf -v path "%s$form" "$prefix" "$path"
        COMPREPLY+=("${path#"$kept"}")
    done < <(compgen -f -- "${words[at]#"$prefix"}")
}

# Bash before 4.4 cannot keep the order.
complete -o nosort -F _whyclosed whyclosed 2>/dev/null || complete -F _whyclosed whyclosed
