# Tasks in a plain text file: `ID<TAB>STATE<TAB>TEXT`, the first line `# next ID`.

store_file() {
    printf '%s\n' "${TODO_FILE:-$HOME/.todo.tsv}"
}

store_next() {
    file=$(store_file)
    if [ -s "$file" ]; then
        sed -n '1s/^# next //p' "$file"
    else
        echo 1
    fi
}

store_all() {
    file=$(store_file)
    [ -s "$file" ] && sed 1d "$file"
    return 0
}

# Writes the number of the next task and stdin's lines in one move.
store_write() {
    file=$(store_file)
    { printf '# next %s\n' "$1"; cat; } > "$file.new" && mv "$file.new" "$file"
}

store_add() {
    id=$(store_next)
    { store_all; printf '%s\topen\t%s\n' "$id" "$1"; } | store_write $((id + 1))
    echo "$id"
}

store_has() {
    store_all | grep -q "^$1	"
}

store_set() {
    store_has "$1" || return 1
    next=$(store_next)
    store_all | sed "s/^\($1\)	[a-z]*	/\1	$2	/" | store_write "$next"
}

store_delete() {
    store_has "$1" || return 1
    next=$(store_next)
    store_all | sed "/^$1	/d" | store_write "$next"
}
