// A browser that is told what to do: one JSON object a line on standard input, one answer a line on standard output.
// {"do": "…", …} is answered with {"ok": …} or {"error": "…"}.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { createInterface } from "node:readline";
import { chromium } from "playwright-core";

const axeSource = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
  args: ["--no-sandbox", "--disable-dev-shm-usage"],
});
let context, page, problems;

const deeds = {
  // A new window with nothing remembered. What a page complains about is collected.
  async open({ scheme = "light", width = 1280, height = 900, locale = "en-US", script = true }) {
    await context?.close();
    context = await browser.newContext({
      colorScheme: scheme, locale, javaScriptEnabled: script, viewport: { width, height }, timezoneId: "UTC",
    });
    context.setDefaultTimeout(60000);
    page = await context.newPage();
    problems = [];
    page.on("pageerror", (error) => problems.push(String(error)));
    page.on("console", (message) => { if (message.type() === "error") problems.push(message.text()); });
  },
  // Once more where the page before loaded itself anew at that moment.
  goto: async ({ url }) => {
    const go = async () => (await page.goto(url))?.status() ?? 0;
    return go().catch((error) => { if (String(error).includes("ERR_ABORTED")) return go(); throw error; });
  },
  reload: async () => void (await page.reload()),
  resize: async ({ width, height }) => page.setViewportSize({ width, height }),
  click: async ({ role, name, at }) => (at ? page.locator(at) : page.getByRole(role, { name, exact: true })).first().click(),
  fill: async ({ label, at, value }) => (at ? page.locator(at) : page.getByLabel(label, { exact: true })).first().fill(value),
  choose: async ({ label, value }) => page.getByLabel(label, { exact: true }).first().selectOption(value),
  check: async ({ label, on = true }) => page.getByLabel(label, { exact: true }).first().setChecked(on),
  press: async ({ key }) => page.keyboard.press(key),
  // Waits until the element is there and visible.
  see: async ({ at, text }) => {
    const found = text === undefined ? page.locator(at) : page.locator(at ?? "body").filter({ hasText: text });
    await found.first().waitFor();
  },
  text: async ({ at }) => page.locator(at).first().innerText(),
  texts: async ({ at }) => page.locator(at).allInnerTexts(),
  url: async () => page.url(),
  cookies: async () => context.cookies(),
  run: async ({ code }) => page.evaluate(code),
  screenshot: async ({ path }) => void (await page.screenshot({ path, fullPage: true, animations: "disabled" })),
  problems: async () => problems,
  // What stands in the way of people with disabilities, of those findings that count.
  axe: async () => {
    await page.evaluate(axeSource);
    const found = await page.evaluate(() => axe.run({ runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "best-practice"] }));
    const counts = found.violations.filter((one) => one.impact === "serious" || one.impact === "critical");
    return counts.map((one) => `${one.id}: ${one.help}: ${one.nodes.map((node) => node.html.slice(0, 200)).join(" | ")}`);
  },
};

for await (const line of createInterface({ input: process.stdin })) {
  let answer;
  try {
    const order = JSON.parse(line);
    answer = { ok: (await deeds[order.do](order)) ?? null };
  } catch (error) {
    answer = { error: `${error}`, page: page?.url() };
  }
  process.stdout.write(`${JSON.stringify(answer)}\n`);
}
await browser.close();
