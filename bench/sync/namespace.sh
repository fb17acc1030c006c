#!/bin/sh
# Runs node with the given words in namespaces of its own: whatever it starts and puts up is gone with it, however it ends.
[ "$(id -u)" -eq 0 ] || as_root="--user --map-root-user"
exec unshare ${as_root-} --net --pid --fork --kill-child --mount-proc sh -euc '
    ip link set lo up
    # With nothing but a loopback, browsers believe that there is no network.
    ip link add onair-lan type veth peer name onair-others
    ip address add 192.0.2.1/24 dev onair-lan
    ip link set onair-lan up
    ip link set onair-others up
    exec node "$@"
' node "$@"
