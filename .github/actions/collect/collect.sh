#!/usr/bin/env bash
# Copies the reports that the globs match into a folder of their own and writes a manifest beside them.
# Exits 0 whatever the reports say, and also when there are none: the gate job judges, this only packs.
# Runs on Linux, macOS (bash 3.2) and Windows (the bash that comes with git).
set -uo pipefail

# What the gate takes from all artifacts of a run; the manifest is a file too.
MAX_FILES=4999
MAX_FILE_BYTES=$((64 * 1024 * 1024))
MAX_BYTES=$((500 * 1024 * 1024))

folder="${RUNNER_TEMP:?}/tollgate-collect-$RANDOM$RANDOM"
mkdir -p "$folder/files"
echo "folder=$folder" >> "${GITHUB_OUTPUT:?}"
cd "${GITHUB_WORKSPACE:?}" || exit 1

if command -v sha256sum > /dev/null; then
  digest() { sha256sum < "$1" | cut -c1-64; }
else
  digest() { shasum -a 256 < "$1" | cut -c1-64; }
fi

# A path as a JSON string; fails for control characters, which no report's name needs.
json_string() {
  local text=$1
  case $text in *[[:cntrl:]]*) return 1 ;; esac
  text=${text//\\/\\\\}
  text=${text//\"/\\\"}
  printf '"%s"' "$text"
}

matches() {
  local path=$1 glob
  while IFS= read -r glob; do
    glob=${glob%$'\r'}
    glob=${glob#./}
    [ -n "$glob" ] || continue
    # shellcheck disable=SC2053 # the right side is a pattern on purpose
    [[ $path == $glob ]] && return 0
    # `**/junit.xml` names the one at the top too.
    # shellcheck disable=SC2053
    case $glob in '**/'*) [[ $path == ${glob#'**/'} ]] && return 0 ;; esac
  done <<< "$TOLLGATE_PATH"
  return 1
}

# Outcomes of steps without their outputs, which may hold what nobody should read in an artifact.
step_outcomes() {
  if [ -z "$TOLLGATE_STEPS" ]; then
    echo null
  elif command -v jq > /dev/null; then
    jq -c 'map_values({outcome, conclusion})' <<< "$TOLLGATE_STEPS" || echo null
  elif command -v python3 > /dev/null; then
    python3 -c 'import json, sys
print(json.dumps({k: {w: v.get(w) for w in ("outcome", "conclusion")} for k, v in json.load(sys.stdin).items()}))' \
      <<< "$TOLLGATE_STEPS" || echo null
  else
    echo null
  fi
}

# Regular files with one name only: a symlink or a second hard link may lead to what is no report.
is_plain() {
  [ -f "./$1" ] && [ ! -L "./$1" ] && [ -n "$(find "./$1" -prune -links 1 -print)" ]
}

files=0
bytes=0
skipped=0
entries=
# What matches and is not packed is counted: the gate gives no verdict on evidence that is not whole.
while IFS= read -r -d '' path; do
  path=${path#./}
  matches "$path" || continue
  if ! is_plain "$path" || ! name=$(json_string "$path") || ! size=$(wc -c < "$path" | tr -d ' ') ||
    [ "$files" -ge "$MAX_FILES" ] || [ "$size" -gt "$MAX_FILE_BYTES" ] || [ $((bytes + size)) -gt "$MAX_BYTES" ]; then
    skipped=$((skipped + 1))
    continue
  fi
  # Copied first and digested after: what counts is what is uploaded.
  cp -P -- "$path" "$folder/files/$files" || { skipped=$((skipped + 1)); continue; }
  sum=$(digest "$folder/files/$files")
  entries="$entries${entries:+,}
    {\"path\": $name, \"file\": \"files/$files\", \"bytes\": $size, \"sha256\": \"$sum\"}"
  files=$((files + 1))
  bytes=$((bytes + size))
done < <(find . \( -name .git -o -name node_modules \) -prune -o ! -type d -print0)

# What is checked out was tested, which is not always the commit that started the run.
tested=$(git rev-parse --verify --quiet 'HEAD^{commit}' 2> /dev/null || true)

cat > "$folder/manifest.json" <<JSON
{
  "version": 2,
  "reads-as": 1,
  "workflow": $(json_string "${GITHUB_WORKFLOW:-}" || echo null),
  "job": $(json_string "${GITHUB_JOB:-}" || echo null),
  "index": ${TOLLGATE_INDEX:-null},
  "total": ${TOLLGATE_TOTAL:-null},
  "matrix": ${TOLLGATE_MATRIX:-null},
  "run-id": "${GITHUB_RUN_ID:-}",
  "attempt": ${GITHUB_RUN_ATTEMPT:-null},
  "sha": "${tested:-${GITHUB_SHA:-}}",
  "os": "${RUNNER_OS:-}",
  "steps": $(step_outcomes),
  "skipped": $skipped,
  "files": [$entries
  ]
}
JSON

echo "tollgate: packed $files reports ($bytes bytes), left out $skipped"
if [ "$files" -eq 0 ]; then
  echo "::warning title=Tollgate collect::no file matches; the gate job will find no report of this job"
fi
exit 0
