// One turn of a conversation: what was asked, and what came of it.

import { button, h, passKeyboard, replace } from "../dom.js";
import { announce, confirmed } from "../shell.js";
import { t } from "../words.js";
import { showCopies } from "./copying.js";
import { notes, showDetails } from "./details.js";
import { downloadLink, fileOf } from "./files.js";
import { Picture } from "./picture.js";
import { cancel, ended, forget, parentOf, watch } from "./requests.js";
import { styleName } from "./styles.js";
import { WaitCard } from "./waiting.js";

/** What was asked: words, style, and the picture that it goes on from. */
export function said(asked, thumbnail) {
  return h(
    "div",
    { class: "said" },
    thumbnail ? h("img", { src: thumbnail, alt: t("turn.from") }) : null,
    h("p", { dir: "auto" }, asked.prompt),
    asked.style ? h("span", { class: "chip" }, styleName(asked.style)) : null,
  );
}

/** actions: `goOn(base)` and `gone(turn)` and `ended(turn)`. thumbnail: of what it goes on from. */
export class Turn {
  constructor(job, thumbnail, actions) {
    this.job = job;
    this.actions = actions;
    this.aborting = new AbortController();
    this.pictures = Array.from({ length: job.images }, (_, index) => new Picture(job, index));
    this.status = h("div", {});
    this.frames = this.pictures.map((picture) => {
      const tools = h("div", { class: "tools" });
      return { picture, tools, element: h("figure", {}, picture.element, tools) };
    });
    this.element = h(
      "article",
      { class: "turn", id: job.id, tabindex: -1, aria: { label: job.asked.prompt }, data: { status: job.status } },
      said(job.asked, thumbnail),
      h("div", { class: `made many-${Math.min(job.images, 4)}` }, this.frames.map((frame) => frame.element)),
      this.status,
    );
    if (ended(job)) this.end(job);
    else this.follow();
  }

  async follow() {
    this.wait = new WaitCard(this.job, () => this.cancel());
    replace(this.status, this.wait.element);
    try {
      const job = await watch(this.job.id, (told) => this.hear(told), this.aborting.signal);
      if (job) this.end(job);
      else if (!this.aborting.signal.aborted) this.gone();
    } catch (error) {
      this.tell(h("div", { class: "status wrong", role: "alert" }, h("p", {}, error.message)));
    }
  }

  /** In the place of how long it takes. */
  tell(...what) {
    passKeyboard(this.status, this.element, () => replace(this.status, ...what));
  }

  hear(told) {
    const picture = this.pictures[told.image_index ?? 0];
    switch (told.type) {
      case "smalti.waiting":
        return this.wait.hear(told);
      case "smalti.lost":
        return this.wait.lose();
      case "smalti.drawing":
        return this.wait.hear(null);
      case "smalti.job":
        if (told.job.status === "running") this.wait.begin();
        return this.wait.hear(told.job);
      case "smalti.rows":
        if (this.job.images === 1) this.wait.hear(null);
        else this.wait.begin();
        return picture.show(told);
      case "image_generation.completed":
      case "image_edit.completed":
        return picture.finish(told);
      default:
        return undefined;
    }
  }

  end(job) {
    this.job = job;
    this.element.dataset.status = job.status;
    if (job.status === "succeeded") {
      this.tell(notes(job));
      for (const { picture, tools } of this.frames) {
        picture.link(job);
        replace(tools, ...this.tools(picture));
      }
    } else {
      for (const picture of this.pictures) picture.stop();
      const why = job.status === "failed" ? t("turn.failed", { why: job.error?.message ?? "" }) : t("turn.cancelled");
      this.tell(h("div", { class: "status ended" }, h("p", {}, why), this.deleteButton(true)));
    }
    this.actions.ended(this);
  }

  tools(picture) {
    if (!picture.url) return [h("p", { class: "soft" }, t("turn.expired")), this.deleteButton(false)];
    return [
      button(t("turn.go_on"), { image: "branch", class: "small", onclick: () => this.actions.goOn(this.base(picture.index)) }),
      downloadLink(this.job, picture.index, { worded: false, class: "button small quiet" }),
      button(t("turn.copy"), { image: "code", worded: false, class: "small quiet", onclick: () => showCopies(this.job, picture.index) }),
      button(t("turn.details"), { image: "info", worded: false, class: "small quiet", onclick: () => showDetails(this.job, picture.index) }),
      this.deleteButton(false),
    ];
  }

  deleteButton(worded) {
    return button(t("turn.delete"), { image: "trash", worded, class: "small quiet", onclick: () => this.forget() });
  }

  /** What the next turn goes on from, if it goes on from this picture. */
  base(index) {
    const url = this.pictures[index].url;
    return url ? { parent: `${this.job.id}/${index}`, url, fetch: () => fileOf(this.job, index) } : null;
  }

  get parent() {
    return parentOf(this.job);
  }

  async cancel() {
    try {
      const job = await cancel(this.job.id);
      if (ended(job)) this.end(job);
    } catch (error) {
      announce(error.message);
    }
  }

  async forget() {
    if (!(await confirmed(t("turn.delete_sure", { n: this.job.images }), t("turn.delete")))) return;
    try {
      await forget(this.job.id);
    } catch (error) {
      announce(error.message);
      return;
    }
    this.gone();
    announce(t("turn.deleted"));
  }

  gone() {
    this.leave();
    const beside = this.element.nextElementSibling ?? this.element.previousElementSibling;
    passKeyboard(this.element, beside ?? document.querySelector("main"), () => this.element.remove());
    this.actions.gone(this);
  }

  /** The job goes on; nobody looks any more. */
  leave() {
    this.aborting.abort();
  }
}
