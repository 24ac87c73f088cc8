// The project on one screen: what it costs, with which models, where the money goes, and what is wrong.

import { el, put } from "./dom.js";
import { amount, counted, grouped, percent } from "./format.js";
import { budgetValue } from "./cost.js";
import { findings, list } from "./diagnostics.js";
import { line } from "./inert.js";
import { contextLink } from "./place.js";
import { nameOf, page } from "./state.js";
import { table } from "./table.js";
import { meaning } from "./words.js";

/** More rows than this of one table, and more findings, are counted. */
const MOST_SHOWN = 20;

/** Draws what the whole project comes to. */
export function drawProject(main) {
  const all = findings();
  put(
    main,
    el("h1", {}, "Project"),
    el("p", { class: "lead" }, lead(all)),
    totals(),
    over(),
    wrong(all),
    dearest(),
    deprecated(),
  );
}

function lead(all) {
  const { prompts, build } = page;
  const failing = build.contexts.filter((context, at) => !prompts[at].stale && context.budgets.some((budget) => budget.status === "fail")).length;
  const warnings = all.filter((one) => one.severity === "warning").length;
  const parts = [
    counted(prompts.filter((prompt) => !prompt.stale).length + build.broken.length, "context"),
    build.broken.length ? `${grouped(build.broken.length)} broken` : "every one builds",
    failing ? `${grouped(failing)} over a budget` : "none is over a budget",
    warnings ? counted(warnings, "warning") : "no warnings",
  ];
  return `${parts.join(", ")}.${build.as_of ? ` Prices of ${build.as_of}; each model is an alternative to the others.` : ""}`;
}

function totals() {
  const rows = page.build.totals.map((sum) => [
    line(sum.model),
    month(sum.month, sum.unknown > 0, sum.without_traffic === sum.contexts, sum.estimated),
    grouped(sum.contexts),
    grouped(sum.unknown),
    grouped(sum.without_traffic),
  ]);
  if (!rows.length) return null;
  const columns = [
    { head: "Model" },
    { head: "Month", number: true, hint: "US dollars, 30 days at the declared traffic; unknown as long as one context's price is" },
    { head: "Contexts", number: true },
    { head: "Price unknown", number: true },
    { head: "No traffic", number: true, hint: "contexts of which nothing is in the month" },
  ];
  return [el("h2", {}, "Models"), table("Totals by model", columns, rows, { class: "figures" })];
}

function month(decimal, isUnknown, isIdle, isEstimated) {
  if (decimal !== null) return amount(decimal, isEstimated ? "≈" : "");
  return isUnknown ? "unknown" : isIdle ? "no traffic" : amount(null);
}

function dearest() {
  const sums = new Map(page.build.totals.map((sum) => [sum.model, sum.month]));
  const part = (value, whole) => (value === null || !Number(whole) ? "" : percent(Number(value), Number(whole)));
  const rows = page.top.slice(0, MOST_SHOWN).map((row) => [
    contextLink(nameOf(row), "cost"),
    month(row.month, row.unpriced, row.model !== "", row.estimated),
    part(row.month, sums.get(row.model)),
    line(row.model) || "no model",
    `${row.estimated ? "≈" : ""}${grouped(row.tokens)}`,
    row.calls === null ? "?" : grouped(row.calls),
    ...["read", "written", "fresh", "output"].map((name) => (row.parts && row.month !== null ? part(row.parts[name], row.month) : "")),
  ]);
  if (!rows.length) return null;
  const columns = [
    { head: "Context" },
    { head: "Month", number: true, hint: "US dollars, 30 days at the declared traffic" },
    { head: "Share", number: true, hint: "of the model's month over all contexts" },
    { head: "Model" },
    { head: "Tokens", number: true, hint: "input of a call" },
    { head: "Calls", number: true, hint: "a month" },
    ...["Read", "Written", "Fresh", "Output"].map((head) => ({ head, number: true, hint: `share of the month: ${meaning(head)}` })),
  ];
  const left = page.top_rows - rows.length;
  return [el("h2", {}, "Where the money goes"), table("The dearest contexts", columns, rows, { class: "figures dearest" }), left > 0 && el("p", { class: "faint" }, `${counted(left, "more row")}: `, el("code", {}, "contexture top -v"))];
}

function over() {
  const failing = page.build.contexts.flatMap((context, at) => (page.prompts[at].stale ? [] : context.budgets.filter((budget) => budget.status === "fail").map((budget) => ({ ...budget, context: page.prompts[at].name }))));
  if (!failing.length) return null;
  const rows = failing.slice(0, MOST_SHOWN).map(({ context, name, block, model, actual, limit }) => [contextLink(context, "cost"), budgetValue(name, actual), budgetValue(name, limit), [line(name), block && el("code", {}, ` ${line(block)}`)], line(model ?? "")]);
  const columns = [{ head: "Context" }, { head: "Actual", number: true }, { head: "Limit", number: true }, { head: "Budget" }, { head: "Model" }];
  return [el("h2", {}, "Over a budget"), table("Budgets that are exceeded", columns, rows, { class: "figures" }), more(failing.length, "budget")];
}

function wrong(all) {
  if (!all.length) return null;
  return [el("h2", {}, "What is wrong"), list(all.slice(0, MOST_SHOWN / 2)), more(all.length, "finding", MOST_SHOWN / 2)];
}

function more(number, thing, most = MOST_SHOWN) {
  return number > most && el("p", { class: "faint" }, `${counted(number - most, `more ${thing}`)}: Diagnostics has all.`);
}

function deprecated() {
  const rows = page.deprecated.map(({ model, day, successor, contexts }) => [line(model), day, successor === null ? "none is named" : line(successor), grouped(contexts)]);
  if (!rows.length) return null;
  const columns = [{ head: "Model" }, { head: "Deprecated from" }, { head: "Successor" }, { head: "Contexts", number: true }];
  return [el("h2", {}, "Models that retire"), table("Models that retire", columns, rows, { class: "figures" })];
}
