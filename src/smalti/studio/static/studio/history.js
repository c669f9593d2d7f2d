// The conversations that there were, by their first words.

import { button, h, replace } from "../dom.js";
import { t } from "../words.js";
import { list } from "./requests.js";

const PAGE = 100;

export class History {
  constructor() {
    this.found = new Map();
    this.list = h("ul", {});
    this.more = button(t("history.more"), { class: "quiet small", hidden: true, onclick: () => this.load(this.after) });
    this.element = h("nav", { class: "history", aria: { label: t("history.title") } }, h("h2", {}, t("history.title")), this.list, this.more);
  }

  /** The newest page again. What is shown stays until it is there. */
  async refresh() {
    await this.load("");
  }

  async load(after) {
    let page;
    try {
      page = await list({ limit: PAGE, after });
    } catch {
      return;
    }
    if (!after) this.found.clear();
    for (const job of page.data) this.note(job);
    this.after = page.last_id;
    this.more.hidden = !page.has_more;
    this.draw();
  }

  note(job) {
    const name = job.asked.conversation;
    if (!name) return;
    const known = this.found.get(name);
    // Pages come newest first: the oldest job that is seen names the conversation.
    this.found.set(name, { title: job.asked.prompt, at: known?.at ?? job.created_at, live: known?.live || job.status === "queued" || job.status === "running" });
  }

  draw(open = this.open) {
    this.open = open;
    const items = [...this.found].map(([name, { title, live }]) =>
      h("li", {}, h("a", { href: `#/c/${name}`, dir: "auto", class: live ? "live" : "", aria: name === open ? { current: "page" } : {} }, title)),
    );
    replace(this.list, items.length ? items : h("li", { class: "soft" }, t("history.none")));
  }
}
