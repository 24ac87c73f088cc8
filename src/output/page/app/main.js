// Begins: gets the value, draws the view that is chosen, and draws again when either changes.

import { drawBeside } from "./beside.js";
import { drawChanges } from "./changes.js";
import { drawCost } from "./cost.js";
import { drawDiagnostics } from "./diagnostics.js";
import { el, put } from "./dom.js";
import { drawEvaluation } from "./evaluation.js";
import { drawFind } from "./find.js";
import { contextHead, drawBar, drawStanding } from "./frame.js";
import { drawHistory } from "./history.js";
import "./keys.js";
import { line } from "./inert.js";
import { listenToServer } from "./live.js";
import { drawProject } from "./project.js";
import { drawPrompt } from "./prompt.js";
import { labelSearch } from "./search.js";
import { drawSharing } from "./sharing.js";
import { drawSide } from "./side.js";
import { current, listen, missing, page, setPage, viewNow } from "./state.js";

const main = document.getElementById("main");

/** What is on the screen: the view and the context. */
let drawn = "";

listen((what) => {
  if (!page) return;
  drawStanding();
  if (what === "trouble") return;
  drawSide(document.getElementById("side"));
  draw();
});

/** How each view is drawn: those of the project, and those of a context below its head. */
const OF_PROJECT = { project: drawProject, find: drawFind, sharing: drawSharing, changes: drawChanges, evaluation: drawEvaluation, diagnostics: drawDiagnostics };
const OF_CONTEXT = {
  prompt: drawPrompt,
  cost: drawCost,
  compare: drawBeside,
  history: (into, { prompt }) => drawHistory(into, prompt.name),
};

function draw() {
  // What is on the screen stays there until the rest of what is chosen has come.
  if (missing().length) return;
  const here = current();
  const view = viewNow();
  labelSearch(view === "prompt");
  const name = OF_PROJECT[view] ? null : (here?.prompt.name ?? page.history?.id ?? null);
  document.title = name ? `${line(name)} · contexture` : "contexture";
  // The same view is drawn over itself, so that it can keep what has not changed.
  const again = drawn === `${view} ${name}` ? main.querySelector(":scope > .view") : null;
  drawn = `${view} ${name}`;
  const into = again ?? el("div", { class: `view view-${view}` });
  if (OF_PROJECT[view] || !here) {
    if (!again) put(main, into);
    if (OF_PROJECT[view]) OF_PROJECT[view](into);
    else if (page.history) drawHistory(into, null);
    else put(into, el("p", { class: "empty" }, "There is no context that could be built."));
    return;
  }
  if (again) main.querySelector(":scope > .head").replaceWith(contextHead(here));
  else put(main, contextHead(here), into);
  (OF_CONTEXT[view] ?? drawPrompt)(into, here);
}

// Charts are as wide as their view.
addEventListener("resize", () => page && viewNow() !== "prompt" && draw());

drawBar(document.getElementById("bar"));
const frozen = document.getElementById("page");
if (frozen) setPage(JSON.parse(frozen.textContent));
else listenToServer();
