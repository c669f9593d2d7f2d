// What the browser keeps of a page, or the page itself where the browser keeps nothing.

/** One that is gone with the page. */
class Passing {
  constructor() {
    this.kept = new Map();
  }

  getItem(name) {
    return this.kept.get(name) ?? null;
  }

  setItem(name, value) {
    this.kept.set(name, String(value));
  }

  removeItem(name) {
    this.kept.delete(name);
  }
}

/** name: localStorage or sessionStorage. Some browsers are told to keep nothing, and refuse both. */
function storage(name) {
  try {
    const there = window[name];
    const probe = "smalti.probe";
    there.setItem(probe, "");
    there.removeItem(probe);
    return there;
  } catch {
    return new Passing();
  }
}

export const lasting = storage("localStorage");
export const passing = storage("sessionStorage");
