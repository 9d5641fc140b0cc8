using System.Security.Cryptography;
using Verathos.GpuRuntime.Training;
using Verathos.Host.Training;
using Verathos.Protocol.Keys;
using Verathos.Protocol.Receipts;
using Verathos.Training;
using Verathos.Training.Rounds;

namespace Verathos.Host.Tests.Training;

public sealed class OutcomeTrailTests : IDisposable
{
    private static readonly WorkerKey s_worker = new(SHA256.HashData("a worker"u8));
    private static readonly WorkerKey s_other = new(SHA256.HashData("another worker"u8));
    private readonly string _folder = Directory.CreateTempSubdirectory("verathos-trail-").FullName;
    private readonly ECDsa _key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
    private readonly Dictionary<ulong, byte[]> _shown = [];
    private int _fetched;

    public void Dispose()
    {
        _key.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    [Fact]
    public async Task What_rounds_took_follows_from_signed_outcomes_also_after_a_restart()
    {
        TrainingOutcome first = Add(1, null, s_worker), third = Add(3, first, s_other);
        OutcomeTrail trail = Open();
        await FollowAsync(trail, 2, first);
        Assert.True(trail.Took(1, s_worker));
        Assert.False(trail.Took(1, s_other));

        // Round 2 was given up.
        await FollowAsync(trail, 4, third);
        TrainingOutcome fourth = Add(4, third, s_worker, s_other);
        _fetched = 0;
        trail = Open();
        Assert.Equal((true, false, true), (trail.Took(1, s_worker), trail.Took(2, s_worker), trail.Took(3, s_other)));
        await FollowAsync(trail, 5, fourth);
        await FollowAsync(trail, 6, fourth);
        Assert.Equal(1, _fetched);
        Assert.True(trail.Took(4, s_worker));
    }

    [Theory]
    [InlineData("another digest")]
    [InlineData("hidden")]
    [InlineData("signature")]
    [InlineData("round")]
    [InlineData("chain")]
    [InlineData("forgotten")]
    public async Task Outcomes_that_are_not_one_signed_chain_are_refused(string what)
    {
        TrainingOutcome first = Add(1, null, s_worker), second = Add(2, first, s_worker);
        OutcomeTrail trail = Open();
        await FollowAsync(trail, 2, first);
        TrainingOutcome? named = second;
        switch (what)
        {
            case "another digest":
                Add(2, first, s_other);
                break;
            case "hidden":
                _shown.Remove(2);
                break;
            case "signature":
                _shown[2] = [.. _shown[2][..^1], (byte)(_shown[2][^1] ^ 1)];
                break;
            case "round":
                named = Add(7, first, s_worker);
                _shown[2] = _shown[7];
                break;
            case "chain":
                named = Add(2, null, s_worker);
                break;
            default:
                named = null;
                break;
        }

        await Assert.ThrowsAsync<TrainingException>(() => FollowAsync(trail, 3, named));
        Assert.False(trail.Took(2, s_worker));
    }

    [Fact]
    public async Task A_number_that_is_ahead_of_the_round_costs_nothing()
    {
        TrainingOutcome first = Add(1, null, s_worker);
        OutcomeTrail trail = Open();
        await FollowAsync(trail, 2, first, ulong.MaxValue);
        Assert.Equal((1, true), (_fetched, trail.Took(1, s_worker)));
    }

    [Fact]
    public async Task A_changed_folder_is_refused()
    {
        TrainingOutcome first = Add(1, null, s_worker), second = Add(2, first, s_worker);
        await FollowAsync(Open(), 3, second);
        string[] files = [.. Directory.EnumerateFiles(_folder, "*.cose", SearchOption.AllDirectories).Order(StringComparer.Ordinal)];
        File.Delete(files[0]);
        Assert.Throws<InvalidDataException>(() => Open());
    }

    private OutcomeTrail Open() => new(_folder, statement => TrainingOutcome.TryParse(statement.Span, _key, out TrainingOutcome? outcome, out _) ? outcome : null);

    private TrainingOutcome Add(ulong round, TrainingOutcome? before, params WorkerKey[] workers)
    {
        byte[] message = new TrainingOutcome
        {
            IssuedAt = DateTimeOffset.UnixEpoch,
            Run = new byte[32],
            Validator = TrainingRequest.NameOf(CoseKey.From(_key)),
            Round = round,
            BaseModelRoot = new byte[32],
            ResultDigest = new byte[32],
            AggregateRoot = new byte[32],
            NextModelRoot = new byte[32],
            Verdicts = [.. workers.Order().Select(static worker => new OutcomeVerdict(worker.Bytes.ToArray(), OutcomeVerdict.Accepted, 0, 0))],
            Previous = before?.Digest,
        }.Sign(_key, out _);
        _shown[round] = message;
        Assert.True(TrainingOutcome.TryParse(message, _key, out TrainingOutcome? outcome, out _));
        return outcome;
    }

    private Task FollowAsync(OutcomeTrail trail, ulong round, TrainingOutcome? last, ulong? outcomeRound = null)
    {
        RoundSettings settings = new()
        {
            Round = round,
            BaseModelRoot = new byte[32],
            Beacon = new byte[32],
            NumericProfile = "f32",
            Members = [],
            Quorum = 1,
            CommitTime = TimeSpan.FromHours(1),
            RevealTime = TimeSpan.FromHours(1),
            Patience = TimeSpan.Zero,
            MostGradientBytes = 1,
            LastOutcome = last?.Digest,
        };
        return trail.FollowAsync(settings, outcomeRound ?? last?.Round ?? 0, asked =>
        {
            _fetched++;
            return Task.FromResult(_shown.GetValueOrDefault(asked));
        });
    }
}
