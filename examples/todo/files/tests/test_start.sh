# The program starts from any folder.
cd / && output=$(sh "$OLDPWD/bin/todo" 2>&1)
[ $? -eq 2 ] && [ -n "$output" ]
