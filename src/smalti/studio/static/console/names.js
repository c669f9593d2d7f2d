// Names in place of ids, for who looks at a record.

import { ask } from "../api.js";
import { t } from "../words.js";

const OF_ONE_REQUEST = 100;

/** Who made changes, and whose requests they were. ids: of keys and of users; others stand as they are. */
export async function loadNames(ids) {
  const keys = new Map((await named("keys", ids.filter((id) => id.startsWith("key_")))).map((key) => [key.id, key]));
  const owners = [...keys.values()].map((key) => key.user_id);
  const others = ids.filter((id) => !keys.has(id));
  const users = new Map((await named("users", [...others, ...owners])).map((user) => [user.id, user.name]));
  const user = (id) => users.get(id) ?? id;
  return { user, who: (id) => (keys.has(id) ? t("record.who", { user: user(keys.get(id).user_id), key: keys.get(id).name }) : id) };
}

/** Those of a list with these ids. */
export async function named(list, ids) {
  const each = [...new Set(ids)];
  const found = [];
  for (let i = 0; i < each.length; i += OF_ONE_REQUEST) {
    const query = new URLSearchParams(each.slice(i, i + OF_ONE_REQUEST).map((id) => ["id", id]));
    found.push(...(await ask(`/v1/admin/${list}?${query}`)).data);
  }
  return found;
}
