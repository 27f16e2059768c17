# Prints a command line after a function of readline, such as `complete`, has been called at its end, as for somebody who types it.
# bash.sh FUNCTION LINE
setup() {
    printf '%s\n' 'source <(whyclosed completions bash)' "bind '\"\\C-t\": $1'" \
        "bind -x '\"\\C-g\": printf \"%s\\n\" \"\$READLINE_LINE\" >&3'"
}
bash --noprofile --rcfile <(setup "$1") -i <<<"$2"$'\ct\cg\cuexit' 3>&1 >/dev/null 2>&1
