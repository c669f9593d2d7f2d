// One user's day: every job and every denial, with what decided it.

import { ask } from "../api.js";
import { h, replace } from "../dom.js";
import { duration, has, number, t } from "../words.js";
import { at, table, wrong } from "./tables.js";

export class Day {
  constructor(userId) {
    this.userId = userId;
    this.date = h("input", { type: "date", value: new Date().toISOString().slice(0, 10), aria: { label: t("day.date") }, onchange: () => this.show() });
    this.body = h("div", { class: "stack" });
    this.element = h("section", { class: "day", aria: { label: t("day.date") } }, h("div", { class: "row between" }, h("h2", {}, t("day.title")), this.date), this.body);
  }

  async show() {
    let day;
    try {
      day = await ask(`/v1/admin/users/${encodeURIComponent(this.userId)}/day?date=${this.date.value}`);
    } catch (error) {
      return replace(this.body, wrong(error));
    }
    const { totals } = day;
    const columns = [
      { name: t("day.at"), of: (one) => at(one.at) },
      { name: t("day.what"), of: (one) => h("span", { class: `state ${one.what}` }, one.what === "denial" ? t("day.denied") : t(`job.${one.state}`)) },
      { name: t("people.images"), of: (one) => one.images, number: true },
      { name: t("day.decided"), of: decided },
      { name: t("day.waited"), of: (one) => (one.what === "job" && one.wait_s !== null ? duration(one.wait_s) : null), number: true },
      { name: t("people.device"), of: (one) => (one.what === "job" ? number(one.device_s, 2) : null), number: true },
      { name: t("day.then"), of: (one) => (one.what === "denial" ? (one.retry_at ? t("day.retry", { at: at(one.retry_at) }) : null) : one.error_code) },
      { name: t("day.job"), of: (one) => (one.what === "job" ? h("code", {}, one.id) : null) },
    ];
    replace(
      this.body,
      h("p", {}, t("day.totals", { jobs: number(totals.jobs), images: number(totals.images), denials: number(totals.denials), device: number(totals.device_s, 1) })),
      table(t("day.title"), columns, day.events, t("day.none")),
      day.has_more ? h("p", { class: "soft" }, t("day.more")) : null,
      h("h3", {}, t("day.standing")),
      table(t("day.standing"), [
        { name: t("denied.fact.rule"), of: (limit) => limit.rule },
        { name: t("day.used"), of: (limit) => `${number(limit.used)} / ${number(limit.limit)}`, number: true },
        { name: t("day.reset"), of: (limit) => (limit.reset_at ? at(new Date(limit.reset_at).getTime() / 1000) : null) },
      ], day.standing, t("limits.none")),
    );
    return undefined;
  }
}

/** A denial is decided by its rule; a job by the rung and the queue that it was served on. */
function decided(one) {
  if (one.what === "denial") return h("code", {}, one.decided_by.rule);
  const rung = one.decided_by.rung;
  return t("day.served", { rung: has(`rung.${rung}`) ? t(`rung.${rung}`) : rung, service: one.decided_by.service });
}
