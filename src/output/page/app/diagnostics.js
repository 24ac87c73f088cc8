// Faults and remarks, each at its place.

import { el, put } from "./dom.js";
import { counted, grouped } from "./format.js";
import { line, shown } from "./inert.js";
import { place } from "./place.js";
import { nameOf, page } from "./state.js";

/** The findings of a value, worked out once. */
let gathered = {};

/** More contexts than this of one finding are counted. */
const NAMED = 8;

const RANK = { error: 0, warning: 1, note: 2 };

/** Everything that is wrong or worth a remark, with the names of the contexts that it concerns; each
 *  once, the worst first. */
export function findings() {
  if (gathered.page !== page) gathered = { page, all: gather() };
  return gathered.all;
}

function gather() {
  const found = new Map();
  const add = (context, diagnostic) => {
    const key = JSON.stringify(diagnostic);
    const known = found.get(key) ?? { ...diagnostic, contexts: [] };
    if (context) known.contexts.push(context);
    found.set(key, known);
  };
  for (const diagnostic of page.failure) add(null, diagnostic);
  for (const broken of page.build.broken) for (const diagnostic of broken.diagnostics) add(nameOf(broken), diagnostic);
  for (const [at, context] of page.build.contexts.entries()) {
    if (!page.prompts[at].stale) for (const diagnostic of context.diagnostics) add(nameOf(context), diagnostic);
  }
  return [...found.values()].sort((one, other) => RANK[one.severity] - RANK[other.severity]);
}

/** Draws all findings. */
export function drawDiagnostics(main) {
  const all = findings();
  put(
    main,
    el("h1", {}, "Diagnostics"),
    el("p", { class: "faint" }, all.length ? Object.keys(RANK).map((severity) => [severity, all.filter((one) => one.severity === severity).length]).filter(([, number]) => number).map(([severity, number]) => counted(number, severity)).join(", ") : "Nothing is wrong, and there is nothing to remark."),
    list(all),
  );
}

/** Findings as a list. */
export function list(all) {
  return el("ul", { class: "findings" }, all.map(finding));
}

function finding(diagnostic) {
  const { severity, code, message, file, line: at, hint, model, contexts = [] } = diagnostic;
  return el(
    "li",
    { class: severity },
    el("span", { class: "severity" }, severity),
    el("div", { class: "message" }, shown(message), hint && el("p", { class: "hint" }, shown(hint))),
    el(
      "div",
      { class: "where" },
      file && place(file, at),
      el("span", {}, el("code", {}, code), model && ` ${line(model)}`),
      contexts.length > 0 && el("span", { title: contexts.length > NAMED && contexts.map(line).join(", ") }, contexts.slice(0, NAMED).map(line).join(", "), contexts.length > NAMED && ` and ${grouped(contexts.length - NAMED)} more`),
    ),
  );
}
