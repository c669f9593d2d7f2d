// Everything an application does with the official Node client, told as JSON: what driver.py does.

import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";

const require = createRequire(path.join(process.argv[2], "package.json"));
const openai = await import(pathToFileURL(require.resolve("openai")).href);
const OpenAI = openai.OpenAI ?? openai.default;
const { APIError, toFile } = openai.APIError ? openai : OpenAI;
const manifest = path.join(process.argv[2], "node_modules", "openai", "package.json");
const { version } = JSON.parse(fs.readFileSync(manifest, "utf8"));

const ASKED = JSON.parse(fs.readFileSync(0, "utf8"));
const PICTURE = Buffer.from(ASKED.picture, "base64");
const MASK = Buffer.from(ASKED.mask, "base64");

function client(url, name, key = ASKED.key, options = {}) {
  return new OpenAI({
    baseURL: `${url}/v1`,
    apiKey: key,
    timeout: 30_000,
    maxRetries: 0,
    defaultHeaders: { "x-case": name },
    ...options,
  });
}

function seen(reply) {
  return {
    pictures: reply.data.map((p) => p.b64_json ?? null),
    urls: reply.data.map((p) => p.url ?? null),
    seeds: reply.data.map((p) => p.seed ?? null),
    created: reply.created,
    size: reply.size,
    quality: reply.quality,
    background: reply.background,
    output_format: reply.output_format,
    tokens: [
      reply.usage.input_tokens,
      reply.usage.input_tokens_details.image_tokens,
      reply.usage.output_tokens,
      reply.usage.total_tokens,
    ],
    extension: reply.smalti !== undefined,
    request_id: reply._request_id,
  };
}

async function streamed(events) {
  const told = [];
  for await (const event of await events) {
    told.push({
      type: event.type,
      picture: event.b64_json,
      index: event.partial_image_index ?? null,
      format: event.output_format,
      size: event.size,
      tokens: event.usage?.total_tokens ?? null,
    });
  }
  return told;
}

async function raised(call) {
  const begun = performance.now();
  try {
    await call();
  } catch (error) {
    if (!(error instanceof APIError)) throw error;
    return {
      class: error.constructor.name,
      status: error.status ?? null,
      message: error.message,
      code: error.code ?? null,
      type: error.type ?? null,
      param: error.param ?? null,
      request_id: error.requestID ?? null,
      seconds: (performance.now() - begun) / 1000,
    };
  }
  return { class: null };
}

function refused(url, name, key = ASKED.key, options = {}) {
  const { images } = client(url, name, key, options);
  return raised(() => images.generate({ prompt: "a boat", n: 2 }));
}

async function generations() {
  const { images } = client(ASKED.live, "generate");
  const url = seen(await images.generate({ prompt: "a boat", response_format: "url" }));
  const link = await fetch(url.urls[0]);
  url.pictures = [Buffer.from(await link.arrayBuffer()).toString("base64")];
  const webp = { prompt: "a boat", output_format: "webp", output_compression: 60 };
  return {
    b64: seen(await images.generate({ prompt: "a boat", model: "smalti-mini" })),
    url,
    two: seen(await images.generate({ prompt: "a boat", n: 2, seed: 7 })),
    webp: seen(await images.generate(webp)),
    size: seen(await images.generate({ prompt: "a boat", size: "1536x1024", quality: "low" })),
  };
}

async function edits() {
  const { images } = client(ASKED.live, "edit");
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), "smalti-client-"));
  const file = path.join(folder, "boat.png");
  fs.writeFileSync(file, PICTURE);
  const prompt = "at night";
  const second = await toFile(PICTURE, "second.png", { type: "image/png" });
  const several = [fs.createReadStream(file), second];
  const masked = {
    image: await toFile(PICTURE, "a.png", { type: "image/png" }),
    mask: await toFile(MASK, "mask.png", { type: "image/png" }),
    prompt,
    n: 2,
    seed: 5,
  };
  const told = {
    one: seen(await images.edit({ image: fs.createReadStream(file), prompt })),
    several: seen(await images.edit({ image: several, prompt })),
    bytes: seen(await images.edit({ image: await toFile(PICTURE), prompt })),
    mask: seen(await images.edit(masked)),
  };
  fs.rmSync(folder, { recursive: true });
  return told;
}

async function streams() {
  const { images } = client(ASKED.live, "stream");
  const words = { prompt: "a boat", stream: true };
  const picture = { image: await toFile(PICTURE), prompt: "at night", stream: true };
  return {
    generate: await streamed(images.generate({ ...words, partial_images: 2 })),
    edit: await streamed(images.edit({ ...picture, partial_images: 1 })),
    "one event": await streamed(images.generate(words)),
    broken: await raised(() =>
      streamed(images.generate({ prompt: "fail@9", stream: true, partial_images: 3 })),
    ),
  };
}

async function errors() {
  const { live } = ASKED;
  const { images } = client(live, "errors");
  const gif = await toFile(Buffer.from("GIF89a"), "a.gif");
  const wrong = client(live, "401", "sk-wrong").images;
  const told = {
    400: await raised(() => images.generate({ prompt: "a boat", size: "1000x1000" })),
    "400 unknown": await raised(() => images.generate({ prompt: "a", colour: "red" })),
    "400 file": await raised(() => images.edit({ image: gif, prompt: "at night" })),
    401: await raised(() => wrong.generate({ prompt: "a boat" })),
    404: await raised(() => images.generate({ prompt: "a boat", model: "dall-e-9" })),
  };
  for (const [name, key] of Object.entries(ASKED.other_keys)) {
    told[name] = await refused(live, name, key);
  }
  for (const name of ASKED.scripted_errors) {
    told[name] = await refused(ASKED.scripted, name);
  }
  return told;
}

async function retries() {
  const told = {};
  const twice = { maxRetries: 2 };
  for (const name of ASKED.scripted_retries) {
    told[name] = await refused(ASKED.scripted, name, ASKED.key, twice);
  }
  const { limited } = ASKED.other_keys;
  told["live limit"] = await refused(ASKED.live, "live limit", limited, twice);
  told["live overload"] = await refused(ASKED.full, "live overload");
  return told;
}

const models = [];
const told = {
  version,
  generations: await generations(),
  edits: await edits(),
  streams: await streams(),
  errors: await errors(),
  retries: await retries(),
  models,
};
for await (const model of client(ASKED.live, "models").models.list()) models.push(model.id);
process.stdout.write(JSON.stringify(told));
