#compdef wscli
# Completion for wscli in zsh. In ~/.zshrc: eval "$(wscli completion zsh)"
# or as a file _wscli in a directory of $fpath.

_wscli() {
    local program=${(Q)words[1]} line
    local -a found
    program=${~program}
    whence -p -- "$program" >/dev/null || program=wscli
    # CURRENT counts from 1; words and PREFIX are as typed, with quotes.
    for line in "${(@f)$(_WSCLI_COMPLETE=zsh "$program" \
        "${(@Q)words[2,CURRENT-1]}" "${(Q)PREFIX}" 2>/dev/null)}"; do
        if [[ $line == ':files '* ]]; then
            # ":files HEAD": HEAD characters, such as "@" or "--cacert=", stand before the file name.
            compset -p ${line#:files }
            _files
            return
        elif [[ -n $line ]]; then
            found+=("$line")
        fi
    done
    (( $#found )) && _describe -V wscli found
}

if [[ $zsh_eval_context[-1] == loadautofunc ]]; then
    _wscli "$@"
else
    (( $+functions[compdef] )) || { autoload -Uz compinit && compinit -u }
    compdef _wscli wscli
fi
