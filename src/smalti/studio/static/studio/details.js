// The picture's card: its settings, and the receipt.

import { h, showDialog } from "../dom.js";
import { atMost, duration, moment, number, t } from "../words.js";
import { styleName } from "./styles.js";

/** The receipt of a job, as pairs of words. */
export function receipt(job, index) {
  const { result, asked } = job;
  const told = result?.smalti;
  const served = told?.served ?? {};
  const seed = result?.data?.[index]?.seed;
  return [
    [t("card.prompt"), asked.prompt],
    [t("card.style"), served.style ? styleName(served.style) : t("style.any")],
    [t("card.size"), served.size && asked.size && asked.size !== "auto" && asked.size !== served.size ? t("card.asked_served", { asked: asked.size, served: served.size }) : served.size],
    [t("card.quality"), served.quality],
    [t("card.seed"), seed === undefined ? null : String(seed)],
    [t("card.model"), told?.model],
    [t("card.service"), served.service_tier],
    [t("card.rung"), served.rung && served.rung !== "full" ? t(`rung.${served.rung}`) : null],
    [t("card.when"), moment(new Date(job.created_at * 1000))],
    [t("card.wait"), told?.wait_s === null || told?.wait_s === undefined ? null : duration(told.wait_s)],
    [t("card.told"), told?.told ? t("card.told_range", { soon: duration(told.told.start_s[0]), late: atMost(told.told.start_s[1]) }) : null],
    [t("card.device"), told ? t("card.device_s", { s: number(told.device_s, 2) }) : null],
    [t("card.shared"), told?.shared ? t("card.shared_yes") : null],
    [t("card.job"), job.id],
  ].filter(([, value]) => value);
}

export function factList(pairs) {
  return h("dl", { class: "facts" }, pairs.flatMap(([name, value]) => [h("dt", {}, name), h("dd", { dir: "auto" }, value)]));
}

/** What a program may send to be served in full is told as what one can do here. */
const FOR_PROGRAMS = /Send 'degrade'.*/;

export function notes(job) {
  return (job.result?.smalti?.notes ?? []).map((note) => h("p", { class: "note" }, note.replace(FOR_PROGRAMS, t("note.less"))));
}

export function showDetails(job, index) {
  const dialog = h(
    "dialog",
    { class: "wide", aria: { label: t("card.title") } },
    h("h2", {}, t("card.title")),
    notes(job),
    factList(receipt(job, index)),
    h("form", { method: "dialog", class: "row end" }, h("button", {}, t("shell.close"))),
  );
  showDialog(dialog);
}
