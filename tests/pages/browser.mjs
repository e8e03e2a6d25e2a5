// Looks at the pages of the service in a real browser: light and dark, wide and on a phone, and printed. Nothing may be
// written to the console, asked of another host or wider than the window, and axe must find nothing.
//
//   node browser.mjs ADDRESS RECORD-OF-HOSTILE-TEXTS        pictures go to $TOLLGATE_PICTURES, if it is set
import { mkdirSync, mkdtempSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createRequire } from "node:module";

const require = createRequire(join(process.env.TOLLGATE_NODE_MODULES, "x.js"));
const { chromium } = require("playwright-core");
const axe = readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");

const [address, hostile] = process.argv.slice(2);
const pictures = process.env.TOLLGATE_PICTURES;
if (pictures) mkdirSync(pictures, { recursive: true });
const hostileRepository = `/repositories/acme/${encodeURIComponent("<script>alert(3)<\u202escript>")}`;
const pages = [
  ["overview", "/", 200],
  ["overview-kind", "/?why=no%20verdict", 200],
  ["repositories", "/repositories?page=2", 200],
  ["repository", "/repositories/acme/payments", 200],
  ["verdict", "/repositories/acme/payments/verdicts/1", 200],
  ["search", "/search?q=service", 200],
  ["search-nothing", `/search?q=${encodeURIComponent('"><script>alert(4)</script>')}`, 200],
  ["not-found", "/repositories/acme/none", 404],
  ["hostile-repository", hostileRepository, 200],
  ["hostile-verdict", `${hostileRepository}/verdicts/${hostile}`, 200],
];

const context = await chromium.launchPersistentContext(mkdtempSync(join(tmpdir(), "tollgate-browser-")), {
  executablePath: "/usr/bin/chromium",
  headless: true,
  args: ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync"],
});
const wrong = [];
let rules = 0;
// A page of hostile texts is taller than a picture can be.
const MOST_HIGH = 8_000;
async function picture(page, name) {
  const high = await page.evaluate(() => document.documentElement.scrollHeight);
  await page.screenshot({ path: join(pictures, `${name}.png`), fullPage: high <= MOST_HIGH });
}
for (const [name, path, status] of pages) {
  for (const [width, scheme] of [[1280, "light"], [1280, "dark"], [375, "light"], [375, "dark"]]) {
    const where = `${name}, ${width} px, ${scheme}`;
    const page = await context.newPage();
    await page.setViewportSize({ width, height: 800 });
    await page.emulateMedia({ colorScheme: scheme });
    page.on("console", (message) => {
      // A browser reports the status that a page is meant to have.
      if (message.type() === "error" && !(status === 404 && message.text().includes("404"))) {
        wrong.push(`${where}: console: ${message.text()}`);
      }
    });
    page.on("pageerror", (error) => wrong.push(`${where}: ${error}`));
    page.on("dialog", (dialog) => { wrong.push(`${where}: a dialog opened`); dialog.dismiss(); });
    page.on("request", (request) => {
      if (!request.url().startsWith(`${address}/`) && request.url() !== "data:,") {
        wrong.push(`${where}: asked for ${request.url().slice(0, 200)}`);
      }
    });
    const answer = await page.goto(address + path);
    if (answer.status() !== status) wrong.push(`${where}: status ${answer.status()}`);
    const size = (await answer.body()).length;
    if (size > 500_000) wrong.push(`${where}: ${size} bytes`);
    const over = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
    if (over > 0) wrong.push(`${where}: ${over} px wider than the window`);
    await page.keyboard.press("Tab");
    const first = await page.evaluate(() => document.activeElement.className);
    if (first !== "skip") wrong.push(`${where}: the first Tab leads to "${first}"`);
    await page.evaluate(() => document.activeElement.blur());
    await page.evaluate(axe);
    const found = await page.evaluate(() => window.axe.run());
    rules += found.passes.length;
    for (const violation of found.violations) {
      wrong.push(`${where}: axe ${violation.id}: ${violation.nodes.slice(0, 3).map((node) => node.html.slice(0, 200)).join(" | ")}`);
    }
    if (pictures) await picture(page, `${name}-${width}-${scheme}`);
    if (pictures && width === 1280 && scheme === "light") {
      await page.emulateMedia({ media: "print" });
      await page.setViewportSize({ width: 794, height: 1123 });
      await picture(page, `${name}-print`);
    }
    await page.close();
  }
}
await context.close();
if (rules === 0) wrong.push("axe has checked nothing");
for (const line of wrong) console.log(line);
console.log(`${pages.length} pages in 4 looks: ${rules} rules of axe passed, ${wrong.length} problems`);
process.exit(wrong.length === 0 ? 0 : 1);
