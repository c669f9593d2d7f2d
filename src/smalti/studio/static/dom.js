// Elements are made, never written as markup: what people type stays text.

const SVG = "http://www.w3.org/2000/svg";

/** An element. props: `class`, `on*` listeners, `data` and `aria` tables, attributes otherwise. */
export function h(tag, props = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(props)) set(element, name, value);
  element.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

function set(element, name, value) {
  if (value === null || value === undefined || value === false) return;
  if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
  else if (name === "data") Object.assign(element.dataset, value);
  else if (name === "aria") for (const [key, told] of Object.entries(value)) element.setAttribute(`aria-${key}`, told);
  else if (name === "value" || name === "checked" || name === "disabled" || name === "open") element[name] = value;
  else element.setAttribute(name, value === true ? "" : value);
}

/** A drawing of one element, as `s("path", {d: "…"})`. */
export function s(tag, props = {}, ...children) {
  const element = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(props)) element.setAttribute(name, value);
  element.append(...children.flat());
  return element;
}

const PATHS = {
  send: "M12 19V5M5 12l7-7 7 7",
  plus: "M12 5v14M5 12h14",
  close: "M6 6l12 12M18 6L6 18",
  picture: "M4 5h16v14H4zM4 16l5-5 4 4 3-3 4 4M15.5 9.5h.01",
  gallery: "M4 4h7v7H4zM13 4h7v7h-7zM4 13h7v7H4zM13 13h7v7h-7z",
  download: "M12 4v11M7 11l5 5 5-5M5 20h14",
  branch: "M7 4v9a4 4 0 0 0 4 4h6M14 13l4 4-4 4M7 4v16",
  code: "M8 8l-5 4 5 4M16 8l5 4-5 4M13.5 5l-3 14",
  trash: "M4 7h16M9 7V4h6v3M6 7l1 13h10l1-13M10 11v5M14 11v5",
  info: "M12 11v6M12 7.5h.01M12 21a9 9 0 1 1 0-18 9 9 0 0 1 0 18z",
  again: "M20 11a8 8 0 1 0-2.3 6.3M20 5v6h-6",
  menu: "M4 7h16M4 12h16M4 17h16",
  theme: "M12 3a9 9 0 1 0 9 9c-5 2-11-3-9-9z",
  clock: "M12 7v5l3 2M12 21a9 9 0 1 1 0-18 9 9 0 0 1 0 18z",
  key: "M14 10a4 4 0 1 1-2.5-3.7L21 6v4h-3v3h-3v-2z",
  undo: "M9 7L4 12l5 5M4 12h10a6 6 0 0 1 6 6",
};

/** A line drawing, for the eye alone. */
export function icon(name) {
  return s(
    "svg",
    { viewBox: "0 0 24 24", class: "icon", "aria-hidden": "true" },
    s("path", { d: PATHS[name], fill: "none", stroke: "currentColor", "stroke-width": "1.8", "stroke-linecap": "round", "stroke-linejoin": "round" }),
  );
}

/** A button with an icon, whose label everyone hears and `worded` ones show. */
export function button(label, { image = null, worded = true, ...props } = {}) {
  const named = worded ? {} : { aria: { label }, title: label };
  return h("button", { type: "button", ...named, ...props }, image ? icon(image) : null, worded ? h("span", {}, label) : null);
}

export function replace(parent, ...children) {
  parent.replaceChildren(...children.flat().filter(Boolean));
}

/** What stands there already is left alone, so that a screen reader does not read it again. */
export function say(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/** Run `draw` now and every second, for as long as `element` is on the page. */
export function everySecond(element, draw) {
  draw();
  const timer = setInterval(() => (element.isConnected ? draw() : clearInterval(timer)), 1000);
}

/** `act` takes `old` off the page. Who had the keyboard in it has it in `next` then. */
export function passKeyboard(old, next, act) {
  const held = old.contains(document.activeElement);
  act();
  if (held) next.focus({ preventScroll: true });
}

/**
 * Move the keyboard to a new dialog, show it, and give the keyboard back when it closes. What is
 * announced meanwhile stands in it: all that is outside is covered, and not read aloud.
 */
export function showDialog(dialog) {
  const before = document.activeElement;
  const announcements = document.querySelector("#announcements");
  const place = announcements.parentElement;
  document.body.append(dialog);
  dialog.append(announcements);
  dialog.addEventListener("close", () => {
    (place.isConnected ? place : document.body).append(announcements);
    dialog.remove();
    if (before instanceof HTMLElement && before.isConnected) before.focus();
  });
  dialog.addEventListener("click", (event) => {
    if (event.target === dialog) dialog.close();
  });
  dialog.showModal();
  return dialog;
}
