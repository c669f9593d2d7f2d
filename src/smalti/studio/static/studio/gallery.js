// One's own pictures: found by words and style, looked at, taken up again, deleted.

import { ownPath } from "../api.js";
import { button, h, replace, showDialog } from "../dom.js";
import { announce, confirmed } from "../shell.js";
import { t } from "../words.js";
import { showCopies } from "./copying.js";
import { factList, notes, receipt } from "./details.js";
import { downloadLink, fileOf } from "./files.js";
import { forget, list } from "./requests.js";
import { StylePicker } from "./styles.js";

const PAGE = 24;
const PAUSE_MS = 250;

export class Gallery {
  /** goOn: told a base, and the conversation that its picture belongs to. guarded: runs what asks
   * the server, and says what goes wrong. */
  constructor(goOn, guarded) {
    this.goOn = goOn;
    this.guarded = guarded;
    this.search = h("input", { type: "search", id: "search", placeholder: t("gallery.search"), aria: { label: t("gallery.search") }, oninput: () => this.soon() });
    this.style = new StylePicker("gallery-style", t("gallery.any_style"), () => this.guarded(() => this.refresh()));
    this.grid = h("ul", { class: "grid" });
    this.more = button(t("gallery.more"), { class: "more", hidden: true, onclick: () => this.guarded(() => this.load()) });
    this.nothing = h("p", { class: "soft", role: "status" });
    this.element = h("section", { class: "gallery", aria: { label: t("gallery.title") } }, h("h1", {}, t("gallery.title")), h("div", { class: "filters" }, this.search, this.style.element), this.grid, this.nothing, this.more);
  }

  soon() {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.guarded(() => this.refresh()), PAUSE_MS);
  }

  async refresh() {
    this.after = "";
    await this.load();
  }

  /** The next page; what is shown stays until there is something else. */
  async load() {
    const first = !this.after;
    const asked = (this.asked = {});
    const page = await list({ search: this.search.value.trim(), style: this.style.value, status: "succeeded", limit: PAGE, after: this.after });
    if (asked !== this.asked) return;
    if (first) replace(this.grid);
    this.after = page.last_id;
    for (const job of page.data) for (const [index, picture] of (job.result?.data ?? []).entries()) this.grid.append(this.tile(job, index, picture.url));
    this.more.hidden = !page.has_more;
    replace(this.nothing, this.grid.children.length ? "" : this.search.value || this.style.value ? t("gallery.none_found") : t("gallery.empty"));
  }

  tile(job, index, url) {
    const image = h("img", { src: ownPath(url), alt: job.asked.prompt, loading: "lazy" });
    const tile = h("li", { data: { job: job.id } }, h("button", { type: "button", class: "tile", onclick: () => this.show(job, index, url) }, image));
    return tile;
  }

  show(job, index, url) {
    const dialog = h(
      "dialog",
      { class: "wide look", aria: { label: job.asked.prompt } },
      h("img", { src: ownPath(url), alt: t("picture.alt", { prompt: job.asked.prompt }) }),
      h(
        "div",
        {},
        notes(job),
        factList(receipt(job, index)),
        h(
          "div",
          { class: "row" },
          button(t("turn.go_on"), { image: "branch", class: "primary", onclick: () => (dialog.close(), this.goOn(base(job, index, url), job.asked.conversation)) }),
          downloadLink(job, index, { class: "button" }),
          button(t("turn.copy"), { image: "code", onclick: () => showCopies(job, index) }),
          button(t("turn.delete"), { image: "trash", class: "danger", onclick: () => this.remove(job, dialog) }),
        ),
        h("form", { method: "dialog", class: "row end" }, h("button", {}, t("shell.close"))),
      ),
    );
    showDialog(dialog);
  }

  async remove(job, dialog) {
    if (!(await confirmed(t("turn.delete_sure", { n: job.images }), t("turn.delete")))) return;
    try {
      await forget(job.id);
    } catch (error) {
      announce(error.message);
      return;
    }
    dialog.addEventListener("close", () => announce(t("turn.deleted")));
    dialog.close();
    for (const tile of this.grid.querySelectorAll(`[data-job="${job.id}"]`)) tile.remove();
  }
}

function base(job, index, url) {
  return { parent: `${job.id}/${index}`, url: ownPath(url), fetch: () => fileOf(job, index) };
}
