using Verathos.Training;
using Verathos.Training.Attacks;
using Verathos.Training.Compression;

namespace Verathos.Bench.TrainingAttacks;

/// <summary>
/// What bad workers send. They know everything: this round's honest contributions, the norms that pass the gate, the last aggregate. Only
/// the validator's secret and its documents are hidden from them.
/// </summary>
internal sealed class AttackForge
{
    private readonly string _attack;
    private readonly int _bad;
    private readonly Random _random;
    private readonly GradientLayout _layout = AttackModel.Layout;
    private readonly float[] _direction;

    // What the bad workers of one round have in common: whose round, their one message, the vector of which each takes a part, and the norms that they keep to.
    private IReadOnlyList<SparseVector>? _honest;
    private byte[]? _message;
    private double[]? _vector;
    private double[]? _norms;

    public AttackForge(AttackCell cell)
    {
        (_attack, _bad, _random) = (cell.Attack, cell.Bad, new Random((cell.Seed * 7919) + cell.Bad));
        _direction = [.. Enumerable.Range(0, _layout.Count).Select(_ => Normal())];
    }

    /// <summary>Whether a bad worker sends what it trained, changed or not, with its own error feedback.</summary>
    public bool IsOwn => _attack is "sign-flip" or "scaling" or "drift" or "backdoor";

    /// <summary>What a bad worker hands to its error feedback.</summary>
    /// <param name="own">Its own pseudo-gradient.</param>
    public float[] Own(float[] own)
    {
        switch (_attack)
        {
            case "sign-flip":
                return [.. own.Select(value => -value)];
            case "scaling":
                return [.. own.Select(value => 100 * value)];
            case "drift":
                float length = (float)(Math.Sqrt(own.Sum(value => (double)value * value)) / Math.Sqrt(own.Length));
                return [.. own.Select((value, i) => (0.5f * value) + (length * _direction[i]))];
            default:
                return own;
        }
    }

    /// <summary>Brings an encoded gradient of the bad worker's own to the norms of honest ones, where it would stick out.</summary>
    public byte[] Fit(byte[] encoded, IReadOnlyList<SparseVector> honest) => _attack == "drift" ? Encode(Matched(Decode(encoded), honest)) : encoded;

    /// <summary>What a bad worker sends without having trained.</summary>
    /// <param name="number">Which of the bad ones, from 0.</param>
    /// <param name="honest">This round's honest contributions as sent.</param>
    /// <param name="vectors">The same, decoded.</param>
    /// <param name="previous">The last aggregate; null in the first round.</param>
    public byte[] Forge(int number, IReadOnlyList<byte[]> honest, IReadOnlyList<SparseVector> vectors, SparseVector? previous)
    {
        Begin(vectors);
        switch (_attack)
        {
            case "noise":
                return Shaped(Noise(), vectors);
            case "alie":
                return _message ??= Encode(GradientAttacks.Alie(vectors, 1.5).ToDense());
            case "alie-varied":
                _vector ??= Lessened(vectors);
                return Shaped(Part(number, i => _vector[i]), vectors);
            case "ipm":
                return _message ??= Encode(GradientAttacks.InnerProduct(vectors, 0.5).ToDense());
            case "ipm-varied":
                _vector ??= GradientAttacks.InnerProduct(vectors, 1).ToDense();
                return Shaped(Part(number, i => _vector[i]), vectors);
            case "copycat":
                return honest[number % honest.Count];
            case "copycat-moved":
                return Encode(Moved(vectors[number % vectors.Count].ToDense()));
            case "free-rider":
                if (previous is null || previous.Count == 0)
                {
                    return Shaped(Noise(), vectors);
                }

                double[] last = _vector ??= previous.ToDense();
                double level = previous.Norm() / Math.Sqrt(previous.Count);
                return Shaped(Part(number, i => last[i] + (0.1 * level * Normal())), vectors);
            default:
                throw new ArgumentException($"no attack is called {_attack}");
        }
    }

    /// <summary>Decodes what was just encoded.</summary>
    public SparseVector Decode(byte[] encoded) => CompressedGradient.TryParse(encoded, _layout, out CompressedGradient? gradient, out GradientError error)
        ? gradient.Vector
        : throw new InvalidOperationException($"a gradient that was just encoded is refused: {error}");

    private void Begin(IReadOnlyList<SparseVector> honest)
    {
        if (!ReferenceEquals(honest, _honest))
        {
            (_honest, _message, _vector, _norms) = (honest, null, null, null);
        }
    }

    // The mean, less 1.5 deviations in its own direction.
    private static double[] Lessened(IReadOnlyList<SparseVector> honest)
    {
        double[] mean = GradientAttacks.InnerProduct(honest, 1).Scale(-1).ToDense();
        double[] raised = GradientAttacks.Alie(honest, 1.5).ToDense();
        return [.. mean.Select((value, i) => value - (Math.Sign(value) * (raised[i] - value)))];
    }

    // Each of the bad takes coordinates of its own, so that no two of them are alike.
    private double[] Part(int number, Func<int, double> value) =>
        [.. Enumerable.Range(0, _layout.Count).Select(i => (i * 2_654_435_761L >> 7) % _bad == number ? value(i) : 0)];

    private double[] Noise() => [.. Enumerable.Range(0, _layout.Count).Select(_ => (double)Normal())];

    // What would be sent of a vector, with the median norms that honest contributions have in each tensor.
    private byte[] Shaped(double[] vector, IReadOnlyList<SparseVector> honest) => Encode(Matched(Decode(Encode(vector)), honest));

    private double[] Matched(SparseVector sent, IReadOnlyList<SparseVector> honest)
    {
        Begin(honest);
        _norms ??= Medians(honest);
        double[] norms = TensorNorms.Of(_layout, sent);
        double[] dense = sent.ToDense();
        for (int i = 0; i < norms.Length; i++)
        {
            double factor = norms[i] > 0 ? _norms[i] / norms[i] : 1;
            for (int k = 0; k < _layout.Tensors[i].Count; k++)
            {
                dense[_layout.Offset(i) + k] *= factor;
            }
        }

        return dense;
    }

    private double[] Medians(IReadOnlyList<SparseVector> honest)
    {
        double[][] norms = [.. honest.Select(vector => TensorNorms.Of(_layout, vector))];
        return [.. Enumerable.Range(0, _layout.Tensors.Count).Select(i => RobustStatistics.Median([.. norms.Select(norm => norm[i])]))];
    }

    private double[] Moved(double[] source)
    {
        double[] copy = new double[source.Length];
        for (int i = 0; i < source.Length; i++)
        {
            if (source[i] != 0)
            {
                int from = i / GradientLayout.ChunkSize * GradientLayout.ChunkSize;
                int place = _random.NextDouble() < 0.6 ? _random.Next(from, Math.Min(source.Length, from + GradientLayout.ChunkSize)) : i;
                copy[place] = source[i] * (0.9 + (0.2 * _random.NextDouble()));
            }
        }

        return copy;
    }

    private byte[] Encode(double[] vector) => CompressedGradient.Encode(_layout, [.. vector.Select(value => (float)value)], GradientBits.Two);

    private float Normal() => (float)(Math.Sqrt(-2 * Math.Log(1 - _random.NextDouble())) * Math.Cos(2 * Math.PI * _random.NextDouble()));
}
