// What is left of each allowance, and when the next slot opens.

import { ask, serverNow } from "../api.js";
import { everySecond, h, replace } from "../dom.js";
import { atMost, countdown, duration, moment, number, t } from "../words.js";

const REFRESH_MS = 30_000;

export class Allowances {
  constructor() {
    this.body = h("div", {});
    this.element = h("section", { class: "allowances", aria: { label: t("limits.title") } }, this.body);
    setInterval(() => this.refresh(), REFRESH_MS);
  }

  /** Asks again. What cannot be asked now stays as it was. */
  async refresh() {
    try {
      this.show(await ask("/v1/limits"));
    } catch {
      // The band along the top says that the server is not there.
    }
  }

  show(limits) {
    this.limits = limits;
    replace(
      this.body,
      h("h2", {}, t("limits.tier", { tier: limits.tier })),
      limits.limits.map((limit) => meter(limit, () => this.refresh())),
      limits.limits.length ? null : h("p", { class: "soft" }, t("limits.none")),
      h("p", { class: "soft" }, busyness(limits)),
      limits.paused.map((pause) => h("p", { class: "paused", dir: "auto" }, pause.message)),
    );
  }
}

function busyness({ load, promised_wait_s: promised }) {
  if (load < 0.3) return t("limits.calm");
  return promised ? t("limits.busy", { promise: atMost(promised) }) : t("limits.busy_unpromised");
}

/** opens: called when the time that it tells has come, and there is more. */
function meter(limit, opens) {
  const unit = t(`unit.${limit.unit}`, { n: limit.limit });
  const window = duration(limit.window_s);
  const left = t("limits.left", { left: number(limit.remaining), of: number(limit.limit), unit, window });
  const label = limit.model ? t("limits.of_model", { model: limit.model, left }) : left;
  const told = h("p", { class: "soft" });
  let waits = false;
  const element = h(
    "div",
    { class: "meter", data: { rule: limit.rule } },
    h("p", {}, label),
    h("meter", { min: 0, max: limit.limit, value: limit.remaining, low: limit.limit * 0.25, aria: { label } }),
    told,
  );
  everySecond(element, () => {
    const at = limit.reset_at ? new Date(limit.reset_at) : null;
    const left = at ? (at - serverNow()) / 1000 : 0;
    const moves = limit.floor !== limit.ceiling ? t("limits.breathes", { floor: limit.floor, ceiling: limit.ceiling }) : "";
    if (waits && left <= 0) opens();
    waits = left > 0;
    replace(told, [left > 0 ? t(limit.remaining ? "limits.more_at" : "limits.next_at", { at: moment(at), left: countdown(left) }) : "", moves].filter(Boolean).join(" "));
  });
  return element;
}
