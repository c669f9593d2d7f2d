// Who changed what, and what was refused lately.

import { ask } from "../api.js";
import { h, replace } from "../dom.js";
import { t } from "../words.js";
import { loadNames } from "./names.js";
import { at, table } from "./tables.js";

export class AuditRecord {
  constructor() {
    this.body = h("div", { class: "stack" });
    this.element = h("section", { aria: { label: t("console.record") } }, this.body);
  }

  async show() {
    const [audit, denials] = await Promise.all([ask("/v1/admin/audit"), ask("/v1/admin/denials")]);
    const names = await loadNames([...audit.data.map((one) => one.who), ...denials.data.map((one) => one.user_id)]);
    replace(
      this.body,
      h("h2", {}, t("record.title")),
      table(t("record.title"), [
        { name: t("past.at"), of: (one) => at(one.at) },
        { name: t("past.who"), of: (one) => names.who(one.who) },
        { name: t("record.action"), of: (one) => h("code", {}, one.action) },
        { name: t("past.why"), of: (one) => one.detail.why, prose: true },
        { name: t("record.detail"), of: (one) => h("details", {}, h("summary", {}, t("record.look")), h("pre", { tabindex: 0 }, JSON.stringify(one.detail, null, 2))) },
      ], audit.data, t("record.none")),
      h("h2", {}, t("record.denials")),
      table(t("record.denials"), [
        { name: t("past.at"), of: (one) => at(one.at) },
        { name: t("people.user"), of: (one) => h("a", { href: `#/people/${one.user_id}` }, names.user(one.user_id)) },
        { name: t("tier.name"), of: (one) => one.tier },
        { name: t("denied.fact.rule"), of: (one) => h("code", {}, one.rule) },
        { name: t("people.images"), of: (one) => one.images, number: true },
        { name: t("day.then"), of: (one) => (one.retry_at ? t("day.retry", { at: at(one.retry_at) }) : null) },
      ], denials.data, t("now.no_denials")),
    );
  }
}
