// The history of a context: its tokens and a warm call, commit by commit, oldest on the left.

import { chart } from "./chart.js";
import { commit } from "./changes.js";
import { el, put } from "./dom.js";
import { amount, counted, grouped, money } from "./format.js";
import { line } from "./inert.js";
import { loaded } from "./load.js";
import { page } from "./state.js";
import { table } from "./table.js";

/** Draws the history of the page, or has the server tell that of a context. */
export function drawHistory(main, context) {
  const draw = (history) => told(history, Math.max(280, Math.min(main.clientWidth, 1080)), context === null);
  if (page.history) return put(main, draw(page.history));
  return loaded(main, `history.json?context=${encodeURIComponent(context)}`, draw);
}

function told({ id, variant, as_of: day, commits, left_out: leftOut, cut_off: cutOff }, width, alone) {
  const name = variant ? `${id}@${variant}` : id;
  // Whatever order was asked for, time runs from left to right.
  const byTime = commits.map((row, at) => ({ ...row, at })).sort((one, other) => one.date.localeCompare(other.date) || other.at - one.at);
  const models = [...new Set(commits.flatMap((row) => row.models.map((model) => model.model)))];
  const warm = (row, name) => row.models.find((model) => model.model === name)?.warm ?? null;
  const every = Math.ceil(byTime.length / Math.max(2, width / 110));
  const ticks = byTime.map((row, at) => [at, row.date]).filter(([at, date]) => at % every === 0 && date !== byTime[at - every]?.date);
  const quiet = leftOut.without_effect + leftOut.untouched;
  const draw = (series, format, words) =>
    chart({ width, height: 190, series, ticks, format, name: words, stepped: true });
  return [
    alone && el("h1", {}, line(name)),
    el("p", { class: "faint" }, `${counted(commits.length, "commit")} changed what the model sees${quiet ? `; ${grouped(quiet)} did not` : ""}. Prices of ${day}.`),
    el("h2", {}, "Tokens"),
    draw([{ name: "tokens", values: byTime.map((row) => row.tokens) }], grouped, "Tokens by o200k_base, commit by commit; the table below has the figures"),
    models.length > 0 && el("h2", {}, "A warm call"),
    models.length > 0 && draw(models.map((model) => ({ name: model, values: byTime.map((row) => (warm(row, model) === null ? null : Number(warm(row, model)))) })), (value) => money(String(value)), "Cost of a warm call, commit by commit, one line a model"),
    el("h2", {}, "Commits"),
    commitTable(commits, models, warm),
    cutOff.map((id) => el("p", { class: "faint" }, "History ends at ", commit(id), ", because this is a shallow clone.")),
  ];
}

function commitTable(commits, models, warm) {
  const rows = commits.map((row) => [
    commit(row.commit),
    row.date,
    [row.status !== "changed" && el("span", { class: `state ${row.status}` }, row.status), el("span", { class: "subject" }, line(row.subject)), el("small", {}, line(row.author))],
    row.tokens === null ? "–" : grouped(row.tokens),
    row.segments === null || row.segments.kept === null ? "–" : `${grouped(row.segments.kept)} of ${grouped(row.segments.total)}`,
    row.lost === null ? "–" : grouped(row.lost),
    ...models.map((model) => amount(warm(row, model))),
  ]);
  const columns = [
    { head: "Commit" },
    { head: "Date" },
    { head: "Subject" },
    { head: "Tokens", number: true },
    { head: "Segments kept", number: true, hint: "those from the start that were there before" },
    { head: "Tokens lost", number: true, hint: "tokens of the earlier prefix that are not at its start any more" },
    ...models.map((model) => ({ head: `Warm, ${line(model)}`, number: true })),
  ];
  return table("Commits that changed what the model sees", columns, rows, { class: "figures" });
}
