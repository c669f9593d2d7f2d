// Where a job is in the queue, in words that are true for as long as they stand there.

import { onReach } from "../api.js";
import { button, everySecond, h, say } from "../dom.js";
import { atMost, duration, t } from "../words.js";

let away = false;
onReach((reached) => {
  away = !reached;
});

/** job: as the API told it. onCancel: what to do when it is no longer wanted. */
export class WaitCard {
  constructor(job, onCancel) {
    this.place = h("p", { class: "place" });
    this.time = h("p", { class: "time", aria: { live: "off" } }); // it changes each second
    this.why = h("p", { class: "why" });
    this.cancel = button(t("wait.cancel"), { image: "close", class: "quiet", onclick: onCancel });
    this.begun = job.status === "running";
    this.element = h("div", { class: "status waiting", role: "status" }, h("div", { class: "spark", aria: { hidden: "true" } }), h("div", {}, this.place, this.time, this.why), this.cancel);
    this.hear({ position: job.position, eta_s: job.eta_s });
    everySecond(this.element, () => this.draw());
  }

  /** One of its pictures is being drawn; others of it may wait still. */
  begin() {
    this.begun = true;
    this.draw();
  }

  /** told: position and eta_s, as in `smalti.waiting`; null once all of it is being drawn. */
  hear(told) {
    this.told = told;
    this.since = performance.now();
    this.lost = false;
    this.element.dataset.position = told?.position ?? "";
    this.draw();
  }

  /** Nothing is heard of it until `hear` is called: what was told need not be true any more. */
  lose() {
    this.lost = true;
    this.draw();
  }

  words() {
    const n = this.told.position;
    if (this.begun) return n ? t("wait.rest_ahead", { n }) : t("wait.rest");
    return n ? t("wait.ahead", { n }) : t("wait.next");
  }

  draw() {
    if (!this.told?.eta_s) {
      say(this.place, t("wait.drawing"));
      say(this.time, "");
      say(this.why, t("wait.leave"));
      return;
    }
    const passed = (performance.now() - this.since) / 1000;
    const [soon, late] = this.told.eta_s.map((s) => Math.max(0, s - passed));
    say(this.place, this.words());
    if (away || this.lost) say(this.time, t("wait.away"));
    else say(this.time, late < 2 ? t("wait.any_moment") : t("wait.between", { soon: duration(soon), late: atMost(late) }));
    say(this.why, `${t("wait.why")} ${t("wait.leave")}`);
  }
}
