"""`Policies`: the policy in force, every one before it, and who changed it and why."""

from __future__ import annotations

import hashlib
import json
import logging
import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from typing import Any

from smalti.config import Settings
from smalti.control.denial import in_words
from smalti.control.policy import DEFAULT_POLICY, Policy, read_policy
from smalti.control.switches import read_switch
from smalti.control.tiers import FIELDS, read_tier
from smalti.errors import ConfigError, Conflict, InvalidRequest, StoreUnavailable
from smalti.service.policy_changes import checked_why, differences, models_of, refused
from smalti.store.database import Database
from smalti.store.policies import InUse, PolicyBook
from smalti.store.rows import AuditRow, PolicyRow

log = logging.getLogger(__name__)

Edit = Callable[[Policy], Policy]


@dataclass(frozen=True)
class Cause:
    """who: a key, or the command line. if_version: what the change was made from, if it matters.

    trial: whether it is only asked what would come of it.
    """

    who: str
    why: str
    if_version: int | None = None
    trial: bool = False


class Policies:
    """The newest version in the database counts; while there is none, what the settings say does.

    models: those that there are, to refuse names of others; empty where nobody knows.
    clock: Unix time in seconds. mending: whether the newest version need not be one that can be
    read, nor said to differ from the settings. Raises ConfigError and StoreUnavailable.

    Every change raises InvalidRequest, Conflict and StoreUnavailable, and then nothing is changed.
    A trial raises the same, returns the policy that there would be, and changes nothing.
    Changes wait for the database, and belong on threads.
    """

    def __init__(
        self,
        db: Database,
        settings: Settings,
        models: Collection[str] = (),
        clock: Callable[[], float] = time.time,
        mending: bool = False,
    ) -> None:
        self._book = PolicyBook(db)
        self._default_tier = settings.default_tier
        self._models = models
        self._clock = clock
        self._written = policy_of(settings)
        _check_models(self._written, models)
        self._basis = _hash_of(self._written)
        self._policy = self._written
        self._passed_over = 0
        self._start(mending)

    def _start(self, mending: bool) -> None:
        row = self._book.newest()
        if row is not None:
            try:
                self._policy = _read(row)
            except ConfigError:
                if not mending:
                    raise
                self._passed_over = row.version
            same = self._policy.written() == self._written.written()
            if row.basis != self._basis and not (same or mending):
                log.warning(
                    "the settings name other tiers or switches than when version %d of them was "
                    "made; the version counts. 'smalti tiers undo 0' takes what the settings say",
                    row.version,
                )

    # --- what is asked ---

    def checked(self) -> Policy:
        """The policy in force, if a server can start with it. Raises ConfigError."""
        _check_default(self._default_tier, self._policy)
        return self._policy

    def current(self) -> Policy:
        """The policy in force, also where another process has changed it just now.

        Takes a fraction of a millisecond. While the database cannot be read, the one known last.
        """
        try:
            version = self._book.newest_version()
        except StoreUnavailable:
            return self._policy
        if version not in (self._policy.version, self._passed_over):
            row = self._book.newest()
            if row is not None:
                self._take(row)
        return self._policy

    def _take(self, row: PolicyRow) -> None:
        try:
            policy = _read(row)
            _check_default(self._default_tier, policy)
        except ConfigError as error:
            self._passed_over = row.version
            log.error("the tiers stay those of version %d: %s", self._policy.version, error)
        else:
            self._policy = policy

    def made(self, version: int) -> PolicyRow | None:
        """Who made a version, when and why; None for 0, which the settings made."""
        return self._book.version(version)

    def history(self, limit: int = 20) -> list[PolicyRow]:
        """Newest first. What the settings say is version 0, and is not among them."""
        return self._book.history(limit)

    # --- changes ---

    def set_tier(self, name: str, fields: Mapping[str, object], cause: Cause) -> Policy:
        """Other values for some fields of a tier; a new tier where there is none of that name."""
        if not fields and not cause.trial:
            raise InvalidRequest(
                f"Nothing of the tier '{name}' is to change. Say one at least of "
                f"{', '.join(FIELDS)}."
            )
        for model in _listed(fields.get("models")):
            self._refuse_unknown_model(model, "models")

        def edit(policy: Policy) -> Policy:
            tier = read_tier(name, fields, policy.tiers.get(name))
            return replace(policy, tiers={**policy.tiers, name: tier})

        return self._change("tier.change", edit, cause)

    def remove_tier(self, name: str, cause: Cause) -> Policy:
        """A switch that paused it goes with it."""

        def edit(policy: Policy) -> Policy:
            if name not in policy.tiers:
                raise InvalidRequest(
                    f"There is no tier '{name}'. There are {', '.join(policy.tiers)}.",
                    param="name",
                    code="tier_not_found",
                )
            left = {other: tier for other, tier in policy.tiers.items() if other != name}
            return replace(policy.without_switch("tier", name), tiers=left)

        return self._change("tier.remove", edit, cause)

    def replace(self, document: Mapping[str, Any], cause: Cause) -> Policy:
        """All tiers, and all switches where it says any; else those that there are stay."""

        def edit(policy: Policy) -> Policy:
            kept = {"switches": [switch.written() for switch in policy.switches]}
            after, known = read_policy({**kept, **document}), models_of(policy)
            for model, where in models_of(after).items():
                if model not in known:
                    self._refuse_unknown_model(model, where)
            return after

        return self._change("tiers.replace", edit, cause, whole=True)

    def undo(self, version: int, cause: Cause) -> Policy:
        """A new version that says what an older one said; 0 is what the settings say now."""
        row = None
        if version:
            row = self._book.version(version)
            if row is None:
                raise InvalidRequest(
                    f"There is no version {version} of the tiers. See their history.",
                    param="version",
                    code="version_not_found",
                )
        document = self._written.written() if row is None else row.document
        return self._change("tiers.undo", lambda policy: read_policy(document), cause, whole=True)

    def set_switch(self, table: Mapping[str, object], cause: Cause) -> Policy:
        """Pause something, in place of an earlier switch of the same scope and name.

        table: `scope`, `name` and `message`; `from` and `until` in Unix seconds or ISO 8601.
        """

        def edit(policy: Policy) -> Policy:
            switch = read_switch(table)
            if switch.scope == "model":
                self._refuse_unknown_model(switch.name, "name")
            if switch.until_s is not None and switch.until_s <= self._clock() and not cause.trial:
                raise InvalidRequest(
                    f"A switch's until has value '{table['until']}', which is over. It must be "
                    "later than now.",
                    param="until",
                )
            return policy.with_switch(switch)

        return self._change("switch.pause", edit, cause)

    def remove_switch(self, scope: str, name: str, cause: Cause) -> Policy:
        """Resume what was paused."""
        wanted = scope, name.upper() if scope == "region" else name

        def edit(policy: Policy) -> Policy:
            if wanted not in {(switch.scope, switch.name) for switch in policy.switches}:
                raise InvalidRequest(
                    f"The {scope} '{name}' is not paused.", param="name", code="switch_not_found"
                )
            return policy.without_switch(*wanted)

        return self._change("switch.resume", edit, cause)

    # --- how a change is made ---

    def _change(self, action: str, edit: Edit, cause: Cause, whole: bool = False) -> Policy:
        """whole: whether all tiers are given, and not fields of one."""
        why = checked_why(cause.why)

        def make(newest: PolicyRow | None, in_use: InUse) -> tuple[PolicyRow, AuditRow]:
            before = self._written if newest is None else self._known(newest, whole)
            if cause.if_version not in (None, before.version):
                raise Conflict(
                    f"The change was made from version {cause.if_version}, and version "
                    f"{before.version} is in force. Read it, and change that.",
                    param="if_version",
                    code="version_conflict",
                )
            try:
                after = read_policy(edit(before).written(), version=before.version + 1)
            except ValueError as error:
                raise refused(error, whole) from None
            self._refuse_missing_tiers(before, after, in_use)
            at, document = self._clock(), after.written()
            changed = differences(before.written(), document)
            detail = {"version": after.version, "why": why, "changed": changed}
            row = PolicyRow(
                version=after.version,
                at=at,
                who=cause.who,
                why=why,
                document=document,
                basis=self._basis,
            )
            return row, AuditRow(at=at, who=cause.who, action=action, detail=detail)

        if cause.trial:
            return _read(self._book.would_add(make))
        row = self._book.add(make)
        self._policy = policy = _read(row)
        return policy

    def _known(self, newest: PolicyRow, whole: bool) -> Policy:
        """What a change is made from; all of it may take the place of what cannot be read."""
        try:
            return _read(newest)
        except ConfigError:
            if not whole:
                raise
            return replace(self._policy, version=newest.version)

    def _refuse_missing_tiers(self, before: Policy, after: Policy, in_use: InUse) -> None:
        """A tier that somebody needs must be there."""
        default = self._default_tier
        if default not in after.tiers and default in {*before.tiers, *self._policy.tiers}:
            raise Conflict(
                f"The tier '{default}' is the default one. Set 'default_tier' to another first.",
                param="name",
                code="tier_in_use",
            )
        for name in before.tiers:
            if name in after.tiers:
                continue
            users, jobs = in_use(name)
            if users or jobs:
                raise Conflict(
                    f"The tier '{name}' has {in_words(users, 'user')} and "
                    f"{in_words(jobs, 'unfinished job')}. Put its users in another tier, and wait "
                    "for its jobs.",
                    param="name",
                    code="tier_in_use",
                )

    def _refuse_unknown_model(self, name: str, param: str) -> None:
        if self._models and name not in self._models:
            raise InvalidRequest(
                f"There is no model '{name}'. There are {', '.join(self._models)}.", param=param
            )


def policy_of(settings: Settings) -> Policy:
    """What the settings say. Raises ConfigError."""
    document = {"tiers": settings.tiers or {}, "switches": settings.switches or ()}
    try:
        return read_policy(document, DEFAULT_POLICY)
    except ValueError as error:
        raise ConfigError(str(error)) from None


def policy_in_force(
    settings: Settings, newest: PolicyRow | None, models: Collection[str] = ()
) -> Policy:
    """What a server would start with. newest: the newest version there is. models: as in
    `Policies`. Raises ConfigError."""
    written = policy_of(settings)
    _check_models(written, models)
    policy = written if newest is None else _read(newest)
    _check_default(settings.default_tier, policy)
    return policy


def _check_models(written: Policy, models: Collection[str]) -> None:
    """Raises ConfigError where the settings name one that there is not."""
    for model, where in models_of(written).items():
        if models and model not in models:
            raise ConfigError(
                f"Setting '{where}' names the model '{model}'. There are {', '.join(models)}."
            )


def _check_default(name: str, policy: Policy) -> None:
    """Who is in no tier that there is must be in one. Raises ConfigError."""
    if name in policy.tiers:
        return
    there = ", ".join(policy.tiers)
    wrong = f"Setting 'default_tier' has value '{name}'. It must be one of {there}"
    if not policy.version:
        raise ConfigError(f"{wrong}.")
    raise ConfigError(
        f"{wrong}: the tiers of version {policy.version}, which counts in place of what the "
        f"settings say. 'smalti tiers add {name}' adds it; 'smalti tiers undo 0' takes all that "
        "the settings say."
    )


def _read(row: PolicyRow) -> Policy:
    """Raises ConfigError for what is damaged, or what another smalti wrote and this one does not
    know."""
    try:
        if not isinstance(row.document, dict):
            raise ValueError("it is damaged.")
        return read_policy(row.document, version=row.version)
    except ValueError as error:
        raise ConfigError(
            f"Version {row.version} of the tiers cannot be read by this smalti: {error} 'smalti "
            "tiers history' lists the others, and 'smalti tiers undo' returns to one of them."
        ) from None


def _hash_of(policy: Policy) -> str:
    return hashlib.sha256(json.dumps(policy.written(), sort_keys=True).encode()).hexdigest()


def _listed(value: object) -> list[str]:
    return [item for item in value if isinstance(item, str)] if isinstance(value, list) else []
