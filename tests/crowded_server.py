"""A server that some people have asked for pictures, one of them too often."""

from __future__ import annotations

import httpx2
from drawing_server import DrawingServer

USERS = 4


class Crowded(DrawingServer):
    """users: the ids of those who asked for pictures; the first of them too often."""

    users: list[str]

    def crowd(self) -> None:
        self.users = []
        for number in range(USERS):
            user = self.admin("POST", "/users", name=f"Nia {number} <b>", tier="free")
            asked = {"user_id": user["id"], "name": "a key"}
            key = self.admin("POST", "/keys", **asked)["secret"]
            self.users.append(user["id"])
            for seed in range(5 if number == 0 else 2):
                httpx2.post(
                    f"{self.url}/v1/images/generations",
                    json={"prompt": "a boat", "seed": seed},
                    headers={"authorization": f"Bearer {key}", "prefer": "respond-async"},
                )
        paid = self.new_key("plus")
        httpx2.post(
            f"{self.url}/v1/images/generations",
            json={"prompt": "a fox", "n": 2},
            headers={"authorization": f"Bearer {paid}"},
            timeout=60,
        ).raise_for_status()
