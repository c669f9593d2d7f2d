// Lines over the last hour. Drawn by hand: a chart here is a shape, an axis and a last value.

import { h, s } from "../dom.js";
import { moment, number, t } from "../words.js";

const WIDTH = 320;
const HEIGHT = 96;
const SPAN_MIN = 60;

/**
 * title: what it shows. minutes: in order, each with `at`. lines: [{name, of, className}], where `of`
 * tells the value of a minute, or null where there is none. unit: said after a value.
 */
export function chart(title, minutes, lines, unit = "", digits = 0) {
  const most = Math.max(1e-9, ...minutes.flatMap((minute) => lines.map(({ of }) => of(minute) ?? 0)));
  const top = rounded(most);
  const end = (minutes.at(-1)?.at ?? 0) + 60;
  const x = (at) => WIDTH * (1 - (end - at) / (60 * SPAN_MIN));
  const y = (value) => HEIGHT - (value / top) * (HEIGHT - 4);
  const drawn = lines.flatMap((line) => paths(line, minutes, x, y));
  const last = minutes.at(-1);
  const keys = lines.map(({ name, of, className }) => {
    const value = last ? of(last) : null;
    const said = value === null || value === undefined ? "–" : `${number(value, digits)}${unit ? ` ${unit}` : ""}`;
    return h("span", { class: `key ${className}` }, `${name} `, h("b", {}, said));
  });
  const label = t("chart.label", { title, top: `${number(top, digits)} ${unit}`.trim() });
  return h(
    "figure",
    { class: "chart" },
    h("figcaption", {}, h("h3", {}, title), h("p", { class: "keys" }, keys)),
    s("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, preserveAspectRatio: "none", role: "img", "aria-label": label }, drawn),
    h("p", { class: "axis soft" }, h("span", {}, minutes.length ? moment(new Date((end - 60 * SPAN_MIN) * 1000)) : ""), h("span", {}, t("chart.top", { top: `${number(top, digits)} ${unit}`.trim() })), h("span", {}, t("chart.now"))),
  );
}

/** Steps of a minute each; a line is broken where it has no value. */
function paths({ of, className }, minutes, x, y) {
  const pieces = [[]];
  for (const minute of minutes) {
    const value = of(minute);
    if (value === null || value === undefined) pieces.push([]);
    else pieces.at(-1).push([x(minute.at), y(value)], [x(minute.at + 60), y(value)]);
  }
  return pieces.filter((piece) => piece.length).flatMap((points) => {
    const line = points.map(([px, py], i) => `${i ? "L" : "M"}${px.toFixed(1)} ${py.toFixed(1)}`).join("");
    const area = `${line}L${points.at(-1)[0].toFixed(1)} ${HEIGHT}L${points[0][0].toFixed(1)} ${HEIGHT}Z`;
    return [s("path", { d: area, class: `area ${className}` }), s("path", { d: line, class: `line ${className}`, "vector-effect": "non-scaling-stroke" })];
  });
}

/** The next round number: 1, 2 or 5 with zeros. */
function rounded(value) {
  const power = 10 ** Math.floor(Math.log10(value));
  return [1, 2, 5, 10].map((step) => step * power).find((step) => step >= value - 1e-12);
}
