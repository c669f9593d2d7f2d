// A style is chosen by looking at it.

import { h } from "../dom.js";
import { has, t } from "../words.js";

const SHOWN = new Set(["photo", "pastel", "mosaic", "ink", "poster"]);

export function styleName(style) {
  return has(`style.${style}`) ? t(`style.${style}`) : style;
}

export function styleSample(style) {
  return SHOWN.has(style) ? h("img", { src: `/assets/styles/${style}.webp`, alt: "", width: 64, height: 64 }) : h("span", { class: "unseen", aria: { hidden: "true" } }, style.slice(0, 2));
}

/** name: of the group. any: how it is called to choose none. onchange: told the style, or "". */
export class StylePicker {
  constructor(name, any, onchange = () => {}) {
    this.name = name;
    this.any = any;
    this.onchange = onchange;
    this.element = h("fieldset", { class: "styles" }, h("legend", { class: "unseen-text" }, t("style.legend")));
  }

  offer(styles) {
    const chosen = this.value;
    const choices = ["", ...styles].map((style) => {
      const radio = h("input", { type: "radio", name: this.name, value: style, checked: style === chosen, onchange: () => this.onchange(style) });
      const sample = style ? styleSample(style) : h("span", { class: "no-style", aria: { hidden: "true" } });
      return h("label", { class: "style" }, radio, sample, h("span", {}, style ? styleName(style) : this.any));
    });
    this.element.replaceChildren(this.element.firstChild, ...choices);
  }

  get value() {
    return this.element.querySelector("input:checked")?.value ?? "";
  }

  set value(style) {
    for (const radio of this.element.querySelectorAll("input")) radio.checked = radio.value === style;
  }
}
