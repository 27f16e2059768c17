# Prints what zsh proposes at the end of a command line, as its completion system does for somebody who types it.
# zsh.zsh FOLDER LINE    The folder contains `_whyclosed`; the program is found in PATH. Other files are written to it.
zmodload zsh/zpty
cat >$1/setup <<END
fpath=($1 \$fpath)
autoload -Uz compinit
compinit -u -D
bindkey '^I' complete-word
# Candidates are written to a file before they are offered.
compadd() {
    if [[ \${@[1,(i)(-|--)]} != *-(O|A|D)\ * ]]; then
        typeset -a hits
        builtin compadd -A hits "\$@"
        ((\$#hits)) && print -rl -- \$hits >>$1/candidates
    fi
    builtin compadd "\$@"
}
finish() { : >$1/end }
comppostfuncs=(finish)
: >$1/ready
END

# Waits for a file for at most 20 seconds.
await() {
    repeat 400; do
        [[ -e $1 ]] && return
        sleep 0.05
    done
    print -u 2 "there is no $1"
    exit 1
}

zpty shell zsh -f -i
zpty -w shell "source $1/setup"
await $1/ready
zpty -w -n shell "$2"$'\t'
await $1/end
zpty -d shell
[[ ! -e $1/candidates ]] || cat $1/candidates
