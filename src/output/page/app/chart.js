// Lines over steps. Each series has a dash of its own and its name at its end, so that it is told
// apart without its colour.

import { el, svg } from "./dom.js";
import { line } from "./inert.js";

const DASHES = ["", "6 3", "2 3", "8 3 2 3", "1 4", "12 3"];
const ROOM = { top: 12, bottom: 26, left: 64 };
/** Between two names at the end of lines, so that none covers another. */
const APART = 15;

/** `series`: `{name, values}`, a value for each step or null. `ticks`: `[step, words]`. `at`: the step
 *  that is marked. `name`: what a reader who does not see it is told. `byFactor`: equal heights are equal
 *  factors, for values that differ by orders of magnitude. */
export function chart({ width, height, series, ticks, at = null, marked = [], format, name, stepped = false, byFactor = false }) {
  const known = series.flatMap(({ values }) => values.filter((value) => value !== null));
  if (!known.length || series[0].values.length < 2) return null;
  // A narrow chart leaves its names to the table below it.
  const names = series.length > 1 && width > 520;
  const right = names ? Math.min(170, width * 0.28) : 36;
  const steps = series[0].values.length - 1;
  const x = (step) => ROOM.left + ((width - ROOM.left - right) * step) / steps;
  const { levels, share } = byFactor ? factors(known) : amounts(known);
  const y = (value) => height - ROOM.bottom - (height - ROOM.top - ROOM.bottom) * share(value);
  return svg(
    "svg",
    { class: "chart", width, height, viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": name },
    levels.map((level) => [
      svg("line", { class: "level", x1: ROOM.left, x2: width - right, y1: y(level), y2: y(level) }),
      svg("text", { class: "scale", x: ROOM.left - 8, y: y(level) + 4, "text-anchor": "end" }, format(level)),
    ]),
    ticks.map(([step, words]) => svg("text", { class: "scale", x: x(step), y: height - 8, "text-anchor": "middle" }, words)),
    marked.map(([step, kind]) => svg("line", { class: `marked ${kind}`, x1: x(step), x2: x(step), y1: ROOM.top, y2: height - ROOM.bottom })),
    series.map(({ values }, number) =>
      svg("path", { class: `line line-${number % DASHES.length}`, "stroke-dasharray": DASHES[number % DASHES.length], d: path(values, x, y, stepped) }),
    ),
    at !== null && svg("line", { class: "marked here", x1: x(at), x2: x(at), y1: ROOM.top, y2: height - ROOM.bottom }),
    at !== null &&
      series.map(({ values }, number) => values[at] !== null && svg("circle", { class: `dot line-${number % DASHES.length}`, cx: x(at), cy: y(values[at]), r: 4 })),
    names && labels(series, y, height).map(({ words, number, at: top }) => svg("text", { class: `name line-${number % DASHES.length}`, x: width - right + 10, y: top + 4 }, words)),
  );
}

/** A short stroke as a line of that number is drawn, for a legend or a table. */
export function stroke(number) {
  return el(
    "span",
    { class: "stroke", "aria-hidden": "true" },
    svg("svg", { width: 26, height: 8, viewBox: "0 0 26 8" }, svg("line", { class: `line line-${number % DASHES.length}`, x1: 0, x2: 26, y1: 4, y2: 4, "stroke-dasharray": DASHES[number % DASHES.length] })),
  );
}

function path(values, x, y, stepped) {
  let drawn = "";
  let pen = false;
  values.forEach((value, step) => {
    if (value === null) {
      pen = false;
      return;
    }
    if (pen && stepped) drawn += `H${x(step)}`;
    drawn += `${pen ? "L" : "M"}${x(step)} ${y(value)}`;
    pen = true;
  });
  return drawn;
}

/** Names at the heights of their lines' ends, pushed apart where they would meet. */
function labels(series, y, height) {
  const ends = series
    .map(({ name, values }, number) => ({ words: line(name), number, at: y(values.findLast((value) => value !== null) ?? 0) }))
    .sort((one, other) => one.at - other.at);
  for (let number = 1; number < ends.length; number += 1) ends[number].at = Math.max(ends[number].at, ends[number - 1].at + APART);
  const over = (ends.at(-1)?.at ?? 0) - (height - ROOM.bottom);
  for (let number = ends.length - 1; over > 0 && number >= 0; number -= 1) {
    const limit = number === ends.length - 1 ? height - ROOM.bottom : ends[number + 1].at - APART;
    ends[number].at = Math.min(ends[number].at, limit);
  }
  return ends;
}

/** A scale from nothing to a round number above all values. */
function amounts(values) {
  const top = nice(Math.max(...values));
  return { levels: [0, top / 2, top], share: (value) => value / top };
}

/** A scale of powers of ten around all values. */
function factors(values) {
  const some = values.filter((value) => value > 0);
  if (!some.length) return amounts(values);
  const low = Math.floor(Math.log10(Math.min(...some)));
  const high = Math.max(low + 1, Math.ceil(Math.log10(Math.max(...some))));
  const levels = Array.from({ length: high - low + 1 }, (_, step) => 10 ** (low + step));
  return { levels, share: (value) => Math.max(0, (Math.log10(Math.max(value, 1e-15)) - low) / (high - low)) };
}

/** The next round number. */
function nice(value) {
  if (value <= 0) return 1;
  const unit = 10 ** Math.floor(Math.log10(value));
  return [1, 1.5, 2, 3, 4, 5, 6, 8, 10].map((step) => step * unit).find((step) => step >= value * 0.999);
}
