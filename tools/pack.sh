#!/usr/bin/env bash
# Puts the native builds of the functions named where the template's CodeUri looks for them.
set -euo pipefail

# Present when what lies there is for this machine; tools/package.sh, which puts arm64 release builds there, removes it.
native=target/lambda/.native
python=$1
shift

changed=()
for name in "$@"; do
    from=target/debug/$name
    to=target/lambda/$name/bootstrap
    if [ ! -e "$native" ] || [ ! -e "target/lambda/$name.zip" ] || [ "$from" -nt "target/lambda/$name.zip" ]; then
        mkdir -p "${to%/*}"
        # Symbols are half of a debug build, and every byte is zipped and uploaded on each deployment.
        strip -o "target/lambda/$name.stripped" "$from"
        mv "target/lambda/$name.stripped" "$to"
        changed+=("$name")
    fi
done
[ ${#changed[@]} -eq 0 ] || "$python" tools/zip.py "${changed[@]}"
touch "$native"
