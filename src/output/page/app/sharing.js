// Which contexts begin alike: what a cache can serve to more than one of them.

import { el, put } from "./dom.js";
import { counted, grouped } from "./format.js";
import { line } from "./inert.js";
import { contextLink } from "./place.js";
import { page } from "./state.js";

/** Draws the tree over the prefixes of all contexts. */
export function drawSharing(main) {
  const most = Math.max(1, ...page.sharing.map((stem) => stem.total));
  const saved = page.sharing.reduce((sum, stem) => sum + stem.shared, 0);
  put(
    main,
    el("h1", {}, "Shared prefixes"),
    el("p", { class: "lead" }, saved ? `Contexts share ${counted(saved, "token")} that one of them writes and the others can read. ` : "No two contexts begin with as much as one of their models caches. ", el("span", { class: "faint" }, "A provider's cache serves one context what another one wrote, up to the first segment that differs, where both use the same model, settings and account, and from the shortest prefix on that the model caches. Tokens are counted by o200k_base.")),
    page.sharing.length > 0 && el("ol", { class: "tree" }, page.sharing.map((stem) => branch(stem, most))),
  );
}

function branch({ depth, contexts, ends, segments, count, tokens, total, shared, cached_by: models }, most) {
  const from = (100 * (total - tokens)) / most;
  const range = segments && (segments[0] === segments[1] ? [segments[0]] : segments);
  return el(
    "li",
    { size: { "--depth": String(depth) }, class: `${shared ? "shared" : "alone"}${depth ? " deep" : ""}` },
    el(
      "div",
      { class: "stem" },
      el("span", { class: "who" }, contexts.length > 1 ? el("b", { title: models.map(line).join(", ") }, `${counted(contexts.length, "context")} ${shared ? "share" : "begin alike, shorter than any model caches"}`) : toContext(contexts[0])),
      el("span", { class: "what" }, range ? [counted(count, "segment"), ": ", range.map((id, at) => [at > 0 && " to ", el("code", {}, line(id))])] : "nothing more before the first input"),
      el("span", { class: "number" }, el("b", {}, grouped(tokens)), el("small", {}, `${grouped(total)} so far`)),
      el("span", { class: "track", "aria-hidden": "true" }, el("span", { class: "fill", size: { left: `${from}%`, width: `${(100 * tokens) / most}%` } })),
    ),
    contexts.length > 1 && ends.length > 0 && el("p", { class: "ends" }, "The whole prefix of ", ends.map((index, at) => [at > 0 && ", ", toContext(index)])),
  );
}

function toContext(index) {
  return contextLink(page.prompts[index].name, "prompt");
}
