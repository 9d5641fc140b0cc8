using System.Buffers.Binary;
using Verathos.Training.Aggregation;
using Verathos.Training.Compression;

namespace Verathos.Training.Tests.Support;

internal static class Samples
{
    /// <summary>A layout with tiled matrices, one that cannot be tiled, and small tensors.</summary>
    public static GradientLayout Layout { get; } = new(
    [
        new GradientTensor("norm.0", 1, 96),
        new GradientTensor("attention", 128, 64),
        new GradientTensor("odd", 100, 30),
        new GradientTensor("down", 64, 192),
        new GradientTensor("norm.1", 1, 96),
        new GradientTensor("bias", 1, 1000),
    ]);

    public static WorkerKey Worker(int number)
    {
        byte[] key = new byte[32];
        BinaryPrimitives.WriteInt32BigEndian(key, number);
        return new WorkerKey(key);
    }

    public static double Normal(Random random) => Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble());

    public static float[] Gradient(GradientLayout layout, int seed, double scale = 0.01)
    {
        Random random = new(seed);
        float[] values = new float[layout.Count];
        for (int i = 0; i < values.Length; i++)
        {
            values[i] = (float)(scale * Normal(random));
        }

        return values;
    }

    public static Contribution[] Contributions(params double[][] rows) =>
        [.. rows.Select((row, i) => new Contribution(Worker(i), SparseVector.Dense(row)))];
}
