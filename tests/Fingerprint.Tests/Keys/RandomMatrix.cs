using Verathos.Fingerprint.Keys;
using Verathos.Fingerprint.Numerics;

namespace Verathos.Fingerprint.Tests.Keys;

/// <summary>A matrix of random bfloat16, and products as the served profile computes them.</summary>
public sealed class RandomMatrix
{
    private readonly Random _random;

    public RandomMatrix(int rows, int columns, int seed, bool bias = false)
    {
        (Rows, Columns) = (rows, columns);
        _random = new Random(seed);
        Weights = [.. Enumerable.Range(0, rows).Select(_ => Gaussian(columns, 0.05))];
        Biases = bias ? Gaussian(rows, 0.5) : null;
    }

    public int Rows { get; }

    public int Columns { get; }

    public float[][] Weights { get; }

    public float[]? Biases { get; }

    public float[] Input() => Gaussian(Columns, 1);

    public float[] Gaussian(int count, double scale) =>
        [.. Enumerable.Range(0, count).Select(_ => BFloat16.Round((float)(scale * Math.Sqrt(-2 * Math.Log(1 - _random.NextDouble())) * Math.Cos(2 * Math.PI * _random.NextDouble()))))];

    public float[] Multiply(float[] input, float[][]? weights = null, bool round = true) =>
        [.. (weights ?? Weights).Select((row, i) =>
        {
            float product = Lane16Dot.Compute(row, input) + (Biases?[i] ?? 0);
            return round ? BFloat16.Round(product) : product;
        })];

    /// <summary>The weights rounded to int8 with one scale a row.</summary>
    public float[][] PerChannelInt8() => [.. Weights.Select(row =>
    {
        float scale = row.Max(MathF.Abs) / 127;
        return row.Select(w => BFloat16.Round(MathF.Round(w / scale) * scale)).ToArray();
    })];

    public MatrixKey Key(int secretRows = 64)
    {
        using MatrixKeyBuilder builder = new("layers.0.test", Rows, Columns, secretRows, Biases is not null);
        for (int i = 0; i < Rows; i++)
        {
            builder.AddRow(Weights[i], Biases?[i] ?? 0);
        }

        return builder.Build();
    }
}
