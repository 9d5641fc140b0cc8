using System.Security.Cryptography;
using Verathos.Validator.State;

namespace Verathos.Validator.Tests.State;

/// <summary>A state in a folder of its own with nodes a, b, ..., and one epoch of one challenge and some canaries for each.</summary>
internal sealed class StateFixture : IDisposable
{
    public static readonly DateTimeOffset Start = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);
    private readonly string _root = Directory.CreateTempSubdirectory("verathos-state-").FullName;
    private readonly StateSeal _seal = new(new byte[32]);

    public StateFixture(int nodes = 1, int canaries = 2, int turns = 1)
    {
        State = ValidatorState.Open(Database, _seal);
        State.TakeOver([.. Enumerable.Range(0, nodes).Select(static i => new ListedNode($"{(char)('a' + i)}", new Uri($"http://127.0.0.1:{1000 + i}"), null))], 1, 1);
        List<PlannedWork> work = [];
        for (int node = 0; node < nodes; node++)
        {
            string name = $"{(char)('a' + node)}";
            work.Add(new PlannedWork(name, Start, null));
            for (int canary = 0; canary < canaries; canary++)
            {
                int turn = canary % turns;
                work.Add(new PlannedWork(
                    name, turn == 0 ? Start.AddSeconds(canary) : null, new PlannedCanary(Id(node, canary), canary, (node * 100) + (canary / turns), turn, TimeSpan.FromSeconds(turn == 0 ? 0 : 3), canary == 0 ? 0 : null)));
            }
        }

        State.BeginEpoch(1, Seed, new byte[32], "{}", 1000, Start, Start.AddMinutes(1), work);
    }

    public string Database => Path.Combine(_root, "state.db");

    public ValidatorState State { get; private set; }

    public static byte[] Seed { get; } = [.. Enumerable.Repeat((byte)7, 32)];

    public static byte[] Id(int node, int canary) => [(byte)node, (byte)canary, .. new byte[14]];

    public static NewOutcome Weighing(string test, long micro, int number = 0) => new(test, number, micro > 0 ? 1 : 0, micro <= 0, micro, 1);

    public CanaryRow Canary(int node, int canary) => State.Canary(Id(node, canary))!;

    /// <summary>Begins and answers a canary.</summary>
    public bool Answer(int node, int canary, WorkEnd? end = null, bool chosen = true, byte receipt = 0, ulong? counter = null)
    {
        Assert.True(State.BeginCanary(Id(node, canary), Start.AddSeconds(10)));
        return State.EndCanary(Canary(node, canary), Start.AddSeconds(11), end ?? new WorkEnd(WorkResult.Passed), AnswerOf(node, canary, chosen, receipt, counter), static _ =>
            new NewEvent(EventKind.Caught, "receipt.equivocation", "two", null, "proof.json"));
    }

    public static AnsweredCanary AnswerOf(int node, int canary, bool chosen = true, byte receipt = 0, ulong? counter = null) => new()
    {
        ManifestRoot = new byte[32],
        Profile = "p",
        PromptTokens = 3,
        OutputTokens = 4,
        TimeToFirstToken = TimeSpan.FromMilliseconds(1.5),
        Elapsed = TimeSpan.FromMilliseconds(20),
        IdsDigest = new byte[32],
        KeysetDigest = [(byte)node, .. new byte[31]],
        Counter = counter ?? (ulong)canary + 1,
        ReceiptDigest = SHA256.HashData([(byte)node, (byte)canary, receipt]),
        Previous = null,
        Receipt = [(byte)canary, receipt],
        Ticket = [1, 2, 3, (byte)canary],
        Bytes = 100,
        Audit = chosen ? new AuditDecision(1_000_000, "fresh", true, 1, Start.AddSeconds(20), Start.AddSeconds(40)) : new AuditDecision(1, "economics", false, 1, null, null),
    };

    public void Reopen()
    {
        State.Dispose();
        State = ValidatorState.Open(Database, _seal);
    }

    public void Dispose()
    {
        State.Dispose();
        _seal.Dispose();
        Directory.Delete(_root, recursive: true);
    }
}
