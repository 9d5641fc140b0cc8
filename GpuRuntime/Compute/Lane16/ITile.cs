using System.Runtime.Intrinsics;

namespace Verathos.GpuRuntime.Compute.Lane16;

/// <summary>Products of four packed inputs with a few rows of weights, in registers of one width. Every width gives the same bits.</summary>
internal unsafe interface ITile
{
    /// <summary>Rows of weights in a panel.</summary>
    static abstract int Rows { get; }

    /// <summary>Writes rows as a panel in binary32, in the order in which <see cref="Accumulate"/> reads them. Absent rows are zeros.</summary>
    /// <param name="rows">The first row.</param>
    /// <param name="count">How many there are.</param>
    /// <param name="stride">Columns, a multiple of sixteen, and elements from one row to the next.</param>
    /// <param name="panel">Room for <see cref="Rows"/> rows.</param>
    static abstract void Unpack(ushort* rows, int count, int stride, float* panel);

    /// <summary>Writes rows of Q8_0 as a panel.</summary>
    /// <param name="rows">The first row's elements, in packed order.</param>
    /// <param name="scales">Its scales.</param>
    /// <param name="count">How many rows there are.</param>
    /// <param name="stride">Columns, a multiple of 32.</param>
    /// <param name="panel">Room for <see cref="Rows"/> rows.</param>
    static abstract void UnpackBlocks(sbyte* rows, float* scales, int count, int stride, float* panel);

    /// <summary>
    /// Runs the accumulators of a panel and four inputs over some of the columns. After the last column each sum's sixteen
    /// accumulators are added up in the order of <see cref="Lanes.Sum"/>.
    /// </summary>
    /// <param name="panel">What <see cref="Unpack"/> wrote.</param>
    /// <param name="stride">Its columns.</param>
    /// <param name="inputs">The inputs.</param>
    /// <param name="start">The first column, a multiple of sixteen.</param>
    /// <param name="columns">How many columns, a multiple of sixteen.</param>
    /// <param name="sums">The accumulators, sixteen for each row and input; set to zero first where <paramref name="start"/> is 0.</param>
    /// <param name="results">Takes the sums [rows, inputs] once the last column has passed; untouched before.</param>
    static abstract void Accumulate(float* panel, int stride, InputRows inputs, int start, int columns, float* sums, float* results);
}
