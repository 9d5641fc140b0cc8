using System.Security.Cryptography;
using Microsoft.Extensions.DependencyInjection;
using Verathos.Attestation.Binding;
using Verathos.Attestation.Policies;
using Verathos.GpuRuntime.Training;
using Verathos.Host.Training;
using Verathos.Protocol.Grpc;
using Verathos.Protocol.Keys;
using Verathos.Training.Records;
using Verathos.Training.Rounds;

namespace Verathos.Host.Tests.Training;

public sealed class CoordinatorTests
{
    public static TheoryData<string> Refused => ["Request", "Nonce", "Nonce used", "NotAllowed", "Evidence", "Simulated", "Identity", "Identity of another run", "Model", "Profile", "Keyset", "Address"];

    [Theory]
    [MemberData(nameof(Refused))]
    public async Task Every_refusal_of_a_join_has_its_name(string what)
    {
        using SmallRun run = new(what == "NotAllowed" ? [new string('1', 64), new string('2', 64), new string('3', 64)] : null);
        using ECDsa hotkey = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using ECDsa stranger = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        byte[] key = Protocol.Receipts.TrainingRequest.NameOf(CoseKey.From(hotkey));
        JoinCheck check = what switch
        {
            "Evidence" => new JoinCheck(Policy.BuiltIn("tdx-h100"), () => Attestation.TrustAnchors.Production, AllowSimulated: true),
            "Simulated" => run.Check(allow: false),
            _ => run.Check(),
        };
        Clock clock = new();
        (CoordinatorStore store, Coordinator coordinator) = run.Open(check, clock);
        using (store)
        using (coordinator)
        {
            SmallRun.Member member = await run.MemberAsync(
                what switch
                {
                    "Identity" => new NodeIdentity(run.Run.Id, 0, new byte[32]),
                    "Identity of another run" => new NodeIdentity(new byte[32], 0, key),
                    _ => null,
                },
                what == "Model" ? new byte[32] : null, what == "Profile" ? "train-f32-other/1" : null, hotkey);
            if (what == "Keyset")
            {
                // Before, the evidence holds; after, the policy refuses it.
                clock.At = member.Enclave.Keyset.NotAfter;
            }

            byte[] nonce = what == "Nonce" ? new byte[32] : coordinator.MakeNonce()!;
            if (what == "Nonce used")
            {
                Assert.Equal(JoinReply.Joined, await member.JoinAsync(coordinator, nonce));
            }

            JoinReply reply = await member.JoinAsync(coordinator, nonce, what == "Address" ? "file:///etc" : "http://127.0.0.1:9", what == "Request" ? stranger : null);
            Assert.Equal(Enum.Parse<JoinReply>(what.Split(' ')[0]), reply);
            Assert.Equal(what == "Nonce used" ? 1 : 0, coordinator.Progress.Members);
        }
    }

    [Fact]
    public async Task No_more_workers_join_than_may()
    {
        using SmallRun run = new();
        (CoordinatorStore store, Coordinator coordinator) = run.Open();
        using (store)
        using (coordinator)
        {
            for (int i = 0; i < 4; i++)
            {
                Assert.Equal(JoinReply.Joined, await (await run.MemberAsync()).JoinAsync(coordinator));
            }

            Assert.Equal(JoinReply.Full, await (await run.MemberAsync()).JoinAsync(coordinator));
            Assert.Equal((1ul, "committing"), (coordinator.Progress.Round, coordinator.Progress.Phase));
        }
    }

    [Fact]
    public async Task Who_does_not_sign_for_a_worker_does_not_speak_for_it()
    {
        using SmallRun run = new();
        (CoordinatorStore store, Coordinator coordinator) = run.Open();
        using (store)
        using (coordinator)
        {
            SmallRun.Member[] members = await JoinAsync(run, coordinator);
            RoundSettings settings = Settings(run, coordinator);
            Array.ForEach(members, member => member.Train(settings));
            Assert.Equal(RoundReply.Request, members[0].Commit(coordinator, members[1].Hotkey));
            Assert.Equal(RoundReply.Request, coordinator.Commit(members[0].Key, members[0].Commitment, run.Sign(members[0].Hotkey, "commit", 1, new byte[32])));
            Assert.Equal(RoundReply.Request, coordinator.Commit(members[0].Key, members[0].Commitment, run.Sign(members[0].Hotkey, "commit", 2, members[0].Commitment)));
            Assert.Equal(RoundReply.Request, coordinator.Commit(members[0].Key, members[0].Commitment, run.Sign(members[0].Hotkey, "reveal", 1, members[0].Commitment)));
            Assert.All(members, member => Assert.Equal(RoundReply.Taken, member.Commit(coordinator)));
            Assert.Equal(RoundReply.Request, members[0].Reveal(coordinator, members[1].Hotkey));
            Assert.All(members, member => Assert.Equal(RoundReply.Taken, member.Reveal(coordinator)));

            // Reveals are the validators'.
            Assert.Null(coordinator.Reveals(1, run.Sign(members[0].Hotkey, "reveals", 1, [])));
            Assert.Null(coordinator.Reveals(2, run.Sign(run.Keys.Owner.Signing, "reveals", 2, [])));
            Assert.Equal(3, coordinator.Reveals(1, run.Sign(run.Keys.Owner.Signing, "reveals", 1, []))!.Count);
        }
    }

    [Fact]
    public async Task Stopped_anywhere_a_run_goes_on_to_the_same_model()
    {
        using SmallRun whole = new();
        (byte[] expected, int steps) = await PlayAsync(whole, -1);
        for (int stop = 0; stop < steps; stop += 3)
        {
            using SmallRun run = new();
            Assert.Equal(expected, (await PlayAsync(run, stop)).Root);
        }
    }

    [Fact]
    public async Task A_worker_that_comes_back_in_a_round_reveals_under_the_keyset_that_it_had()
    {
        using SmallRun run = new();
        (CoordinatorStore store, Coordinator coordinator) = run.Open();
        using (store)
        using (coordinator)
        {
            SmallRun.Member[] members = await JoinAsync(run, coordinator);
            RoundSettings settings = Settings(run, coordinator);
            Array.ForEach(members, member => member.Train(settings));
            Assert.All(members, member => Assert.Equal(RoundReply.Taken, member.Commit(coordinator)));
            using ECDsa same = ECDsa.Create(members[0].Hotkey.ExportParameters(true));
            SmallRun.Member again = await run.MemberAsync(hotkey: same);
            Assert.Equal(JoinReply.Joined, await again.JoinAsync(coordinator));
            Assert.Equal(again.Enclave.Keyset.Digest.ToArray(), coordinator.Of(again.Key).Keyset.ToArray());
            Assert.All(members, member => Assert.Equal(RoundReply.Taken, member.Reveal(coordinator)));
        }
    }

    [Fact]
    public async Task An_outcome_that_leads_to_another_model_than_it_names_is_refused()
    {
        using SmallRun run = new();
        (CoordinatorStore store, Coordinator coordinator) = run.Open();
        using (store)
        using (coordinator)
        {
            await PlayRoundAsync(run, () => coordinator, await JoinAsync(run, coordinator), judge: false);
            RoundSettings settings = Settings(run, coordinator);
            RoundResult result = Result(run, coordinator);
            (byte[] wrong, byte[] aggregate) = run.Judge(settings, result, SmallRun.First, wrongModel: true);
            Assert.Equal(RoundReply.NextModel, coordinator.Judge(wrong, aggregate));
            (byte[] right, _) = run.Judge(settings, result, SmallRun.First);
            Assert.Equal(RoundReply.Aggregate, coordinator.Judge(right, aggregate.AsMemory(1)));
            Assert.Equal(RoundReply.Statement, coordinator.Judge(right.AsMemory(1), aggregate));
            Assert.Equal(RoundReply.Taken, coordinator.Judge(right, aggregate));
            Assert.Equal((2ul, "committing", 1ul), (coordinator.Progress.Round, coordinator.Progress.Phase, coordinator.Progress.OutcomeRound));
            Assert.Equal(right, coordinator.Outcome(1)!.Value.Statement.ToArray());
        }
    }

    [Fact]
    public async Task An_outcome_of_a_round_that_is_over_comes_too_late()
    {
        using SmallRun run = new();
        (CoordinatorStore store, Coordinator coordinator) = run.Open();
        using (store)
        using (coordinator)
        {
            SmallRun.Member[] members = await JoinAsync(run, coordinator);
            await PlayRoundAsync(run, () => coordinator, members, judge: false);
            (byte[] statement, byte[] aggregate) = run.Judge(Settings(run, coordinator), Result(run, coordinator), SmallRun.First);
            Assert.Equal(RoundReply.Taken, coordinator.Judge(statement, aggregate));
            Assert.Equal(RoundReply.TooLate, coordinator.Judge(statement, aggregate));
            await PlayRoundAsync(run, () => coordinator, members, judge: false);
            Assert.Equal("judging", coordinator.Progress.Phase);
            Assert.Equal(RoundReply.TooLate, coordinator.Judge(statement, aggregate));
            (byte[] last, byte[] of) = run.Judge(Settings(run, coordinator), Result(run, coordinator), FlatModel.FromBytes(coordinator.Model(2)!));
            Assert.Equal(RoundReply.Taken, coordinator.Judge(last, of));
            Assert.Equal(RunProgress.Finished, coordinator.Progress.Phase);
            Assert.Equal(RoundReply.TooLate, coordinator.Judge(last, of));
        }
    }

    [Fact]
    public async Task Records_that_no_round_took_are_relayed_with_the_next_one_and_kept()
    {
        using SmallRun run = new(rounds: 3, revealSeconds: 60);
        Clock clock = new();
        (CoordinatorStore store, Coordinator coordinator) = run.Open(time: clock);
        SmallRun.Member[] members = await JoinAsync(run, coordinator);
        RoundSettings settings = Settings(run, coordinator);
        Array.ForEach(members, member => member.Train(settings));
        Assert.All(members, member => Assert.Equal(RoundReply.Taken, member.Commit(coordinator)));
        Assert.All(members[1..], member => Assert.Equal(RoundReply.Taken, member.Reveal(coordinator)));
        clock.Ahead = TimeSpan.FromSeconds(61);
        coordinator.Step();
        (byte[] statement, byte[] aggregate) = run.Judge(settings, Result(run, coordinator), SmallRun.First);
        Assert.Equal(RoundReply.Taken, coordinator.Judge(statement, aggregate));
        byte[] missed = members[0].Record;
        settings = Settings(run, coordinator);
        Array.ForEach(members, member => member.Train(settings));
        Assert.All(members, member => Assert.Equal(RoundReply.Taken, member.Commit(coordinator)));
        Assert.Equal(RoundReply.Taken, members[0].Reveal(coordinator, null, missed));
        Assert.All(members[1..], member => Assert.Equal(RoundReply.Taken, member.Reveal(coordinator)));
        RelayedReveal reveal = coordinator.Reveals(2, run.Sign(run.Keys.Owner.Signing, "reveals", 2, []))!.Single(one => one.Contribution.Worker == members[0].Key);
        KeptRecord link = Assert.Single(reveal.Links);
        Assert.Equal(missed, link.Signed.Message.ToArray());
        Assert.Equal(members[0].Enclave.Keyset.Digest.ToArray(), link.Signed.Keyset.Digest.ToArray());
        Assert.NotNull(coordinator.Evidence(link.Signed.Keyset.Digest));

        // The same over the network, as a validator reads it.
        CancellationToken cancel = TestContext.Current.CancellationToken;
        await using GrpcServer server = await GrpcServer.StartAsync<CoordinatorService>(
            "http://127.0.0.1:0", 1 << 20, services => services.AddSingleton(coordinator).AddSingleton(new RunFileBytes(run.Bytes)), cancel);
        using CoordinatorClient client = new(server.Address, run.Keys.Owner.Signing, TimeProvider.System, static _ => { });
        await client.GetRunAsync(run.Bytes, cancel);
        IReadOnlyList<RevealedMessage> messages = (await client.GetRevealsAsync(2, cancel))!;
        VouchedKeysets keysets = new(run.Run, run.Check(), SmallRun.FirstRoot, TimeProvider.System);
        RevealReader reader = new(run.Run, keysets, run.Keys, RequestBodies.MostGradientBytes(SmallRun.Layout));
        ReadReveal read = reader.Read(settings, messages).Single(one => one.Contribution.Worker == members[0].Key);
        Assert.Equal((null, true), (read.Fault, read.IsVouched));
        Assert.Equal(missed, Assert.Single(read.Links)!.Signed.Message.ToArray());
        Assert.Equal((JoinReply.Joined, true), keysets.Then(members[0].Key, read.Links[0]!.Signed.Keyset, read.Links[0]!.Evidence));

        // A gradient that does not open is no reason not to follow the chain; evidence that does not hold is.
        RevealedMessage own = messages.Single(message => message.Worker.Span.SequenceEqual(members[0].Key.Bytes));
        RevealedMessage box = own.Clone(), evidence = own.Clone();
        box.SealedGradient = Google.Protobuf.ByteString.CopyFrom(new byte[10]);
        read = Assert.Single(reader.Read(settings, [box]));
        Assert.True(read is { IsVouched: true, Gradient: null } && read.Fault!.StartsWith("seal.", StringComparison.Ordinal), read.Fault);
        evidence.Nonce = Google.Protobuf.ByteString.CopyFrom(new byte[32]);
        reader = new(run.Run, new VouchedKeysets(run.Run, run.Check(), SmallRun.FirstRoot, TimeProvider.System), run.Keys, RequestBodies.MostGradientBytes(SmallRun.Layout));
        read = Assert.Single(reader.Read(settings, [evidence]));
        Assert.Equal(("evidence.evidence", false), (read.Fault, read.IsVouched));

        byte[] Asked(System.Security.Cryptography.ECDsa key, ulong after) => run.Sign(key, "records", 0, RequestBodies.Records(members[0].Key, after));
        IReadOnlyList<KeptRecord>? Records(ulong after) => coordinator.Records(members[0].Key, after, Asked(run.Keys.Owner.Signing, after));
        Assert.Empty(Records(0)!);
        (statement, aggregate) = run.Judge(settings, Result(run, coordinator), FlatModel.FromBytes(coordinator.Model(2)!));
        Assert.Equal(RoundReply.Taken, coordinator.Judge(statement, aggregate));
        IReadOnlyList<ShownRecord?> shown = await client.GetRecordsAsync(members[0].Key, 0, 2, cancel);
        Assert.Equal([missed, members[0].Record], shown.Select(static record => record!.Signed.Message.ToArray()));
        Assert.Equal((JoinReply.Joined, true), keysets.Then(members[0].Key, shown[1]!.Signed.Keyset, shown[1]!.Evidence));
        await Assert.ThrowsAsync<TrainingException>(() => client.GetRecordsAsync(members[0].Key, 0, 1, cancel));
        coordinator.Dispose();
        store.Dispose();
        (store, coordinator) = run.Open(time: clock);
        using (store)
        using (coordinator)
        {
            Assert.Equal([missed, members[0].Record], Records(0)!.Select(static record => record.Signed.Message.ToArray()));
            Assert.Equal(members[0].Record, Assert.Single(Records(1)!).Signed.Message.ToArray());

            // They are the validators', and for what they ask.
            Assert.Null(coordinator.Records(members[0].Key, 0, Asked(members[0].Hotkey, 0)));
            Assert.Null(coordinator.Records(members[0].Key, 0, Asked(run.Keys.Owner.Signing, 1)));
        }
    }

    [Fact]
    public void A_folder_is_one_coordinators_and_one_runs()
    {
        using SmallRun run = new();
        using (CoordinatorStore store = new(run.In("coordinator"), run.Run, run.Bytes))
        {
            Assert.Throws<IOException>(() => new CoordinatorStore(run.In("coordinator"), run.Run, run.Bytes));
        }

        Assert.Throws<InvalidDataException>(() => new CoordinatorStore(run.In("coordinator"), run.Run, [.. run.Bytes, (byte)' ']));
    }

    private sealed class Clock : TimeProvider
    {
        public TimeSpan Ahead { get; set; }

        public DateTimeOffset? At { get; set; }

        public override DateTimeOffset GetUtcNow() => At ?? System.GetUtcNow() + Ahead;
    }

    private static async Task<SmallRun.Member[]> JoinAsync(SmallRun run, Coordinator coordinator)
    {
        SmallRun.Member[] members = [await run.MemberAsync(), await run.MemberAsync(), await run.MemberAsync()];
        foreach (SmallRun.Member member in members)
        {
            Assert.Equal(JoinReply.Joined, await member.JoinAsync(coordinator));
        }

        Assert.Equal("committing", coordinator.Progress.Phase);
        return members;
    }

    private static RoundSettings Settings(SmallRun run, Coordinator coordinator) =>
        RoundSettingsEncoding.TryParse(coordinator.Settings(0), run.Run.RoundValidators, out RoundSettings? settings) ? settings : throw new InvalidDataException();

    private static RoundResult Result(SmallRun run, Coordinator coordinator)
    {
        ulong round = coordinator.Progress.Round;
        return new RoundResult(round, [.. coordinator.Reveals(round, run.Sign(run.Keys.Owner.Signing, "reveals", round, []))!.Select(static reveal => reveal.Contribution)], [], []);
    }

    private static Task PlayRoundAsync(SmallRun run, Func<Coordinator> alive, SmallRun.Member[] members, bool judge = true)
    {
        RoundSettings settings = Settings(run, alive());
        Array.ForEach(members, member => member.Train(settings));
        foreach (SmallRun.Member member in members)
        {
            Assert.Equal(RoundReply.Taken, member.Commit(alive()));
        }

        foreach (SmallRun.Member member in members)
        {
            Assert.Equal(RoundReply.Taken, member.Reveal(alive()));
        }

        if (judge)
        {
            float[] weights = FlatModel.FromBytes(alive().Model(settings.Round)!);
            (byte[] statement, byte[] aggregate) = run.Judge(settings, Result(run, alive()), weights);
            Assert.Equal(RoundReply.Taken, alive().Judge(statement, aggregate));
        }

        return Task.CompletedTask;
    }

    // Two rounds; the coordinator is made anew, of its folder alone, once after so many steps.
    private static async Task<(byte[] Root, int Steps)> PlayAsync(SmallRun run, int stop)
    {
        (CoordinatorStore store, Coordinator coordinator) = run.Open();
        int steps = 0;
        Coordinator Alive()
        {
            if (steps++ == stop)
            {
                coordinator.Dispose();
                store.Dispose();
                (store, coordinator) = run.Open();
            }

            return coordinator;
        }

        try
        {
            SmallRun.Member[] members = await JoinAsync(run, coordinator);
            await PlayRoundAsync(run, Alive, members);
            await PlayRoundAsync(run, Alive, members);
            Assert.Equal(RunProgress.Finished, Alive().Progress.Phase);
            byte[] root = Alive().Progress.BaseModelRoot.ToArray();
            Assert.Equal(root, TrainingRoots.OfModel(SmallRun.Layout, FlatModel.FromBytes(Alive().Model(3)!)));
            return (root, steps);
        }
        finally
        {
            coordinator.Dispose();
            store.Dispose();
        }
    }
}
