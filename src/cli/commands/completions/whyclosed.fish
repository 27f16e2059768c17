# Completes command lines of whyclosed. Printed by `whyclosed completions fish`.

function __whyclosed_candidates
    set --local words (commandline --current-process --tokenize --cut-at-cursor)
    set --local current (commandline --current-token --cut-at-cursor)
    for line in ($words[1] completions fish -- $words "$current" 2>/dev/null)
        if string match --quiet -- '/*' $line
            # Files, behind a part of the word that does not belong to their path.
            set --local prefix (string sub --start 2 -- $line)
            set --local begun (string sub --start (math 1 + (string length -- "$prefix")) -- "$current")
            for path in (__fish_complete_path "$begun")
                echo -- $prefix$path
            end
        else
            echo -- $line
        end
    end
end

complete --command whyclosed --no-files --keep-order --arguments '(__whyclosed_candidates)'
