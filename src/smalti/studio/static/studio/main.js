// The studio: puts its parts on the page, and shows what the address says.

import { ask, onReach, takeKeyFromAddress, Unreachable } from "../api.js";
import { button, h, icon, replace } from "../dom.js";
import { announce, applyTheme, signIn, signOutButton, themeButton, watchReach } from "../shell.js";
import { loadWords, t } from "../words.js";
import { Allowances } from "./allowances.js";
import { Composer } from "./composer.js";
import { Conversation } from "./conversation.js";
import { Gallery } from "./gallery.js";
import { History } from "./history.js";

const EXAMPLES = ["welcome.example.1", "welcome.example.2", "welcome.example.3", "welcome.example.4"];

class Studio {
  constructor() {
    this.composer = new Composer((wanted) => this.send(wanted));
    this.conversation = new Conversation(this.composer, () => this.changed());
    this.gallery = new Gallery((base, name) => this.takeUp(base, name), (act) => this.guarded(act));
    this.history = new History();
    this.allowances = new Allowances();
    this.main = h("main", { id: "main", tabindex: -1 });
    this.heading = h("h1", { class: "unseen-text" }, t("conversation.label"));
    this.tabs = new BroadcastChannel("smalti.jobs");
    this.tabs.addEventListener("message", () => this.refresh());
    this.draw();
    addEventListener("hashchange", () => this.route());
    onReach((reached) => reached && this.missed && this.route());
    addEventListener("keydown", (event) => this.key(event));
  }

  draw() {
    const side = h(
      "aside",
      { id: "side", aria: { label: t("studio.menu") } },
      h("a", { class: "brand", href: "#/" }, h("img", { src: "/assets/icon.svg", alt: "" }), h("span", {}, "smalti")),
      h("div", { class: "stack" },
        button(t("studio.new"), { image: "plus", class: "primary", onclick: () => this.fresh() }),
        h("a", { class: "button quiet", href: "#/gallery" }, icon("gallery"), h("span", {}, t("gallery.title")))),
      this.history.element,
      this.allowances.element,
      h("div", { class: "foot row" }, themeButton(), signOutButton()),
    );
    const menu = button(t("studio.menu"), {
      image: "menu",
      worded: false,
      class: "menu quiet",
      aria: { label: t("studio.menu"), expanded: "false", controls: "side" },
      onclick: () => this.toggle(!document.body.classList.contains("with-side")),
    });
    this.menu = menu;
    const shade = h("div", { class: "shade", onclick: () => this.toggle(false) });
    replace(document.querySelector("#page"), h("a", { class: "skip", href: "#main", onclick: (event) => this.skip(event) }, t("studio.skip")), h("header", { class: "top" }, menu, h("a", { class: "brand", href: "#/" }, h("img", { src: "/assets/icon.svg", alt: "" }), h("span", {}, "smalti"))), side, shade, this.main);
  }

  skip(event) {
    event.preventDefault();
    this.main.focus();
  }

  toggle(shown) {
    document.body.classList.toggle("with-side", shown);
    this.menu.setAttribute("aria-expanded", String(shown));
  }

  async start() {
    const models = await signIn("/v1/models");
    this.draw();
    replace(this.main, this.heading, this.conversation.element, this.composer.element, this.gallery.element);
    this.composer.offer(models.data);
    this.gallery.style.offer([...new Set(models.data.flatMap((model) => model.smalti.styles))]);
    await this.route();
    await this.refresh();
  }

  async refresh() {
    await Promise.all([this.history.refresh(), this.allowances.refresh()]);
  }

  /** A turn came, ended or went: other tabs show it too. */
  async changed() {
    this.tabs.postMessage("changed");
    await this.refresh();
  }

  async route() {
    this.missed = false;
    this.toggle(false);
    const [, place, name] = location.hash.split("/");
    this.show(place === "gallery" ? "gallery" : "talk");
    if (place === "gallery") {
      this.history.draw(null);
      await this.guarded(() => this.gallery.refresh());
      return;
    }
    if (place === "c" && name) {
      this.history.draw(name);
      if (name !== this.conversation.name || this.conversation.empty) await this.guarded(() => this.conversation.open(name));
      if (this.pending && this.pending.name === name) this.conversation.goOn(this.pending.base);
      this.pending = null;
    } else {
      this.conversation.begin(this.welcome());
      this.history.draw(null);
      if (this.pending) this.conversation.goOn(this.pending.base);
      this.pending = null;
      this.composer.words.focus();
    }
  }

  /** What is not looked at stays on the page: its clocks go on. */
  show(view) {
    document.body.dataset.view = view;
    this.gallery.element.hidden = view !== "gallery";
    this.heading.hidden = this.conversation.element.hidden = this.composer.element.hidden = view !== "talk";
  }

  /** What could not be shown since the server is away is shown when it is back. */
  async guarded(act) {
    try {
      await act();
    } catch (error) {
      this.missed = error instanceof Unreachable;
      announce(error.message);
    }
  }

  fresh() {
    if (location.hash === "#/" || location.hash === "") this.route();
    else location.hash = "#/";
  }

  /** A picture of the gallery is gone on from where it was made, or in a new conversation. */
  takeUp(base, name) {
    this.pending = { base, name };
    location.hash = name ? `#/c/${name}` : "#/";
  }

  send(wanted) {
    this.conversation.send(wanted);
    history.replaceState(null, "", `#/c/${this.conversation.name}`);
  }

  key(event) {
    const typing = event.target.closest("input, textarea, select, dialog");
    if (event.key === "/" && !typing && document.body.dataset.view === "talk") {
      event.preventDefault();
      this.composer.words.focus();
    } else if (event.key === "Escape" && document.body.classList.contains("with-side")) {
      this.toggle(false);
      this.menu.focus();
    }
  }

  welcome() {
    const examples = EXAMPLES.map((name) =>
      button(t(name), {
        class: "example",
        onclick: () => {
          this.composer.words.value = t(name);
          this.composer.grow();
          this.composer.words.focus();
        },
      }),
    );
    return h("div", { class: "welcome" }, h("h1", {}, t("welcome.title")), h("p", {}, t("welcome.explained")), h("div", { class: "examples" }, examples));
  }
}

takeKeyFromAddress();
applyTheme();
await loadWords();
watchReach();
await new Studio().start();
document.body.dataset.ready = "yes";
