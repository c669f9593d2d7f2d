// One picture: a canvas on which its rows appear, then the finished file.

import { bytes, ownPath } from "../api.js";
import { h } from "../dom.js";
import { t } from "../words.js";

export class Picture {
  /** job: as the API tells it. */
  constructor(job, index) {
    this.index = index;
    this.job = job;
    this.finished = false;
    this.canvas = h("canvas", { role: "img", aria: { label: t("picture.coming", { prompt: job.asked.prompt }) } });
    this.veil = h("div", { class: "veil", aria: { hidden: "true" } });
    this.progress = h("progress", { max: 1, value: 0, aria: { label: t("picture.progress") } });
    this.element = h("div", { class: "picture", data: { state: "waiting" } }, this.canvas, this.veil, this.progress);
    this.setRatio(job.asked.size);
    this.painting = Promise.resolve();
  }

  setRatio(size) {
    const [width, height] = (size ?? "").split("x").map(Number);
    if (width && height) this.element.style.aspectRatio = `${width} / ${height}`;
  }

  /** told: a `smalti.rows` event. */
  show(told) {
    this.painting = this.painting.then(() => this.paint(told)).catch(() => {});
    return this.painting;
  }

  async paint(told) {
    const strip = await createImageBitmap(new Blob([bytes(told.b64_json)], { type: "image/png" }));
    if (this.finished) return;
    const [width, height] = told.native_size.split("x").map(Number);
    if (this.canvas.width !== width || this.canvas.height !== height) {
      this.canvas.width = width;
      this.canvas.height = height;
      this.setRatio(told.size);
      this.canvas.style.objectFit = told.stretched ? "fill" : "cover";
    }
    this.canvas.getContext("2d").drawImage(strip, 0, (told.first_row * height) / told.rows_in_all);
    this.progress.value = told.rows / told.rows_in_all;
    this.veil.style.top = `${(100 * told.rows) / told.rows_in_all}%`;
    this.element.dataset.state = "drawing";
    this.element.dataset.rows = told.rows;
  }

  /** The finished file, from the stream: an event that carries it. */
  finish(told) {
    const url = URL.createObjectURL(new Blob([bytes(told.b64_json)], { type: `image/${told.output_format}` }));
    this.setRatio(told.size);
    this.put(url, () => URL.revokeObjectURL(url));
  }

  /** The finished file, behind a link; nothing changes if it is shown already. */
  link(job) {
    this.job = job;
    this.url = job.result?.data?.[this.index]?.url;
    if (!this.url) {
      this.element.dataset.state = "gone";
      return;
    }
    this.url = ownPath(this.url);
    if (this.finished) return;
    this.setRatio(job.result.size);
    this.put(this.url);
  }

  put(url, then = () => {}) {
    this.finished = true;
    const image = h("img", { src: url, alt: t("picture.alt", { prompt: this.job.asked.prompt }) });
    image.decode().catch(() => {}).then(() => {
      this.element.replaceChildren(image);
      this.element.dataset.state = "done";
      then();
    });
  }

  stop() {
    if (!this.finished) this.element.dataset.state = "stopped";
  }
}
