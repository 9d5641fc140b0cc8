using Verathos.Fingerprint.Numerics;

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
        RecordRouter(experts.Router.Rows);
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
            RecordExpert(expert, experts.Experts[expert].GateUp.Rows, rows);
            _crew.Run(_mixPart, rows);
        }

        if (experts.Shared is { } shared)
        {
            FeedForward(shared, _scratch.Normed, _scratch.ExpertOutputs, _count);
            Multiply(experts.SharedGate!, _scratch.Normed, _scratch.Router, _count, round: false);
            RecordShared(shared.GateUp.Rows);
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
        ExpertRouting.Choose(logits, _config.Experts.NormalisesShares, chosen, shares);
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
            AddWeighed(_scratch.ExpertOutputs + ((long)row * _config.HiddenSize), target, ExpertRouting.SharedShare(_scratch.Router[row]));
        }

        for (int i = 0; i < _config.HiddenSize; i++)
        {
            target[i] = Lanes.Round(target[i]);
        }
    }

    private void AddWeighed(float* source, float* target, float share) =>
        ExpertRouting.Mix(new ReadOnlySpan<float>(source, _config.HiddenSize), share, new Span<float>(target, _config.HiddenSize));
}
