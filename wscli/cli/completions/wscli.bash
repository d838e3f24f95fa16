# Completion for wscli in bash 3.2 and later. In ~/.bashrc: eval "$(wscli completion bash)"

_wscli() {
    local program=$1 line cut head text name path IFS=
    COMPREPLY=()
    type -P -- "$program" >/dev/null || program=wscli
    while read -r line; do
        if [[ $line != ':files '* ]]; then
            COMPREPLY+=("$line")
            continue
        fi
        # ":files CUT HEAD TEXT": the first HEAD characters of TEXT, such as "@" or "--cacert=",
        # stand before a file name; readline keeps the first CUT characters and replaces the rest.
        IFS=' ' read -r line cut head text <<< "$line"
        while read -r name; do
            path=${name/#\~\//$HOME/}
            name=${text:0:head}$name
            name=${name:cut}
            # Readline adds the slash where the candidate itself is the path.
            [[ -d $path && ! -d ${name/#\~\//$HOME/} ]] && name+=/
            COMPREPLY+=("$name")
        done < <(compgen -f -- "${text:head}")
        type compopt >/dev/null 2>&1 || continue
        compopt -o filenames
        # Readline would write \@ for @ where nothing needs quotes.
        [[ "${COMPREPLY[*]}" == *[!A-Za-z0-9_./@~=:,+%-]* ]] || compopt -o noquote 2>/dev/null
        [[ ${#COMPREPLY[@]} -eq 1 && ${COMPREPLY[0]} == */ ]] && compopt -o nospace
    done < <(_WSCLI_COMPLETE=bash "$program" "${COMP_LINE:0:COMP_POINT}" "$2" 2>/dev/null)
}

complete -o nosort -F _wscli wscli 2>/dev/null || complete -F _wscli wscli
