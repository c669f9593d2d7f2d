// What the server does now, and what the last hour was like.

import { ApiError, ask, Unreachable } from "../api.js";
import { h, replace } from "../dom.js";
import { announce } from "../shell.js";
import { atMost, duration, number, t } from "../words.js";
import { chart } from "./charts.js";
import { seconds, table } from "./tables.js";

const EVERY_MS = 2000;
const COUNTED = ["admitted", "denied", "succeeded", "errors"];
const WAITED = ["wait_p50_s", "wait_p95_s"];

/** The minutes, the newest of them as the last sixty seconds were: it has only begun. */
export function rolling({ at, fleet, minutes }) {
  const [before, newest] = [minutes.at(-2), minutes.at(-1)];
  const told = { ...newest, tiles: 60 * fleet.tiles_per_s };
  if (!before) return [told];
  const rest = Math.max(0, 1 - (at - newest.at) / 60);
  for (const name of COUNTED) told[name] += rest * before[name];
  for (const name of WAITED) told[name] ??= before[name];
  return [...minutes.slice(0, -1), told];
}

/**
 * Puts what is new into the tables that are there, so that who scrolls one aside, or has the keyboard
 * in it, stays where he is. False where there are other tables.
 */
function renewed(body, fresh) {
  const [tables, others] = [body, fresh].map((one) => [...one.querySelectorAll(".scroll")]);
  const named = (regions) => regions.map((region) => region.getAttribute("aria-label")).join();
  if (!tables.length || named(tables) !== named(others)) return false;
  tables.forEach((region, i) => region.replaceChildren(...others[i].childNodes));
  for (const part of [".figures", ".charts"]) body.querySelector(part).replaceWith(fresh.querySelector(part));
  return true;
}

export class Now {
  constructor() {
    this.body = h("div", { class: "now" });
    this.element = h("section", { aria: { label: t("now.title") } }, this.body);
  }

  /** Asks again and again, for as long as it is on the page and was not shown anew. */
  async show() {
    const turn = (this.turn = {});
    let wrong = null;
    while (this.element.isConnected && this.turn === turn) {
      try {
        this.draw(await ask("/v1/admin/now?minutes=60"));
        wrong = null;
      } catch (error) {
        const passes = error instanceof Unreachable || (error instanceof ApiError && ![401, 403].includes(error.status));
        if (!passes) throw error;
        if (error instanceof ApiError && wrong !== error.message) announce(error.message);
        wrong = error.message;
      }
      await new Promise((resolve) => setTimeout(resolve, EVERY_MS));
    }
  }

  draw(now) {
    const fresh = h("div", {}, this.figures(now), this.charts(now), this.devices(now), this.tiers(now), this.lists(now));
    if (!renewed(this.body, fresh)) replace(this.body, ...fresh.childNodes);
    this.element.dataset.at = now.at;
  }

  figures(now) {
    const sum = (name) => Object.values(now.tiers).reduce((total, tier) => total + tier[name], 0);
    const asked = sum("admitted") + sum("denied");
    const promises = sum("promises_kept") + sum("promises_broken");
    const tiles = [
      [t("now.load"), number(now.load, 2), now.load >= 0.6 ? "hot" : "", t("now.load_explained")],
      [t("now.slots"), `${now.fleet.busy} / ${now.fleet.slots}`, "", t("now.slots_explained")],
      [t("now.tiles"), number(now.fleet.tiles_per_s, 0), "", t("now.tiles_explained")],
      [t("now.waiting"), number(sum("waiting")), "", t("now.waiting_explained")],
      [t("now.denied"), asked ? `${number((100 * sum("denied")) / asked, 1)} %` : "–", "", t("now.denied_explained")],
      [t("now.promises"), promises ? `${number((100 * sum("promises_kept")) / promises, 1)} %` : "–", promises && sum("promises_broken") ? "hot" : "", t("now.promises_explained")],
      [t("now.errors"), number(now.errors.jobs + now.errors.replies), now.errors.jobs + now.errors.replies ? "hot" : "", t("now.errors_explained")],
      [t("now.store"), now.store_healthy ? t("now.well") : t("now.unwell"), now.store_healthy ? "" : "hot", t("now.store_explained")],
    ];
    return h("dl", { class: "figures" }, tiles.map(([name, value, heat, title]) => h("div", { class: heat, title }, h("dt", {}, name), h("dd", {}, value))));
  }

  charts(now) {
    const minutes = rolling(now);
    return h(
      "div",
      { class: "charts" },
      h("h2", { class: "unseen-text" }, t("now.title")),
      chart(t("now.chart.requests"), minutes, [
        { name: t("now.admitted"), of: (m) => m.admitted, className: "a" },
        { name: t("now.denied"), of: (m) => m.denied, className: "b" },
      ]),
      chart(t("now.chart.waits"), minutes, [
        { name: t("now.p95"), of: (m) => m.wait_p95_s, className: "b" },
        { name: t("now.p50"), of: (m) => m.wait_p50_s, className: "a" },
      ], "s", 1),
      chart(t("now.chart.queue"), minutes, [
        { name: t("now.waiting"), of: (m) => m.waiting, className: "b" },
        { name: t("now.slots"), of: (m) => m.busy, className: "a" },
      ], "", 1),
      chart(t("now.chart.load"), minutes, [{ name: t("now.load"), of: (m) => m.load, className: "b" }], "", 2),
      chart(t("now.chart.tiles"), minutes, [{ name: t("now.tiles"), of: (m) => m.tiles / 60, className: "a" }], "", 0),
      chart(t("now.chart.ends"), minutes, [
        { name: t("now.succeeded"), of: (m) => m.succeeded, className: "a" },
        { name: t("now.errors"), of: (m) => m.errors, className: "b" },
      ]),
    );
  }

  devices(now) {
    const columns = [
      { name: t("device.name"), of: (d) => d.device },
      { name: t("device.state"), of: (d) => h("span", { class: `state ${d.state}` }, t(`device.state.${d.state}`), d.problem ? `: ${d.problem}` : "") },
      { name: t("device.model"), of: (d) => d.model },
      { name: t("device.busy"), of: (d) => `${d.busy} / ${d.slots}`, number: true },
      { name: t("device.temperature"), of: (d) => (d.temperature_c === null ? t("device.unread") : `${number(d.temperature_c)} °C`), number: true },
      { name: t("device.power"), of: (d) => (d.watts === null ? t("device.unread") : `${number(d.watts)} W`), number: true },
      { name: t("device.restarts"), of: (d) => d.restarts, number: true },
    ];
    return h("section", {}, h("h2", {}, t("device.title")), table(t("device.title"), columns, now.devices, t("device.none")));
  }

  tiers(now) {
    const rows = Object.entries(now.tiers).map(([name, tier]) => ({ name, ...tier }));
    const columns = [
      { name: t("tier.name"), of: (row) => row.name },
      { name: t("now.waiting"), of: (row) => row.waiting, number: true },
      { name: t("tier.running"), of: (row) => row.running, number: true },
      { name: t("tier.waits"), of: (row) => (row.wait_p50_s === null ? null : t("tier.p50_p95", { p50: seconds(row.wait_p50_s), p95: seconds(row.wait_p95_s) })), number: true },
      { name: t("tier.promised"), of: (row) => (row.promised_wait_s ? atMost(row.promised_wait_s) : t("tier.nothing")), number: true },
      { name: t("tier.kept"), of: (row) => (row.promises_kept + row.promises_broken ? `${row.promises_kept} / ${row.promises_kept + row.promises_broken}` : null), number: true },
      { name: t("now.admitted"), of: (row) => row.admitted, number: true },
      { name: t("now.denied"), of: (row) => row.denied, number: true },
      { name: t("now.succeeded"), of: (row) => row.succeeded, number: true },
      { name: t("tier.rung"), of: (row) => (row.rung === "full" || !row.rung ? t("rung.full") : t(`rung.${row.rung}`)) },
    ];
    return h("section", {}, h("h2", {}, t("tier.title")), table(t("tier.title"), columns, rows, ""));
  }

  lists(now) {
    const list = (title, counts, nothing, named = (name) => name) =>
      h("section", {}, h("h2", {}, title), table(title, [
        { name: t("table.what"), of: ([name]) => named(name) },
        { name: t("table.times"), of: ([, n]) => n, number: true },
      ], Object.entries(counts).sort((one, other) => other[1] - one[1]), nothing));
    return h(
      "div",
      { class: "pair" },
      list(t("now.denials"), now.denials, t("now.no_denials")),
      list(t("now.rungs"), now.rungs, t("now.no_rungs"), (name) => t(`rung.${name}`)),
    );
  }
}
