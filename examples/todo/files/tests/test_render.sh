# Open tasks come first, and the last line counts the done ones of all.
. lib/render.sh
shown=$(printf '1\tdone\tbuy milk\n2\topen\twrite tests\n' | render_list)
expected='[ ] 2  write tests
[x] 1  buy milk
1 of 2 done'
[ "$shown" = "$expected" ] || { printf 'shown:\n%s\n' "$shown"; exit 1; }
[ "$(printf '' | render_list)" = "0 of 0 done" ]
