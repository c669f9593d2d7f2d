// Tables, and fields of forms: what the pages of the console are made of.

import { h } from "../dom.js";
import { duration, moment, number } from "../words.js";

/** columns: [{name, of, number, prose}], where `of` tells a cell of a row. prose: sentences, which wrap. */
export function table(caption, columns, rows, nothing) {
  if (!rows.length) return h("p", { class: "soft" }, nothing);
  const head = h("tr", {}, columns.map((column) => (column.name ? h("th", { scope: "col", class: column.number ? "number" : "" }, column.name) : h("td", {}))));
  const body = rows.map((row) => h("tr", {}, columns.map((column) => h("td", { class: column.number ? "number" : column.prose ? "prose" : "" }, cell(column.of(row))))));
  return h("div", { class: "scroll", tabindex: 0, role: "region", aria: { label: caption } }, h("table", {}, h("caption", { class: "unseen-text" }, caption), h("thead", {}, head), h("tbody", {}, body)));
}

function cell(value) {
  if (value === null || value === undefined || value === "") return "–";
  return typeof value === "number" ? number(value, 2) : value;
}

export function seconds(value) {
  return value === null || value === undefined ? null : duration(value);
}

/** Unix seconds as a moment. */
export function at(value) {
  return value ? moment(new Date(value * 1000)) : null;
}

/** A field with its name over it. */
export function field(label, input, hint) {
  const id = input.id || (input.id = `field-${Math.random().toString(36).slice(2)}`);
  const said = hint ? h("p", { class: "soft", id: `${id}-hint` }, hint) : null;
  if (said) input.setAttribute("aria-describedby", said.id);
  return h("div", { class: "field" }, h("label", { for: id }, label), input, said);
}

/** Some of `values`, as boxes to check. */
export function checks(legend, values, chosen) {
  const boxes = values.map((value) => h("label", { class: "choice" }, h("input", { type: "checkbox", value, checked: chosen.includes(value) }), value));
  const group = h("fieldset", { class: "checks" }, h("legend", {}, legend), boxes);
  return {
    element: group,
    values: () => [...group.querySelectorAll("input:checked")].map((box) => box.value),
    choose: (others) => group.querySelectorAll("input").forEach((box) => (box.checked = others.includes(box.value))),
  };
}

export function wrong(error) {
  return h("p", { class: "wrong", role: "alert" }, error.message ?? String(error));
}
