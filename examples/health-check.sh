#!/bin/sh
# Checks that a server replies to a message: health-check.sh URL [MESSAGE]
# Ends with 0 if it does, and with 1 if it does not; stderr says what is wrong.

url=${1:?"usage: $0 URL [MESSAGE]"}

reply=$(wscli send --timeout 5s "$url" "${2:-ping}")
case $? in
    0) echo "healthy: $reply" ;;
    3 | 4 | 5) echo "not reachable" >&2; exit 1 ;;
    6) echo "timed out after 5 s" >&2; exit 1 ;;
    9) echo "closed with an error" >&2; exit 1 ;;
    *) echo "failed" >&2; exit 1 ;;
esac
