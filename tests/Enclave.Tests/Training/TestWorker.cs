using System.Security.Cryptography;
using Verathos.Enclave.Platform;
using Verathos.Enclave.Tests.Serving;
using Verathos.Enclave.Training;
using Verathos.GpuRuntime.Training;
using Verathos.GpuRuntime.Training.Inner;
using Verathos.Training;
using Verathos.Training.Compression;
using Verathos.Training.Records;

namespace Verathos.Enclave.Tests.Training;

/// <summary>A worker with an enclave on the simulated machine, a small model and made-up documents.</summary>
internal sealed class TestWorker : IDisposable
{
    public static readonly ModelWeights Start = ModelWeights.Random(new ModelShape(16, 32, 1, 2, 1, 64, 10000, 1e-5).ToConfig(64), 1);
    public static readonly WorkerCorpus Corpus = MakeCorpus(60);

    private TestWorker(TrainingEnclave enclave, int threads)
    {
        Enclave = enclave;
        Trainer = new InnerTrainer(Start, new InnerSettings { MicroBatches = 2 }, threads);
        Worker = new RoundWorker(enclave, new WorkerKey(SHA256.HashData("a worker"u8)), Corpus, Trainer);
    }

    public static GradientLayout Layout { get; } = new([.. Start.Layout.Tensors.Select(tensor => new GradientTensor(tensor.Name, tensor.Rows, tensor.Columns))]);

    public TrainingEnclave Enclave { get; }

    public InnerTrainer Trainer { get; }

    public RoundWorker Worker { get; }

    public static TrainingEnclaveOptions Options { get; } = new()
    {
        Name = "small",
        ModelRoot = TrainingRoots.OfModel(Layout, Start.Values),
        Tensors = Start.Layout.Tensors.Count,
        Bytes = 4L * Start.Layout.Count,
        NumericProfile = InnerTrainer.ProfileOf(TrainingPrecision.F32),
    };

    public static async Task<TestWorker> StartAsync(int threads = 1, TimeProvider? time = null) =>
        new(await TrainingEnclave.StartAsync(Options, new SimulatedDriver(TestNode.Installation, 1), time), threads);

    public static RoundTask Round(ulong round, int steps = 3, GradientBits? bits = GradientBits.Two) => new()
    {
        Round = round,
        Beacon = SHA256.HashData(BitConverter.GetBytes(round)),
        Documents = 12,
        Rows = 4,
        Length = 24,
        Rates = [.. Enumerable.Repeat(0.01, steps)],
        Compression = bits,
    };

    public RoundWork Run(RoundTask task, RoundWork? before = null) =>
        Worker.Run(before?.After ?? Start.Values, before?.State ?? Worker.Initial, before?.Head ?? ChainHead.None, task, null, CancellationToken.None);

    public void Dispose()
    {
        Trainer.Dispose();
        Enclave.Dispose();
    }

    private static WorkerCorpus MakeCorpus(int count)
    {
        Random random = new(1);
        EncodedDocument[] documents =
        [
            .. Enumerable.Range(0, count).Select(_ =>
            {
                int length = random.Next(5, 30);
                return new EncodedDocument([.. Enumerable.Range(0, length).Select(_ => random.Next(64))], [.. Enumerable.Repeat(true, length)]);
            }),
        ];
        return new WorkerCorpus(documents, [.. documents.Select(document => SHA256.HashData([.. document.Ids.SelectMany(BitConverter.GetBytes)]))]);
    }
}
