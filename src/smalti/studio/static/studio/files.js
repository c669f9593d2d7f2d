// The file of a picture: fetched by its link, or by a new one where that is no longer good.

import { ApiError, ask, fetchPicture, ownPath } from "../api.js";
import { h, icon } from "../dom.js";
import { announce } from "../shell.js";
import { t } from "../words.js";

/** job: as the API told it, with its result. Links end after a while; a page may stay open longer. */
export async function fileOf(job, index) {
  try {
    return await fetchPicture(job.result.data[index].url);
  } catch (error) {
    if (!(error instanceof ApiError) || error.status !== 404) throw error;
  }
  const fresh = await ask(`/v1/jobs/${job.id}`);
  if (!fresh.result) throw new Error(t("turn.expired"));
  job.result = fresh.result;
  return fetchPicture(job.result.data[index].url);
}

/** A link that saves the file under a name that says what it is. */
export function downloadLink(job, index, { worded = true, ...props } = {}) {
  const label = t("turn.download");
  const named = worded ? {} : { title: label, aria: { label } };
  const save = async (event) => {
    event.preventDefault();
    try {
      const url = URL.createObjectURL(await fileOf(job, index));
      h("a", { href: url, download: fileName(job, index) }).click();
      setTimeout(() => URL.revokeObjectURL(url), 60_000);
    } catch (error) {
      announce(error.message);
    }
  };
  return h("a", { href: ownPath(job.result.data[index].url), download: fileName(job, index), onclick: save, ...named, ...props }, icon("download"), worded ? h("span", {}, label) : null);
}

function fileName(job, index) {
  const words = job.asked.prompt.toLowerCase().replace(/[^\p{L}\p{N}]+/gu, "-").replace(/^-|-$/g, "").slice(0, 48) || "picture";
  return `${words}-${job.result.data[index].seed}.${job.result.output_format}`;
}
