using Microsoft.Data.Sqlite;
using Verathos.Fingerprint.Statistics;

namespace Verathos.Validator.State;

/// <content>What can be read of a state, by the validator and by reports.</content>
public sealed partial class ValidatorState
{
    /// <summary>The latest epoch's number; 0 before the first.</summary>
    public long LatestEpoch
    {
        get
        {
            lock (_lock)
            {
                return Sql.Number(_connection, "SELECT max(number) FROM epochs");
            }
        }
    }

    /// <summary>All epochs, in their order.</summary>
    public IReadOnlyList<EpochRow> Epochs() => Read(ReadEpoch, "SELECT * FROM epochs ORDER BY number");

    /// <summary>One epoch; null where there is none of this number.</summary>
    public EpochRow? Epoch(long number) => Read(ReadEpoch, "SELECT * FROM epochs WHERE number = $number", ("$number", number)).FirstOrDefault();

    /// <summary>All nodes ever seen, in the order of their numbers.</summary>
    public IReadOnlyList<NodeRow> Nodes() => Read(ReadNode, "SELECT * FROM nodes ORDER BY id");

    /// <summary>The node of a name; null where there is none.</summary>
    public NodeRow? Node(string name) => Read(ReadNode, "SELECT * FROM nodes WHERE name = $name", ("$name", name)).FirstOrDefault();

    /// <summary>The node of a number.</summary>
    public NodeRow Node(long id) => Read(ReadNode, "SELECT * FROM nodes WHERE id = $id", ("$id", id)).Single();

    /// <summary>Challenges of an epoch, or of one node in it, in the order in which they were due.</summary>
    public IReadOnlyList<ChallengeRow> Challenges(long epoch, long? node = null) => Read(
        ReadChallenge, "SELECT * FROM challenges WHERE epoch = $epoch AND ($node IS NULL OR node = $node) ORDER BY due_at, id", ("$epoch", epoch), ("$node", node));

    /// <summary>Canaries of an epoch, or of one node in it, in the order of nodes and plans.</summary>
    public IReadOnlyList<CanaryRow> Canaries(long epoch, long? node = null) => Read(
        ReadCanary, "SELECT * FROM canaries WHERE epoch = $epoch AND ($node IS NULL OR node = $node) ORDER BY node, ordinal", ("$epoch", epoch), ("$node", node));

    /// <summary>One canary; null where there is none.</summary>
    /// <param name="id">16 bytes.</param>
    public CanaryRow? Canary(byte[] id) => Read(ReadCanary, "SELECT * FROM canaries WHERE id = $id", ("$id", id)).FirstOrDefault();

    /// <summary>What became of the receipts of an epoch, or of one node's, in the order of nodes and canaries.</summary>
    public IReadOnlyList<AuditRow> Audits(long epoch, long? node = null) => Read(
        ReadAudit,
        "SELECT audits.* FROM audits JOIN canaries ON canaries.id = audits.canary WHERE audits.epoch = $epoch AND ($node IS NULL OR audits.node = $node) ORDER BY audits.node, canaries.ordinal",
        ("$epoch", epoch), ("$node", node));

    /// <summary>Outcomes of an epoch, or of one node in it, in the order in which they were weighed.</summary>
    public IReadOnlyList<OutcomeRow> Outcomes(long? epoch = null, long? node = null) => Read(
        ReadOutcome, "SELECT * FROM outcomes WHERE ($epoch IS NULL OR epoch = $epoch) AND ($node IS NULL OR node = $node) ORDER BY id", ("$epoch", epoch), ("$node", node));

    /// <summary>What happened to nodes, in its order.</summary>
    public IReadOnlyList<EventRow> Events(long? epoch = null, long? node = null) => Read(
        ReadEvent, "SELECT * FROM events WHERE ($epoch IS NULL OR epoch = $epoch) AND ($node IS NULL OR node = $node) ORDER BY id", ("$epoch", epoch), ("$node", node));

    /// <summary>Scores, in the order of epochs and nodes.</summary>
    public IReadOnlyList<ScoreRow> Scores(long? epoch = null, long? node = null) => Read(
        static r => new ScoreRow(r.Number("epoch"), r.Number("node"), r.Int("score_ppm"), r.Int("weight_ppm"), r.Text("parts")),
        "SELECT * FROM scores WHERE ($epoch IS NULL OR epoch = $epoch) AND ($node IS NULL OR node = $node) ORDER BY epoch, node", ("$epoch", epoch), ("$node", node));

    private static EpochRow ReadEpoch(SqliteDataReader r) =>
        new(r.Number("number"), r.Bytes("commitment"), r.Text("plan"), r.Number("first_number"), r.Time("started_at"), r.Time("ends_at"), r.TimeOrNull("ended_at"));

    private static NodeRow ReadNode(SqliteDataReader r) => new()
    {
        Id = r.Number("id"),
        Name = r.Text("name"),
        Url = new Uri(r.Text("url"), UriKind.Absolute),
        Identity = r.TextOrNull("identity"),
        Listed = r.Flag("listed"),
        FirstEpoch = r.Number("first_epoch"),
        Status = r.Name<NodeStatus>("status"),
        StatusReason = r.TextOrNull("status_reason"),
        StatusEpoch = r.NumberOrNull("status_epoch"),
        CaughtKeyset = r.BytesOrNull("caught_keyset"),
        Evidence = new EDetector(r.Number("sum_micro"), r.Number("checks")),
        ManifestRoot = r.BytesOrNull("manifest_root"),
        Profile = r.TextOrNull("profile"),
        BootId = r.BytesOrNull("boot_id"),
        KeysetDigest = r.BytesOrNull("keyset_digest"),
        FreshUntilEpoch = r.Number("fresh_until_epoch"),
    };

    private static ChallengeRow ReadChallenge(SqliteDataReader r) => new(
        r.Number("id"), r.Number("epoch"), r.Number("node"), r.Time("due_at"), r.TimeOrNull("started_at"), r.TimeOrNull("ended_at"), r.Name<WorkState>("state"),
        r.NameOrNull<WorkResult>("result"), r.TextOrNull("reason"), r.TextOrNull("detail"), r.Number("evidence_bytes"), r.Flag("simulated"));

    private static CanaryRow ReadCanary(SqliteDataReader r) => new()
    {
        Id = r.Bytes("id"),
        Epoch = r.Number("epoch"),
        Node = r.Number("node"),
        Ordinal = r.Int("ordinal"),
        Number = r.Number("number"),
        Turn = r.Int("turn"),
        ReplicaGroup = (int?)r.NumberOrNull("replica_group"),
        DueAt = r.TimeOrNull("due_at"),
        Moved = r.Int("moved"),
        State = r.Name<WorkState>("state"),
        SentAt = r.TimeOrNull("sent_at"),
        EndedAt = r.TimeOrNull("ended_at"),
        Result = r.NameOrNull<WorkResult>("result"),
        Reason = r.TextOrNull("reason"),
        Detail = r.TextOrNull("detail"),
        ManifestRoot = r.BytesOrNull("manifest_root"),
        Profile = r.TextOrNull("profile"),
        PromptTokens = r.Int("prompt_tokens"),
        OutputTokens = r.Int("output_tokens"),
        TimeToFirstToken = r.SpanOrNull("first_token_us"),
        Elapsed = r.SpanOrNull("elapsed_us"),
        IdsDigest = r.BytesOrNull("ids_digest"),
        ReceiptDigest = r.BytesOrNull("receipt_digest"),
        Bytes = r.Number("bytes"),
    };

    private static AuditRow ReadAudit(SqliteDataReader r) => new()
    {
        Canary = r.Bytes("canary"),
        Epoch = r.Number("epoch"),
        Node = r.Number("node"),
        RatePpm = r.Int("rate_ppm"),
        RateReason = r.Text("rate_reason"),
        Chosen = r.Flag("chosen"),
        Tier = r.Int("tier"),
        DueAt = r.TimeOrNull("due_at"),
        Deadline = r.TimeOrNull("deadline"),
        State = r.Name<WorkState>("state"),
        Asked = r.Int("asked"),
        EndedAt = r.TimeOrNull("ended_at"),
        Result = r.NameOrNull<WorkResult>("result"),
        Reason = r.TextOrNull("reason"),
        Detail = r.TextOrNull("detail"),
        Bytes = r.Number("bytes"),
        Judged = TimeSpan.FromMicroseconds(r.Number("judged_us")),
    };

    private static OutcomeRow ReadOutcome(SqliteDataReader r) => new(
        r.Number("id"), r.Number("epoch"), r.Number("node"), r.BytesOrNull("canary") ?? r.Bytes("replay"), r.Text("test"), r.Int("number"), r.Int("outcome"), r.Flag("passed"), r.Number("weight_micro"),
        r.Int("table_version"), r.Time("at"));

    private static EventRow ReadEvent(SqliteDataReader r) => new(
        r.Number("id"), r.Number("epoch"), r.Number("node"), r.Time("at"), r.Name<EventKind>("kind"), r.Text("reason"), r.Text("detail"), r.BytesOrNull("canary"), r.TextOrNull("proof"),
        r.Number("after_outcome"));
}
