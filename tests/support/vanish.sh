#!/usr/bin/env bash
# Two hosts on one machine: a station, and a viewer whose network goes away without a word.
# Prints how long the station went on counting that viewer, in milliseconds.
# usage: vanish.sh STATION-BINARY [PORT-FOR-EVENTS], in a network and mount namespace of its own (see vanished_viewer.rs)
set -euo pipefail
binary=$1
export ONAIR_EVENTS_PORT=${2:-0}
watched=$(mktemp)
trap 'kill $(jobs -p) 2>/dev/null || true; rm -f "$watched"' EXIT

# `ip netns` keeps its handles here; the file system below is this namespace's own.
mkdir -p /run/netns 2>/dev/null || true
mount -t tmpfs none /run
mkdir -p /run/netns
ip link set lo up
ip netns add viewer
ip link add near type veth peer name far netns viewer
ip address add 198.51.100.1/24 dev near
ip link set near up
ip netns exec viewer ip address add 198.51.100.2/24 dev far
ip netns exec viewer ip link set far up

coproc station { exec env ROCKET_ADDRESS=0.0.0.0 ROCKET_PORT=0 "$binary" serve; }
while read -r word address _ <&"${station[0]}"; do
    [ "$word" != Watch ] || break
done
port=${address##*:}
port=${port%/}
# Here nobody else has a port.
[ "$ONAIR_EVENTS_PORT" = 0 ] || port=$ONAIR_EVENTS_PORT

# Two viewers: one here, who is told how many watch, and one over there.
exec {here}< <(exec curl -sN --max-time 120 "http://127.0.0.1:$port/video-updates")
ip netns exec viewer curl -sN "http://198.51.100.1:$port/video-updates" >/dev/null &

# until_watching NUMBER: waits until the station says that so many watch.
until_watching() {
    local line
    while read -r -t 100 line <&"$here"; do
        case "$line" in *"\"viewers\":$1}"*) return ;; esac
    done
    echo "the stream ended before it told of $1 viewers" >&2
    exit 1
}

until_watching 2
# Not a packet more in either direction, and nobody is told.
ip netns exec viewer ip link set far down
from=${EPOCHREALTIME/./}
until_watching 1
echo $(((${EPOCHREALTIME/./} - from) / 1000))
