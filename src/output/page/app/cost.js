// What a call and a month cost with each model, and what they would cost at another rate. Every figure
// is one of Rust's: the slider steps through points that the planner and the bill were run for.

import { chart, stroke } from "./chart.js";
import { el, keep, put } from "./dom.js";
import { about, amount, brief, counted, grouped, money, percent } from "./format.js";
import { line } from "./inert.js";
import { choose, chosen } from "./state.js";
import { meter, table } from "./table.js";
import { meaning } from "./words.js";

/** Draws all that concerns money, limits and room. */
export function drawCost(main, { figures, prompt }) {
  if (!figures.models.length) {
    put(main, el("p", { class: "empty" }, "This context names no models, so nothing is known of cost. Add `models:` to its manifest."));
    return;
  }
  const rates = prompt.models[0].points.map((point) => point.calls);
  const declared = prompt.traffic ? rates.indexOf(prompt.traffic.calls) : -1;
  const given = chosen.calls ? nearest(rates, Number(chosen.calls)) : -1;
  const at = given >= 0 ? given : declared >= 0 ? declared : rates.indexOf(10_000);
  const live = el("div", { class: "at-rate" });
  const box = slider(main.querySelector(":scope > .rate"), rates, at, declared, prompt);
  box.draw = (step) => put(live, atRate(figures, prompt, step, declared, main.clientWidth));
  box.draw(Number(box.querySelector("input").value));
  // A new build leaves the slider where it is, also in a hand that moves it.
  keep(main, [el("h2", {}, "Cost by model"), box, live, budgets(figures), breakpoints(figures), windows(figures, prompt), prices(figures, prompt)].flat(Infinity).filter(Boolean));
}

/** The slider, `known` one with other rates where there is one. */
function slider(known, rates, at, declared, prompt) {
  const box = known ?? el("div", { class: "rate" });
  const field = known?.querySelector("input") ?? el("input", { id: "rate", type: "range", min: 0, on: { input: () => box.moved(), change: () => box.chosen() } });
  const shown = known?.querySelector("output") ?? el("output", { for: "rate" });
  const isHeld = known && document.activeElement === field && box.rates[field.value] !== box.rates[box.declared];
  const held = isHeld ? nearest(rates, box.rates[field.value]) : at;
  Object.assign(box, { rates, declared });
  [field.max, field.value] = [rates.length - 1, held];
  const say = () => {
    const calls = rates[field.value];
    shown.textContent = `${grouped(calls)} ${calls === 1 ? "call" : "calls"} a month${Number(field.value) === declared ? ", as declared" : ""}`;
    field.setAttribute("aria-valuetext", shown.textContent);
  };
  box.moved = () => {
    say();
    box.draw(Number(field.value));
  };
  box.chosen = () => choose({ calls: Number(field.value) === declared ? "" : String(rates[field.value]) });
  const back = () => {
    field.value = declared;
    box.moved();
    box.chosen();
  };
  const { traffic } = prompt;
  const note = traffic
    ? `${traffic.hours === "business" ? "8 hours on 22 days" : "round the clock"}, ${counted(traffic.deploys, "deploy")} a month${traffic.replicas > 1 ? `, ${traffic.replicas} replicas` : ""}`
    : "no traffic is declared: calls round the clock, no deploys";
  say();
  const button = declared >= 0 && el("button", { type: "button", class: "quiet", on: { click: back } }, "Declared");
  keep(box, [el("label", { for: "rate" }, "Traffic"), field, shown, button, el("span", { class: "faint" }, note)].filter(Boolean));
  return box;
}

/** The index of the rate that is nearest to `calls`, as factors go. */
function nearest(rates, calls) {
  const far = (rate) => Math.abs(Math.log(rate / calls));
  return rates.reduce((best, rate, at) => (far(rate) < far(rates[best]) ? at : best), 0);
}

function atRate(figures, prompt, step, declared, width) {
  const points = prompt.models.map((note) => note.points[step]);
  const months = points.map((point) => (point.month === null ? Infinity : Number(point.month)));
  const least = Math.min(...months);
  const rows = figures.models.map((model, number) => {
    const { cost, tokens } = model;
    const [point, near] = [points[number], about(tokens.basis)];
    const cheapest = months[number] === least && figures.models.length > 1;
    return {
      class: cheapest && "best",
      cells: [
        [figures.models.length > 1 && stroke(number), el("span", { class: "model" }, line(model.model)), el("small", {}, breakpointsAt(point))],
        [near + grouped(tokens.total), el("small", { class: `basis ${tokens.basis}`, title: meaning("band") }, basisWords(tokens))],
        el("span", { title: `${grouped(cost.read)} tokens; ${cost.promised ? "the provider promises it" : "the provider promises nothing"}` }, percent(cost.read, tokens.total) + (cost.promised ? "" : " ?")),
        amount(cost.uncached, near),
        amount(cost.cold, near),
        amount(cost.warm, near),
        [amount(point.expected, near)],
        [amount(point.month, near), cheapest && el("span", { class: "badge" }, "lowest")],
        amount(point.saves, near),
        point.hit === null ? "–" : percent(point.hit, 1e9),
      ],
    };
  });
  const columns = [
    { head: "Model", hint: "below it, where the planner marks the cache at this traffic" },
    { head: "Input", number: true, hint: "input tokens: text, framing, expected inputs; whether they are counted, measured or estimated" },
    { head: "Cached", number: true, hint: "the share of the input that a warm call reads from the cache" },
    { head: "Uncached", number: true },
    { head: "Cold", number: true },
    { head: "Warm", number: true },
    { head: "Expected", number: true },
    { head: "Month", number: true },
    { head: "Saves", number: true, hint: "what caching saves in a month" },
    { head: "Hit", number: true, hint: "the chance that a call finds the whole cached prefix" },
  ];
  const steps = prompt.models[0].points;
  const ticks = steps.map(({ calls }, at) => [at, calls]).filter(([, calls]) => Number.isInteger(Math.log10(calls))).map(([at, calls]) => [at, brief(calls)]);
  return [
    chart({
      width: Math.max(280, Math.min(width, 1080)),
      height: 230,
      series: figures.models.map((model, number) => ({ name: model.model, values: prompt.models[number].points.map((point) => (point.expected === null ? null : Number(point.expected))) })),
      ticks,
      at: step,
      marked: declared >= 0 ? [[declared, "declared"]] : [],
      format: (value) => money(String(value)),
      byFactor: true,
      name: "Expected cost of a call by calls a month, one line a model; the table below has the figures of the chosen rate",
    }),
    el("p", { class: "caption" }, "Expected cost of a call, by calls a month."),
    table("Cost in US dollars", columns, rows, { class: "figures" }),
    figures.models.some(({ cost }) => cost.cold !== null && !cost.answer) && el("p", {}, "Without the answer, whose size output.tokens does not say: the amounts are what the input costs."),
    figures.models.some(({ cost }) => cost.cold !== null && !cost.inputs) && el("p", {}, "Without an input, whose size its tokens does not say."),
    figures.models.some((model) => model.tokens.basis === "estimated") && el("p", { class: "faint" }, "≈ estimated tokens: there is no public tokenizer. Below a count stands the band that it lies in."),
  ];
}

function breakpointsAt({ breakpoints }) {
  return breakpoints.length ? breakpoints.map(([after, ttl]) => `${line(after)} ${ttl}`).join(", ") : "no breakpoint";
}

function basisWords({ basis, band: [low, high] }) {
  return low === high ? basis : `${basis}, ${brief(low)} to ${brief(high)}`;
}

/** A row a limit, a column a model. */
function budgets({ budgets, models }) {
  if (!budgets.length) return null;
  const rows = new Map();
  for (const budget of budgets) {
    const key = `${budget.name} ${budget.block ?? ""} ${budget.limit}`;
    rows.set(key, [...(rows.get(key) ?? []), budget]);
  }
  const cell = (budget) => {
    if (!budget) return "–";
    const asked = Number(budget.limit);
    const share = budget.actual === null || !asked ? 0 : Number(budget.actual) / asked;
    const state = { pass: "within", fail: "over", unknown: "not known", skipped: "not held" }[budget.status];
    const words = budget.name === "cached_share" && budget.status === "fail" ? "too little" : state;
    return el(
      "span",
      { class: `budget ${budget.status}` },
      el("b", {}, budgetValue(budget.name, budget.actual)),
      meter(share, words, budget.status),
      budget.fails_from && el("span", { class: "ahead" }, `fails from ${budget.fails_from.day}: ${line(budget.fails_from.because)}`),
    );
  };
  const drawn = [...rows.values()].map((row) => {
    const [{ name, block, limit }] = row;
    const least = name === "cached_share" ? "at least " : "";
    return [[name, block && el("code", {}, ` ${line(block)}`)], least + plain(name, limit), ...models.map((model) => cell(row.find((budget) => budget.model === model.model)))];
  });
  const columns = [{ head: "Budget" }, { head: "Limit", number: true }, ...models.map((model) => ({ head: line(model.model) }))];
  return [el("h2", {}, "Budgets"), table("Budgets, by model", columns, drawn, { class: "figures budgets" })];
}

function plain(name, value) {
  return name.startsWith("cost") ? money(value) : budgetValue(name, value);
}

export function budgetValue(name, value) {
  if (value === null) return "?";
  if (name.startsWith("cost")) return amount(value);
  if (name === "cached_share" || name === "growth") return `${(100 * Number(value)).toFixed(1).replace(/\.0$/, "")}%`;
  return grouped(value);
}

function breakpoints({ models }) {
  const rows = models.flatMap((model) =>
    model.breakpoints.map((mark) => [line(model.model), el("code", {}, line(mark.after)), mark.ttl, grouped(mark.tokens), mark.worth === null ? "?" : money(mark.worth), line(mark.why)]),
  );
  if (!rows.length) return null;
  const columns = [{ head: "Model" }, { head: "After" }, { head: "Lifetime" }, { head: "Tokens", number: true }, { head: "Worth a month", number: true }, { head: "Why it stands there" }];
  return [el("h2", {}, "Cache breakpoints at the declared traffic"), table("Cache breakpoints", columns, rows, { class: "figures prose" })];
}

function windows({ models }, prompt) {
  const rows = models.map((model, number) => {
    const window = model.window.total ?? model.window.input;
    const fits = { yes: "fits", no: `too large by ${grouped(model.window.over)}`, maybe: "within the band" }[model.window.fits] ?? "not known";
    const cacheable = { yes: "long enough", no: "too short", maybe: "within the band" }[model.cacheable.state] ?? "not known";
    return [
      line(model.model),
      meter(window ? model.tokens.total / window : 0, window ? percent(model.tokens.total, window) : "?", model.window.fits === "no" ? "fail" : ""),
      grouped(window),
      grouped(prompt.models[number].limit),
      model.window.drop.length ? `${fits}; drop ${model.window.drop.map(line).join(", ")}` : fits,
      grouped(model.cacheable.minimum),
      cacheable,
    ];
  });
  const columns = [{ head: "Model" }, { head: "Used" }, { head: "Window", number: true }, { head: "Most input", number: true }, { head: "Request" }, { head: "Cached from", number: true }, { head: "Prefix" }];
  return [el("h2", {}, "Windows and minima"), table("Windows and minima, in tokens", columns, rows, { class: "figures" })];
}

function prices({ models }, prompt) {
  const per = (prices) => [prices.input, prices.read, prices.write.map(([ttl, price]) => `${ttl} ${money(price)}`).join(", ") || "–", prices.output];
  const rows = models.flatMap((model, number) => {
    const note = prompt.models[number];
    const doubts = [...note.third_party.map((group) => `${group} by third parties`), ...note.conflicts.map((fact) => `sources disagree on ${fact}`)];
    const cells = (name, prices, remark) => {
      const [input, read, write, output] = per(prices);
      return [name, amount(input), amount(read), write, amount(output), remark];
    };
    return [
      cells(line(model.model), note.prices, doubts.join("; ")),
      ...note.cliffs.map((cliff) => cells(`above ${grouped(cliff.above)}`, cliff.prices, "for the whole request")),
    ];
  });
  const columns = [{ head: "Model" }, { head: "Input", number: true }, { head: "Read", number: true }, { head: "Write" }, { head: "Output", number: true }, { head: "Remarks" }];
  return [el("h2", {}, `Prices of ${prompt.as_of}`), table("US dollars per million tokens", columns, rows, { class: "figures" })];
}
