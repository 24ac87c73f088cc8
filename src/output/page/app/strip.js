// The request to scale: one bar for what fills it, and one for how much of the window that is.

import { el, svg } from "./dom.js";
import { about, grouped, percent } from "./format.js";
import { line } from "./inert.js";

const TIERS = { tools: "Tools", system: "System", messages: "Messages", run: "Filled at run time", framing: "Framing" };

/** A segment thinner than this share of the bar is drawn together with its neighbours. */
const THIN = 0.002;

/** What the request is made of, in the model's own tokens: boxes in order, and where its marks lie. */
export function measure({ figures, prompt, model, note }) {
  const boxes = [];
  let start = 0;
  figures.segments.forEach((segment, index) => {
    const hole = prompt.segments[index].expected > 0 || segment.kind === "input" || segment.kind === "history";
    const tokens = hole ? prompt.segments[index].expected : note ? note.tokens[index] : segment.tokens.o200k_base;
    boxes.push({ index, last: index, tier: hole || segment.kind === "region" ? "run" : segment.tier, tokens, start, name: segment.id });
    start += tokens;
  });
  const framing = model ? model.tokens.framing : 0;
  if (framing) boxes.push({ index: -1, last: -1, tier: "framing", tokens: framing, start, name: "framing" });
  const prefix = boxes.slice(0, prompt.prefix_segments).reduce((sum, box) => sum + box.tokens, 0);
  return { boxes, total: start + framing, prefix };
}

/** The bar of the request. `go` is called with a segment's index when its box is chosen. */
export function requestBar(measured, model, go) {
  const { boxes, total, prefix } = measured;
  const at = (tokens) => `${(100 * tokens) / Math.max(total, 1)}%`;
  const drawn = merged(boxes, total).map((box) =>
    el("div", {
      class: `box tier-${box.tier}`,
      size: { left: at(box.start), width: at(box.tokens) },
      title: `${line(label(box))}, ${grouped(box.tokens)} tokens, ${percent(box.tokens, total)}`,
      // For a mouse; the keys j and k go from segment to segment, and every segment is on the page.
      on: { click: () => box.index >= 0 && go(box.index) },
    }),
  );
  const flags = (model?.breakpoints ?? []).map((mark, number) =>
    el("span", { class: `flag${mark.dead ? " dead" : ""}`, size: { left: at(mark.tokens) } }, String(number + 1)),
  );
  const ticks = [["prefix", prefix]];
  if (model?.cacheable.minimum && model.cacheable.minimum < total) ticks.push(["minimum", model.cacheable.minimum]);
  return el(
    "div",
    { class: "bar-request", role: "img", "aria-label": spoken(measured) },
    drawn,
    ticks.map(([kind, tokens]) => el("span", { class: `tick ${kind}`, size: { left: at(tokens) } })),
    flags,
    el("span", { class: "seen", hidden: true }),
  );
}

/** How much of the model's window the request takes, with the price steps on the way. */
export function windowBar(measured, model, note) {
  const window = model?.window.total ?? model?.window.input;
  if (!window) return null;
  const scale = Math.max(window, measured.total);
  const at = (tokens) => `${(100 * tokens) / scale}%`;
  const share = (100 * measured.total) / scale;
  const marks = note.cliffs.filter((cliff) => cliff.above < scale);
  return [
    el(
      "div",
      { class: "bar-window", role: "img", "aria-label": `${percent(measured.total, window)} of the window is used` },
      el("span", { class: "used", size: { width: at(measured.total) } }),
      model.tokens.output > 0 && el("span", { class: "answer", size: { left: at(measured.total), width: at(model.tokens.output) } }),
      marks.map((cliff) => el("span", { class: "tick cliff", size: { left: at(cliff.above) } })),
      isFarBelow(note.limit, scale) && el("span", { class: "tick limit", size: { left: at(note.limit) } }),
    ),
    svg(
      "svg",
      { class: "zoom", viewBox: "0 0 100 10", preserveAspectRatio: "none", "aria-hidden": "true" },
      svg("polygon", { points: `0,0 ${share},0 100,10 0,10` }),
    ),
  ];
}

/** What the colours and patterns of the bars stand for, with how much of each there is. */
export function legend(measured, current) {
  const sums = new Map();
  for (const box of measured.boxes) sums.set(box.tier, (sums.get(box.tier) ?? 0) + box.tokens);
  return el(
    "ul",
    { class: "legend" },
    Object.entries(TIERS)
      .filter(([tier]) => sums.has(tier))
      .map(([tier, name]) =>
        el(
          "li",
          {},
          el("span", { class: `swatch tier-${tier}`, "aria-hidden": "true" }),
          el("span", { class: "name" }, name),
          el("b", {}, grouped(sums.get(tier))),
          el("span", { class: "share" }, percent(sums.get(tier), measured.total)),
        ),
      ),
    signs(measured, current).map(([sign, kind, words]) =>
      el("li", {}, el("span", { class: `sign ${kind}`, "aria-hidden": "true" }, sign), el("span", {}, words)),
    ),
  );
}

/** The marks of both bars in words. */
function signs(measured, { model, note }) {
  const signs = [["", "prefix", `prefix ends at ${grouped(measured.prefix)}`]];
  if (!model) return signs;
  const near = about(model.tokens.basis);
  if (model.cacheable.minimum) signs.push(["", "minimum", `cached from ${grouped(model.cacheable.minimum)} tokens on`]);
  for (const cliff of note.cliffs) signs.push(["", "cliff", `dearer above ${grouped(cliff.above)}`]);
  const window = model.window.total ?? model.window.input;
  if (window) signs.push(["", "window", `${near}${percent(measured.total, window)} of a window of ${grouped(window)}`]);
  if (isFarBelow(note.limit, window)) signs.push(["", "limit", `${grouped(note.limit)} fit beside the answer`]);
  return signs;
}

/** Neighbours of one tier that would be too thin to see, as one box. */
function merged(boxes, total) {
  const drawn = [];
  for (const box of boxes) {
    const last = drawn.at(-1);
    const thin = (one) => one.tokens < THIN * total;
    if (last && last.tier === box.tier && box.tier !== "run" && thin(box) && (last.last > last.index || thin(last))) {
      last.tokens += box.tokens;
      last.last = box.last;
    } else {
      drawn.push({ ...box });
    }
  }
  return drawn;
}

/** Whether a limit is worth a mark of its own beside the end of the bar. */
function isFarBelow(limit, end) {
  return limit !== null && limit < 0.99 * end;
}

function label(box) {
  return box.last > box.index ? `${box.name} and ${box.last - box.index} more` : box.name;
}

function spoken({ boxes, total }) {
  const sums = new Map();
  for (const box of boxes) sums.set(TIERS[box.tier], (sums.get(TIERS[box.tier]) ?? 0) + box.tokens);
  const parts = [...sums].map(([name, tokens]) => `${name} ${percent(tokens, total)}`);
  return `${grouped(total)} tokens: ${parts.join(", ")}`;
}
