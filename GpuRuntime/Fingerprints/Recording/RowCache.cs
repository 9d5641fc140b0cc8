using Verathos.Fingerprint.Openings;

namespace Verathos.GpuRuntime.Fingerprints.Recording;

/// <summary>Rows of the embedding and the output with their proofs, each made once.</summary>
internal sealed class RowCache(ValidatorKeyMaker maker)
{
    private readonly Dictionary<(bool, int), OpenedRow> _rows = [];

    public OpenedRow Open(bool output, int index)
    {
        if (!_rows.TryGetValue((output, index), out OpenedRow? row))
        {
            _rows[(output, index)] = row = maker.Open(output, index);
        }

        return row;
    }
}
