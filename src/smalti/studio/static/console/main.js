// The console: what the server does, and the levers.

import { onReach, takeKeyFromAddress, Unreachable } from "../api.js";
import { h, replace } from "../dom.js";
import { announce, applyTheme, signIn, signOutButton, themeButton, watchReach } from "../shell.js";
import { loadWords, t } from "../words.js";
import { Levers } from "./levers.js";
import { Now } from "./now.js";
import { People } from "./people.js";
import { AuditRecord } from "./record.js";

class Console {
  constructor() {
    this.views = { now: new Now(), levers: new Levers(), people: new People(), record: new AuditRecord() };
    this.main = h("main", { id: "main", tabindex: -1 });
    this.tabs = h("nav", { aria: { label: t("console.views") } });
    replace(
      document.querySelector("#page"),
      h("header", {}, h("a", { class: "brand", href: "#/now" }, h("img", { src: "/assets/icon.svg", alt: "" }), h("h1", {}, t("console.title"))), this.tabs, h("div", { class: "row" }, h("a", { href: "/", class: "button quiet" }, t("console.studio")), themeButton(), signOutButton())),
      this.main,
    );
    addEventListener("hashchange", () => this.route());
    onReach((reached) => reached && this.missed && this.route());
  }

  async route() {
    this.missed = false;
    const [, given, name] = location.hash.split("/");
    const place = given in this.views ? given : "now";
    replace(this.tabs, Object.keys(this.views).map((view) => h("a", { href: `#/${view}`, aria: view === place ? { current: "page" } : {} }, t(`console.${view}`))));
    const view = this.views[place];
    replace(this.main, view.element);
    document.title = `${t(`console.${place}`)} · smalti`;
    try {
      await view.show(name ? decodeURIComponent(name) : undefined);
    } catch (error) {
      this.missed = error instanceof Unreachable;
      announce(error.message);
    }
  }
}

takeKeyFromAddress();
applyTheme();
await loadWords();
watchReach();
await signIn("/v1/admin/tiers");
const page = new Console();
document.body.dataset.ready = "yes";
await page.route();
