# Completes command lines of whyclosed. Printed by `whyclosed completions fish`.

# Prints what the program proposes for the word at the cursor.
function __whyclosed_ask
    set --local words (commandline --current-process --tokenize --cut-at-cursor)
    set --local current (commandline --current-token --cut-at-cursor)
    # The words are those of the command line, before the shell expands them.
    set --local program (string replace --regex '^~/' "$HOME/" -- $words[1])
    if command --query -- $program
        $program completions fish -- $words "$current" 2>/dev/null
    end
end

# Returns whether files are proposed, also those behind `--output=`.
function __whyclosed_wants_files
    __whyclosed_ask | string match --quiet --regex -- '^/(.*=)?$'
end

function __whyclosed_candidates
    set --local current (commandline --current-token --cut-at-cursor)
    for line in (__whyclosed_ask)
        if string match --quiet --regex -- '^/.*[^=]$' $line
            # Files behind a part of the word that the shell takes for their path, as in -oFILE.
            set --local prefix (string sub --start 2 -- $line)
            set --local begun (string sub --start (math 1 + (string length -- "$prefix")) -- "$current")
            for path in (__fish_complete_path "$begun")
                echo -- $prefix$path
            end
        else if not string match --quiet -- '/*' $line
            echo -- $line
        end
    end
end

# The shell completes files by itself, because it knows how to quote them.
complete --command whyclosed --no-files --keep-order --arguments '(__whyclosed_candidates)'
complete --command whyclosed --condition __whyclosed_wants_files --force-files
