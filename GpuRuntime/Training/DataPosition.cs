namespace Verathos.GpuRuntime.Training;

/// <summary>Where a <see cref="BatchSource"/> stands in the corpus.</summary>
/// <param name="Epoch">Passes over the corpus that are done.</param>
/// <param name="Next">Documents of this pass that are used.</param>
/// <param name="Random">State of the generator that put this pass in order, from before it did.</param>
public sealed record DataPosition(int Epoch, int Next, ulong[] Random);
