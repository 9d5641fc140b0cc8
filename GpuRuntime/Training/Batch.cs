namespace Verathos.GpuRuntime.Training;

/// <summary>One batch.</summary>
/// <param name="Length">Tokens of a row.</param>
/// <param name="Inputs">Token ids, [rows, length] row by row.</param>
/// <param name="Places">Places in <paramref name="Inputs"/> whose next token is learned.</param>
/// <param name="Targets">The next token at each of these places.</param>
public sealed record Batch(int Length, long[] Inputs, long[] Places, long[] Targets)
{
    /// <summary>Rows.</summary>
    public int Rows => Inputs.Length / Length;

    /// <summary>A range of rows, with what they learn.</summary>
    /// <param name="from">The first row.</param>
    /// <param name="to">The row after the last.</param>
    public Batch Slice(int from, int to)
    {
        long first = (long)from * Length, end = (long)to * Length;
        int[] within = [.. Enumerable.Range(0, Places.Length).Where(i => Places[i] >= first && Places[i] < end)];
        return new Batch(Length, Inputs[(int)first..(int)end], [.. within.Select(i => Places[i] - first)], [.. within.Select(i => Targets[i])]);
    }
}
