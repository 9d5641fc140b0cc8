using System.Runtime.InteropServices;
using System.Security.Cryptography;
using Verathos.GpuRuntime.Models;
using Verathos.GpuRuntime.Training;
using Verathos.GpuRuntime.Training.Inner;

namespace Verathos.GpuRuntime.Tests.Training.Inner;

/// <summary>Small models and batches to train on.</summary>
internal static class TrainedModels
{
    public static ModelShape Shape { get; } = new(32, 48, 2, 4, 2, 64, 10000, 1e-5);

    public static ModelConfig Tied { get; } = Shape.ToConfig(96);

    public static ModelConfig Untied { get; } = Shape.ToConfig(96, tied: false);

    public static LoraSettings Lora { get; } = new(4, 8, ["q_proj", "v_proj", "down_proj"], 3);

    /// <summary>Every optimiser in every precision, with and without adapters.</summary>
    public static TheoryData<OptimiserKind, TrainingPrecision, bool> Kinds
    {
        get
        {
            TheoryData<OptimiserKind, TrainingPrecision, bool> data = [];
            foreach (OptimiserKind optimiser in Enum.GetValues<OptimiserKind>())
            {
                foreach (TrainingPrecision precision in Enum.GetValues<TrainingPrecision>())
                {
                    data.Add(optimiser, precision, false);
                    data.Add(optimiser, precision, true);
                }
            }

            return data;
        }
    }

    public static InnerSettings Settings(OptimiserKind optimiser, TrainingPrecision precision = TrainingPrecision.F32, bool lora = false) => new()
    {
        Optimiser = optimiser,
        Precision = precision,
        WeightDecay = 0.1,
        Nesterov = optimiser == OptimiserKind.Muon,
        Lora = lora ? Lora : null,
    };

    public static EncodedDocument[] Documents(int count, int seed = 1)
    {
        Random random = new(seed);
        return [.. Enumerable.Range(0, count).Select(_ =>
        {
            int length = random.Next(3, 40);
            return new EncodedDocument([.. Enumerable.Range(0, length).Select(_ => random.Next(96))], [.. Enumerable.Range(0, length).Select(_ => random.Next(4) > 0)]);
        })];
    }

    public static OrderedBatches Batches(int rows = 6, int length = 24, int seed = 1) => new(Documents(50, seed), rows, length);

    /// <summary>SHA-256 over weights and state.</summary>
    public static string Everything(InnerTrainer trainer) => Digest(trainer.Weights, trainer.GetState());

    public static string Digest(ReadOnlySpan<float> weights, IReadOnlyList<(string Name, ReadOnlyMemory<byte> Bytes)> state) =>
        Convert.ToHexStringLower(SHA256.HashData([.. MemoryMarshal.AsBytes(weights), .. state.SelectMany(part => part.Bytes.ToArray())]));
}
