// A denial as a card: which rule it was, when it is over, and what can be done now.

import { serverNow } from "../api.js";
import { button, everySecond, h, replace } from "../dom.js";
import { announce } from "../shell.js";
import { atMost, countdown, duration, moment, t } from "../words.js";

/**
 * denial: the problem that the server sent. again: called with the fields to change, when the
 * request is to be sent once more. edit: puts it back to be changed, where no time helps. Sends it by
 * itself when its time has come, if that is wished.
 */
export function denialCard(denial, again, edit) {
  const { smalti } = denial;
  const at = smalti.next_slot_at ? new Date(smalti.next_slot_at) : null;
  const card = h("div", { class: "status denied", role: "alert", data: { rule: smalti.rule } });
  const alone = h("input", { type: "checkbox", checked: true });
  const clock = h("p", { class: "countdown", aria: { live: "off" } });
  const now = button(t("denied.again"), { image: "again", class: "primary", onclick: () => finish({}) });
  const change = button(t("turn.edit"), { onclick: edit });
  const hopeless = denial.error.param !== null;
  const [then, there] = smalti.next_slot_estimated ? ["denied.about_then", "denied.perhaps"] : ["denied.opens", "denied.open"];
  let open = true;
  let waited = false;

  function finish(change) {
    if (!open) return;
    open = false;
    again(change);
  }

  const choices = smalti.options.flatMap((option) => optionButton(option, finish));
  replace(
    card,
    h("h2", {}, denial.title),
    h("p", { dir: "auto" }, at ? inLocalTime(denial.detail, smalti.next_slot_at, at) : denial.detail),
    at ? clock : null,
    h("div", { class: "row" }, hopeless ? null : now, ...choices, change),
    at ? h("label", { class: "choice" }, alone, t("denied.by_itself")) : null,
    h("details", {}, h("summary", {}, t("denied.rule")), facts(smalti)),
  );
  if (at)
    everySecond(card, () => {
      const left = (at - serverNow()) / 1000;
      now.disabled = left > 0;
      replace(clock, left > 0 ? t(then, { at: moment(at), left: countdown(left) }) : t(there));
      if (left <= 0 && alone.checked) finish({});
      else if (left <= 0 && waited) announce(t(there)); // the clock itself is not read aloud
      waited = left > 0;
    });
  return card;
}

/** text: with its time as the server's clock has it, with its day or without. told: that time. */
function inLocalTime(text, told, at) {
  const [day, clock] = told.replace("Z", "").split("T");
  return text.replace(`${day} ${clock} UTC`, moment(at)).replace(`${clock} UTC`, moment(at));
}

function optionButton(option, finish) {
  const [soon, late] = option.eta_s ? [duration(option.eta_s[0]), atMost(option.eta_s[1])] : [];
  const wait = soon === undefined ? "" : soon === late ? t("denied.about", { late }) : t("denied.eta", { soon, late });
  if (option.service_tier) return [button(`${t("denied.flex")} ${wait}`, { image: "clock", onclick: () => finish({ service_tier: option.service_tier }) })];
  if (option.n) return [button(`${t("denied.fewer", { n: option.n })} ${wait}`, { onclick: () => finish({ n: option.n }) })];
  return [];
}

function used({ unit, used, limit, burst }) {
  if (unit === "seconds") return [t("denied.fact.wait"), t("denied.fact.wait_of", { wait: atMost(used), most: atMost(limit) })];
  return [t("denied.fact.used"), `${used} / ${burst ?? limit}`];
}

function facts(smalti) {
  const breathes = smalti.floor !== smalti.ceiling;
  const rows = [
    [t("denied.fact.rule"), smalti.rule],
    [t("denied.fact.reason"), breathes && smalti.reason === "load" ? t("reason.moves") : t(`reason.${smalti.reason}`)],
    smalti.limit ? used(smalti) : null,
    breathes ? [t("denied.fact.range"), `${smalti.floor} – ${smalti.ceiling}`] : null,
  ];
  return h("dl", {}, rows.filter(Boolean).map(([name, value]) => [h("dt", {}, name), h("dd", {}, value)]).flat());
}
