#!/bin/sh
# Tests a client against a server with the replies of replies.toml. Here the client is wscli;
# put yours in its place.
set -eu

folder=$(mktemp -d)
trap 'kill "$server" 2> /dev/null; rm -r "$folder"' EXIT

# Port 0 chooses a free one. The first line of the log names the address.
wscli serve --json --script "$(dirname "$0")/replies.toml" 0 > "$folder/log" &
server=$!
until [ -s "$folder/log" ]; do sleep 0.1; done
url=$(head -n 1 "$folder/log" | sed 's/.*"url": *"\([^"]*\)".*/\1/')

wscli send "$url" '{"op": "login"}' '{"op": "subscribe"}' > "$folder/replies"
diff "$folder/replies" - <<END
{"op": "welcome"}
{"price": 9.5}
END

# A client should report the close code of a request that the server does not know.
if wscli send "$url" nonsense 2> "$folder/errors"; then
    echo "the client did not notice the close code" >&2
    exit 1
fi
grep -q 4001 "$folder/errors"
echo "passed"
