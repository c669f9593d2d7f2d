// A picture's request as a program: curl, and OpenAI's Python client.

import { button, h, showDialog } from "../dom.js";
import { announce } from "../shell.js";
import { t } from "../words.js";

const OPENAI = ["prompt", "model", "n", "size", "quality", "background", "output_format", "output_compression", "moderation", "style", "user"];
const LEFT_OUT = ["conversation", "parent", "source_images", "stream", "partial_images", "response_format", "smalti_events"];

/** What was asked for, with the seed that was drawn: the same again, to the pixel. */
function fields(job, index) {
  const asked = Object.fromEntries(Object.entries(job.asked).filter(([name, value]) => !LEFT_OUT.includes(name) && value !== null));
  return { ...asked, n: 1, seed: job.result?.data?.[index]?.seed ?? job.asked.seed };
}

const quoted = (text) => `'${String(text).replaceAll("'", `'\\''`)}'`;

function python(value) {
  return JSON.stringify(value).replace(/^true$/, "True").replace(/^false$/, "False");
}

export function asCurl(job, index) {
  const given = fields(job, index);
  const head = [`-H "Authorization: Bearer $SMALTI_KEY"`];
  if (!job.asked.source_images)
    return [`curl ${location.origin}/v1/images/generations`, ...head, `-H 'Content-Type: application/json'`, `-d ${quoted(JSON.stringify({ ...given, response_format: "url" }))}`].join(" \\\n  ");
  const parts = Object.entries({ ...given, response_format: "url" }).map(([name, value]) => `-F ${quoted(`${name}=${value}`)}`);
  return [`curl ${location.origin}/v1/images/edits`, ...head, "-F image=@source.png", ...parts].join(" \\\n  ");
}

export function asPython(job, index) {
  const edit = Boolean(job.asked.source_images);
  const given = Object.entries(fields(job, index));
  const named = given.filter(([name]) => OPENAI.includes(name)).map(([name, value]) => `    ${name}=${python(value)},`);
  const extra = given.filter(([name]) => !OPENAI.includes(name)).map(([name, value]) => `${python(name)}: ${python(value)}`);
  return [
    "import base64",
    "import os",
    "",
    "from openai import OpenAI",
    "",
    `client = OpenAI(base_url="${location.origin}/v1", api_key=os.environ["SMALTI_KEY"])`,
    `reply = client.images.${edit ? "edit" : "generate"}(`,
    ...(edit ? [`    image=open("source.png", "rb"),`] : []),
    ...named,
    ...(extra.length ? [`    extra_body={${extra.join(", ")}},`] : []),
    ")",
    `with open("picture.png", "wb") as file:`,
    "    file.write(base64.b64decode(reply.data[0].b64_json))",
  ].join("\n");
}

export function showCopies(job, index) {
  const texts = [
    ["curl", asCurl(job, index)],
    ["Python", asPython(job, index)],
  ];
  const dialog = h(
    "dialog",
    { class: "wide", aria: { label: t("copy.title") } },
    h("h2", {}, t("copy.title")),
    h("p", { class: "soft" }, t("copy.explained")),
    texts.map(([name, text]) => {
      const shown = h("pre", { tabindex: 0, aria: { label: name } }, text);
      return h("section", {}, h("div", { class: "row between" }, h("h3", {}, name), button(t("copy.copy", { name }), { image: "code", onclick: () => copy(shown, text) })), shown);
    }),
    h("form", { method: "dialog", class: "row end" }, h("button", {}, t("shell.close"))),
  );
  showDialog(dialog);
}

async function copy(shown, text) {
  try {
    await navigator.clipboard.writeText(text);
    announce(t("copy.done"));
  } catch {
    getSelection().selectAllChildren(shown);
    announce(t("copy.by_hand"));
  }
}
