// Names in place of ids, for who looks at a record.

import { ask } from "../api.js";
import { t } from "../words.js";

/** Who made a change, by the id that its record has: a key, or else what stands there. */
export async function loadNames() {
  const [users, keys] = await Promise.all([ask("/v1/admin/users"), ask("/v1/admin/keys")]);
  const byId = new Map(users.data.map((user) => [user.id, user.name]));
  const owners = new Map(keys.data.map((key) => [key.id, t("record.who", { user: byId.get(key.user_id) ?? key.user_id, key: key.name })]));
  return { user: (id) => byId.get(id) ?? id, who: (id) => owners.get(id) ?? id };
}
