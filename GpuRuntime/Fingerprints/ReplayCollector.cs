using System.Security.Cryptography;
using Verathos.Fingerprint.Answers;
using Verathos.Fingerprint.Numerics;
using Verathos.Fingerprint.Sketches;
using Verathos.Fingerprint.Toploc;
using Verathos.GpuRuntime.Compute.Lane16;

namespace Verathos.GpuRuntime.Fingerprints;

/// <summary>Takes what a replay computes, whichever backend computes it.</summary>
internal sealed class ReplayCollector : ForwardHook, IDisposable
{
    private readonly AnswerProofs _proofs;
    private readonly int _layers;
    private readonly int _depth;
    private readonly List<TopActivations> _top = [];
    private readonly Dictionary<int, float[]> _logits = [];
    private readonly bool _keepsLogits;
    private int _chunk = -1;

    public ReplayCollector(ReplayRequest request, int layers)
    {
        (_layers, _depth, _keepsLogits) = (layers, request.Depth == 0 ? layers : request.Depth, request.Logits);
        byte[] seed = SketchPlan.DeriveSeed(request.ClientNonce);
        _proofs = new AnswerProofs(layers, request.PromptTokens, seed);
        CryptographicOperations.ZeroMemory(seed);
        Depths = [.. _proofs.Depths.Where(depth => depth <= _depth)];
    }

    /// <summary>The sketched depths that are computed.</summary>
    public int[] Depths { get; }

    /// <summary>Sketches and TOPLOC proofs.</summary>
    public AnswerProofs Proofs => _proofs;

    /// <summary>The greatest activations of each chunk.</summary>
    public IReadOnlyList<TopActivations> Top => _top;

    /// <summary>Logits by position.</summary>
    public IReadOnlyDictionary<int, float[]> Logits => _logits;

    /// <summary>Whether a depth is sketched.</summary>
    public bool WantsStream(int depth) => Array.IndexOf(Depths, depth) >= 0;

    /// <summary>Takes neighbouring positions' streams after some layers.</summary>
    public void AddStream(int depth, int position, ReadOnlySpan<float> rows, int width)
    {
        int place = Array.IndexOf(Depths, depth);
        for (int at = 0; at < rows.Length; at += width)
        {
            _proofs.AddStream(place, position++, rows.Slice(at, width));
        }
    }

    /// <summary>Takes neighbouring positions' last hidden states.</summary>
    public void AddHidden(int position, ReadOnlySpan<float> rows, int width)
    {
        ushort[] bits = new ushort[width];
        for (int at = 0; at < rows.Length; at += width, position++)
        {
            ReadOnlySpan<float> row = rows.Slice(at, width);
            _proofs.AddHidden(position, row);
            for (int i = 0; i < width; i++)
            {
                bits[i] = BFloat16.FromSingle(row[i]);
            }

            if (_proofs.ChunkOf(position) is var chunk && chunk != _chunk)
            {
                _chunk = chunk;
                _top.Add(new TopActivations());
            }

            _top[^1].Add(bits);
        }

        Array.Clear(bits);
    }

    /// <summary>Takes neighbouring positions' logits.</summary>
    public void AddLogits(int position, ReadOnlySpan<float> rows, int width)
    {
        for (int at = 0; _keepsLogits && at < rows.Length; at += width)
        {
            _logits[position++] = rows.Slice(at, width).ToArray();
        }
    }

    /// <inheritdoc/>
    public override void AfterLayer(Lane16Backend backend, int layer)
    {
        bool last = layer + 1 == _layers;
        bool sketched = WantsStream(layer + 1);
        float[] hidden = last ? new float[backend.Config.HiddenSize] : [];
        for (int row = 0; (sketched || last) && row < backend.Rows; row++)
        {
            if (sketched)
            {
                AddStream(layer + 1, backend.PositionOf(row), backend.Stream(row), backend.Config.HiddenSize);
            }

            if (last)
            {
                backend.ReadNormed(row, hidden);
                AddHidden(backend.PositionOf(row), hidden, hidden.Length);
            }
        }

        Array.Clear(hidden);
    }

    /// <inheritdoc/>
    public override void AfterLogits(Lane16Backend backend, int firstRow, Span<float> logits) =>
        AddLogits(backend.PositionOf(firstRow), logits, backend.Config.VocabularySize);

    /// <summary>Overwrites what was collected of the answer.</summary>
    public void Dispose()
    {
        _proofs.Dispose();
        _top.ForEach(static top => top.Clear());
        foreach (float[] row in _logits.Values)
        {
            Array.Clear(row);
        }
    }
}
