// A conversation: turns in order, each of which goes on from a picture or begins afresh.

import { ApiError } from "../api.js";
import { h, passKeyboard, replace } from "../dom.js";
import { t } from "../words.js";
import { denialCard } from "./denial.js";
import { begin, freshName, list, parentOf } from "./requests.js";
import { said, Turn } from "./turn.js";

/** composer: is told what the next turn goes on from. changed: called when a turn came or went. */
export class Conversation {
  constructor(composer, changed) {
    this.composer = composer;
    this.changed = changed;
    this.name = freshName();
    this.turns = new Map();
    this.element = h("div", { class: "conversation", role: "log", aria: { label: t("conversation.label") } });
  }

  /** Show a conversation that there is: its last picture is what one goes on from. */
  async open(name) {
    this.leave();
    this.name = name;
    const jobs = await all(name);
    if (this.name !== name) return;
    for (const job of jobs.reverse()) this.add(job);
    const last = [...this.turns.values()].at(-1);
    this.goOn(last?.base(last.pictures.length - 1) ?? null);
    this.scroll();
  }

  /** Whether nothing of it is shown. */
  get empty() {
    return !this.element.childElementCount;
  }

  /** Begin a new one. */
  begin(welcome) {
    this.leave();
    this.name = freshName();
    this.goOn(null);
    replace(this.element, welcome);
  }

  leave() {
    for (const turn of this.turns.values()) turn.leave();
    this.turns.clear();
    replace(this.element);
  }

  add(job) {
    const thumbnail = this.thumbnail(parentOf(job));
    const turn = new Turn(job, thumbnail, {
      goOn: (base) => {
        this.goOn(base);
        this.composer.words.focus();
      },
      ended: (its) => this.ended(its),
      gone: (its) => {
        this.turns.delete(its.job.id);
        if (this.composer.base?.parent?.startsWith(`${its.job.id}/`)) this.goOn(null);
        this.changed();
      },
    });
    this.turns.set(job.id, turn);
    this.element.append(turn.element);
    return turn;
  }

  thumbnail(parent) {
    const turn = parent && this.turns.get(parent[0]);
    return turn?.pictures[parent[1]]?.url ?? null;
  }

  /** The newest picture is gone on from, unless another was chosen meanwhile. */
  ended(turn) {
    if (this.turns.get(turn.job.id) !== turn) return;
    if (turn.job.status === "succeeded" && this.awaited === turn.job.id) {
      this.goOn(turn.base(turn.pictures.length - 1));
      this.scroll();
    }
    this.changed();
  }

  goOn(base) {
    this.awaited = null;
    this.composer.goOnFrom(base);
    for (const turn of this.turns.values())
      for (const { element, picture } of turn.frames) element.classList.toggle("chosen", base?.parent === `${turn.job.id}/${picture.index}`);
  }

  /** wanted: as the composer tells it. refused: what stands here of it, if it was sent before. */
  async send(wanted, refused = null) {
    this.element.querySelector(".welcome")?.remove();
    const { base, ...asked } = wanted;
    const thumbnail = base ? base.url : null;
    const held = h("p", { class: "soft", role: "status" });
    const place = h("article", { class: "turn sending", tabindex: -1, aria: { label: asked.prompt } }, said(asked, thumbnail), h("div", { class: "status" }, h("p", {}, t("turn.sending")), held));
    this.element.append(place);
    if (refused) passKeyboard(refused, place, () => refused.remove());
    this.scroll();
    const name = this.name;
    try {
      const job = await begin({ ...asked, source: base?.fetch, parent: base?.parent, conversation: name }, (error) => replace(held, t("turn.held", { why: error.message })));
      if (this.name === name) this.put(job, place);
      this.changed();
    } catch (error) {
      this.refuse(place, wanted, error);
    }
  }

  put(job, place) {
    const turn = this.add(job);
    passKeyboard(place, turn.element, () => place.replaceWith(turn.element));
    if (turn.job.status === "succeeded") this.goOn(turn.base(turn.pictures.length - 1));
    else this.awaited = job.id;
    this.scroll();
  }

  refuse(place, wanted, error) {
    if (!(error instanceof ApiError)) console.error(error);
    const again = (change) => this.send({ ...wanted, ...change }, place);
    const denial = error.denial;
    const edit = () => this.edit(place, wanted);
    const card = denial ? denialCard(denial, again, edit) : h("div", { class: "status wrong", role: "alert" }, h("p", {}, error.message), h("button", { type: "button", onclick: edit }, t("turn.edit")));
    place.classList.remove("sending");
    place.querySelector(".status").replaceWith(card);
    this.changed();
    this.scroll();
  }

  /** Put the words back, to be changed. */
  edit(place, wanted) {
    place.remove();
    this.goOn(wanted.base);
    this.composer.words.value = wanted.prompt;
    this.composer.style.value = wanted.style ?? "";
    this.composer.grow();
    this.composer.words.focus();
  }

  scroll() {
    requestAnimationFrame(() => scrollTo({ top: document.documentElement.scrollHeight }));
  }
}

/** Every job of a conversation, newest first. */
async function all(conversation) {
  const jobs = [];
  for (let after = ""; ; ) {
    const page = await list({ conversation, limit: 100, after });
    jobs.push(...page.data);
    if (!page.has_more) return jobs;
    after = page.last_id;
  }
}
