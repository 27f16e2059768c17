# Completes command lines of whyclosed. Printed by `whyclosed completions bash`.

_whyclosed() {
    local IFS=$'\n' at=-1 place word words=() line path kept
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
            line=${line#/}
            compopt -o filenames 2>/dev/null
            while read -r path; do
                path=$line$path
                COMPREPLY+=("${path#"$kept"}")
            done < <(compgen -f -- "${words[at]#"$line"}")
        else
            line=${line%%$'\t'*}
            COMPREPLY+=("${line#"$kept"}")
        fi
    done < <("$1" completions bash -- "${words[@]}" 2>/dev/null)
}

# Bash before 4.4 cannot keep the order.
complete -o nosort -F _whyclosed whyclosed 2>/dev/null || complete -F _whyclosed whyclosed
