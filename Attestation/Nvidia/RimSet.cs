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

    /// <summary>
    /// The files for a version that hold at a time and are for the chip, or why there is none. There may be several: boards of
    /// different projects have VBIOSes of one version, each with its own file.
    /// </summary>
    public IReadOnlyList<VerifiedRim> Find(string? version, string what, string chip, DateTimeOffset at, out string? problem)
    {
        problem = null;
        if (version is null)
        {
            problem = $"the report names no {what} version";
            return [];
        }

        List<VerifiedRim> found = [];

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
                found.Add(rim);
            }
            else
            {
                problem = $"{what} {version}: {rimProblem}";
            }
        }

        problem = found.Count > 0 ? null : problem ?? FirstProblem ?? $"no reference measurements for {what} {version}";
        return found;
    }

    // NVIDIA's files for the NVSwitch LS_10 name the product GH100; the version, which both have from one numbering, keeps them apart.
    private static bool IsFor(string product, string chip)
    {
        string device = chip.Replace("_", "", StringComparison.Ordinal);
        string named = product.Replace("_", "", StringComparison.Ordinal);
        return device.Length > 0 && (named == device || device == "LS10" && named == "GH100");
    }
}
