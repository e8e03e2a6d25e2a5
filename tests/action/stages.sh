#!/usr/bin/env bash
# Both stages in one go: a pull request of a fork runs its tests and collects its reports in our container, the artifact
# goes to the fake GitHub, and examples/workflows/publish.yml posts the check from there. nektos/act runs both on podman;
# the fake is a server of the integration tests. Changed of the samples, because there is no network: the checkout is
# act's own copy, `acme/tollgate@v1` is this repository, the upload is done from here, and the API's address is given.
#
#   tests/action/stages.sh ACT WORK    after act.sh, whose images it uses
set -euo pipefail
act=$1
work=$2/stages
meet=$work/meet
mkdir -p "$meet/main/.github/workflows" "$meet/main/src" "$meet/main/tests" "$meet/main/ci" "$meet/change/src" "$meet/change/tests" "$work/tollgate"

cp action.yml "$work/tollgate/action.yml"
printf 'FROM localhost/tollgate-action\n' > "$work/tollgate/Dockerfile"
printf 'a = 1\n' > "$meet/main/src/a.py"
printf 'x\ny\n' > "$meet/main/tests/test_a.py"
printf 'version: 1\nreports:\n  unit: { kind: tests, path: junit.xml }\n' > "$meet/main/tollgate.yml"
cat > "$meet/main/.github/workflows/ci.yml" <<'YML'
name: CI
on: pull_request
jobs:
  test:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@v5
      - id: test
        run: sh ci/test.sh
        continue-on-error: true
      - uses: ./tollgate
        with:
          stage: collect
          steps: ${{ toJSON(steps) }}
YML
cat > "$meet/main/ci/test.sh" <<'TEST'
cat > junit.xml <<'XML'
<testsuite tests="2" failures="1"><testcase classname="t" name="adds"/>
<testcase classname="t" name="halves" file="tests/test_a.py" line="2"><failure message="1 is not 2"/></testcase></testsuite>
XML
exit 1
TEST
printf 'a = 2\n' > "$meet/change/src/a.py"
printf 'x\nz\n' > "$meet/change/tests/test_a.py"

pids=()
stop() {
  # A container that is left would keep its monitor process, and whatever that holds open.
  podman ps --all --quiet --filter ancestor=localhost/tollgate-job | xargs --no-run-if-empty podman rm --force --time 0 > /dev/null || true
  for pid in "${pids[@]}"; do kill "$pid" 2> /dev/null || true; done
}
trap stop EXIT
wait_for() {
  for _ in $(seq 1200); do [ -e "$1" ] && return 0; sleep 0.1; done
  echo "nobody came with $1"
  tail -20 "$work/fake.log"
  exit 1
}

cargo test --quiet --locked --workspace --test integration --no-run
TOLLGATE_FAKE_GITHUB="$meet" cargo test --quiet --locked --workspace --test integration a_server_for_a_workflow_runner -- --ignored > "$work/fake.log" 2>&1 &
fake=$!
pids+=("$fake")
wait_for "$meet/ready"
{ read -r url; read -r git; read -r head; } < "$meet/ready"

socket="$work/podman.sock"
podman system service --time=0 "unix://$socket" > "$work/service.log" 2>&1 &
pids+=("$!")
wait_for "$socket"
run() {
  DOCKER_HOST="unix://$socket" timeout 150 "$act" "$@" --pull=false --bind \
    --platform ubuntu-latest=localhost/tollgate-job --container-daemon-socket - --no-cache-server \
    > "$work/log" 2>&1 < /dev/null
}
show() {
  tail -40 "$work/log"
  tail -20 "$work/fake.log"
  exit 1
}

# The first stage runs on the head of the pull request.
git clone --quiet "$git" "$work/fork" 2> /dev/null
git -C "$work/fork" fetch --quiet origin "$head"
git -C "$work/fork" checkout --quiet "$head"
git -C "$work/fork" remote set-url origin https://github.com/acme/payments
cp -r "$work/tollgate" "$work/fork/tollgate"
base=$(git -C "$work/fork" rev-parse HEAD^)
printf '{"action":"opened","number":7,"repository":{"default_branch":"main","full_name":"acme/payments"},"pull_request":{"number":7,"base":{"ref":"main","sha":"%s"},"head":{"ref":"change-7","sha":"%s"}}}' "$base" "$head" > "$work/event.json"
(cd "$work/fork" && run pull_request --eventpath "$work/event.json") || show
collected=$(grep -o 'packed 1 reports ([0-9]* bytes) into [^,]*' "$work/log" | sed 's/.* into //' | tail -1)
[ -n "$collected" ] && [ -f "$work/fork/$collected/manifest.json" ] || show
echo "act: the fork's run packs its report in the container"

# What actions/upload-artifact does.
python3 - "$work/fork/$collected" "$meet/artifact.zip" <<'PY'
import os, sys, zipfile
folder, out = sys.argv[1:]
with zipfile.ZipFile(out + ".new", "w", zipfile.ZIP_DEFLATED) as archive:
    for root, _, names in os.walk(folder):
        for name in names:
            path = os.path.join(root, name)
            archive.write(path, os.path.relpath(path, folder))
os.rename(out + ".new", out)
PY
wait_for "$meet/event.json"

# The second stage runs on the default branch, with nothing of the fork but its artifact.
mkdir -p "$work/base/.github/workflows"
cp -r "$work/tollgate" "$work/base/tollgate"
sed -e 's|acme/tollgate@v1.*|./tollgate|' -e "s|stage: publish|stage: publish\n          github-api-url: $url|" \
  -e 's|    steps:|    steps:\n      - uses: actions/checkout@v5|' \
  examples/workflows/publish.yml > "$work/base/.github/workflows/publish.yml"
git -C "$work/base" -c init.defaultBranch=main init -q
git -C "$work/base" remote add origin https://github.com/acme/payments
git -C "$work/base" add -A
git -C "$work/base" -c user.name=t -c user.email=t@example.invalid commit -q -m base
(cd "$work/base" && run workflow_run --eventpath "$meet/event.json" --secret GITHUB_TOKEN=ghs_actionsactionsactionsactionsactionsac) || show
grep -q 'the verdict is needs-changes; the check is posted' "$work/log" || show

touch "$meet/stop"
wait "$fake" || show
python3 - "$meet/checks.json" <<'PY'
import json, sys
checks = json.load(open(sys.argv[1]))
assert len(checks) == 1, checks
check = checks[0]
assert (check["name"], check["status"], check["conclusion"]) == ("Tollgate", "completed", "failure"), check
assert [(note["path"], note["start_line"]) for note in check["annotations"]] == [("tests/test_a.py", 2)], check
PY
echo "act: the second stage posts one check on the fork's commit, with a note on the changed line"
