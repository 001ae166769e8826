# The whole program, as a person uses it.
TODO_FILE=$(mktemp -u)
export TODO_FILE
trap 'rm -f "$TODO_FILE"' EXIT
todo() { sh bin/todo "$@"; }
[ "$(todo add buy milk)" = 1 ] || exit 1
[ "$(todo add write tests)" = 2 ] || exit 1
todo done 1 || exit 1
[ "$(todo list | tail -n 1)" = "1 of 2 done" ] || exit 1
todo delete 9 2>/dev/null
[ $? -eq 2 ] || exit 1
todo done x 2>/dev/null
[ $? -eq 2 ] || exit 1
todo delete 1 || exit 1
[ "$(todo list)" = "[ ] 2  write tests
0 of 1 done" ]
