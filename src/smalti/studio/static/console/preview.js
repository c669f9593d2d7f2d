// What a change would have done to the last hour.

import { h } from "../dom.js";
import { number, t } from "../words.js";
import { seconds, table } from "./tables.js";

/** preview: as the API tells it. */
export function previewed(preview) {
  const { before, after } = preview;
  const note = [
    t("preview.of", { n: number(before.requests), real: number(preview.recorded.admitted), denied: number(preview.recorded.denied) }),
    preview.capped ? t("preview.capped") : "",
    preview.fleet.measured ? "" : t("preview.guessed"),
  ].filter(Boolean).join(" ");
  if (!before.requests) return h("p", { class: "soft" }, t("preview.empty"));
  return h("div", { class: "preview" }, h("p", {}, t("preview.changed", { n: preview.changed, count: number(preview.changed) })), both(before, after), byTier(before, after), byRule(before, after), h("p", { class: "soft" }, note));
}

function change(before, after, shown = (value) => number(value)) {
  const [was, is] = [shown(before), shown(after)];
  if (was === is) return is;
  return h("span", {}, h("s", { class: "soft" }, was), " ", h("b", {}, is));
}

function both(before, after) {
  const rows = ["admitted", "denied", "users_denied"].map((name) => ({ name, before: before[name], after: after[name] }));
  return table(t("preview.all"), [
    { name: t("preview.all"), of: (row) => t(`preview.${row.name}`) },
    { name: t("preview.before"), of: (row) => row.before, number: true },
    { name: t("preview.after"), of: (row) => h("b", {}, number(row.after)), number: true },
  ], rows, "");
}

function byTier(before, after) {
  const names = [...new Set([...Object.keys(before.tiers), ...Object.keys(after.tiers)])];
  const rows = names.map((name) => ({ name, b: before.tiers[name], a: after.tiers[name] })).filter((row) => row.b && row.a && row.b.requests);
  const waited = (value) => seconds(value) ?? "–";
  return table(t("preview.tiers"), [
    { name: t("tier.name"), of: (row) => row.name },
    { name: t("preview.requests"), of: (row) => row.b.requests, number: true },
    { name: t("preview.denied"), of: (row) => change(row.b.denied, row.a.denied), number: true },
    { name: t("preview.p50"), of: (row) => change(row.b.wait_p50_s, row.a.wait_p50_s, waited), number: true },
    { name: t("preview.p95"), of: (row) => change(row.b.wait_p95_s, row.a.wait_p95_s, waited), number: true },
    { name: t("preview.broken"), of: (row) => change(row.b.promises_broken, row.a.promises_broken), number: true },
  ], rows, "");
}

function byRule(before, after) {
  const names = [...new Set([...Object.keys(before.denials), ...Object.keys(after.denials)])].sort();
  if (!names.length) return null;
  return table(t("preview.rules"), [
    { name: t("preview.rule"), of: (name) => name },
    { name: t("preview.denied"), of: (name) => change(before.denials[name] ?? 0, after.denials[name] ?? 0), number: true },
  ], names, "");
}
