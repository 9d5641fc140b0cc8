using TorchSharp;
using Verathos.GpuRuntime.Models;
using Verathos.GpuRuntime.Native;
using static TorchSharp.torch;

namespace Verathos.GpuRuntime.Compute.Torch;

/// <summary>A block's experts.</summary>
/// <param name="Config">How they are chosen.</param>
/// <param name="Router">[experts, hidden].</param>
/// <param name="Experts">Each expert.</param>
/// <param name="Shared">The expert that every row passes, or null.</param>
/// <param name="SharedGate">[1, hidden], or null.</param>
internal sealed record TorchExperts(ExpertConfig Config, Tensor Router, TorchFeedForward[] Experts, TorchFeedForward? Shared, Tensor? SharedGate)
{
    /// <summary>Sums the chosen experts' results by their shares, experts ascending; x is [rows, hidden].</summary>
    public Tensor Run(Tensor x) => Run(x, (int)x.shape[0], static count => count);

    /// <summary>The same for the first rows of a pass that always has as many; each expert's products have so many rows, too.</summary>
    public Tensor Run(Tensor x, int count) => Run(x, count, _ => (int)x.shape[0]);

    private Tensor Run(Tensor x, int count, Func<int, int> productRows)
    {
        Tensor wide = zeros(x.shape, ScalarType.Float32, x.device);
        float[] logits = [.. nn.functional.linear(x, Router).to(ScalarType.Float32).cpu().contiguous().data<float>()];
        List<(long Row, float Share)>[] work = Route(logits, count);
        for (int expert = 0; expert < work.Length; expert++)
        {
            int chosen = work[expert].Count;
            if (chosen > 0)
            {
                long[] places = new long[productRows(chosen)];
                for (int i = 0; i < chosen; i++)
                {
                    places[i] = work[expert][i].Row;
                }

                Tensor rows = tensor(places, device: x.device);
                Tensor shares = tensor(work[expert].Select(static w => w.Share).ToArray(), device: x.device).unsqueeze(1);
                Tensor results = Experts[expert].Run(x.index_select(0, rows)).narrow(0, 0, chosen);
                wide.IncreaseRows(rows.narrow(0, 0, chosen), results.to(ScalarType.Float32).mul(shares));
            }
        }

        Array.Clear(logits);
        if (Shared is not null)
        {
            wide.Increase(Shared.Run(x).to(ScalarType.Float32).mul(nn.functional.linear(x, SharedGate!).to(ScalarType.Float32).sigmoid()));
        }

        return wide.to(x.dtype);
    }

    /// <summary>The rows of each expert with their shares: the highest logits, the lowest index of equal ones first.</summary>
    private List<(long Row, float Share)>[] Route(float[] logits, int rows)
    {
        List<(long, float)>[] work = [.. Enumerable.Range(0, Config.Count).Select(static _ => new List<(long, float)>())];
        for (int row = 0; row < rows; row++)
        {
            ArraySegment<float> given = new(logits, row * Config.Count, Config.Count);
            int[] chosen = [.. Enumerable.Range(0, Config.Count).OrderByDescending(expert => given[expert]).Take(Config.PerToken)];
            double highest = given[chosen[0]];
            double total = (Config.NormalisesShares ? chosen : Enumerable.Range(0, Config.Count)).Sum(expert => Math.Exp(given[expert] - highest));
            foreach (int expert in chosen)
            {
                work[expert].Add((row, (float)(Math.Exp(given[expert] - highest) / total)));
            }
        }

        return work;
    }
}
