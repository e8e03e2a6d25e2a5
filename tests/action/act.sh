#!/usr/bin/env bash
# examples/workflows/single-step.yml with our action.yml, run by nektos/act on podman. Three things are changed,
# because there is no network: the checkout is act's own copy, `acme/tollgate@v1` is this repository, and the last
# step, which uploads the evidence of main and which a pull request does not reach, is left out.
set -euo pipefail
act=$1
work=$2/act
mkdir -p "$work/job/bin" "$work/job/tmp" "$work/repo/.github/workflows" "$work/repo/ci"

# The job's image: a shell and what a test script needs.
cp "$(command -v busybox)" "$work/job/bin/busybox"
for applet in sh cat tail sleep mkdir cp ls test env printf echo chmod rm ln tar; do ln -s busybox "$work/job/bin/$applet"; done
printf '#!/bin/sh\nexec /bin/sh "$@"\n' > "$work/job/bin/bash"
chmod +x "$work/job/bin/bash"
printf 'FROM scratch\nCOPY . /\nENV PATH=/bin\n' > "$work/Job"
buildah bud --quiet --tag localhost/tollgate-job --file "$work/Job" "$work/job" > /dev/null

cat > "$work/repo/ci/test.sh" <<'TEST'
#!/bin/sh
echo "<testsuite name='s' tests='1'><testcase classname='c' name='works'>$BROKEN</testcase></testsuite>" > junit.xml
TEST
chmod +x "$work/repo/ci/test.sh"
# The same stages as the Dockerfile's, with the image that was built from it.
printf 'FROM localhost/tollgate-action\n' > "$work/Dockerfile"
mkdir -p "$work/repo/tollgate"
cp action.yml "$work/repo/tollgate/action.yml"
cp "$work/Dockerfile" "$work/repo/tollgate/Dockerfile"
sed -e 's|acme/tollgate@v1.*|./tollgate|' -e '/- if: .*steps.tollgate.outputs.snapshot/,$d' \
  examples/workflows/single-step.yml > "$work/repo/.github/workflows/ci.yml"
if grep -q upload-artifact "$work/repo/.github/workflows/ci.yml"; then
  echo "the sample's last step is not left out"
  exit 1
fi
printf '*.xml\n' > "$work/repo/.gitignore"

cd "$work/repo"
commit() { git -c user.name=t -c user.email=t@example.invalid -c init.defaultBranch=main "$@"; }
commit init -q
commit add -A
commit commit -q -m base
base=$(git rev-parse HEAD)
git update-ref refs/remotes/origin/main "$base"
commit checkout -q -b change
echo 1 > a.txt
commit add -A
commit commit -q -m change
head=$(git rev-parse HEAD)
printf '{"action":"opened","number":7,"repository":{"default_branch":"main"},"pull_request":{"number":7,"base":{"ref":"main","sha":"%s"},"head":{"ref":"change","sha":"%s"}}}' "$base" "$head" > "$work/event.json"

socket="$work/podman.sock"
podman system service --time=0 "unix://$socket" > "$work/service.log" 2>&1 &
service=$!
# A container that a failed run leaves would keep its monitor process, and whatever that holds open.
stop() {
  podman ps --all --quiet --filter ancestor=localhost/tollgate-job | xargs --no-run-if-empty podman rm --force --time 0 > /dev/null || true
  kill "$service" 2> /dev/null || true
}
trap stop EXIT
for _ in $(seq 50); do [ -S "$socket" ] && break; sleep 0.1; done

run() {
  DOCKER_HOST="unix://$socket" timeout 150 "$act" pull_request --eventpath "$work/event.json" --pull=false \
    --platform ubuntu-latest=localhost/tollgate-job --container-daemon-socket - --no-cache-server "$@" \
    > "$work/log" 2>&1 < /dev/null
}
if run --env BROKEN=; then status=0; else status=$?; fi
if [ "$status" != 0 ] || ! grep -q 'PASSED' "$work/log"; then
  tail -40 "$work/log"
  exit 1
fi
echo "act: the sample passes on a change that is ready"
if run --env 'BROKEN=<failure message="no"/>'; then status=0; else status=$?; fi
if [ "$status" = 0 ] || ! grep -q 'NEEDS CHANGES' "$work/log"; then
  tail -40 "$work/log"
  exit 1
fi
echo "act: the sample fails the job on a change that is not"
