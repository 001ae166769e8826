#!/bin/sh
# Runs every tests/test_*.sh and fails when one of them fails.
cd "$(dirname "$0")/.." || exit 1
failed=0
for test in tests/test_*.sh; do
    [ -e "$test" ] || continue
    if sh "$test"; then
        echo "ok   $test"
    else
        echo "FAIL $test"
        failed=1
    fi
done
exit "$failed"
