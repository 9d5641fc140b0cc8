namespace Verathos.Validator.State;

/// <summary>The state's schema, step by step. A step that was released is never changed: another one follows it.</summary>
internal static class Migrations
{
    /// <summary>Each step brings the schema from its number to the next one; PRAGMA user_version holds how many were made.</summary>
    public static IReadOnlyList<string> Steps { get; } =
    [
        """
        CREATE TABLE epochs (
          number INTEGER PRIMARY KEY,
          sealed_seed BLOB NOT NULL,
          commitment BLOB NOT NULL,
          plan TEXT NOT NULL,
          first_number INTEGER NOT NULL,
          next_number INTEGER NOT NULL,
          started_at INTEGER NOT NULL,
          ends_at INTEGER NOT NULL,
          ended_at INTEGER
        ) STRICT;

        CREATE TABLE nodes (
          id INTEGER PRIMARY KEY,
          name TEXT NOT NULL UNIQUE,
          url TEXT NOT NULL,
          identity TEXT,
          first_epoch INTEGER NOT NULL,
          listed INTEGER NOT NULL,
          status TEXT NOT NULL,
          status_reason TEXT,
          status_epoch INTEGER,
          caught_keyset BLOB,
          sum_micro INTEGER NOT NULL,
          checks INTEGER NOT NULL,
          manifest_root BLOB,
          profile TEXT,
          boot_id BLOB,
          keyset_digest BLOB,
          fresh_until_epoch INTEGER NOT NULL
        ) STRICT;

        CREATE TABLE challenges (
          id INTEGER PRIMARY KEY,
          epoch INTEGER NOT NULL REFERENCES epochs(number),
          node INTEGER NOT NULL REFERENCES nodes(id),
          due_at INTEGER NOT NULL,
          started_at INTEGER,
          ended_at INTEGER,
          state TEXT NOT NULL,
          result TEXT,
          reason TEXT,
          detail TEXT,
          evidence_bytes INTEGER NOT NULL DEFAULT 0,
          simulated INTEGER NOT NULL DEFAULT 0
        ) STRICT;
        CREATE INDEX challenges_by_epoch ON challenges(epoch, node);

        CREATE TABLE canaries (
          id BLOB PRIMARY KEY,
          epoch INTEGER NOT NULL REFERENCES epochs(number),
          node INTEGER NOT NULL REFERENCES nodes(id),
          ordinal INTEGER NOT NULL,
          number INTEGER NOT NULL,
          turn INTEGER NOT NULL,
          think_ms INTEGER NOT NULL,
          replica_group INTEGER,
          due_at INTEGER,
          state TEXT NOT NULL,
          sent_at INTEGER,
          ended_at INTEGER,
          result TEXT,
          reason TEXT,
          detail TEXT,
          manifest_root BLOB,
          profile TEXT,
          prompt_tokens INTEGER NOT NULL DEFAULT 0,
          output_tokens INTEGER NOT NULL DEFAULT 0,
          first_token_us INTEGER,
          elapsed_us INTEGER,
          ids_digest BLOB,
          receipt_digest BLOB,
          sealed_ticket BLOB,
          bytes INTEGER NOT NULL DEFAULT 0,
          UNIQUE (epoch, node, ordinal)
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX canaries_by_state ON canaries(state, due_at);

        CREATE TABLE receipts (
          keyset_digest BLOB NOT NULL,
          counter INTEGER NOT NULL,
          digest BLOB NOT NULL,
          previous BLOB,
          canary BLOB NOT NULL REFERENCES canaries(id),
          cose BLOB NOT NULL,
          PRIMARY KEY (keyset_digest, counter)
        ) STRICT, WITHOUT ROWID;

        CREATE TABLE audits (
          canary BLOB PRIMARY KEY REFERENCES canaries(id),
          epoch INTEGER NOT NULL REFERENCES epochs(number),
          node INTEGER NOT NULL REFERENCES nodes(id),
          rate_ppm INTEGER NOT NULL,
          rate_reason TEXT NOT NULL,
          chosen INTEGER NOT NULL,
          tier INTEGER NOT NULL,
          due_at INTEGER,
          deadline INTEGER,
          state TEXT NOT NULL,
          asked INTEGER NOT NULL DEFAULT 0,
          ended_at INTEGER,
          result TEXT,
          reason TEXT,
          detail TEXT,
          bytes INTEGER NOT NULL DEFAULT 0,
          judged_us INTEGER NOT NULL DEFAULT 0
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX audits_by_state ON audits(state, due_at);

        CREATE TABLE outcomes (
          id INTEGER PRIMARY KEY AUTOINCREMENT,
          epoch INTEGER NOT NULL REFERENCES epochs(number),
          node INTEGER NOT NULL REFERENCES nodes(id),
          canary BLOB NOT NULL REFERENCES canaries(id),
          test TEXT NOT NULL,
          number INTEGER NOT NULL,
          outcome INTEGER NOT NULL,
          passed INTEGER NOT NULL,
          weight_micro INTEGER NOT NULL,
          table_version INTEGER NOT NULL,
          at INTEGER NOT NULL,
          UNIQUE (canary, test, number)
        ) STRICT;
        CREATE INDEX outcomes_by_node ON outcomes(node, id);

        CREATE TABLE events (
          id INTEGER PRIMARY KEY AUTOINCREMENT,
          epoch INTEGER NOT NULL REFERENCES epochs(number),
          node INTEGER NOT NULL REFERENCES nodes(id),
          at INTEGER NOT NULL,
          kind TEXT NOT NULL,
          reason TEXT NOT NULL,
          detail TEXT NOT NULL,
          canary BLOB REFERENCES canaries(id),
          proof TEXT,
          after_outcome INTEGER NOT NULL
        ) STRICT;
        CREATE INDEX events_by_node ON events(node, id);

        CREATE TABLE scores (
          epoch INTEGER NOT NULL REFERENCES epochs(number),
          node INTEGER NOT NULL REFERENCES nodes(id),
          score_ppm INTEGER NOT NULL,
          weight_ppm INTEGER NOT NULL,
          parts TEXT NOT NULL,
          PRIMARY KEY (epoch, node)
        ) STRICT, WITHOUT ROWID;
        """,
        """
        ALTER TABLE canaries ADD COLUMN moved INTEGER NOT NULL DEFAULT 0;
        """,
        """
        CREATE TABLE replays (
          id BLOB PRIMARY KEY,
          epoch INTEGER NOT NULL REFERENCES epochs(number),
          node INTEGER NOT NULL REFERENCES nodes(id),
          run BLOB NOT NULL,
          round INTEGER NOT NULL,
          step INTEGER NOT NULL,
          record BLOB NOT NULL,
          state TEXT NOT NULL,
          asked INTEGER NOT NULL DEFAULT 0,
          ended_at INTEGER,
          result TEXT,
          reason TEXT,
          detail TEXT,
          bytes INTEGER NOT NULL DEFAULT 0,
          judged_us INTEGER NOT NULL DEFAULT 0
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX replays_by_node ON replays(node, round);

        CREATE TABLE outcomes_of_both (
          id INTEGER PRIMARY KEY AUTOINCREMENT,
          epoch INTEGER NOT NULL REFERENCES epochs(number),
          node INTEGER NOT NULL REFERENCES nodes(id),
          canary BLOB REFERENCES canaries(id),
          replay BLOB REFERENCES replays(id),
          test TEXT NOT NULL,
          number INTEGER NOT NULL,
          outcome INTEGER NOT NULL,
          passed INTEGER NOT NULL,
          weight_micro INTEGER NOT NULL,
          table_version INTEGER NOT NULL,
          at INTEGER NOT NULL,
          CHECK ((canary IS NULL) <> (replay IS NULL)),
          UNIQUE (canary, test, number),
          UNIQUE (replay, test, number)
        ) STRICT;
        INSERT INTO outcomes_of_both (id, epoch, node, canary, test, number, outcome, passed, weight_micro, table_version, at)
          SELECT id, epoch, node, canary, test, number, outcome, passed, weight_micro, table_version, at FROM outcomes;
        DROP TABLE outcomes;
        ALTER TABLE outcomes_of_both RENAME TO outcomes;
        CREATE INDEX outcomes_by_node ON outcomes(node, id);

        ALTER TABLE events ADD COLUMN replay BLOB REFERENCES replays(id);
        """,
    ];
}
