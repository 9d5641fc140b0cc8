using Google.Protobuf;
using Verathos.GpuRuntime.Training;
using Verathos.Host.Training;
using Verathos.Protocol.Grpc;
using Verathos.Protocol.Receipts;
using Verathos.Training;
using Verathos.Training.Rounds;

namespace Verathos.Host.Tests.Training;

public sealed class RevealReaderTests : IDisposable
{
    private readonly SmallRun _run = new();

    public void Dispose() => _run.Dispose();

    public static TheoryData<string> Wrongs =>
    [
        "evidence.evidence", "record.keyset", "record.keyset boot", "record.keyset early", "record.keyset late", "record.simulated", "record.worker", "record.round", "record.base-model",
        "record.beacon", "record.profile", "record.steps", "seal.malformed", "seal.key", "seal.gradient-root",
    ];

    public static TheoryData<string> NoRounds => ["worker's length", "nobody", "keyset", "record", "signature", "twice"];

    [Theory]
    [MemberData(nameof(Wrongs))]
    public async Task What_is_wrong_with_a_reveal_is_named_and_is_its_workers_alone(string what)
    {
        SmallRun.Member good = await TrainedAsync(), bad = await TrainedAsync();
        RevealedMessage wrong = await MessageAsync(bad);
        DateTimeOffset begun = bad.Enclave.Keyset.NotBefore, ended = bad.Enclave.Keyset.NotAfter;
        switch (what)
        {
            case "evidence.evidence":
                wrong.Nonce = ByteString.CopyFrom(new byte[32]);
                break;
            case "seal.malformed":
                wrong.SealedGradient = ByteString.CopyFrom(new byte[10]);
                break;
            case "seal.key":
                wrong.SealedGradient = ByteString.CopyFrom(good.Box);
                break;
            case "seal.gradient-root":
                byte[] record = bad.Forge(static record => record with { GradientRoot = new byte[32] });
                wrong.Record = ByteString.CopyFrom(record);
                wrong.SealedGradient = ByteString.CopyFrom(bad.SealTo(record));
                break;
            default:
                wrong.Record = ByteString.CopyFrom(bad.Forge(record => what switch
                {
                    "record.keyset" => record with { KeysetDigest = good.Enclave.Keyset.Digest },
                    "record.keyset boot" => record with { BootId = new byte[16] },
                    "record.keyset early" => record with { IssuedAt = begun.AddSeconds(-1) },
                    "record.keyset late" => record with { IssuedAt = ended.AddSeconds(1) },
                    "record.simulated" => record with { Simulated = false },
                    "record.worker" => record with { Worker = good.Key.Bytes.ToArray() },
                    "record.round" => record with { Round = 2 },
                    "record.base-model" => record with { BaseModelRoot = new byte[32] },
                    "record.beacon" => record with { Beacon = new byte[32] },
                    "record.profile" => record with { NumericProfile = "another" },
                    "record.steps" => record with { Losses = [2] },
                    _ => throw new ArgumentOutOfRangeException(nameof(what)),
                }));
                break;
        }

        IReadOnlyList<ReadReveal> read = Reader().Read(_run.SettingsOf(1, good, bad), [wrong, await MessageAsync(good)]);
        ReadReveal its = read.Single(one => one.Contribution.Worker == bad.Key), other = read.Single(one => one.Contribution.Worker == good.Key);

        // A gradient that does not open is no reason not to follow the chain of who signed it.
        Assert.Equal((what.Split(' ')[0], what.StartsWith("seal.", StringComparison.Ordinal)), (its.Fault, its.IsVouched));
        Assert.Null(its.Gradient);
        Assert.Equal((null, true), (other.Fault, other.IsVouched));
        Assert.NotNull(other.Gradient);
    }

    [Theory]
    [MemberData(nameof(NoRounds))]
    public async Task Reveals_that_no_round_has_are_none(string what)
    {
        SmallRun.Member member = await TrainedAsync();
        RevealedMessage message = await MessageAsync(member);
        List<RevealedMessage> messages = [message];
        RoundSettings settings = _run.SettingsOf(1, member);
        Assert.Null(Assert.Single(Reader().Read(settings, messages)).Fault);
        switch (what)
        {
            case "worker's length":
                message.Worker = ByteString.CopyFrom(member.Key.Bytes[..31]);
                break;
            case "nobody":
                settings = _run.SettingsOf(1, await TrainedAsync());
                break;
            case "keyset":
                message.Keyset = ByteString.CopyFrom(message.Keyset.Span[1..]);
                break;
            case "record":
                message.Record = ByteString.Empty;
                break;
            case "signature":
                message.Record = ByteString.CopyFrom([.. message.Record.Span[..^1], (byte)(message.Record.Span[^1] ^ 1)]);
                break;
            default:
                messages.Add(message.Clone());
                break;
        }

        Assert.Throws<TrainingException>(() => Reader().Read(settings, messages));
    }

    private RevealReader Reader() =>
        new(_run.Run, new VouchedKeysets(_run.Run, _run.Check(), SmallRun.FirstRoot, TimeProvider.System), _run.Keys, RequestBodies.MostGradientBytes(SmallRun.Layout));

    private async Task<SmallRun.Member> TrainedAsync()
    {
        SmallRun.Member member = await _run.MemberAsync();
        member.Train(1, _run.Run.BeaconOf(1), SmallRun.FirstRoot);
        return member;
    }

    private static async Task<RevealedMessage> MessageAsync(SmallRun.Member member)
    {
        MemberEvidence evidence = await member.EvidenceAsync();
        return new RevealedMessage
        {
            Worker = ByteString.CopyFrom(member.Key.Bytes),
            Record = ByteString.CopyFrom(member.Record),
            SealedGradient = ByteString.CopyFrom(member.Box),
            Keyset = ByteString.CopyFrom(member.Enclave.Keyset.Encoded.Span),
            Evidence = ByteString.CopyFrom(evidence.Raw.Span),
            Nonce = ByteString.CopyFrom(evidence.Nonce.Span),
            RequestedAtMs = evidence.RequestedAt.ToUnixTimeMilliseconds(),
        };
    }
}
