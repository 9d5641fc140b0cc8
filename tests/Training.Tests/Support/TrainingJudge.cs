using System.Security.Cryptography;
using Verathos.Protocol.Hpke;
using Verathos.Protocol.Keys;
using Verathos.Protocol.Receipts;
using Verathos.Training.Rounds;
using Verathos.Training.Sealing;

namespace Verathos.Training.Tests.Support;

/// <summary>A validator with keys whose outcomes are made up and signed like a real one's.</summary>
internal sealed class TrainingJudge : IDisposable
{
    public static readonly byte[] Aggregate = SparseAggregate.Encode(new SparseVector(8, [1, 5], [0.5, -2]));

    private readonly ECDsa _signing = ECDsa.Create(ECCurve.NamedCurves.nistP256);

    public TrainingJudge()
    {
        SealKey = HpkePrivateKey.Generate(HpkeKem.X25519);
        Public = new RoundValidator(CoseKey.From(_signing), SealRecipient.Of(SealKey));
    }

    public HpkePrivateKey SealKey { get; }

    public RoundValidator Public { get; }

    public TrainingOutcome About(RoundSettings settings, RoundResult result) => new()
    {
        IssuedAt = TrainingWorker.Start,
        Run = settings.Run,
        Validator = Public.Name,
        Round = settings.Round,
        BaseModelRoot = settings.BaseModelRoot,
        ResultDigest = result.ContentDigest(),
        AggregateRoot = SparseAggregate.Root(Aggregate),
        NextModelRoot = SHA256.HashData("the next model"u8),
        Verdicts = [.. result.Contributions.Select(contribution => new OutcomeVerdict(contribution.Worker.Bytes.ToArray(), OutcomeVerdict.Accepted, 0.25, 7))],
        Losses = (4.5, 4.25),
        Previous = settings.LastOutcome,
    };

    public byte[] Sign(TrainingOutcome outcome) => outcome.Sign(_signing, out _);

    public void Dispose()
    {
        _signing.Dispose();
        SealKey.Dispose();
    }
}
