namespace Verathos.Attestation.Nvidia;

/// <summary>The reference files that came with a node's evidence, each parsed and verified once for all GPUs.</summary>
internal sealed class RimSet
{
    private RimSet(IReadOnlyList<VerifiedRim> rims, string? firstProblem)
    {
        Rims = rims;
        FirstProblem = firstProblem;
    }

    /// <summary>The files that parse, with the outcome of their signature checks.</summary>
    public IReadOnlyList<VerifiedRim> Rims { get; }

    /// <summary>Why the first file that does not parse does not; null where all do.</summary>
    public string? FirstProblem { get; }

    public static RimSet Create(IReadOnlyList<ReadOnlyMemory<byte>> files, TrustAnchors anchors)
    {
        List<VerifiedRim> rims = [];
        string? problem = null;
        foreach (ReadOnlyMemory<byte> file in files)
        {
            if (VerifiedRim.Verify(file, anchors.NvidiaRimRootSpki.Span, out ParseError error) is { } rim)
            {
                rims.Add(rim);
            }
            else
            {
                problem ??= $"a reference file does not parse: {error}";
            }
        }

        return new RimSet(rims, problem);
    }

    /// <summary>The file for a version that holds at a time and is for the chip, or why there is none.</summary>
    public VerifiedRim? Find(string? version, string what, string chip, DateTimeOffset at, out string? problem)
    {
        problem = null;
        if (version is null)
        {
            problem = $"the report names no {what} version";
            return null;
        }

        foreach (VerifiedRim rim in Rims)
        {
            if (!string.Equals(rim.Version, version, StringComparison.OrdinalIgnoreCase))
            {
                continue;
            }

            string? rimProblem = rim.ProblemAt(at)
                ?? (IsFor(rim.Product, chip) ? null : $"the reference is for {rim.Product}, the device is {chip}");
            if (rimProblem is null)
            {
                problem = null;
                return rim;
            }

            problem = $"{what} {version}: {rimProblem}";
        }

        problem ??= FirstProblem ?? $"no reference measurements for {what} {version}";
        return null;
    }

    // NVIDIA's files for the NVSwitch LS_10 name the product GH100; the version, which both have from one numbering, keeps them apart.
    private static bool IsFor(string product, string chip)
    {
        string device = chip.Replace("_", "", StringComparison.Ordinal);
        string named = product.Replace("_", "", StringComparison.Ordinal);
        return device.Length > 0 && (named == device || device == "LS10" && named == "GH100");
    }
}
