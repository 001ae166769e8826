# Stored lines, as people read them.

render_list() {
    lines=$(cat)
    render_some open '[ ]' "$lines"
    render_some done '[x]' "$lines"
    all=$(printf '%s' "$lines" | grep -c '	')
    finished=$(printf '%s' "$lines" | grep -c '	done	')
    printf '%s of %s done\n' "$finished" "$all"
}

# The lines in one state, each behind a mark.
render_some() {
    printf '%s\n' "$3" | while IFS='	' read -r id state text; do
        [ "$state" = "$1" ] && printf '%s %s  %s\n' "$2" "$id" "$text"
    done
    return 0
}
