"""Trims GitHub's own description of its API to the operations that the fake of the tests knows.

    openapi.py PACKAGE.tgz OUT      PACKAGE is npm's @octokit/openapi; OUT gets one file a server

What is left of a description: the operations with their parameters, bodies and answers as JSON Schema, and the
schemas that they name. OpenAPI's `nullable` becomes a choice with null.
"""

import json
import sys
import tarfile
from pathlib import Path

SERVERS = ["api.github.com", "ghes-3.19"]

OPERATIONS = """
GET /repos/{owner}/{repo}
GET /repos/{owner}/{repo}/branches/{branch}
GET /repos/{owner}/{repo}/branches/{branch}/protection/required_status_checks
GET /repos/{owner}/{repo}/rules/branches/{branch}
GET /repos/{owner}/{repo}/rulesets
GET /repos/{owner}/{repo}/rulesets/{ruleset_id}
GET /repos/{owner}/{repo}/collaborators/{username}/permission
GET /repos/{owner}/{repo}/installation
GET /repos/{owner}/{repo}/contents/{path}
GET /repos/{owner}/{repo}/compare/{basehead}
GET /repos/{owner}/{repo}/pulls
GET /repos/{owner}/{repo}/pulls/{pull_number}
GET /repos/{owner}/{repo}/pulls/{pull_number}/files
GET /repos/{owner}/{repo}/commits/{commit_sha}/pulls
GET /repos/{owner}/{repo}/commits/{ref}/check-runs
GET /repos/{owner}/{repo}/check-runs/{check_run_id}
GET /repos/{owner}/{repo}/check-runs/{check_run_id}/annotations
POST /repos/{owner}/{repo}/check-runs
PATCH /repos/{owner}/{repo}/check-runs/{check_run_id}
GET /repos/{owner}/{repo}/issues/{issue_number}/comments
POST /repos/{owner}/{repo}/issues/{issue_number}/comments
PATCH /repos/{owner}/{repo}/issues/comments/{comment_id}
GET /repos/{owner}/{repo}/actions/runs
GET /repos/{owner}/{repo}/actions/runs/{run_id}
GET /repos/{owner}/{repo}/actions/runs/{run_id}/jobs
GET /repos/{owner}/{repo}/actions/runs/{run_id}/artifacts
GET /repos/{owner}/{repo}/actions/artifacts
GET /repos/{owner}/{repo}/actions/artifacts/{artifact_id}/{archive_format}
GET /repos/{owner}/{repo}/actions/workflows
GET /repos/{owner}/{repo}/actions/permissions
GET /repos/{owner}/{repo}/actions/permissions/workflow
GET /repos/{owner}/{repo}/actions/permissions/fork-pr-workflows-private-repos
GET /repos/{owner}/{repo}/git/commits/{commit_sha}
GET /repos/{owner}/{repo}/git/trees/{tree_sha}
GET /repos/{owner}/{repo}/git/blobs/{file_sha}
GET /repos/{owner}/{repo}/attestations/{subject_digest}
GET /repos/{owner}/{repo}/git/ref/{ref}
POST /repos/{owner}/{repo}/git/commits
POST /repos/{owner}/{repo}/git/trees
POST /repos/{owner}/{repo}/git/blobs
POST /repos/{owner}/{repo}/git/refs
PATCH /repos/{owner}/{repo}/git/refs/{ref}
GET /rate_limit
GET /app
GET /app/installations
POST /app/installations/{installation_id}/access_tokens
GET /app/hook/deliveries
POST /app/hook/deliveries/{delivery_id}/attempts
GET /installation/repositories
""".split("\n")

PROSE = {"description", "title", "example", "examples", "externalDocs", "deprecated", "default", "discriminator", "xml"}


class Trimmer:
    def __init__(self, document):
        self.document = document
        self.schemas = {}

    def resolve(self, node):
        while "$ref" in node:
            target = self.document
            for part in node["$ref"].removeprefix("#/").split("/"):
                target = target[part]
            node = target
        return node

    def schema(self, node):
        if "$ref" in node:
            name = node["$ref"].removeprefix("#/components/schemas/")
            if name not in self.schemas:
                self.schemas[name] = None
                self.schemas[name] = self.schema(self.document["components"]["schemas"][name])
            return {"$ref": f"#/$defs/{name}"}
        out = {}
        for key, value in node.items():
            if key in PROSE or key.startswith("x-") or key == "nullable":
                continue
            if key in ("properties", "patternProperties"):
                out[key] = {name: self.schema(each) for name, each in value.items()}
            elif key in ("allOf", "anyOf", "oneOf"):
                out[key] = [self.schema(each) for each in value]
            elif key in ("items", "not", "additionalProperties") and isinstance(value, dict):
                out[key] = self.schema(value)
            else:
                out[key] = value
        if node.get("nullable"):
            return {"anyOf": [out, {"type": "null"}]}
        return out

    def content(self, node):
        for media, value in node.get("content", {}).items():
            if media.split(";")[0].endswith("json") and "schema" in value:
                return self.schema(value["schema"])
        return None

    def operation(self, method, path):
        item = self.document["paths"].get(path)
        if item is None or method.lower() not in item:
            return None
        operation = item[method.lower()]
        query = {}
        for parameter in [*item.get("parameters", []), *operation.get("parameters", [])]:
            parameter = self.resolve(parameter)
            if parameter["in"] == "query":
                query[parameter["name"]] = {
                    "required": parameter.get("required", False), "schema": self.schema(parameter["schema"]),
                }
        answers = {}
        for status, answer in operation["responses"].items():
            answers[status] = self.content(self.resolve(answer))
        body = operation.get("requestBody")
        return {
            "method": method, "path": path, "query": query, "answers": answers,
            "body": self.content(self.resolve(body)) if body else None,
        }


def main(package, out):
    out = Path(out)
    out.mkdir(parents=True, exist_ok=True)
    wanted = [line.split(" ") for line in OPERATIONS if line]
    with tarfile.open(package) as archive:
        for member in archive:
            server = Path(member.name).name.removesuffix(".json")
            if server not in SERVERS:
                continue
            trimmer = Trimmer(json.load(archive.extractfile(member)))
            operations = [trimmer.operation(method, path) for method, path in wanted]
            missing = [" ".join(line) for line, found in zip(wanted, operations) if found is None]
            result = {"operations": [each for each in operations if each], "$defs": trimmer.schemas}
            text = json.dumps(result, separators=(",", ":"))
            # In one step, so that a reader sees a whole file or none.
            part = out / f"{server}.json.part"
            part.write_text(text)
            part.rename(out / f"{server}.json")
            print(f"{server}: {len(result['operations'])} operations, {len(text) // 1000} kB", *missing, sep="\n  missing: ")


main(*sys.argv[1:])
