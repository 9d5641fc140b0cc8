using Verathos.GpuRuntime.Training.Corpus;

namespace Verathos.GpuRuntime.Training;

/// <summary>Fills rows with documents, each pass over the corpus in a new random order.</summary>
public sealed class BatchSource
{
    private readonly EncodedDocument[] _documents;
    private readonly int _rows;
    private readonly int _length;
    private readonly int[] _order;
    private CorpusRandom _random;
    private DataPosition _position;

    /// <summary>Starts at the beginning, or at a saved position.</summary>
    /// <exception cref="TrainingException">No document has a token to learn within a row.</exception>
    public BatchSource(EncodedDocument[] documents, int rows, int length, ulong seed, DataPosition? position = null)
    {
        ArgumentNullException.ThrowIfNull(documents);
        if (!documents.Any(d => d.Learned.Take(length + 1).Skip(1).Contains(true)))
        {
            throw new TrainingException("No document has a token to learn within a row; the recipe's length is too small.");
        }

        (_documents, _rows, _length) = (documents, rows, length);
        _order = new int[documents.Length];
        _position = position ?? new DataPosition(0, 0, new CorpusRandom(seed, stream: 3).Save());
        _random = new CorpusRandom(_position.Random);
        Order();
    }

    /// <summary>Where the next batch begins.</summary>
    public DataPosition Position => _position;

    /// <summary>The next batch that has something to learn. Each row starts with a document; what does not fit at its end is left out.</summary>
    public Batch Next()
    {
        while (true)
        {
            Batch batch = RowFiller.Fill(_rows, _length, () => _documents[NextDocument()]);
            if (batch.Places.Length > 0)
            {
                return batch;
            }
        }
    }

    private int NextDocument()
    {
        if (_position.Next == _order.Length)
        {
            _position = new DataPosition(_position.Epoch + 1, 0, _random.Save());
            Order();
        }

        int document = _order[_position.Next];
        _position = _position with { Next = _position.Next + 1 };
        return document;
    }

    private void Order()
    {
        for (int i = 0; i < _order.Length; i++)
        {
            _order[i] = i;
        }

        _random.Shuffle(_order.AsSpan());
    }
}
