#!/usr/bin/env bash
# Every file that Tollgate writes, opened by a tool that it is for: readers of JUnit, Cobertura, LCOV and CTRF, an HTML
# checker, a browser (with axe's accessibility rules), shells and man. On reports of examples/demo.
#
#   tests/outputs/run.sh BINARY [DIR]    keeps the files and the browser's pictures in DIR
#
# What a machine cannot do is printed as `NOT RUN: …`; with CI=true it is a failure.
set -euo pipefail
cd "$(dirname "$0")/../.."
binary=$(realpath "$1")
if [ $# -gt 1 ]; then
  mkdir -p "$2"
  work=$(realpath "$2")
else
  work=$(mktemp -d)
  trap 'rm -rf "$work"' EXIT
fi
missing=0

say() { printf '\n-- %s\n' "$*"; }
not_run() {
  echo "NOT RUN: $*"
  missing=1
}
SUDO=
[ "$(id -u)" = 0 ] || SUDO=sudo

say "tools (from PyPI, npm and the distribution; pinned where they can be)"
need=()
command -v genhtml > /dev/null || need+=(lcov)
command -v chromium > /dev/null || need+=(chromium)
command -v man > /dev/null || need+=(man-db)
command -v zsh > /dev/null || need+=(zsh)
command -v fish > /dev/null || need+=(fish)
if [ "${#need[@]}" -gt 0 ] && command -v apt-get > /dev/null; then
  $SUDO apt-get update -qq || true
  $SUDO apt-get install -y -qq --no-install-recommends "${need[@]}" > /dev/null 2>&1 || true
fi
python="$PWD/target/tools/outputs-python"
if [ ! -x "$python/bin/pycobertura" ]; then
  python3 -m venv "$python" 2> /dev/null || true
  "$python/bin/pip" install --quiet --disable-pip-version-check \
    junitparser==3.2.0 pycobertura==4.1.0 jsonschema==4.26.0 || true
fi
node="$PWD/target/tools/outputs-node"
if [ ! -d "$node/node_modules/axe-core" ] && command -v npm > /dev/null; then
  mkdir -p "$node"
  npm install --silent --no-audit --no-fund --prefix "$node" ctrf@0.3.0 html-validate@9.7.1 axe-core@4.14.1 > /dev/null || true
fi

say "the files"
for demo in demo demo/failing; do
  out="$work/${demo//\//-}"
  mkdir -p "$out"
  status=0
  "$binary" check "examples/$demo" --write-html "$out/verdict.html" --write-badge "$out/badge.svg" \
    --write-junit "$out/gate.xml" --write-code-quality "$out/quality.json" --write-ctrf "$out/ctrf.json" \
    --write-lcov "$out/merged.info" --write-cobertura "$out/merged.xml" > /dev/null || status=$?
  echo "examples/$demo: exit $status"
done
fail="$work/demo-failing"
history="$work/history"
if [ ! -d "$history" ]; then
  git init -q -b main "$history"
  git_as() {
    git -C "$history" -c user.name="$1" -c user.email="$1@users.noreply.github.com" -c commit.gpgsign=false \
      commit -q --allow-empty -m "$2"
  }
  printf '* @alice\n' > "$history/CODEOWNERS"
  git -C "$history" add -A
  for n in $(seq 0 40); do
    export GIT_AUTHOR_DATE="2026-$(printf '%02d' $((n % 10 + 1)))-05T00:00:00Z"
    export GIT_COMMITTER_DATE="$GIT_AUTHOR_DATE"
    if [ $((n % 3)) = 0 ]; then git_as alice "Change $n (#$n)"; else git_as carol "Change $n (#$n)"; fi
  done
  unset GIT_AUTHOR_DATE GIT_COMMITTER_DATE
fi
"$binary" metrics "$history" --since 2026-01-01 --until 2026-11-30 \
  --write-html "$work/metrics.html" --write-svg "$work/metrics.svg" > /dev/null

say "readers of test results and coverage"
if [ -x "$python/bin/pycobertura" ]; then
  "$python/bin/python" - "$work" "$node/node_modules/ctrf/dist/ctrf-schema-0.0.json" <<'PY'
import json, os, sys
from junitparser import JUnitXml
work, schema = sys.argv[1:]
for name, failing in [("demo", False), ("demo-failing", True)]:
    suites = JUnitXml.fromfile(f"{work}/{name}/gate.xml")
    cases = [case for suite in suites for case in suite]
    assert cases, "no case"
    assert (suites.failures + suites.errors > 0) is failing, (name, suites.failures, suites.errors)
    print(f"junitparser: {name} has {len(cases)} cases, {suites.failures} failures, {suites.errors} errors")
    entries = json.load(open(f"{work}/{name}/quality.json"))
    # docs.gitlab.com/ci/testing/code_quality: the keys that the widget needs. GitLab publishes no schema to check by.
    for entry in entries:
        assert isinstance(entry["description"], str) and entry["check_name"] and len(entry["fingerprint"]) >= 32
        assert entry["severity"] in ("info", "minor", "major", "critical", "blocker")
        assert not entry["location"]["path"].startswith(("/", "./")) and entry["location"]["lines"]["begin"] >= 1
    assert len({entry["fingerprint"] for entry in entries}) == len(entries)
    print(f"code quality: {name} has {len(entries)} entries with the documented keys")
    if os.path.exists(schema):
        import jsonschema
        report = json.load(open(f"{work}/{name}/ctrf.json"))
        jsonschema.validate(report, json.load(open(schema)))
        print(f"ctrf: {name} fits ctrf-schema-0.0.json, {len(report['results']['tests'])} tests")
PY
  [ -d "$node/node_modules/ctrf" ] || not_run "the CTRF schema; npm could not install it"
  "$python/bin/pycobertura" show --format json "$fail/merged.xml" --source examples/demo/failing > "$work/pycobertura.json"
  "$python/bin/python" - "$work/pycobertura.json" <<'PY'
import json, sys
total = json.load(open(sys.argv[1]))["total"]
# 12 lines without a hit, as the verdict says; a line whose branches are not all taken is missed for pycobertura too.
assert (total["Stmts"], total["Miss"]) == (36, 13), total
print("pycobertura: 36 statements, of which 12 did not run and 1 in part")
PY
else
  not_run "junitparser, pycobertura and the CTRF schema; PyPI's packages could not be installed"
fi
if command -v genhtml > /dev/null; then
  (cd examples/demo/failing && genhtml --quiet --output-directory "$work/genhtml" "$fail/merged.info")
  summary=$(cd examples/demo/failing && lcov --summary "$fail/merged.info" 2>&1)
  grep -q "(24 of 36 lines)" <<< "$summary" || { echo "$summary"; exit 1; }
  echo "genhtml draws the merged tracefile; lcov counts 24 of 36 lines"
else
  not_run "genhtml"
fi

say "HTML"
if [ -x "$node/node_modules/.bin/html-validate" ]; then
  cat > "$work/.htmlvalidate.json" <<'JSON'
{ "root": true, "extends": ["html-validate:standard"] }
JSON
  (cd "$work" && "$node/node_modules/.bin/html-validate" --config .htmlvalidate.json demo/verdict.html demo-failing/verdict.html metrics.html)
  echo "html-validate: three pages are valid"
else
  not_run "html-validate; npm could not install it"
fi

say "a browser: light, dark, a phone; accessibility by axe"
if command -v chromium > /dev/null && [ -d "$node/node_modules/axe-core" ]; then
  browse() { chromium --headless=new --no-sandbox --disable-gpu --hide-scrollbars --user-data-dir="$work/profile" "$@" 2> /dev/null; }
  for page in demo/verdict.html demo-failing/verdict.html metrics.html demo/badge.svg demo-failing/badge.svg metrics.svg; do
    name=${page//[\/.]/-}
    browse --window-size=1280,1400 --screenshot="$work/$name-light.png" "file://$work/$page"
    browse --window-size=1280,1400 --blink-settings=preferredColorScheme=0 --screenshot="$work/$name-dark.png" "file://$work/$page"
    browse --window-size=500,1400 --screenshot="$work/$name-phone.png" "file://$work/$page"
    [ -s "$work/$name-light.png" ] && [ -s "$work/$name-dark.png" ] && [ -s "$work/$name-phone.png" ]
  done
  for page in demo/verdict.html demo-failing/verdict.html metrics.html; do
    for scheme in 0 1; do
      # The page forbids scripts, so a copy without that line is looked at.
      python3 - "$work/$page" "$node/node_modules/axe-core/axe.min.js" > "$work/axe.html" <<'PY'
import re, sys
page = re.sub(r"<meta http-equiv=.Content-Security-Policy.[^>]*>", "", open(sys.argv[1]).read())
run = "axe.run().then(r=>{const s=r.violations.map(v=>v.id+': '+v.nodes.map(n=>n.html).join(' | ')).join('\\n');document.title='axe '+r.violations.length+' of '+(r.passes.length+r.violations.length);const p=document.createElement('pre');p.id='axe';p.textContent=s;document.body.append(p)})"
print(page.replace("</body>", f"<script>{open(sys.argv[2]).read()}</script><script>{run}</script></body>"))
PY
      dom=$(browse --blink-settings=preferredColorScheme=$scheme --virtual-time-budget=20000 --dump-dom "file://$work/axe.html")
      title=$(grep -o '<title>axe [^<]*</title>' <<< "$dom" | head -1)
      echo "axe: $page, colour scheme $scheme: $title"
      case "$title" in
        "<title>axe 0 of "*) ;;
        *) sed -n '/<pre id="axe">/,/<\/pre>/p' <<< "$dom" | head -40; exit 1 ;;
      esac
    done
  done
else
  not_run "the browser"
fi

say "shells and man"
"$binary" completions bash | bash -n
echo "bash reads its completions"
for shell in zsh fish; do
  if command -v "$shell" > /dev/null; then
    "$binary" completions "$shell" > "$work/completions.$shell"
    "$shell" -n "$work/completions.$shell"
    echo "$shell reads its completions"
  else
    not_run "completions of $shell, which is not here"
  fi
done
if command -v fish > /dev/null; then
  offered=$(fish --no-config -c "source '$work/completions.fish'; complete -C 'tollgate check --write-'" | wc -l)
  [ "$offered" -ge 8 ] || { echo "fish offers $offered outputs of tollgate check"; exit 1; }
  echo "fish offers $offered outputs of \`tollgate check --write-\`"
fi
if command -v zsh > /dev/null; then
  zsh -f -c "autoload -U compinit; compinit -u -d '$work/zcompdump'; source '$work/completions.zsh'; whence -w _tollgate"
fi
if command -v man > /dev/null; then
  mkdir -p "$work/man"
  "$binary" man --dir "$work/man"
  for page in "$work"/man/*.1; do
    # A wrong macro is a warning on standard error.
    warnings=$(MANWIDTH=80 man --warnings -l "$page" 2>&1 > /dev/null)
    [ -z "$warnings" ] || { echo "$page: $warnings"; exit 1; }
  done
  echo "man reads $(find "$work/man" -name '*.1' | wc -l) pages without a warning"
else
  not_run "man"
fi

say "the activity score against the formula as JavaScript"
if command -v node > /dev/null; then
  node tests/outputs/activity.mjs "$binary" "$work"
else
  not_run "the formula as JavaScript; node is not here"
fi

if [ "$missing" = 1 ] && [ "${CI:-}" = true ]; then
  echo "something above was not run, and CI is where it must be"
  exit 1
fi
