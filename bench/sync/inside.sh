#!/bin/sh
# The browser, on the viewers' side of a network (link.js). Stands in for it, as whoever starts a browser adds words of their own.
exec nsenter --net="/proc/$NETWORK_OF/ns/net" -- "$BROWSER" "$@"
