using System.Runtime.Intrinsics;

namespace Verathos.GpuRuntime.Compute.Lane16;

/// <summary>
/// Experts. Rows are computed expert by expert, those of one expert together; each row's result is the sum of its experts'
/// rounded results times their binary32 shares, experts ascending, and does not depend on which rows were computed with it.
/// </summary>
internal sealed unsafe partial class Lane16Backend
{
    private readonly int[] _expertRows = new int[MaximumRows];
    private readonly int[] _expertSlots = new int[MaximumRows];

    private void RunExperts(Lane16Weights.ExpertLayer experts)
    {
        int hidden = _config.HiddenSize;
        int stride = Lanes.Pad(hidden);
        int perToken = _config.Experts!.PerToken;
        Multiply(experts.Router, _scratch.Normed, _scratch.Router, _count, round: false);
        _crew.Run(_routePart, _count);
        new Span<float>(_scratch.Added, _count * hidden).Clear();
        for (int expert = 0; expert < experts.Experts.Length; expert++)
        {
            int rows = 0;
            for (int slot = 0; slot < _count * perToken; slot++)
            {
                if (_scratch.Chosen[slot] == expert)
                {
                    _expertRows[rows] = slot / perToken;
                    _expertSlots[rows++] = slot;
                }
            }

            if (rows == 0)
            {
                continue;
            }

            for (int i = 0; i < rows; i++)
            {
                new ReadOnlySpan<float>(_scratch.Normed + ((long)_expertRows[i] * stride), stride).CopyTo(new Span<float>(_scratch.ExpertInputs + ((long)i * stride), stride));
            }

            FeedForward(experts.Experts[expert], _scratch.ExpertInputs, _scratch.ExpertOutputs, rows);
            _crew.Run(_mixPart, rows);
        }

        if (experts.Shared is { } shared)
        {
            FeedForward(shared, _scratch.Normed, _scratch.ExpertOutputs, _count);
            Multiply(experts.SharedGate!, _scratch.Normed, _scratch.Router, _count, round: false);
        }

        _crew.Run(_sharePart, _count);
        Array.Clear(_expertRows);
        Array.Clear(_expertSlots);
    }

    /// <summary>Chooses a row's experts by their logits, the lowest of equal ones first, and computes their shares.</summary>
    private void Route(int row)
    {
        int count = _config.Experts!.Count;
        int perToken = _config.Experts.PerToken;
        Span<float> logits = new(_scratch.Router + ((long)row * count), count);
        Span<int> chosen = new(_scratch.Chosen + ((long)row * perToken), perToken);
        Span<float> shares = new(_scratch.Shares + ((long)row * perToken), perToken);
        for (int i = 0; i < perToken; i++)
        {
            int best = -1;
            for (int expert = 0; expert < count; expert++)
            {
                if (!chosen[..i].Contains(expert) && (best < 0 || logits[expert] > logits[best]))
                {
                    best = expert;
                }
            }

            chosen[i] = best;
        }

        float highest = logits[chosen[0]];
        chosen.Sort();
        float total = 0;
        for (int expert = 0; expert < count; expert++)
        {
            logits[expert] = Lanes.Exp(Vector256.Create(logits[expert] - highest)).ToScalar();
            total += _config.Experts.NormalisesShares && !chosen.Contains(expert) ? 0 : logits[expert];
        }

        for (int i = 0; i < perToken; i++)
        {
            shares[i] = logits[chosen[i]] / total;
        }
    }

    /// <summary>Adds one expert's result, weighed, to the row that it belongs to.</summary>
    private void Mix(int index)
    {
        float* source = _scratch.ExpertOutputs + ((long)index * _config.HiddenSize);
        float* target = _scratch.Added + ((long)_expertRows[index] * _config.HiddenSize);
        AddWeighed(source, target, _scratch.Shares[_expertSlots[index]]);
    }

    /// <summary>Adds the shared expert's result, where there is one, and rounds the sum.</summary>
    private void AddShared(int row)
    {
        float* target = _scratch.Added + ((long)row * _config.HiddenSize);
        if (_config.Experts!.SharedIntermediateSize > 0)
        {
            float gate = (Vector256<float>.One / (Vector256<float>.One + Lanes.Exp(Vector256.Create(-_scratch.Router[row])))).ToScalar();
            AddWeighed(_scratch.ExpertOutputs + ((long)row * _config.HiddenSize), target, gate);
        }

        for (int i = 0; i < _config.HiddenSize; i++)
        {
            target[i] = Lanes.Round(target[i]);
        }
    }

    private void AddWeighed(float* source, float* target, float share)
    {
        int i = 0;
        for (; i + 8 <= _config.HiddenSize; i += 8)
        {
            Vector256.FusedMultiplyAdd(Vector256.Load(source + i), Vector256.Create(share), Vector256.Load(target + i)).Store(target + i);
        }

        for (; i < _config.HiddenSize; i++)
        {
            target[i] = MathF.FusedMultiplyAdd(source[i], share, target[i]);
        }
    }
}
