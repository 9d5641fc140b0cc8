namespace Verathos.Bench.Architectures;

/// <summary>How far one case is from llama.cpp. Differences are of natural logarithms of probabilities, over all ids and positions.</summary>
/// <param name="Name">The case.</param>
/// <param name="Difference">The greatest difference of the profile f32 from llama.cpp.</param>
/// <param name="Tolerance">The most that it may be.</param>
/// <param name="Greedy">Positions at which both choose the same id.</param>
/// <param name="Unequal">Positions at which they choose ids that are no tie within twice the tolerance.</param>
/// <param name="Positions">Positions compared.</param>
/// <param name="Folder">The greatest difference between the same weights as GGUF and as a Hugging Face folder, in f32.</param>
/// <param name="Bf16">
/// The greatest difference of the profile bf16 from f32 at the median position: where two experts are nearly equal, rounding may
/// choose the other, which changes single positions by much.
/// </param>
/// <param name="Lane16">The same of the profile bf16-lane16.</param>
public sealed record ReferenceRow(string Name, double Difference, double Tolerance, int Greedy, int Unequal, int Positions, double Folder, double Bf16, double Lane16)
{
    /// <summary>The most that the two forms of the same weights may differ; only the rotary divisors of llama3 are rounded in one of them.</summary>
    public const double FolderTolerance = 2e-5;

    /// <summary>The most that the bf16 profiles may differ from f32.</summary>
    public const double Bf16Tolerance = 0.5;

    /// <summary>Whether everything is within its tolerance and every choice is the same or a tie.</summary>
    public bool Passed => Difference <= Tolerance && Unequal == 0 && Folder <= FolderTolerance && Bf16 <= Bf16Tolerance && Lane16 <= Bf16Tolerance;
}
