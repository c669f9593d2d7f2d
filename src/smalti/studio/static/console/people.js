// Organisations, users, keys, what they used; and one user's day.

import { ask } from "../api.js";
import { button, h, replace, showDialog } from "../dom.js";
import { announce, confirmed } from "../shell.js";
import { number, t } from "../words.js";
import { Day } from "./day.js";
import { named } from "./names.js";
import { at, checks, field, table, wrong } from "./tables.js";

const DAYS = [1, 7, 30];
const PAGE = 200;

export class People {
  constructor() {
    this.body = h("div", { class: "stack" });
    this.element = h("section", { class: "people", aria: { label: t("people.title") } }, this.body);
    this.days = 1;
    this.search = "";
  }

  /** userId: one of them, or nothing for all. */
  async show(userId) {
    this.wanted = userId;
    await (userId ? this.one(userId) : this.all());
  }

  async all() {
    const asking = (this.asking = {});
    const [users, organisations, use, tiers] = await Promise.all([
      ask(`/v1/admin/users?${new URLSearchParams({ search: this.search, limit: PAGE })}`),
      ask("/v1/admin/organisations"),
      ask(`/v1/admin/use?days=${this.days}`),
      ask("/v1/admin/tiers"),
    ]);
    if (users.has_more && !this.search) users.data = await withThose(users.data, use.users.map((one) => one.id));
    if (this.wanted || this.asking !== asking) return; // somebody was chosen meanwhile, or others
    this.tierNames = Object.keys(tiers.tiers);
    const used = (entries) => new Map(entries.map((entry) => [entry.id, entry]));
    const ofUsers = used(use.users);
    const ofOrganisations = used(use.organisations);
    const organisationNames = new Map(organisations.data.map((one) => [one.id, one.name]));
    const period = h("select", { aria: { label: t("people.period") }, onchange: (event) => this.within(Number(event.target.value)) }, DAYS.map((n) => h("option", { value: n }, t("people.days", { n }))));
    period.value = String(this.days);
    replace(
      this.body,
      h("div", { class: "row between" }, h("h2", {}, t("people.users")), h("div", { class: "row" }, this.searchFor(), period)),
      users.has_more ? h("p", { class: "soft" }, t(this.search ? "people.some_found" : "people.some", { n: PAGE })) : null,
      table(t("people.users"), [
        { name: t("people.name"), of: (user) => h("a", { href: `#/people/${user.id}` }, user.name) },
        { name: t("people.organisation"), of: (user) => organisationNames.get(user.org_id) ?? user.org_id },
        { name: t("tier.name"), of: (user) => user.tier },
        ...useColumns((user) => ofUsers.get(user.id)),
        { name: t("people.state"), of: (user) => (user.disabled_at ? t("people.disabled") : t("people.enabled")) },
      ], byUse(users.data, ofUsers), this.search ? t("people.none_named", { search: this.search }) : t("people.none")),
      this.newUser(organisations),
      h("h2", {}, t("people.organisations")),
      table(t("people.organisations"), [
        { name: t("people.name"), of: (one) => one.name },
        ...useColumns((one) => ofOrganisations.get(one.id)),
        { name: t("people.since"), of: (one) => at(one.created_at) },
      ], byUse(organisations.data, ofOrganisations), ""),
      this.newOrganisation(),
    );
  }

  searchFor() {
    const words = h("input", { type: "search", value: this.search, maxlength: 200, placeholder: t("people.search"), aria: { label: t("people.search") } });
    const search = async (event) => {
      event.preventDefault();
      this.search = words.value.trim();
      await this.again();
      this.body.querySelector("input[type=search]")?.focus();
    };
    return h("form", { role: "search", onsubmit: search, oninput: (event) => words.value === "" && this.search && search(event) }, words);
  }

  /** days: over how many use is counted from now on. */
  async within(days) {
    this.days = days;
    await this.again();
  }

  async again() {
    await this.all().catch((error) => announce(error.message));
  }

  newUser(organisations) {
    const name = h("input", { required: true, maxlength: 200 });
    const organisation = organisations.has_more
      ? h("input", { required: true, maxlength: 64, placeholder: "org_…" })
      : h("select", {}, organisations.data.map((one) => h("option", { value: one.id }, one.name)));
    const tier = this.tierSelect();
    return maker(t("people.new_user"), [h("div", { class: "fields" }, field(t("people.name"), name), field(t("people.organisation"), organisation), field(t("tier.name"), tier))], async () => {
      const user = await ask("/v1/admin/users", { method: "POST", json: { name: name.value, org_id: organisation.value, tier: tier.value } });
      location.hash = `#/people/${user.id}`;
    });
  }

  newOrganisation() {
    const name = h("input", { required: true, maxlength: 200 });
    return maker(t("people.new_organisation"), [field(t("people.name"), name)], async () => {
      await ask("/v1/admin/organisations", { method: "POST", json: { name: name.value } });
      await this.all();
    });
  }

  tierSelect(chosen) {
    const select = h("select", {}, this.tierNames.map((tier) => h("option", { value: tier }, tier)));
    if (chosen) select.value = chosen;
    return select;
  }

  // --- one user ---

  async one(userId) {
    const path = `/v1/admin/users/${encodeURIComponent(userId)}`;
    const [user, keys, tiers] = await Promise.all([ask(path), ask(`/v1/admin/keys?user_id=${encodeURIComponent(userId)}`), ask("/v1/admin/tiers")]);
    if (this.wanted !== userId) return; // somebody else was chosen meanwhile
    this.tierNames = Object.keys(tiers.tiers);
    const tier = this.tierSelect(user.tier);
    const again = async (change) => {
      try {
        await ask(path, { method: "POST", json: change });
        announce(t("people.changed"));
      } catch (error) {
        announce(error.message);
      }
      await this.one(userId).catch((error) => announce(error.message));
    };
    tier.addEventListener("change", () => again({ tier: tier.value }));
    const day = new Day(userId);
    replace(
      this.body,
      h("p", {}, h("a", { href: "#/people" }, t("people.back"))),
      h("div", { class: "row between" }, h("h2", {}, user.name), user.disabled_at ? h("span", { class: "chip" }, t("people.disabled")) : null),
      h("div", { class: "row" }, field(t("tier.name"), tier), button(user.disabled_at ? t("people.enable") : t("people.disable"), { class: user.disabled_at ? "" : "danger", onclick: () => again({ disabled: !user.disabled_at }) })),
      h("h2", {}, t("key.title")),
      this.keys(keys.data, userId),
      this.newKey(userId),
      day.element,
    );
    await day.show();
  }

  keys(keys, userId) {
    const columns = [
      { name: t("people.name"), of: (key) => key.name },
      { name: t("key.begins"), of: (key) => h("code", {}, `${key.prefix}…`) },
      { name: t("key.scopes"), of: (key) => key.scopes.join(", ") },
      { name: t("people.since"), of: (key) => at(key.created_at) },
      { name: t("key.until"), of: (key) => (key.revoked_at ? t("key.revoked") : (at(key.expires_at) ?? t("key.lasting"))) },
      { name: "", of: (key) => (key.revoked_at ? "" : button(t("key.revoke"), { class: "small danger", onclick: () => this.revoke(key, userId) })) },
    ];
    return table(t("key.title"), columns, keys, t("key.none"));
  }

  async revoke(key, userId) {
    if (!(await confirmed(t("key.revoke_sure", { name: key.name }), t("key.revoke")))) return;
    try {
      await ask(`/v1/admin/keys/${encodeURIComponent(key.id)}`, { method: "DELETE" });
    } catch (error) {
      announce(error.message);
    }
    await this.one(userId).catch((error) => announce(error.message));
  }

  newKey(userId) {
    const name = h("input", { required: true, maxlength: 200 });
    const scopes = checks(t("key.scopes"), ["images", "admin"], ["images"]);
    return maker(t("key.new"), [field(t("people.name"), name), scopes.element], async () => {
      const key = await ask("/v1/admin/keys", { method: "POST", json: { user_id: userId, name: name.value, scopes: scopes.values() } });
      await this.one(userId);
      showDialog(h("dialog", { aria: { label: t("key.new") } }, h("h2", {}, t("key.made")), h("p", {}, t("key.once")), h("pre", { tabindex: 0 }, key.secret), h("form", { method: "dialog", class: "row end" }, h("button", {}, t("shell.close")))));
    });
  }
}

function useColumns(of) {
  return [
    { name: t("people.images"), of: (row) => of(row)?.images ?? 0, number: true },
    { name: t("people.device"), of: (row) => number(of(row)?.device_s ?? 0, 1), number: true },
    { name: t("people.denials"), of: (row) => of(row)?.denials ?? 0, number: true },
  ];
}

/** Those who used most stand in the list, too, which has not room for all. */
async function withThose(users, ids) {
  const there = new Set(users.map((user) => user.id));
  return [...users, ...(await named("users", ids.filter((id) => !there.has(id))))];
}

function byUse(rows, used) {
  const device = (row) => used.get(row.id)?.device_s ?? 0;
  return [...rows].sort((one, other) => device(other) - device(one));
}

/** A form under a line that opens it. */
function maker(title, fields, make) {
  const fault = h("div", {});
  return h(
    "details",
    { class: "lever" },
    h("summary", {}, title),
    h(
      "form",
      {
        onsubmit: async (event) => {
          event.preventDefault();
          try {
            await make();
          } catch (error) {
            replace(fault, wrong(error));
          }
        },
      },
      fields,
      fault,
      h("div", { class: "row" }, h("button", { class: "primary" }, t("people.make"))),
    ),
  );
}
