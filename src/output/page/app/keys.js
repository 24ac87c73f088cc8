// The keyboard. Keys of one letter, so they rest while somebody types.

import { openHelp, turnTheme } from "./frame.js";
import { move, openSource } from "./prompt.js";
import { step } from "./search.js";
import { VIEWS, filterContexts, has } from "./side.js";
import { choose, contextIndex, current, page, viewNow } from "./state.js";

const GO = { o: "project", f: "find", p: "prompt", c: "cost", h: "history", v: "compare", s: "sharing", d: "changes", e: "evaluation", i: "diagnostics" };

let isGoing = false;

/** What each key does. */
const ACTIONS = {
  j: () => move(1),
  k: () => move(-1),
  o: openSource,
  n: () => step(1),
  N: () => step(-1),
  "[": () => turnContext(-1),
  "]": () => turnContext(1),
  f: filterContexts,
  m: turnModel,
  t: turnTheme,
  G: () => scrollTo(0, document.documentElement.scrollHeight),
  "?": openHelp,
  "/": () => {
    if (VIEWS[viewNow()] && viewNow() !== "prompt") choose({ view: "prompt" });
    document.getElementById("search").focus();
    document.getElementById("search").select();
  },
};

addEventListener("keydown", (event) => {
  const typing = event.target.closest?.("input, select, textarea, dialog[open]");
  if (event.target.closest?.("summary") && (event.key === "Enter" || event.key === " ")) return;
  if (typing || event.ctrlKey || event.metaKey || event.altKey || !page) return;
  if (isGoing) {
    isGoing = false;
    if (event.key === "g") scrollTo(0, 0);
    else if (GO[event.key] && has(GO[event.key])) choose({ view: GO[event.key] });
    else return;
  } else if (event.key === "g") {
    isGoing = true;
  } else if (event.key === "Enter" && event.target === document.body) {
    openSource();
  } else if (ACTIONS[event.key]) {
    ACTIONS[event.key]();
  } else {
    return;
  }
  event.preventDefault();
});

function turnContext(by) {
  const count = page.prompts.length;
  if (count) choose({ context: page.prompts[(contextIndex() + by + count) % count].name });
}

function turnModel() {
  const models = current()?.figures.models ?? [];
  if (models.length) choose({ model: models[(current().at + 1) % models.length].model });
}
