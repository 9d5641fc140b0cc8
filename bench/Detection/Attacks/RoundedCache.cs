using Verathos.Fingerprint.Numerics;
using Verathos.GpuRuntime.Compute.Lane16;

namespace Verathos.Bench.Detection.Attacks;

/// <summary>
/// Keys and values kept in fewer bits. An open one commits to the rounded rows. A hidden one shows and commits to exact ones and
/// attends to rounded ones: it puts exact rows back before they are committed.
/// </summary>
/// <param name="round">Rounds one head's row in place.</param>
/// <param name="hidden">Which of both.</param>
internal sealed class RoundedCache(Action<float[]> round, bool hidden) : ForwardHook
{
    private readonly Dictionary<(object Sequence, int Layer, int Head, int Position), (ushort[] Key, ushort[] Value)> _exact = [];

    public override void AfterKeys(Lane16Backend backend, int layer)
    {
        for (int row = 0; row < backend.Rows; row++)
        {
            for (int head = 0; head < backend.Config.KvHeads; head++)
            {
                if (hidden)
                {
                    _exact[(backend.SequenceOf(row), layer, head, backend.PositionOf(row))] = (backend.KeyOf(row, layer, head).ToArray(), backend.ValueOf(row, layer, head).ToArray());
                }

                Round(backend.KeyOf(row, layer, head));
                Round(backend.ValueOf(row, layer, head));
            }
        }

        if (hidden)
        {
            // Earlier positions hold exact rows again and are rounded once more before they are attended to.
            ForEach(backend, layer, static (exact, target, self) =>
            {
                exact.CopyTo(target);
                self.Round(target);
            });
        }
    }

    public override void AfterAttention(Lane16Backend backend, int layer)
    {
        if (hidden)
        {
            ForEach(backend, layer, static (exact, target, _) => exact.CopyTo(target));
        }
    }

    private void ForEach(Lane16Backend backend, int layer, CopyAction action)
    {
        HashSet<Lane16Sequence> sequences = [.. Enumerable.Range(0, backend.Rows).Select(backend.SequenceOf)];
        foreach (((object sequence, int at, int head, int position), (ushort[] key, ushort[] value)) in _exact)
        {
            if (at == layer && sequences.Contains((Lane16Sequence)sequence))
            {
                action(key, backend.KeyAt((Lane16Sequence)sequence, layer, head, position), this);
                action(value, backend.ValueAt((Lane16Sequence)sequence, layer, head, position), this);
            }
        }
    }

    private void Round(Span<ushort> row)
    {
        float[] values = new float[row.Length];
        BFloat16.ToSingle(row, values);
        round(values);
        for (int i = 0; i < values.Length; i++)
        {
            row[i] = BFloat16.FromSingle(values[i]);
        }
    }

    private delegate void CopyAction(ushort[] exact, Span<ushort> target, RoundedCache self);
}
