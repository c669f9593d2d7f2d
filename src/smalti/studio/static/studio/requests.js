// Asking for pictures, and following the jobs that come of it.

import { ApiError, ask, follow, sleep, Unreachable } from "../api.js";

const STREAMS = 4; // of the six connections that a browser opens, for all its pages
const ENDED = ["succeeded", "failed", "cancelled"];
const LEAST_PAUSE_MS = 300;
const LONGEST_PAUSE_MS = 5000;
const POLL_MS = 2000;

/** Where there are none (not over HTTPS) or the browser keeps nothing, pages do not know of each other. */
const locks = (await navigator.locks?.query().then(() => true, () => false)) ? navigator.locks : null;
const taken = new Set();

/** A name that nobody else chooses. */
export function freshName() {
  return Array.from(crypto.getRandomValues(new Uint8Array(12)), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/**
 * Sends a request, under one Idempotency-Key for as long as the server cannot be reached: what it
 * had begun before the connection broke is not begun again. Resolves to the job.
 * wanted: prompt, and perhaps style, size, n, seed, model, service_tier, conversation, parent, and
 * source, a function that fetches a Blob. held: told the error with which the server takes nothing
 * for the moment. Raises ApiError.
 */
export async function begin(wanted, held) {
  const { source, ...fields } = wanted;
  const given = Object.entries(fields).filter(([, value]) => value !== null && value !== undefined && value !== "");
  const headers = { prefer: "respond-async", "idempotency-key": freshName() };
  const options = { method: "POST", headers };
  if (source) {
    options.form = new FormData();
    for (const [name, value] of given) options.form.append(name, String(value));
    options.form.append("image", await patiently(source, held), "picture");
  } else {
    options.json = Object.fromEntries(given);
  }
  return patiently(() => ask(source ? "/v1/images/edits" : "/v1/images/generations", options), held);
}

/** Does it again until the server is reached and takes it. held: as `begin` has it. */
async function patiently(act, held) {
  for (let pauseMs = LEAST_PAUSE_MS; ; pauseMs = Math.min(LONGEST_PAUSE_MS, 2 * pauseMs)) {
    try {
      return await act();
    } catch (error) {
      const starting = error instanceof ApiError && error.status === 503 && !error.denial;
      if (!(error instanceof Unreachable) && !starting) throw error;
      if (starting) held(error);
    }
    await sleep(pauseMs);
  }
}

export function ended(job) {
  return ENDED.includes(job.status);
}

/**
 * Follows a job to its end, over broken connections and restarts of the server. hear is told each
 * event of its stream, and `smalti.lost` when that breaks off. Resolves to the job as it ended; to
 * null where it is no longer there. Raises ApiError where the key no longer opens it.
 */
export async function watch(jobId, hear, signal) {
  let pauseMs = LEAST_PAUSE_MS;
  while (!signal.aborted) {
    try {
      const heard = await withStream(() => listen(jobId, hear, signal));
      const job = await ask(`/v1/jobs/${jobId}`, { signal });
      if (ended(job)) return job;
      hear({ type: "smalti.job", job });
      pauseMs = heard ? LEAST_PAUSE_MS : POLL_MS;
    } catch (error) {
      if (error.name === "AbortError") return null;
      if (error instanceof ApiError && error.status === 404) return null;
      if (error instanceof ApiError && [401, 403].includes(error.status)) throw error;
      hear({ type: "smalti.lost" });
      pauseMs = Math.min(LONGEST_PAUSE_MS, 2 * pauseMs);
    }
    await sleep(pauseMs);
  }
  return null;
}

/** Runs `act` while it holds one of the streams. Resolves to whether one was free. */
async function withStream(act) {
  for (let number = 0; number < STREAMS; number += 1) if (await withLock(`smalti.stream.${number}`, act)) return true;
  return false;
}

/** Among all pages of this server, or else in this one. */
async function withLock(name, act) {
  if (locks)
    return locks.request(name, { ifAvailable: true }, async (lock) => {
      if (lock) await act();
      return Boolean(lock);
    });
  if (taken.has(name)) return false;
  taken.add(name);
  try {
    await act();
  } finally {
    taken.delete(name);
  }
  return true;
}

async function listen(jobId, hear, signal) {
  try {
    await follow(`/v1/jobs/${jobId}/events?rows=true&smalti_events=true&partial_images=0`, hear, signal);
  } catch (error) {
    // An error in the stream is how a failed job ends it: the job itself says so.
    if (!(error instanceof ApiError)) throw error;
  }
}

export function cancel(jobId) {
  return ask(`/v1/jobs/${jobId}`, { method: "DELETE" });
}

/** Deletes a job, its words and its pictures, for good. */
export function forget(jobId) {
  return ask(`/v1/jobs/${jobId}?forget=true`, { method: "DELETE" });
}

/** Jobs, newest first. filter: search, style, status, conversation, after, limit. */
export function list(filter) {
  const given = Object.entries(filter).filter(([, value]) => value);
  return ask(`/v1/jobs?${new URLSearchParams(given)}`);
}

/** The picture that a job went on from, as [job id, index], or null. */
export function parentOf(job) {
  const [id, index] = (job.asked.parent ?? "").split("/");
  return id ? [id, Number(index)] : null;
}
