namespace Verathos.GpuRuntime.Training;

/// <summary>Fills rows with documents in the order given, round and round. Each row starts with a document; what does not fit at its end is left out.</summary>
public sealed class OrderedBatches
{
    private readonly IReadOnlyList<EncodedDocument> _documents;
    private readonly int _rows;
    private readonly int _length;

    /// <summary>Starts at a document.</summary>
    /// <param name="documents">In their order.</param>
    /// <param name="rows">Rows of a batch.</param>
    /// <param name="length">Tokens of a row.</param>
    /// <param name="position">How many documents were taken already.</param>
    /// <exception cref="TrainingException">No document has a token to learn within a row.</exception>
    public OrderedBatches(IReadOnlyList<EncodedDocument> documents, int rows, int length, long position = 0)
    {
        ArgumentNullException.ThrowIfNull(documents);
        ArgumentOutOfRangeException.ThrowIfLessThan(rows, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(length, 1);
        ArgumentOutOfRangeException.ThrowIfNegative(position);
        if (!documents.Any(d => d.Learned.Take(length + 1).Skip(1).Contains(true)))
        {
            throw new TrainingException("No document has a token to learn within a row.");
        }

        (_documents, _rows, _length, Position) = (documents, rows, length, position);
    }

    /// <summary>Documents taken so far.</summary>
    public long Position { get; private set; }

    /// <summary>The next batch that has something to learn.</summary>
    public Batch Next()
    {
        while (true)
        {
            Batch batch = RowFiller.Fill(_rows, _length, () => _documents[(int)(Position++ % _documents.Count)]);
            if (batch.Places.Length > 0)
            {
                return batch;
            }
        }
    }
}
