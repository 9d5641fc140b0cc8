namespace Verathos.GpuRuntime.Training.Inner;

/// <summary>
/// Documents cut into passes that do not depend on the number of threads: in the order of their lengths, so that rows of a pass are
/// about as long, a row each, as many as have so many tokens together.
/// </summary>
internal sealed class DocumentPasses
{
    private readonly int[] _order;
    private readonly int[] _learned;

    private DocumentPasses(int[] order, int[] learned, IReadOnlyList<Batch> batches) => (_order, _learned, Batches) = (order, learned, batches);

    /// <summary>The passes.</summary>
    public IReadOnlyList<Batch> Batches { get; }

    /// <summary>Cuts documents.</summary>
    /// <param name="documents">In any order; the result depends on it only where lengths are equal.</param>
    /// <param name="maxLength">Tokens of a document that are read.</param>
    /// <param name="tokens">Tokens of a pass, if it has more than one row.</param>
    public static DocumentPasses Of(IReadOnlyList<EncodedDocument> documents, int maxLength, int tokens)
    {
        ArgumentNullException.ThrowIfNull(documents);
        ArgumentOutOfRangeException.ThrowIfLessThan(maxLength, 1);
        int[] lengths = [.. documents.Select(document => Math.Clamp(document.Ids.Length - 1, 0, maxLength))];
        int[] learned = [.. documents.Select((document, i) => document.Learned.AsSpan(Math.Min(1, document.Ids.Length), lengths[i]).Count(true))];
        int[] order = [.. Enumerable.Range(0, documents.Count).Where(i => learned[i] > 0).OrderByDescending(i => lengths[i])];
        List<Batch> batches = [];
        for (int next = 0; next < order.Length;)
        {
            int length = lengths[order[next]];
            int rows = Math.Min(order.Length - next, Math.Max(1, tokens / length));
            batches.Add(Fill([.. order.Skip(next).Take(rows).Select(i => documents[i])], length));
            next += rows;
        }

        return new DocumentPasses(order, learned, batches);
    }

    /// <summary>Sums losses of tokens by document.</summary>
    public IReadOnlyList<DocumentLoss> Collect(float[][] losses)
    {
        var results = new DocumentLoss[_learned.Length];
        (int pass, int place) = (0, 0);
        foreach (int document in _order)
        {
            if (place == losses[pass].Length)
            {
                (pass, place) = (pass + 1, 0);
            }

            double sum = 0;
            for (int i = 0; i < _learned[document]; i++)
            {
                sum += losses[pass][place++];
            }

            results[document] = new DocumentLoss(sum, _learned[document]);
        }

        return results;
    }

    private static Batch Fill(EncodedDocument[] documents, int length)
    {
        long[] inputs = new long[documents.Length * length];
        List<long> places = [], targets = [];
        for (int row = 0; row < documents.Length; row++)
        {
            EncodedDocument document = documents[row];
            for (int i = 0; i < Math.Min(length, document.Ids.Length - 1); i++)
            {
                inputs[(row * length) + i] = document.Ids[i];
                if (document.Learned[i + 1])
                {
                    places.Add((row * length) + i);
                    targets.Add(document.Ids[i + 1]);
                }
            }
        }

        return new Batch(length, inputs, [.. places], [.. targets]);
    }
}
