// The published formula of the repository activity score, written in the language that it is published in, against
// `tollgate portal-feed` over a thousand made-up repositories.
import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";

const [binary, work] = process.argv.slice(2);
const now = Date.parse("2026-01-10T00:00:00Z");
const day = 86_400_000;

function score(repo) {
  const metadata = repo._InnerSourceMetadata;
  let s = 50 + 5 * repo.forks_count + repo.subscribers_count + repo.stargazers_count / 3 + repo.open_issues_count / 5;
  const updated = (now - Date.parse(repo.updated_at)) / day;
  s *= 1 + (100 - Math.min(updated, 100)) / 100;
  if (metadata.participation) {
    const average = metadata.participation.slice(-13).reduce((a, b) => a + b, 0) / 13;
    s *= 1 + Math.min(Math.max(average - 3, 0), 7) / 7;
  }
  const created = (now - Date.parse(repo.created_at)) / day;
  s += ((1000 - 2.74 * Math.min(updated, 365)) * (365 - Math.min(created, 365))) / 365;
  if ((repo.description ?? "").length > 30 || (metadata.motivation ?? "").length > 30) s += 50;
  if (metadata.guidelines) s += 100;
  if (s > 3000) s = 3000 + 100 * Math.log(s);
  return Math.round(s - 50);
}

// A small generator with a fixed seed: the same repositories on every machine.
let state = 2026;
const random = (below) => {
  state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
  return Math.floor((state / 2 ** 32) * below);
};
const repositories = Array.from({ length: 1000 }, (_, id) => {
  const size = 10 ** random(4);
  const created = now - random(2000) * day - random(86_400) * 1000;
  const metadata = {};
  if (random(2)) metadata.participation = Array.from({ length: 1 + random(60) }, () => random(20));
  if (random(2)) metadata.guidelines = "CONTRIBUTING.md";
  if (random(3) === 0) metadata.motivation = "é".repeat(random(60));
  return {
    id, name: `r${id}`, full_name: `acme/r${id}`, html_url: "https://x.example",
    description: random(4) ? "d".repeat(random(60)) : null,
    forks_count: random(size), subscribers_count: random(size), stargazers_count: random(size), open_issues_count: random(size),
    created_at: new Date(created).toISOString().replace(".000Z", "Z"),
    updated_at: new Date(created + random(Math.ceil((now - created) / 1000)) * 1000).toISOString().replace(".000Z", "Z"),
    _InnerSourceMetadata: metadata,
  };
});
writeFileSync(`${work}/facts.json`, JSON.stringify(repositories));
const printed = execFileSync(binary, ["portal-feed", `${work}/facts.json`, "--as-of", "2026-01-10T00:00:00Z"], { maxBuffer: 1 << 28 });
const feed = JSON.parse(printed);
const wrong = repositories.filter((repo, index) => feed[index]._InnerSourceMetadata.score !== score(repo));
if (feed.length !== 1000 || wrong.length > 0) {
  console.error(`${wrong.length} of ${feed.length} scores differ`, wrong[0]?.full_name, wrong[0] && score(wrong[0]));
  process.exit(1);
}
console.log(`1000 scores are those of the formula; ${feed.filter((entry) => entry._InnerSourceMetadata.score > 3000).length} of them beyond the jump`);
