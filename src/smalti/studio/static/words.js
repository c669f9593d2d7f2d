// All that a page says stands in words/<language>.json: translate that file to translate the pages.

let words = {};
let plural = new Intl.PluralRules("en");
export let language = "en";

const AVAILABLE = ["en"];

/** Reads the words in the first language of the browser that there is. */
export async function loadWords() {
  language = navigator.languages.map((tag) => tag.split("-")[0]).find((tag) => AVAILABLE.includes(tag)) ?? "en";
  const reply = await fetch(`/assets/words/${language}.json`);
  words = await reply.json();
  plural = new Intl.PluralRules(language);
  document.documentElement.lang = language;
}

/** The words called `name`, with `{values}` put in. A value `n` chooses between forms of a noun. */
export function t(name, values = {}) {
  let text = words[name] ?? name;
  if (typeof text !== "string") text = text[plural.select(values.n)] ?? text.other;
  return text.replace(/\{(\w+)\}/g, (whole, key) => values[key] ?? whole);
}

/** Whether there are words of this name. */
export function has(name) {
  return name in words;
}

export function number(value, digits = 0) {
  return value.toLocaleString(language, { maximumFractionDigits: digits, minimumFractionDigits: 0 });
}

/** Seconds as one would say them: "8 s", "3 min 20 s", "45 min", "2 h 5 min", "2 days 3 h". */
export function duration(seconds, round = Math.round) {
  const s = Math.max(0, round(seconds));
  if (s < 120) return t("time.seconds", { s });
  const m = s < 600 ? Math.floor(s / 60) : round(s / 60);
  if (s < 600 && s % 60) return t("time.minutes_seconds", { m, s: s % 60 });
  if (m < 90) return t("time.minutes", { m });
  const h = m < 48 * 60 ? Math.floor(m / 60) : round(m / 60);
  if (h < 48) return m % 60 ? t("time.hours_minutes", { h, m: m % 60 }) : t("time.hours", { h });
  const d = Math.floor(h / 24);
  return h % 24 ? t("time.days_hours", { d, h: h % 24 }) : t("time.days", { d });
}

/** The same of what is promised, or waited in most cases: never less than it is. */
export function atMost(seconds) {
  return duration(seconds, Math.ceil);
}

/** Seconds that run down: "1:05", "2:00:09". */
export function countdown(seconds) {
  const whole = Math.max(0, Math.ceil(seconds));
  const parts = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  const shown = parts[0] ? parts : parts.slice(1);
  return shown.map((part, i) => (i ? String(part).padStart(2, "0") : String(part))).join(":");
}

/** A moment (Date) as a time of today, or with its day, and its year where that is another. */
export function moment(date) {
  const now = new Date();
  const today = date.toDateString() === now.toDateString();
  const year = date.getFullYear() === now.getFullYear() ? {} : { year: "numeric" };
  const day = today ? {} : { weekday: "short", day: "numeric", month: "short", ...year };
  return date.toLocaleString(language, { ...day, hour: "2-digit", minute: "2-digit" });
}
