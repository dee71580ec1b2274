"""What the database must hold and show, kept in plain dicts: the state machine's witness."""

from __future__ import annotations

from collections import Counter

MODELS = ("organization", "team", "eventtype", "booking", "tag", "note")


class Oracle:
    """Rows by model and key, links as pairs; knows modes, cascades and nothing of SQL."""

    def __init__(self):
        self.rows = {name: {} for name in MODELS}
        self.booking_tags = set()
        self.organization_tags = set()

    # --- reading

    def seen(self, name, mode):
        """Keys and rows of a model that a mode may see; of shared models, all."""
        return {k: r for k, r in self.rows[name].items() if r.get("mode") in (None, mode)}

    def mode_of(self, name, key):
        return self.rows[name][key]["mode"]

    def bookings(self, mode, **values):
        return [
            key
            for key, row in self.seen("booking", mode).items()
            if all(row[name] == value for name, value in values.items())
        ]

    def tags_of(self, booking):
        return {tag for b, tag in self.booking_tags if b == booking}

    def titles(self, mode):
        return Counter(row["title"] for row in self.seen("booking", mode).values())

    # --- deleting

    def delete_bookings(self, keys):
        for key in keys:
            del self.rows["booking"][key]
        gone = set(keys)
        self.booking_tags = {(b, t) for b, t in self.booking_tags if b not in gone}
        notes = self.rows["note"].items()
        self.rows["note"] = {k: row for k, row in notes if row["booking"] not in gone}

    def delete_event_types(self, keys):
        gone = set(keys)
        rows = self.rows["booking"].items()
        self.delete_bookings([k for k, row in rows if row["event_type"] in gone])
        for key in keys:
            del self.rows["eventtype"][key]
        for row in self.rows["eventtype"].values():
            if row["parent"] in gone:
                row["parent"] = None

    def delete_tags(self, keys):
        gone = set(keys)
        for key in keys:
            del self.rows["tag"][key]
        self.booking_tags = {(b, t) for b, t in self.booking_tags if t not in gone}
        self.organization_tags = {(o, t) for o, t in self.organization_tags if t not in gone}

    def delete_team(self, key):
        for row in self.rows["booking"].values():
            if row["team"] == key:
                row["team"] = None
        del self.rows["team"][key]

    def delete_organization(self, key):
        def of(name):
            return [k for k, row in self.rows[name].items() if row["organization"] == key]

        self.delete_event_types(of("eventtype"))
        self.delete_bookings(of("booking"))
        self.delete_tags(of("tag"))
        for team in of("team"):
            self.delete_team(team)
        self.organization_tags = {(o, t) for o, t in self.organization_tags if o != key}
        del self.rows["organization"][key]

    def hangs_on_organization(self, key):
        """Modes with rows that hang on an organisation, on its teams, or linked to it."""
        teams = {k for k, row in self.rows["team"].items() if row["organization"] == key}
        modes = {
            row["mode"]
            for name in ("eventtype", "booking", "tag")
            for row in self.rows[name].values()
            if row["organization"] == key or row.get("team") in teams
        }
        return modes | {self.mode_of("tag", t) for o, t in self.organization_tags if o == key}

    def hangs_on_team(self, key):
        return {row["mode"] for row in self.rows["booking"].values() if row["team"] == key}
