using System.Text.Json;
using Verathos.Attestation.Verdicts;
using Verathos.Host.Cli;
using Verathos.Host.Training;
using Verathos.Protocol.Keys;
using Verathos.Protocol.Receipts;
using Verathos.Training;
using Verathos.Training.Records;
using Verathos.Training.Rounds;

namespace Verathos.Host.Tests.Training;

public sealed class WorkerChainsTests : IDisposable
{
    private readonly SmallRun _run = new();
    private readonly List<ShownRecord?> _coordinators = [];
    private readonly List<ulong> _asked = [];

    public void Dispose() => _run.Dispose();

    public static TheoryData<string> WrongLinks => ["keyset", "record", "keyset of another", "worker", "evidence", "profile", "beacon", "round", "simulated"];

    [Fact]
    public async Task Each_record_follows_the_last_one_also_after_rounds_that_did_not_take_one_and_after_a_restart()
    {
        SmallRun.Member member = await _run.MemberAsync();
        ShownRecord[] records = await TrainAsync(member, 6);
        Assert.Null(await TakeAsync(Open(), 1, records[0]));
        Assert.Null(await TakeAsync(Open(), 1, records[0]));

        // Two rounds went without it; it shows what it signed in them.
        Assert.Null(await TakeAsync(Open(), 4, records[3], records[1], records[2]));
        Assert.Empty(_asked);

        // A round in which another validator judged: the coordinator has what is missing.
        _coordinators.AddRange(records[..5]);
        Assert.Null(await TakeAsync(Open(), 6, records[5]));
        Assert.Equal([3ul], _asked);

        // A validator that begins now takes all of them.
        Assert.Null(await TakeAsync(Open("another"), 6, records[5]));
        Assert.Equal([3ul, 0ul], _asked);
        Assert.Equal(records[5].Signed.Message.ToArray(), new RecordBook(_run.In("another")).At(member.Key, 6)!.Signed.Message.ToArray());
    }

    [Fact]
    public async Task A_hole_is_named_until_it_is_filled()
    {
        ShownRecord[] records = await TrainAsync(await _run.MemberAsync(), 3);
        WorkerChains chains = Open();
        Assert.Null(await TakeAsync(chains, 1, records[0]));
        Assert.Equal("chain.counter", await TakeAsync(chains, 3, records[2]));
        _coordinators.AddRange([records[0], records[2]]);
        Assert.Equal("chain.counter", await TakeAsync(chains, 3, records[2]));

        // The coordinator has the first one and the worker shows the second.
        Assert.Null(await TakeAsync(Open("another"), 3, records[2], records[1]));

        _coordinators.Insert(1, records[1]);
        Assert.Null(await TakeAsync(chains, 3, records[2]));
    }

    [Fact]
    public async Task A_record_that_names_another_one_before_it_does_not_follow()
    {
        SmallRun.Member member = await _run.MemberAsync();
        ShownRecord[] records = await TrainAsync(member, 2);
        WorkerChains chains = Open();
        Assert.Null(await TakeAsync(chains, 1, records[0]));
        ShownRecord other = await member.ShowAsync(member.Forge(static record => record with { Previous = new byte[32] }));

        // Nobody shows the other one that it names, so there is nothing to prove, and nothing to take either.
        _coordinators.Add(records[0]);
        Assert.Equal("chain.previous", await TakeAsync(chains, 2, other));
        Assert.False(new EquivocationFolder(_run.In("validator-run")).Has(member.Key));
        Assert.Null(await TakeAsync(chains, 2, records[1]));
    }

    [Fact]
    public async Task A_record_of_a_round_that_was_is_none_of_this_one()
    {
        SmallRun.Member member = await _run.MemberAsync();
        ShownRecord[] records = await TrainAsync(member, 2);
        WorkerChains chains = Open();
        Assert.Null(await TakeAsync(chains, 2, records[1], records[0]));
        Assert.Equal("chain.counter", await TakeAsync(chains, 2, records[0]));
    }

    [Theory]
    [MemberData(nameof(WrongLinks))]
    public async Task A_link_that_does_not_stand_by_itself_is_named(string what)
    {
        SmallRun.Member member = await _run.MemberAsync();
        ShownRecord[] records = await TrainAsync(member, 3);
        ShownRecord link = records[1];
        byte[] Forged(Func<TrainingRecord, TrainingRecord> change) => member.Forge(record => change(record with { Counter = 2, Previous = Claims(records[0]).Digest, Round = 2, Beacon = _run.Run.BeaconOf(2) }));
        ShownRecord? wrong = what switch
        {
            "keyset" => null,
            "record" => link with { Signed = link.Signed with { Message = (byte[])[.. link.Signed.Message.Span[..^1], (byte)(link.Signed.Message.Span[^1] ^ 1)] } },
            "keyset of another" => await member.ShowAsync(Forged(static record => record with { KeysetDigest = new byte[32] })),
            "worker" => await member.ShowAsync(Forged(static record => record with { Worker = new byte[32] })),
            "evidence" => link with { Evidence = link.Evidence with { Nonce = new byte[32] } },
            "profile" => await member.ShowAsync(Forged(static record => record with { NumericProfile = "another" })),
            "beacon" => await member.ShowAsync(Forged(static record => record with { Beacon = new byte[32] })),
            "round" => await member.ShowAsync(Forged(record => record with { Round = 3, Beacon = _run.Run.BeaconOf(3) })),
            _ => await member.ShowAsync(Forged(static record => record with { Simulated = false })),
        };
        WorkerChains chains = Open();
        Assert.Null(await TakeAsync(chains, 1, records[0]));
        string? found = await TakeAsync(chains, 3, records[2], wrong);

        // A second record of the round that is under way is the proof of two histories.
        Assert.Equal(what == "round" ? "equivocation" : "chain." + what.Split(' ')[0], found);
        if (what != "round")
        {
            Assert.Null(await TakeAsync(chains, 3, records[2], link));
        }
    }

    [Theory]
    [InlineData("number")]
    [InlineData("round")]
    [InlineData("both in one reveal")]
    [InlineData("the coordinator has the other")]
    public async Task Two_histories_are_proved_and_the_worker_is_left_out_from_then_on(string what)
    {
        SmallRun.Member member = await _run.MemberAsync();
        ShownRecord[] records = await TrainAsync(member, 3);
        ShownRecord other = await member.ShowAsync(member.Forge(record => record with
        {
            Counter = what == "round" ? 3ul : 2ul,
            Previous = Claims(records[what == "round" ? 1 : 0]).Digest,
            Round = what == "number" ? 3ul : 2ul,
            Beacon = _run.Run.BeaconOf(what == "number" ? 3ul : 2ul),
            GradientRoot = new byte[32],
        }));
        WorkerChains chains = Open();
        Assert.Null(await TakeAsync(chains, 1, records[0]));
        if (what is "number" or "round")
        {
            Assert.Null(await TakeAsync(chains, 2, records[1]));
            Assert.Equal("equivocation", await TakeAsync(chains, what == "number" ? 3ul : 2ul, other));
        }
        else if (what == "both in one reveal")
        {
            Assert.Equal("equivocation", await TakeAsync(chains, 3, records[2], records[1], other));
        }
        else
        {
            // Its next record follows the one that this validator has not seen.
            Assert.Null(await TakeAsync(chains, 2, records[1]));
            ShownRecord next = await member.ShowAsync(member.Forge(record => record with { Previous = Claims(other).Digest }));
            _coordinators.AddRange([records[0], other]);
            Assert.Equal("equivocation", await TakeAsync(chains, 3, next));
        }

        // Also what is right, also after a restart.
        Assert.Equal("equivocation", await TakeAsync(Open(), 3, records[2], records[1]));
        string file = new EquivocationFolder(_run.In("validator-run")).PathOf(member.Key);
        Assert.True(WorkerEquivocation.TryDecode(File.ReadAllBytes(file), out WorkerEquivocation? proof));
        Assert.Null(proof.Verify(_run.Run, _run.Check(), TimeSource.Asserted, out TrainingRecord? first, out TrainingRecord? second));
        Assert.True(RecordChain.ProveEquivocation(first!, second!));
    }

    [Fact]
    public async Task A_proof_of_two_histories_convinces_nobody_once_it_is_changed()
    {
        SmallRun.Member member = await _run.MemberAsync(), stranger = await _run.MemberAsync();
        ShownRecord[] records = await TrainAsync(member, 2);
        ShownRecord other = await member.ShowAsync(member.Forge(static record => record with { GradientRoot = new byte[32] }));
        WorkerEquivocation proof = new(_run.Run.Id, records[1], other);
        string? Verify(WorkerEquivocation changed, JoinCheck? check = null) => changed.Verify(_run.Run, check ?? _run.Check(), TimeSource.Asserted, out _, out _);
        Assert.Null(Verify(proof));
        Assert.Contains("not two of one worker", Verify(proof with { Second = records[0] }), StringComparison.Ordinal);
        Assert.Contains("not two of one worker", Verify(proof with { Second = records[1] }), StringComparison.Ordinal);
        Assert.Contains("another run", Verify(proof with { Run = new byte[32] }), StringComparison.Ordinal);
        Assert.Contains("not one of the keyset", Verify(proof with { Second = other with { Signed = other.Signed with { Keyset = stranger.Enclave.Keyset } } }), StringComparison.Ordinal);
        MemberEvidence strangers = await stranger.EvidenceAsync();
        Assert.Contains("Identity", Verify(proof with { First = records[1] with { Evidence = strangers } }), StringComparison.Ordinal);
        Assert.Contains("Evidence", Verify(proof with { Second = other with { Evidence = other.Evidence with { Nonce = new byte[32] } } }), StringComparison.Ordinal);
        Assert.Contains("Simulated", Verify(proof, _run.Check(allow: false)), StringComparison.Ordinal);
        Assert.False(WorkerEquivocation.TryDecode(proof.Encode().AsSpan(1), out _));
        Assert.False(WorkerEquivocation.TryDecode([.. proof.Encode(), 0], out _));

        // Evidence of the same worker for another keyset of its.
        using System.Security.Cryptography.ECDsa same = System.Security.Cryptography.ECDsa.Create(member.Hotkey.ExportParameters(true));
        SmallRun.Member again = await _run.MemberAsync(hotkey: same);
        MemberEvidence later = await again.EvidenceAsync();
        Assert.Contains("another keyset", Verify(proof with { Second = other with { Evidence = later } }), StringComparison.Ordinal);

        // The verb says the same.
        string run = _run.In("run.json"), file = _run.In("proof.cbor");
        File.WriteAllBytes(run, _run.Bytes);
        File.WriteAllBytes(file, proof.Encode());
        string[] verb = ["train", "equivocation", file, "--run", run, "--allow-simulated", "--trust-anchor", _run.In("authorities"), "--json"];
        (int code, JsonElement said) = await VerbAsync(verb);
        Assert.Equal((0, true, member.Key.ToString()), (code, said.GetProperty("proved").GetBoolean(), said.GetProperty("worker").GetString()));
        File.WriteAllBytes(file, (proof with { Second = records[0] }).Encode());
        (code, said) = await VerbAsync(verb);
        Assert.Equal(((int)ExitCode.Rejected, false), (code, said.GetProperty("proved").GetBoolean()));
        File.WriteAllBytes(file, proof.Encode()[1..]);
        (code, _) = await VerbAsync(verb);
        Assert.Equal((int)ExitCode.Malformed, code);
    }

    [Fact]
    public async Task A_damaged_proof_never_throws_and_has_one_encoding()
    {
        SmallRun.Member member = await _run.MemberAsync();
        ShownRecord[] records = await TrainAsync(member, 2);
        byte[] proof = new WorkerEquivocation(_run.Run.Id, records[1], await member.ShowAsync(member.Forge(static record => record with { GradientRoot = new byte[32] }))).Encode();
        Random random = new(7);
        int decoded = 0, verified = 0;
        for (int i = 0; i < 2000; i++)
        {
            byte[] damaged = Damage(proof, random);
            if (WorkerEquivocation.TryDecode(damaged, out WorkerEquivocation? read))
            {
                Assert.Equal(damaged, read.Encode());
                if (decoded++ % 16 == 0)
                {
                    verified += read.Verify(_run.Run, _run.Check(), TimeSource.Asserted, out _, out _) is null ? 1 : 0;
                }
            }
        }

        // Most bytes are in signatures, certificates and digests; what a change may leave true is the time that its maker asserts.
        Assert.InRange(decoded, 100, 1999);
        Assert.InRange(verified, 0, decoded / 64);
    }

    [Fact]
    public async Task A_changed_book_is_refused()
    {
        SmallRun.Member member = await _run.MemberAsync();
        ShownRecord[] records = await TrainAsync(member, 2);
        Assert.Null(await TakeAsync(Open(), 2, records[1], records[0]));
        string[] files = [.. Directory.EnumerateFiles(_run.In("validator-run"), "0???????.cbor", SearchOption.AllDirectories).Order(StringComparer.Ordinal)];
        Assert.Equal(2, files.Length);
        File.Copy(files[0], files[1], overwrite: true);
        Assert.Throws<InvalidDataException>(() => Open());
    }

    [Fact]
    public async Task A_keyset_that_has_ended_still_vouches_for_what_it_signed_and_for_nothing_new()
    {
        SmallRun.Member member = await _run.MemberAsync();
        ShownRecord[] records = await TrainAsync(member, 1);
        Later later = new(TimeSpan.FromHours(3));
        VouchedKeysets keysets = new(_run.Run, _run.Check(), SmallRun.FirstRoot, later);
        Assert.NotEqual(JoinReply.Joined, keysets.Now(member.Key, member.Enclave.Keyset, records[0].Evidence).Reply);
        Assert.Equal((JoinReply.Joined, true), keysets.Then(member.Key, member.Enclave.Keyset, records[0].Evidence));
        Assert.NotEqual(JoinReply.Joined, keysets.Now(member.Key, member.Enclave.Keyset, records[0].Evidence).Reply);

        // A nonce that is said to have been made after the keyset's end, or later than now, proves nothing.
        foreach (double hours in (double[])[2, 4])
        {
            VouchedKeysets fresh = new(_run.Run, _run.Check(), SmallRun.FirstRoot, later);
            Assert.NotEqual(JoinReply.Joined, fresh.Then(member.Key, member.Enclave.Keyset, records[0].Evidence with { RequestedAt = records[0].Evidence.RequestedAt.AddHours(hours) }).Reply);
        }
    }

    private static TrainingRecord Claims(ShownRecord shown) => RecordChain.Read(shown.Signed, out TrainingRecord? record) == RecordChainError.None ? record! : throw new InvalidDataException();

    private static async Task<(int Code, JsonElement Said)> VerbAsync(string[] arguments)
    {
        using StringWriter output = new(), error = new();
        int code = await Application.RunAsync(arguments, output, error, TestContext.Current.CancellationToken);
        return (code, JsonDocument.Parse(output.ToString()).RootElement);
    }

    // One record for each round from the first on.
    private async Task<ShownRecord[]> TrainAsync(SmallRun.Member member, int rounds)
    {
        List<ShownRecord> shown = [];
        for (ulong round = 1; round <= (ulong)rounds; round++)
        {
            member.Train(round, _run.Run.BeaconOf(round), SmallRun.FirstRoot);
            shown.Add(await member.ShowAsync());
        }

        return [.. shown];
    }

    private WorkerChains Open(string folder = "validator-run") => new(
        _run.Run, new VouchedKeysets(_run.Run, _run.Check(), SmallRun.FirstRoot, TimeProvider.System), new RecordBook(_run.In(folder)), new EquivocationFolder(_run.In(folder)),
        (_, after, _) =>
        {
            _asked.Add(after);
            return Task.FromResult<IReadOnlyList<ShownRecord?>>([.. _coordinators.Where(record => Claims(record!).Counter > after)]);
        });

    private Task<string?> TakeAsync(WorkerChains chains, ulong round, ShownRecord own, params ShownRecord?[] links)
    {
        Keyset keyset = own.Signed.Keyset;
        WorkerKey worker = new(Claims(own).Worker.Span);
        RoundSettings settings = _run.SettingsOf(round, [new RoundMember(worker, keyset, 0, null)]);
        return chains.TakeAsync(settings, worker, own, links, TestContext.Current.CancellationToken);
    }

    private sealed class Later(TimeSpan by) : TimeProvider
    {
        public override DateTimeOffset GetUtcNow() => System.GetUtcNow() + by;
    }

    // A bit turned, a piece cut out, or a piece written twice.
    private static byte[] Damage(byte[] bytes, Random random)
    {
        int at = random.Next(bytes.Length), length = Math.Min(random.Next(1, 40), bytes.Length - at);
        switch (random.Next(4))
        {
            case 0:
                return [.. bytes[..at], .. bytes[(at + length)..]];
            case 1:
                return [.. bytes[..(at + length)], .. bytes[at..]];
            default:
                byte[] turned = [.. bytes];
                turned[at] ^= (byte)(1 << random.Next(8));
                return turned;
        }
    }
}
