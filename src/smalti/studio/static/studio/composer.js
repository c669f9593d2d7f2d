// Where a picture is asked for: words, a picture to go on from, a style, a size, how many.

import { announce } from "../shell.js";
import { button, h, replace } from "../dom.js";
import { t } from "../words.js";
import { StylePicker } from "./styles.js";

const MANY = [1, 2, 3, 4];
const LARGER = ["1024x1024", "1536x1024", "1024x1536"];

/** onsend: told what is wanted: prompt, style, size, n, seed, and base: {fetch, parent, url}. */
export class Composer {
  constructor(onsend) {
    this.onsend = onsend;
    this.base = null;
    this.words = h("textarea", { id: "prompt", rows: 1, dir: "auto", placeholder: t("ask.placeholder"), aria: { label: t("ask.prompt") } });
    this.file = h("input", { type: "file", accept: "image/*", hidden: true, aria: { label: t("ask.add_picture") }, tabindex: -1 });
    this.basis = h("div", { class: "basis", hidden: true });
    this.style = new StylePicker("style", t("style.any"));
    this.model = h("select", { id: "model", aria: { label: t("ask.model") }, onchange: () => this.choose() });
    this.size = h("select", { id: "size", aria: { label: t("ask.size") } });
    this.many = h("select", { id: "many", aria: { label: t("ask.many") } }, MANY.map((n) => h("option", { value: n }, t("ask.pictures", { n }))));
    this.seed = h("input", { id: "seed", inputmode: "numeric", pattern: "[0-9]*", maxlength: 16, placeholder: t("ask.seed"), aria: { label: t("ask.seed_explained") }, title: t("ask.seed_explained") });
    this.go = h("button", { class: "primary send", aria: { label: t("ask.send") }, title: t("ask.send") }, button("", { image: "send" }).firstChild);
    this.element = h(
      "form",
      { class: "composer", novalidate: true, onsubmit: (event) => this.send(event) },
      this.basis,
      h("div", { class: "line" },
        button(t("ask.add_picture"), { image: "picture", worded: false, class: "quiet", onclick: () => this.file.click() }),
        this.words,
        this.go),
      h("div", { class: "manner" }, this.style.element, h("div", { class: "settings" }, this.model, this.size, this.many, this.seed)),
      this.file,
    );
    this.listen();
  }

  /** models: as /v1/models tells them. Where there is one, there is nothing to choose. */
  offer(models) {
    this.models = models;
    replace(this.model, models.map((model) => h("option", { value: model.id }, model.id)));
    this.model.hidden = models.length === 1;
    this.choose();
  }

  /** What the chosen model can do. */
  choose() {
    const model = this.models.find((one) => one.id === this.model.value);
    const sizes = ["auto", ...model.smalti.native_sizes, ...LARGER];
    replace(this.size, sizes.map((size) => h("option", { value: size }, size === "auto" ? t("ask.auto_size") : size.replace("x", " × "))));
    this.style.offer(model.smalti.styles);
  }

  listen() {
    this.words.addEventListener("input", () => this.grow());
    this.words.addEventListener("keydown", (event) => {
      if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
        event.preventDefault();
        this.element.requestSubmit();
      }
    });
    this.file.addEventListener("change", () => {
      this.take(this.file.files);
      this.file.value = "";
    });
    document.addEventListener("paste", (event) => this.take(event.clipboardData.files));
    document.addEventListener("dragover", (event) => {
      event.preventDefault();
      document.body.classList.add("dropping");
    });
    document.addEventListener("dragleave", (event) => {
      if (!event.relatedTarget) document.body.classList.remove("dropping");
    });
    document.addEventListener("drop", (event) => {
      event.preventDefault();
      document.body.classList.remove("dropping");
      this.take(event.dataTransfer.files);
    });
  }

  /** A picture from outside, as it is now: its file may be changed or gone before it is sent. */
  take(files) {
    if (!files.length) return;
    const file = [...files].find((one) => one.type.startsWith("image/"));
    if (!file) {
      announce(t("ask.no_picture", { name: files[0].name }));
      return;
    }
    const read = file.arrayBuffer().then((content) => new Blob([content], { type: file.type }));
    read.catch(() => {}); // who sends it is told
    this.goOnFrom({ fetch: () => read, url: URL.createObjectURL(file), name: file.name });
    this.words.focus();
  }

  /** base: {fetch: () => Promise<Blob>, parent, url, name}; null to begin afresh. */
  goOnFrom(base) {
    this.base = base;
    this.basis.hidden = !base;
    this.words.placeholder = base ? t("ask.change_placeholder") : t("ask.placeholder");
    this.seed.value = "";
    this.grow();
    if (!base) return;
    replace(
      this.basis,
      h("img", { src: base.url, alt: "" }),
      h("span", {}, base.parent ? t("ask.going_on") : t("ask.from_photo", { name: base.name })),
      button(t("ask.afresh"), { image: "close", worded: false, class: "quiet", onclick: () => this.goOnFrom(null) }),
    );
  }

  grow() {
    this.words.style.height = "auto";
    this.words.style.height = `${Math.min(this.words.scrollHeight, 220)}px`;
  }

  send(event) {
    event.preventDefault();
    const style = this.style.value;
    const prompt = this.words.value.trim() || (this.base && style ? t("ask.restyle", { style }) : "");
    if (!prompt) {
      this.words.focus();
      announce(this.base ? t("ask.say_change") : t("ask.say_what"));
      return;
    }
    if (!/^[0-9]*$/.test(this.seed.value)) {
      this.seed.focus();
      announce(t("ask.seed_wrong", { seed: this.seed.value }));
      return;
    }
    const size = this.size.value;
    this.onsend({
      prompt,
      model: this.models.length > 1 ? this.model.value : null,
      style: style || null,
      size: size === "auto" ? null : size,
      n: Number(this.many.value),
      seed: this.seed.value === "" ? null : Number(this.seed.value),
      base: this.base,
    });
    this.words.value = "";
    this.style.value = "";
    this.grow();
  }
}
