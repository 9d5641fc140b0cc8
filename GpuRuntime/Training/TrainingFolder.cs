using System.Globalization;

namespace Verathos.GpuRuntime.Training;

/// <summary>Where the proof of a model's training lies, beside the model.</summary>
public static class TrainingFolder
{
    /// <summary>The folder inside the model's.</summary>
    public const string Name = "training";

    /// <summary>The file of the records and steps.</summary>
    public const string ChainFile = "chain.cbor";

    /// <summary>The page with the curve of losses.</summary>
    public const string PageFile = "curve.html";

    /// <summary>The folder of the evidence, one file for each keyset.</summary>
    public const string EvidenceFolder = "evidence";

    /// <summary>The folder of a simulated installation's public root certificates.</summary>
    public const string RootsFolder = "roots";

    /// <summary>The file of the state after a number of rounds.</summary>
    public static string StateFile(int rounds) => string.Create(CultureInfo.InvariantCulture, $"state-{rounds:D6}.safetensors");

    /// <summary>The file of a keyset's evidence.</summary>
    /// <param name="digest">SHA-256 of the keyset.</param>
    public static string EvidenceFile(ReadOnlySpan<byte> digest) => Convert.ToHexStringLower(digest)[..16] + ".verathos";

    /// <summary>The round in the middle, whose state is kept with the first and the last.</summary>
    public static int Middle(int rounds) => rounds / 2;
}
