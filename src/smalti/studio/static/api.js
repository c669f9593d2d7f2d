// The HTTP API, as every other client sees it: a key, JSON, and server-sent events.

import { lasting, passing } from "./storage.js";
import { t } from "./words.js";

const KEY = "smalti.key";

/** What the server said no with. body: its JSON, if it was JSON. */
export class ApiError extends Error {
  constructor(status, body, retryAfterS) {
    super(body?.error?.message ?? `HTTP ${status}`);
    this.status = status;
    this.body = body;
    this.retryAfterS = retryAfterS;
  }

  /** A denial names its rule; any other error does not. */
  get denial() {
    return this.body?.smalti?.rule ? this.body : null;
  }
}

/** The server was not reached at all. */
export class Unreachable extends Error {
  constructor() {
    super(t("api.unreachable"));
  }
}

const DATE_STEP_MS = 2000;

let ahead = null;

/** The server's time, in Unix milliseconds, as its replies tell it: this machine's clock may be
 * wrong, and may be set while the page is open. */
export function serverNow() {
  return ahead === null ? Date.now() : performance.now() + ahead;
}

/** date: of a reply, in whole seconds, and up to a second old. askedAt: when it was asked for. */
function hearTime(date, askedAt) {
  const told = Date.parse(date);
  if (Number.isNaN(told)) return;
  const least = told - performance.now();
  const most = told + DATE_STEP_MS - askedAt;
  ahead = Math.min(Math.max(ahead ?? least, least), most);
}

const listeners = new Set();

/** Be told when the server is (true) or is no longer (false) within reach. */
export function onReach(listener) {
  listeners.add(listener);
}

export function tellReach(reached) {
  for (const listener of listeners) listener(reached);
}

export function key() {
  return passing.getItem(KEY) ?? lasting.getItem(KEY);
}

/** stays: whether this browser keeps the key when it is closed. */
export function keepKey(value, stays) {
  forgetKey();
  (stays ? lasting : passing).setItem(KEY, value);
}

export function forgetKey() {
  passing.removeItem(KEY);
  lasting.removeItem(KEY);
}

/** Calls `changed` once another tab has signed in or out, for this one too. */
export function onOtherKey(changed) {
  addEventListener("storage", (event) => {
    if (event.storageArea !== lasting || event.key !== KEY || passing.getItem(KEY)) return;
    if (event.oldValue !== lasting.getItem(KEY)) changed();
  });
}

/** A key that came in the address, as `#key=sk-…`, is taken out of it. */
export function takeKeyFromAddress() {
  const given = new URLSearchParams(location.hash.slice(1)).get("key");
  if (!given) return;
  keepKey(given, true);
  history.replaceState(null, "", location.pathname);
}

async function send(path, { method = "GET", json, form, headers = {}, signal } = {}) {
  const all = { ...headers };
  // What a header cannot carry is no key: sent like this, it is the server who says so.
  if (key()) all.authorization = `Bearer ${key().replace(/[^\x21-\x7e]/g, "?")}`;
  if (json !== undefined) all["content-type"] = "application/json";
  const askedAt = performance.now();
  let reply;
  try {
    reply = await fetch(path, { method, headers: all, body: form ?? (json === undefined ? undefined : JSON.stringify(json)), signal, cache: "no-store" });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    tellReach(false);
    throw new Unreachable();
  }
  tellReach(true);
  hearTime(reply.headers.get("date"), askedAt);
  if (reply.ok) return reply;
  const text = await reply.text();
  let body = null;
  try {
    body = JSON.parse(text);
  } catch {
    // A proxy's page: the status says enough.
  }
  throw new ApiError(reply.status, body, Number(reply.headers.get("retry-after")) || null);
}

/** The JSON that the server replies. Raises ApiError, Unreachable. */
export async function ask(path, options) {
  const reply = await send(path, options);
  return reply.json();
}

/** The bytes behind a link of the server, whatever name it used for itself. */
export async function fetchPicture(url) {
  return (await send(ownPath(url))).blob();
}

/** A link to this server as a path, so that it is followed where the page came from. */
export function ownPath(url) {
  const parts = new URL(url, location.href);
  return parts.pathname + parts.search;
}

/** Calls `hear` with each event of a stream, until it ends. An error in the stream is thrown. */
export async function follow(path, hear, signal) {
  const reply = await send(path, { signal });
  const reader = reply.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  for (;;) {
    let chunk;
    try {
      chunk = await reader.read();
    } catch (error) {
      if (error.name === "AbortError") throw error;
      tellReach(false);
      throw new Unreachable();
    }
    if (chunk.done) return;
    const blocks = (rest + chunk.value).split("\n\n");
    rest = blocks.pop();
    for (const block of blocks) {
      const data = block.split("\n").filter((line) => line.startsWith("data: ")).map((line) => line.slice(6)).join("\n");
      if (!data) continue;
      const told = JSON.parse(data);
      if (told.error) throw new ApiError(told.status ?? 500, told, null);
      hear(told);
    }
  }
}

export function sleep(ms) {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** Base64 as bytes. */
export function bytes(base64) {
  return Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
}
