# Stored tasks are numbered, changed and deleted; a number is never used twice.
. lib/store.sh
TODO_FILE=$(mktemp -u)
trap 'rm -f "$TODO_FILE"' EXIT
[ "$(store_add "buy milk")" = 1 ] || exit 1
[ "$(store_add "write tests")" = 2 ] || exit 1
store_set 1 done || exit 1
store_delete 2 || exit 1
store_set 2 done && exit 1
[ "$(store_add "sleep")" = 3 ] || exit 1
[ "$(store_all | wc -l)" -eq 2 ] || exit 1
[ "$(store_all | sed -n 1p)" = "1	done	buy milk" ]
