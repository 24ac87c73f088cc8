// Begins: gets the value, draws the view that is chosen, and draws again when either changes.

import { drawCost } from "./cost.js";
import { drawDiagnostics } from "./diagnostics.js";
import { el, put } from "./dom.js";
import { contextHead, drawBar, drawSide, drawStanding } from "./frame.js";
import "./keys.js";
import { listenToServer } from "./live.js";
import { drawPrompt } from "./prompt.js";
import { chosen, current, listen, page, setPage } from "./state.js";

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

function draw() {
  const here = current();
  document.title = here ? `${here.prompt.name} · contexture` : "contexture";
  const view = `${chosen.view} ${here?.prompt.name}`;
  // The same view is drawn over itself, so that it can keep what has not changed.
  const body = drawn === view ? main.querySelector(":scope > .view") : null;
  drawn = view;
  if (chosen.view === "diagnostics") return drawDiagnostics(put(main, el("div", { class: "view" })).firstChild);
  if (!here) return put(main, el("p", { class: "empty" }, page.failure.length || page.build.broken.length ? "Nothing could be built. " : "There is no context."));
  const into = body ?? el("div", { class: `view view-${chosen.view}` });
  if (body) main.querySelector(":scope > .head").replaceWith(contextHead(here));
  else put(main, contextHead(here), into);
  return chosen.view === "cost" ? drawCost(into, here) : drawPrompt(into, here);
}

addEventListener("resize", () => page && chosen.view === "cost" && draw());

drawBar(document.getElementById("bar"));
const frozen = document.getElementById("page");
if (frozen) setPage(JSON.parse(frozen.textContent));
else listenToServer();
