# Stored lines, as people read them.

render_list() {
    open=0
    done=0
    while IFS='	' read -r id state text; do
        if [ "$state" = done ]; then
            done=$((done + 1))
            printf '[x] %s  %s\n' "$id" "$text"
        else
            open=$((open + 1))
            printf '[ ] %s  %s\n' "$id" "$text"
        fi
    done
    printf '%s of %s done\n' "$done" "$open"
}
