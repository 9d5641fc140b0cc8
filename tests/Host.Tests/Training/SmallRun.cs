using System.Security.Cryptography;
using System.Text.Json;
using Verathos.Attestation;
using Verathos.Attestation.Binding;
using Verathos.Attestation.Policies;
using Verathos.Enclave.Platform;
using Verathos.Enclave.Training;
using Verathos.GpuRuntime.Training;
using Verathos.GpuRuntime.Training.Inner;
using Verathos.Host.Training;
using Verathos.Protocol.Keys;
using Verathos.Protocol.Receipts;
using Verathos.Training;
using Verathos.Training.Compression;
using Verathos.Training.Records;
using Verathos.Training.Rounds;
using Verathos.Training.Sealing;

namespace Verathos.Host.Tests.Training;

/// <summary>A run of a made-up model with workers whose enclaves are real and whose gradients are made up.</summary>
internal sealed class SmallRun : IDisposable
{
    public static readonly GradientLayout Layout = new([new GradientTensor("a", 64, 64), new GradientTensor("b", 1, 100)]);
    public static readonly float[] First = [.. Enumerable.Range(0, Layout.Count).Select(static i => i / 1000f)];
    public static readonly byte[] FirstRoot = TrainingRoots.OfModel(Layout, First);

    private readonly List<Member> _members = [];

    public SmallRun(IReadOnlyList<string>? workers = null, int rounds = 2, double revealSeconds = 3600)
    {
        Folder = Directory.CreateTempSubdirectory("verathos-run-").FullName;
        Driver = SimulatedDriver.Open(In("authorities"), 1);
        Keys = ValidatorKeys.OpenOrCreate(In("validator"));
        RunFile run = new()
        {
            Name = "made-up",
            Model = new RunModel(new ModelShape(16, 32, 1, 2, 1, 64, 10000, 1e-5), 1, null),
            Corpus = new RunCorpus(null, 1, 100, 259),
            Inner = JsonElement.Parse(new InnerSettings { MicroBatches = 1 }.ToJson()),
            NumericProfile = "train-f32-test/1",
            Work = new RunWork(4, 2, 2, 16, 0.001, 0.0001, 1, 2),
            Rounds = new RunRounds(rounds, 3, 4, 2, 3600, revealSeconds, 3600, 3600, 2, 1),
            Judging = new RunJudging(1000, 1000, 3, 10, 100, 100, 0.1, 0.05, 1, 3),
            Beacon = new string('7', 64),
            Validators = [RunValidator.Of("v", Keys.Public)],
            Workers = workers,
        };
        Bytes = run.ToJson();
        Run = RunFile.Parse(Bytes, "run.json");
    }

    public string Folder { get; }

    public SimulatedDriver Driver { get; }

    public ValidatorKeys Keys { get; }

    public byte[] Bytes { get; }

    public RunFile Run { get; }

    public List<string> Told { get; } = [];

    public string In(string name) => Path.Combine(Folder, name);

    public JoinCheck Check(bool allow = true) => new(Policy.BuiltIn("simulated"), () => Driver.Anchors, allow);

    public (CoordinatorStore Store, Coordinator Coordinator) Open(JoinCheck? check = null, TimeProvider? time = null)
    {
        CoordinatorStore store = new(In("coordinator"), Run, Bytes);
        return (store, new Coordinator(store, check ?? Check(), Layout, First, time ?? TimeProvider.System, Told.Add));
    }

    public async Task<Member> MemberAsync(NodeIdentity? identity = null, byte[]? root = null, string? profile = null, ECDsa? hotkey = null)
    {
        hotkey ??= ECDsa.Create(ECCurve.NamedCurves.nistP256);
        byte[] key = TrainingRequest.NameOf(CoseKey.From(hotkey));
        TrainingEnclave enclave = await TrainingEnclave.StartAsync(
            new TrainingEnclaveOptions
            {
                Name = "made-up",
                ModelRoot = root ?? FirstRoot,
                Tensors = 2,
                Bytes = 4 * Layout.Count,
                NumericProfile = profile ?? Run.NumericProfile,
                Identity = identity ?? new NodeIdentity(Run.Id, 0, key),
            },
            Driver, TimeProvider.System, TestContext.Current.CancellationToken);
        Member member = new(this, hotkey, new WorkerKey(key), enclave);
        _members.Add(member);
        return member;
    }

    /// <summary>A round of the first model, with members that have signed nothing yet.</summary>
    public RoundSettings SettingsOf(ulong round, params IEnumerable<Member> members) => SettingsOf(round, members.Select(static member => new RoundMember(member.Key, member.Enclave.Keyset, 0, null)));

    /// <summary>A round of the first model.</summary>
    public RoundSettings SettingsOf(ulong round, IEnumerable<RoundMember> members) => new()
    {
        Run = Run.Id,
        Round = round,
        BaseModelRoot = FirstRoot,
        Beacon = Run.BeaconOf(round),
        NumericProfile = Run.NumericProfile,
        Members = [.. members],
        Quorum = 1,
        CommitTime = TimeSpan.FromHours(1),
        RevealTime = TimeSpan.FromHours(1),
        OutcomeTime = TimeSpan.FromHours(1),
        Patience = TimeSpan.Zero,
        MostGradientBytes = 1,
        Validators = Run.RoundValidators,
    };

    /// <summary>An outcome of the round under way, with an aggregate that leads to the model it names.</summary>
    public (byte[] Statement, byte[] Aggregate) Judge(RoundSettings settings, RoundResult result, float[] weights, bool wrongModel = false)
    {
        SparseVector aggregate = new(Layout.Count, [1, 70], [0.5, -0.25 * settings.Round]);
        byte[] encoded = SparseAggregate.Encode(aggregate);
        TrainingOutcome outcome = new()
        {
            IssuedAt = TimeProvider.System.GetUtcNow(),
            Run = Run.Id,
            Validator = Keys.Public.Name,
            Round = settings.Round,
            BaseModelRoot = settings.BaseModelRoot,
            ResultDigest = result.ContentDigest(),
            AggregateRoot = SparseAggregate.Root(encoded),
            NextModelRoot = wrongModel ? new byte[32] : TrainingRoots.OfModel(Layout, OuterStep.Apply(weights, aggregate, 1)),
            Verdicts = [.. result.Contributions.Select(static one => new OutcomeVerdict(one.Worker.Bytes.ToArray(), OutcomeVerdict.Accepted, 0.1, 5))],
            Losses = (2, 1),
            Previous = settings.LastOutcome,
        };
        return (outcome.Sign(Keys.Owner.Signing, out _), encoded);
    }

    public byte[] Sign(ECDsa key, string operation, ulong round, ReadOnlySpan<byte> body) => new TrainingRequest
    {
        IssuedAt = TimeProvider.System.GetUtcNow(),
        Run = Run.Id,
        Signer = TrainingRequest.NameOf(CoseKey.From(key)),
        Operation = operation,
        Round = round,
        BodyDigest = SHA256.HashData(body),
    }.Sign(key);

    public void Dispose()
    {
        _members.ForEach(static member => member.Dispose());
        Keys.Dispose();
        Driver.Dispose();
        Directory.Delete(Folder, recursive: true);
    }

    /// <summary>A worker.</summary>
    internal sealed class Member(SmallRun run, ECDsa hotkey, WorkerKey key, TrainingEnclave enclave) : IDisposable
    {
        private MemberEvidence? _evidence;
        private ReadOnlyMemory<byte>? _digest;
        private ulong _counter;
        private byte[] _gradient = [];

        public ECDsa Hotkey => hotkey;

        public WorkerKey Key => key;

        public TrainingEnclave Enclave => enclave;

        public byte[] Salt { get; private set; } = [];

        public byte[] Record { get; private set; } = [];

        public byte[] Box { get; private set; } = [];

        public byte[] Commitment => TrainingCommitment.Compute(key, Round, Salt, Record);

        public ulong Round { get; private set; }

        /// <summary>Root of the optimiser's state that the next record names as the one after it.</summary>
        public byte[] State { get; set; } = new byte[32];

        /// <summary>What the last record says.</summary>
        public TrainingRecord Claims => RecordChain.Read(new SignedRecord(Record, enclave.Keyset), out TrainingRecord? record) == RecordChainError.None ? record! : throw new InvalidDataException();

        /// <summary>Evidence for the keyset as a coordinator has it.</summary>
        public async Task<MemberEvidence> EvidenceAsync()
        {
            byte[] nonce = RandomNumberGenerator.GetBytes(32);
            DateTimeOffset made = DateTimeOffset.FromUnixTimeMilliseconds(TimeProvider.System.GetUtcNow().ToUnixTimeMilliseconds());
            return _evidence ??= new MemberEvidence(await enclave.GetEvidenceAsync(nonce, TestContext.Current.CancellationToken), nonce, made);
        }

        /// <summary>The last record with its evidence, as a validator is shown it.</summary>
        public async Task<ShownRecord> ShowAsync(byte[]? record = null) => new(new SignedRecord(record ?? Record, enclave.Keyset), await EvidenceAsync());

        /// <summary>Signs whatever a forger who has the enclave's key wants.</summary>
        public byte[] Forge(Func<TrainingRecord, TrainingRecord> change) => change(Claims).Sign(KeysOf(enclave)!.Signer, out _);

        [System.Runtime.CompilerServices.UnsafeAccessor(System.Runtime.CompilerServices.UnsafeAccessorKind.Field, Name = "_keys")]
        private static extern ref TrainingKeys? KeysOf(TrainingEnclave of);

        public async Task<JoinReply> JoinAsync(Coordinator coordinator, byte[]? nonce = null, string address = "http://127.0.0.1:9", ECDsa? signer = null)
        {
            nonce ??= coordinator.MakeNonce()!;
            byte[] evidence = await enclave.GetEvidenceAsync(nonce, TestContext.Current.CancellationToken);
            return coordinator.Join(run.Sign(signer ?? hotkey, "join", 0, RequestBodies.Join(nonce, evidence, address)), CoseKey.From(hotkey).Encode(), nonce, evidence, address, out _);
        }

        public void Train(RoundSettings settings) => Train(settings.Round, settings.Beacon, settings.BaseModelRoot);

        /// <summary>Signs the record of a round.</summary>
        public void Train(ulong round, ReadOnlyMemory<byte> beacon, ReadOnlyMemory<byte> baseRoot)
        {
            Round = round;
            _gradient = CompressedGradient.Encode(Layout, [.. First.Select((_, i) => (float)Math.Sin(i + key.Bytes[0]))], GradientBits.Two);
            TrainingRecord record = new()
            {
                BootId = new byte[16],
                IssuedAt = DateTimeOffset.UnixEpoch,
                Id = new byte[16],
                KeysetDigest = new byte[32],
                NumericProfile = run.Run.NumericProfile,
                Worker = key.Bytes.ToArray(),
                Round = Round,
                Beacon = beacon,
                BaseModelRoot = baseRoot,
                ShardRoot = new byte[32],
                Losses = [2, 1],
                GradientRoot = TrainingRoots.OfGradient(_gradient),
                ErrorFeedbackRoot = new byte[32],
                OptimiserRoot = State,
                StepsRoot = new byte[32],
                ResultRoot = new byte[32],
                Counter = ++_counter,
                Previous = _digest,
                Simulated = true,
            };
            Record = enclave.Sign(record, DateTimeOffset.UnixEpoch, out byte[] digest);
            _digest = digest;
            Salt = RandomNumberGenerator.GetBytes(32);
            Box = SealTo(Record);
        }

        /// <summary>The gradient of the last round, sealed as that of a record.</summary>
        public byte[] SealTo(byte[] record) => GradientSeal.Seal(_gradient, new SealSubject(SealSubject.Gradient, run.Run.Id, key, Round, SHA256.HashData(record)), [run.Keys.Public.SealKey]);

        public RoundReply Commit(Coordinator coordinator, ECDsa? signer = null) => coordinator.Commit(key, Commitment, run.Sign(signer ?? hotkey, "commit", Round, Commitment));

        public RoundReply Reveal(Coordinator coordinator, ECDsa? signer = null, params ReadOnlyMemory<byte>[] links) =>
            coordinator.Reveal(key, Salt, Record, Box, links, run.Sign(signer ?? hotkey, "reveal", Round, RequestBodies.Reveal(Salt, Record, Box, links)));

        public void Dispose()
        {
            enclave.Dispose();
            hotkey.Dispose();
        }
    }
}
