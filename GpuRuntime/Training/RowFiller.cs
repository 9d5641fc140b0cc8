namespace Verathos.GpuRuntime.Training;

/// <summary>Lays documents into rows.</summary>
internal static class RowFiller
{
    /// <summary>Fills rows one after another; each starts with a document, and what does not fit at its end is left out.</summary>
    /// <param name="rows">Rows.</param>
    /// <param name="length">Tokens of a row.</param>
    /// <param name="next">Gives the next document.</param>
    public static Batch Fill(int rows, int length, Func<EncodedDocument> next)
    {
        long[] inputs = new long[rows * length];
        var places = new List<long>();
        var targets = new List<long>();
        for (int row = 0; row < rows; row++)
        {
            int place = row * length;
            while (place < (row + 1) * length)
            {
                EncodedDocument document = next();
                for (int i = 0; i < document.Ids.Length && place < (row + 1) * length; i++, place++)
                {
                    inputs[place] = document.Ids[i];
                    if (i + 1 < document.Ids.Length && document.Learned[i + 1])
                    {
                        places.Add(place);
                        targets.Add(document.Ids[i + 1]);
                    }
                }
            }
        }

        return new Batch(length, inputs, [.. places], [.. targets]);
    }
}
