// Tiers and switches: changed after looking at what the change would have done.

import { ask, serverNow } from "../api.js";
import { button, everySecond, h, replace } from "../dom.js";
import { announce } from "../shell.js";
import { number, t } from "../words.js";
import { loadNames } from "./names.js";
import { previewed } from "./preview.js";
import { at, checks, field, table, wrong } from "./tables.js";

const LOOK_EVERY_MS = 3000;
const RUNGS = ["partials", "guidance", "quality", "size", "model"];
const SERVICES = ["default", "flex", "priority"];
const SCOPES = ["tier", "region", "model", "feature"];

/** Whether a switch is on, in words that stay true while they stand there. */
function stateOf({ from, until }) {
  const said = h("span", {});
  everySecond(said, () => {
    const now = serverNow() / 1000;
    const over = until !== null && until <= now;
    replace(said, t(over ? "switch.now.over" : from !== null && from > now ? "switch.now.coming" : "switch.now.paused"));
  });
  return said;
}

export class Levers {
  constructor() {
    this.tiers = h("div", { class: "stack" });
    this.switches = h("div", { class: "stack" });
    this.past = h("div", {});
    this.news = h("p", { class: "news", role: "status" });
    this.mine = 0; // changes of one's own that are on their way
    setInterval(() => this.look(), LOOK_EVERY_MS);
    this.element = h(
      "section",
      { class: "levers", aria: { label: t("levers.title") } },
      this.news,
      h("h2", {}, t("levers.tiers")),
      this.tiers,
      h("h2", {}, t("levers.switches")),
      this.switches,
      h("h2", {}, t("levers.past")),
      this.past,
    );
  }

  async show() {
    const [policy, history] = await Promise.all([ask("/v1/admin/tiers"), ask("/v1/admin/tiers/history"), this.learnRungs()]);
    this.policy = policy;
    this.names = await namesIn(history.data);
    this.seen = policy.version; // from which one's own changes are made
    this.shown = new Map();
    this.untouched = [];
    this.previews = [];
    replace(this.tiers, Object.entries(policy.tiers).map(([name, tier]) => this.tier(name, tier)));
    replace(this.switches, this.paused(), this.pause());
    replace(this.past, this.history(history.data));
    this.element.dataset.version = policy.version;
    replace(this.news);
  }

  /**
   * Whether somebody else changed something, while one looks at it. Who has typed something is told
   * once more when he applies it.
   */
  async look() {
    if (!this.policy || !this.element.isConnected || this.mine) return;
    const known = this.policy.version;
    try {
      const { version } = await ask("/v1/admin/tiers");
      if (version === known || this.mine || this.policy.version !== known) return;
      const made = await this.overtaken();
      if (this.untouched.every((untouched) => untouched())) this.seen = made.version;
      replace(this.news, t("levers.news", made));
    } catch {
      // It is looked again; the band along the top says that the server is not there.
    }
  }

  /** What each rung gains and loses, where a model that is here was measured. */
  async learnRungs() {
    const { data } = await ask("/v1/models").catch(() => ({ data: [] }));
    const measured = data.flatMap(({ id, smalti }) => Object.entries(smalti.ladder?.rungs ?? {}).map(([rung, facts]) => ({ id, rung, facts, full: smalti.ladder.rungs.full })));
    const percent = (part) => number(100 * part, 1);
    this.measured = measured.filter(({ rung, full }) => full && rung !== "full").map(({ id, rung, facts, full }) =>
      t("levers.rung", { rung, named: t(`rung.${rung}`), model: id, gain: number(facts.gain, 2), right: percent(facts.attributes_right), full: percent(full.attributes_right) }));
  }

  /** Resolves to what is to be said of it. */
  async refused(error) {
    if (error.body?.error?.code !== "version_conflict") return error.message;
    try {
      const made = await this.overtaken();
      this.seen = made.version;
      replace(this.news);
      return t("levers.overtaken", made);
    } catch (other) {
      return other.message;
    }
  }

  /** Another version is in force by now: it is shown, around what is typed. Resolves to whose it is. */
  async overtaken() {
    const [policy, history] = await Promise.all([ask("/v1/admin/tiers"), ask("/v1/admin/tiers/history")]);
    this.policy = policy;
    this.names = await namesIn(history.data);
    for (const forget of this.previews) forget(); // they were of what was in force before
    for (const [name, tier] of Object.entries(policy.tiers)) {
      if (this.shown.has(name)) this.shown.get(name)(tier);
      else this.tiers.append(this.tier(name, tier));
    }
    this.switches.firstChild.replaceWith(this.paused());
    replace(this.past, this.history(history.data));
    this.element.dataset.version = policy.version;
    const made = history.data.find((row) => row.version === policy.version);
    return { version: policy.version, who: this.names.who(made?.who), why: made?.why };
  }

  /** act: a change of one's own. Resolves to what is to be said where it is refused. */
  async changing(act) {
    this.mine += 1;
    try {
      await this.changed(await act());
      return null;
    } catch (error) {
      return await this.refused(error);
    } finally {
      this.mine -= 1;
    }
  }

  /** After a change: everything anew, and what was changed said. */
  async changed(policy) {
    announce(t("levers.in_force", { version: policy.version }));
    await this.show();
  }

  // --- tiers ---

  tier(name, tier) {
    const weight = h("input", { type: "number", min: 0, step: "any", required: true });
    const running = h("input", { type: "number", min: 1, required: true });
    const waiting = h("input", { type: "number", min: 1, required: true });
    const promised = h("input", { type: "number", min: 0, step: "any" });
    const limits = h("textarea", { spellcheck: "false", oninput: () => fit() });
    const fit = () => (limits.rows = Math.max(2, limits.value.split("\n").length));
    const models = h("input", {});
    const rungs = checks(t("levers.rungs"), RUNGS, []);
    rungs.element.append(h("ul", { class: "soft" }, this.measured.map((said) => h("li", {}, said))));
    const services = checks(t("levers.services"), SERVICES, []);
    const summary = h("summary", {});
    const listed = (text, by) => text.split(by).map((part) => part.trim()).filter(Boolean);
    let before = {};
    const change = () => {
      const fields = {
        weight: Number(weight.value),
        max_running: Number(running.value),
        max_waiting: Number(waiting.value),
        promised_wait_s: Number(promised.value),
        limits: listed(limits.value, "\n"),
        rungs: rungs.values(),
        services: services.values(),
        models: listed(models.value, ","),
      };
      return Object.fromEntries(Object.entries(fields).filter(([key, value]) => JSON.stringify(value) !== JSON.stringify(before[key])));
    };
    const show = (its, typed = {}) => {
      before = { ...its, promised_wait_s: its.promised_wait_s ?? 0 };
      const shown = { ...before, ...typed };
      weight.value = shown.weight;
      running.value = shown.max_running;
      waiting.value = shown.max_waiting;
      promised.value = shown.promised_wait_s;
      limits.value = shown.limits.join("\n");
      fit();
      models.value = shown.models.join(", ");
      rungs.choose(shown.rungs);
      services.choose(shown.services);
      replace(summary, t("levers.tier", { name, weight: number(its.weight, 2), limits: its.limits.join(", ") || t("levers.no_limits") }));
    };
    show(tier);
    this.shown.set(name, (other) => show(other, change()));
    const form = this.form({
      preview: () => ({ tier: name, change: change() }),
      nothing: () => !Object.keys(change()).length,
      apply: (why) => ask(`/v1/admin/tiers/${encodeURIComponent(name)}`, { method: "PATCH", json: { ...change(), why, if_version: this.seen } }),
      fields: [
        h("div", { class: "fields" },
          field(t("levers.weight"), weight),
          field(t("levers.promised"), promised, t("levers.promised_hint")),
          field(t("levers.running"), running),
          field(t("levers.waiting"), waiting)),
        field(t("levers.limits"), limits, t("levers.limits_hint")),
        h("div", { class: "fields" }, rungs.element, services.element),
        field(t("levers.models"), models, t("levers.models_hint")),
      ],
    });
    return h("details", { class: "lever", data: { tier: name } }, summary, form);
  }

  // --- switches ---

  paused() {
    const columns = [
      { name: t("switch.what"), of: (one) => `${t(`switch.scope.${one.scope}`)} ${one.name}` },
      { name: t("switch.now"), of: stateOf },
      { name: t("switch.message"), of: (one) => one.message, prose: true },
      { name: t("switch.from"), of: (one) => at(one.from) ?? t("switch.at_once") },
      { name: t("switch.until"), of: (one) => at(one.until) ?? t("switch.open_end") },
      { name: "", of: (one) => button(t("switch.resume"), { class: "small", onclick: () => this.resume(one) }) },
    ];
    return table(t("levers.switches"), columns, this.policy.switches, t("switch.none"));
  }

  async resume(one) {
    const query = new URLSearchParams({ why: t("switch.resumed"), if_version: this.seen });
    const path = `/v1/admin/switches/${one.scope}/${encodeURIComponent(one.name)}?${query}`;
    const refused = await this.changing(() => ask(path, { method: "DELETE" }));
    if (refused) announce(refused);
  }

  pause() {
    const scope = h("select", {}, SCOPES.map((one) => h("option", { value: one }, t(`switch.scope.${one}`))));
    const name = h("input", { required: true, spellcheck: "false" });
    const message = h("input", { required: true, maxlength: 500 });
    const from = h("input", { type: "datetime-local" });
    const until = h("input", { type: "datetime-local" });
    const time = (input) => (input.value ? new Date(input.value).getTime() / 1000 : null);
    const said = () => ({ message: message.value, from: time(from), until: time(until) });
    const form = this.form({
      preview: () => ({ switch: { scope: scope.value, name: name.value, ...said() } }),
      nothing: () => !name.value || !message.value,
      apply: (why) => ask(`/v1/admin/switches/${scope.value}/${encodeURIComponent(name.value)}`, { method: "PUT", json: { ...said(), why, if_version: this.seen } }),
      fields: [
        h("div", { class: "fields" }, field(t("switch.scope"), scope), field(t("switch.name"), name, t("switch.name_hint")), field(t("switch.from"), from, t("switch.from_hint")), field(t("switch.until"), until, t("switch.until_hint"))),
        field(t("switch.message"), message, t("switch.message_hint")),
      ],
    });
    return h("details", { class: "lever", data: { lever: "pause" } }, h("summary", {}, t("switch.new")), form);
  }

  // --- both ---

  /** A change: previewed against the last hour, then applied with a reason. */
  form({ fields, preview, nothing, apply }) {
    const outcome = h("div", { role: "status", class: "outcome" });
    const why = h("input", { required: true, maxlength: 500 });
    this.untouched.push(nothing);
    this.previews.push(() => outcome.querySelector(".preview")?.remove());
    const look = button(t("levers.preview"), {
      onclick: async () => {
        if (nothing()) return replace(outcome, h("p", { class: "soft" }, t("levers.nothing")));
        replace(outcome, h("p", { class: "soft" }, t("levers.previewing")));
        try {
          replace(outcome, previewed(await ask("/v1/admin/preview", { method: "POST", json: preview() })));
        } catch (error) {
          replace(outcome, wrong(error));
        }
        return undefined;
      },
    });
    return h(
      "form",
      {
        onsubmit: async (event) => {
          event.preventDefault();
          if (nothing()) return replace(outcome, h("p", { class: "soft" }, t("levers.nothing")));
          const refused = await this.changing(() => apply(why.value));
          if (refused) replace(outcome, wrong(refused));
          return undefined;
        },
      },
      fields,
      h("div", { class: "row" }, look),
      outcome,
      field(t("levers.why"), why, t("levers.why_hint")),
      h("div", { class: "row" }, h("button", { class: "primary" }, t("levers.apply"))),
    );
  }

  // --- what was ---

  history(rows) {
    const columns = [
      { name: t("past.version"), of: (row) => row.version, number: true },
      { name: t("past.at"), of: (row) => at(row.at) },
      { name: t("past.who"), of: (row) => this.names.who(row.who) },
      { name: t("past.why"), of: (row) => row.why, prose: true },
      { name: "", of: (row) => (row.version === this.policy.version ? h("span", { class: "chip" }, t("past.in_force")) : this.undo(row.version)) },
    ];
    const first = rows.some((row) => row.version === 0) ? [] : [{ version: 0, at: null, who: null, why: t("past.file") }];
    return table(t("levers.past"), columns, [...rows, ...first], "");
  }

  undo(version) {
    return button(t("past.undo"), {
      image: "undo",
      class: "small",
      onclick: async () => {
        const json = { version, why: t("past.undone", { version }), if_version: this.seen };
        const refused = await this.changing(() => ask("/v1/admin/tiers/undo", { method: "POST", json }));
        if (refused) announce(refused);
      },
    });
  }
}

function namesIn(history) {
  return loadNames(history.map((row) => row.who).filter(Boolean));
}
