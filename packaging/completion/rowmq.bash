# Completion of rowmq for bash. What it offers comes from the program's own --help, so it knows what the program knows.

_rowmq() {
    local program=${COMP_WORDS[0]} current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]}
    local path=() word text
    case $previous in
        --config | --tls-certificate | --tls-key | --ca)
            mapfile -t COMPREPLY < <(compgen -f -- "$current")
            return ;;
    esac
    # The command so far: each word that the help of those before names as a subcommand.
    text=$("$program" --help 2>/dev/null)
    for word in "${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
        _rowmq_subcommands <<<"$text" | grep -qxF -- "$word" || continue
        path+=("$word")
        text=$("$program" "${path[@]}" --help 2>/dev/null)
    done
    case $current in
        -*) mapfile -t COMPREPLY < <(compgen -W "$(grep -oE '^  (-[a-z],)?--[a-z-]+' <<<"$text" | grep -oE -- '--[a-z-]+')" -- "$current") ;;
        *) mapfile -t COMPREPLY < <(compgen -W "$(_rowmq_subcommands <<<"$text")" -- "$current") ;;
    esac
}

_rowmq_subcommands() { sed -n '/^Subcommands:/,/^$/ s/^  \([a-z][a-z-]*\).*/\1/p'; }

complete -o default -F _rowmq rowmq
