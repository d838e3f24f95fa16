# Completion for wscli in fish.
# Once: wscli completion fish > ~/.config/fish/completions/wscli.fish

function __wscli_complete
    set -l words (commandline -opc)
    set -l program $words[1]
    command -q -- $program; or set program wscli
    set -l word (string unescape -- (commandline -ct) 2>/dev/null)
    set -q word[1]; or set word (commandline -ct)
    set -q word[1]; or set word ''
    for line in (_WSCLI_COMPLETE=fish command $program $words[2..-1] "$word" 2>/dev/null)
        if string match -q ':files *' -- $line
            # ":files HEAD": HEAD characters, such as "@" or "--cacert=", stand before the file name.
            set -l head (string sub -s 8 -- $line)
            set -l before (string sub -l $head -- $word)
            set -l path (string sub -s (math $head + 1) -- $word)
            # __fish_complete_path does not expand ~.
            set -l home (string match -r '^~(?=/)' -- $path)
            for found in (__fish_complete_path (string replace -r '^~(?=/)' -- $HOME $path))
                set -q home[1]; and set found (string replace -- $HOME '~' $found)
                echo -- $before$found
            end
        else
            echo -- $line
        end
    end
end

complete -c wscli -f -k -a '(__wscli_complete)'
