// What recorded answers are worth: quality against the cost of a call, which labels are taken for which, and the cases
// that flipped. Answers are text of a model: they become text nodes and nothing else.

import { el, put, svg } from "./dom.js";
import { amount, grouped, money } from "./format.js";
import { line, shown } from "./inert.js";
import { page } from "./state.js";
import { table } from "./table.js";

const INSIDE = { left: 52, right: 28, top: 14, bottom: 40 };
const VERDICTS = { better: "good", worse: "loud" };

/** Draws the evaluation of the page. */
export function drawEvaluation(main) {
  put(main, el("h1", {}, "Evaluation"), evaluated(Math.max(280, Math.min(main.clientWidth, 1080))));
}

/** The evaluation of the page, so many pixels wide; nothing where there is none. */
export function evaluated(width) {
  if (!page.evaluation) return null;
  const { report, heads, said } = page.evaluation;
  const rows = heads.map((head, at) => ({ ...head, number: at + 1, result: report.runs[head.run], before: report.runs[head.base] ?? null, compared: report.comparisons.find((one) => one.head === head.run) ?? null }));
  return [
    said.map(([words, name]) => el("p", { class: "loud" }, words, el("code", {}, line(name)))),
    scatter(rows, width),
    overview(rows),
    rows.map(headOf),
  ];
}

const percentOf = (score) => (score === null ? "?" : `${(100 * Number(score)).toFixed(1).replace(/\.0$/, "")} %`);
const nameOfRow = ({ name, result }) => `${line(name)}, ${line(result.model)}`;

/** A dot for each head, its 95 % interval as a line: on the left what is cheap, on top what is right. */
function scatter(rows, width) {
  const known = rows.filter(({ call, result }) => call !== null && result.score !== null);
  if (!known.length) return null;
  const height = 260;
  const dearest = Math.max(...known.flatMap(({ call, base_call: baseCall }) => [Number(call), Number(baseCall ?? 0)])) * 1.1 || 1;
  const x = (cost) => INSIDE.left + ((width - INSIDE.left - INSIDE.right) * cost) / dearest;
  const y = (score) => height - INSIDE.bottom - (height - INSIDE.top - INSIDE.bottom) * score;
  return svg(
    "svg",
    { class: "chart", width, height, viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": "Share of right answers against the cost of a call, a numbered dot for each row of the table below, which has the figures; a ring is where it was before" },
    [0, 0.25, 0.5, 0.75, 1].map((level) => [
      svg("line", { class: "level", x1: INSIDE.left, x2: width - INSIDE.right, y1: y(level), y2: y(level) }),
      svg("text", { class: "scale", x: INSIDE.left - 8, y: y(level) + 4, "text-anchor": "end" }, percentOf(level)),
    ]),
    [0.5, 1].map((part) => svg("text", { class: "scale", x: x((dearest / 1.1) * part), y: height - INSIDE.bottom + 18, "text-anchor": "middle" }, money(String((dearest / 1.1) * part)))),
    svg("text", { class: "scale", x: width - INSIDE.right, y: height - 4, "text-anchor": "end" }, "a call"),
    known.map(({ call, number, result: { score, interval }, before, base_call: baseCall }) => {
      const [at, color] = [x(Number(call)), `line-${(number - 1) % 6}`];
      // Rows on one spot have one name.
      const alike = known.filter((other) => other.call === call && other.result.score === score).map((other) => other.number);
      const isMoved = before?.score && baseCall !== null && (baseCall !== call || before.score !== score);
      return [
        isMoved && svg("line", { class: `line ${color}`, "stroke-dasharray": "3 3", x1: x(Number(baseCall)), x2: at, y1: y(Number(before.score)), y2: y(Number(score)) }),
        isMoved && svg("circle", { class: `was ${color}`, cx: x(Number(baseCall)), cy: y(Number(before.score)), r: 4 }),
        svg("line", { class: `line ${color}`, x1: at, x2: at, y1: y(Number(interval[0])), y2: y(Number(interval[1])) }),
        svg("circle", { class: `dot ${color}`, cx: at, cy: y(Number(score)), r: 5 }),
        alike[0] === number && svg("text", { class: `name ${color}`, x: at + 9, y: y(Number(score)) + 4 }, alike.join(", ")),
      ];
    }),
  );
}

function overview(rows) {
  if (!rows.length) return null;
  const hasBase = rows.some(({ before }) => before !== null);
  const cells = rows.map(({ number, name, result, before, call, base_call: baseCall, compared }) => [
    `${number}`,
    line(name),
    line(result.model),
    ...(hasBase ? [before ? percentOf(before.score) : "–"] : []),
    [percentOf(result.score), result.interval && el("small", {}, `${percentOf(result.interval[0])} to ${percentOf(result.interval[1])}`)],
    ...(hasBase ? [compared ? el("span", { class: VERDICTS[compared.verdict] ?? null }, compared.verdict.replaceAll("_", " ")) : "no base"] : []),
    `${grouped(result.right)} of ${grouped(result.cases)}`,
    [amount(call), baseCall !== null && baseCall !== call && el("small", {}, "before ", amount(baseCall))],
    result.latency_ms.p95 === null ? "?" : `${grouped(result.latency_ms.p95)} ms`,
  ]);
  const columns = [
    { head: "#" },
    { head: "Prompt" },
    { head: "Model" },
    ...(hasBase ? [{ head: "Before", number: true }] : []),
    { head: "Score", number: true, hint: "the mean score of all answers, with its 95 % interval" },
    ...(hasBase ? [{ head: "Verdict" }] : []),
    { head: "Right", number: true },
    { head: "A call", number: true, hint: "what an answer cost in the mean when it was asked" },
    { head: "p95", number: true, hint: "95 of 100 answers took no longer" },
  ];
  return table("Quality and cost of what is evaluated", columns, cells, { class: "figures" });
}

function headOf(row) {
  const { number, said, confusion, flips, left_out: leftOut } = row;
  const lost = flips.filter((flip) => flip.lost).length;
  return el(
    "section",
    { class: "change", "aria-labelledby": `evaluated-${number}` },
    el("h2", { id: `evaluated-${number}` }, `${number}  `, nameOfRow(row)),
    el("ul", { class: "items" }, said.map((sentence) => el("li", {}, line(sentence)))),
    confusion && confused(row, confusion),
    flips.length > 0 && el("details", { open: true }, el("summary", {}, `${grouped(lost)} lost, ${grouped(flips.length - lost)} gained`), flipped(row, flips), leftOut > 0 && el("p", { class: "faint" }, `${grouped(leftOut)} more`)),
  );
}

/** Rows are what was expected, columns what was answered. */
function confused(row, { labels, counts }) {
  const columns = [{ head: "Expected, answered" }, ...[...labels.map(line), "no label"].map((head) => ({ head, number: true }))];
  const rows = counts.map((own, at) => [line(labels[at]), ...own.map((count, answered) => (answered === at ? el("b", {}, grouped(count)) : grouped(count)))]);
  return table(`Labels of ${nameOfRow(row)}`, columns, rows, { class: "figures" });
}

function flipped(row, flips) {
  const said = (answers) => answers.map((answer) => el("div", { class: "answer" }, answer === "" ? el("span", { class: "faint" }, "nothing") : shown(answer)));
  const cells = flips.map((flip) => [line(flip.case), el("span", { class: flip.lost ? "loud" : "good" }, flip.lost ? "lost" : "gained"), said([flip.expected]), said(flip.before), said(flip.after)]);
  const columns = [{ head: "Case" }, { head: "Flip" }, { head: "Expected" }, { head: "Before" }, { head: "After" }];
  return table(`Cases of ${nameOfRow(row)} that one side alone has right`, columns, cells, { class: "answers" });
}
