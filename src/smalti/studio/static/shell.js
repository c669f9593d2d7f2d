// What both pages have around them: the theme, signing in, and what is said to everybody at once.

import { ApiError, ask, forgetKey, keepKey, key, onOtherKey, onReach, sleep, Unreachable } from "./api.js";
import { button, h, showDialog } from "./dom.js";
import { lasting } from "./storage.js";
import { t } from "./words.js";

const TRY_EVERY_MS = 2000;
const THEMES = ["auto", "light", "dark"];

/** As it was chosen in this browser, or as the system has it. */
export function applyTheme(theme = lasting.getItem("smalti.theme") ?? "auto") {
  document.documentElement.dataset.theme = theme;
  return theme;
}

export function themeButton() {
  const told = button("", { image: "theme", class: "quiet", onclick: next });
  const label = told.querySelector("span");
  function next() {
    const theme = THEMES[(THEMES.indexOf(document.documentElement.dataset.theme) + 1) % THEMES.length];
    lasting.setItem("smalti.theme", theme);
    say(applyTheme(theme));
  }
  function say(theme) {
    label.textContent = t(`theme.${theme}`);
  }
  say(applyTheme());
  return told;
}

/** Says something in passing, to the eye and to a screen reader. */
export function announce(text) {
  const place = document.querySelector("#announcements");
  const line = h("p", { class: "toast" }, text);
  place.append(line);
  setTimeout(() => line.remove(), 6000);
}

/** A band along the top while the server cannot be reached; it is tried meanwhile. */
export function watchReach() {
  const band = document.querySelector("#unreachable");
  onReach((reached) => {
    if (band.hidden === reached) return;
    band.hidden = reached;
    band.textContent = reached ? "" : t("shell.unreachable");
    if (reached) announce(t("shell.reached"));
  });
  setInterval(() => band.hidden || ask("/healthz").catch(() => {}), TRY_EVERY_MS);
}

/** Asks for a key until the server takes one, however long it is away. path: what the key must open.
 * Resolves to what is there. */
export async function signIn(path) {
  onOtherKey(() => location.reload());
  for (let wrong = ""; ; ) {
    try {
      return await ask(path);
    } catch (error) {
      if (error instanceof Unreachable || (error instanceof ApiError && ![401, 403].includes(error.status))) {
        if (error instanceof ApiError) announce(error.message); // the band says it else
        await sleep(TRY_EVERY_MS);
        continue;
      }
      if (!(error instanceof ApiError)) throw error;
      if (key()) wrong = error.status === 403 ? t("sign_in.not_admin") : error.message;
    }
    await askForKey(wrong);
  }
}

function askForKey(wrong) {
  return new Promise((resolve) => {
    const field = h("input", { id: "key", type: "password", autocomplete: "current-password", required: true, spellcheck: "false", aria: wrong ? { describedby: "key-wrong" } : {} });
    const stays = h("input", { id: "key-lasting", type: "checkbox", checked: true });
    const form = h(
      "form",
      { method: "dialog" },
      h("h1", {}, t("sign_in.title")),
      h("p", {}, t("sign_in.explained")),
      h("label", { for: "key" }, t("sign_in.key")),
      field,
      wrong ? h("p", { id: "key-wrong", class: "wrong", role: "alert" }, wrong) : null,
      h("label", { class: "choice" }, stays, t("sign_in.lasting")),
      h("button", { class: "primary" }, t("sign_in.go")),
    );
    const dialog = h("dialog", { class: "sign-in", aria: { label: t("sign_in.title") } }, form);
    dialog.addEventListener("cancel", (event) => event.preventDefault());
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      keepKey(field.value.trim(), stays.checked);
      dialog.close();
    });
    dialog.addEventListener("close", resolve); // also by a click beside it, or by Escape pressed twice
    showDialog(dialog);
    field.focus();
  });
}

export function signOutButton() {
  return key()
    ? button(t("sign_in.out"), {
        image: "key",
        class: "quiet",
        onclick: () => {
          forgetKey();
          location.reload();
        },
      })
    : null;
}

/** Resolves to whether it is meant. */
export function confirmed(question, yes) {
  return new Promise((resolve) => {
    const dialog = h(
      "dialog",
      { aria: { label: question } },
      h("form", { method: "dialog" },
        h("p", {}, question),
        h("div", { class: "row end" },
          h("button", { value: "" }, t("shell.no")),
          h("button", { value: "yes", class: "danger" }, yes))),
    );
    dialog.addEventListener("close", () => resolve(dialog.returnValue === "yes"));
    showDialog(dialog);
  });
}
