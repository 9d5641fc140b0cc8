using System.Security.Cryptography;
using Verathos.Attestation.Verdicts;
using Verathos.Attestation.X509;

namespace Verathos.Attestation.Nvidia;

/// <summary>Verifies one GPU report, in the order of NVIDIA's local verifier. A problem is null where the check passed.</summary>
internal sealed class GpuAppraisal
{
    // The measurement of the first video decoder, which says nothing while that decoder is off.
    private const int Nvdec0RimIndex = 35;

    public GpuReport? Report { get; private set; }

    public CertificatePath? Path { get; private set; }

    /// <summary>The paths of the signers of the references that the measurements were compared with.</summary>
    public IReadOnlyList<CertificatePath> RimPaths { get; private set; } = [];

    public ParseError ParseError { get; private set; }

    public string? ChainProblem { get; private set; } = "nothing was checked";

    public string? SignatureProblem { get; private set; } = "nothing was checked";

    public string? FirmwareProblem { get; private set; } = "nothing was checked";

    public string? NonceProblem { get; private set; } = "nothing was checked";

    public string? DriverRimProblem { get; private set; } = "nothing was checked";

    public string? VbiosRimProblem { get; private set; } = "nothing was checked";

    public string? MeasurementProblem { get; private set; } = "nothing was checked";

    public int DriverMatches { get; private set; }

    public int DriverActive { get; private set; }

    public int VbiosMatches { get; private set; }

    public int VbiosActive { get; private set; }

    /// <summary>The chip's name: the first word of the device certificate's common name.</summary>
    public string Chip => Path is null ? "" : Path.Leaf.CommonName.Split(' ')[0];

    /// <summary>True for an NVSwitch, by its device certificate: it has firmware and no driver.</summary>
    public bool IsSwitch => Chip.Replace("_", "", StringComparison.Ordinal).StartsWith("LS10", StringComparison.Ordinal);

    /// <summary>Why a certificate of the chain does not count as good by the OCSP answers; null where all do.</summary>
    public string? RevocationProblem { get; private set; } = "nothing was checked";

    /// <summary>Compares the chain with OCSP answers: device certificate and intermediates, of which none may be unknown.</summary>
    /// <remarks>The leaf is the exception: the device makes it for itself, and no responder knows it. An answer about it still counts.</remarks>
    public void CheckRevocation(IReadOnlyList<OcspResponse> responses, DateTimeOffset at)
    {
        if (Path is null)
        {
            RevocationProblem = "not evaluated: there is no chain to ask about";
            return;
        }

        for (int i = 0; i < Path.Certificates.Count - 1; i++)
        {
            bool answered = false;
            foreach (OcspResponse response in responses)
            {
                if (response.TryJudge(Path.Certificates[i], Path.Certificates[i + 1], at, out string? problem))
                {
                    answered = true;
                    if (problem is not null)
                    {
                        RevocationProblem = problem;
                        return;
                    }
                }
            }

            if (!answered && i > 0)
            {
                RevocationProblem = $"no answer about \"{Path.Certificates[i].CommonName}\" {Path.Certificates[i].SerialHex}, so it counts as unknown";
                return;
            }
        }

        RevocationProblem = null;
    }

    public static GpuAppraisal Run(
        GpuEvidence evidence, RimSet rims, ReadOnlyMemory<byte>? expectedNonce, TrustAnchors anchors, DateTimeOffset at)
    {
        GpuAppraisal appraisal = new();
        if (!GpuReport.TryParse(evidence.Report, out GpuReport? report, out ParseError error))
        {
            appraisal.ParseError = error;
            return appraisal;
        }

        appraisal.Report = report;
        appraisal.VerifyChain(evidence.CertificateChain, anchors, at);
        appraisal.VerifySignature(report!);
        appraisal.NonceProblem = expectedNonce is { } nonce && CryptographicOperations.FixedTimeEquals(nonce.Span, report!.RequestNonce.Span)
            ? null
            : "the report answers another nonce";
        appraisal.CompareMeasurements(report!, rims, at);
        return appraisal;
    }

    private void VerifyChain(ReadOnlyMemory<byte> pem, TrustAnchors anchors, DateTimeOffset at)
    {
        if (!PemReader.TryRead(pem.Span, out IReadOnlyList<Certificate> certificates, out ParseError error))
        {
            ChainProblem = error.ToString();
            return;
        }

        if (!CertificatePath.TryBuild(certificates, anchors.NvidiaDeviceRootSpki.Span, out CertificatePath? path, out string problem))
        {
            ChainProblem = problem;
            return;
        }

        if (path!.Certificates.Count != 5 || path.Leaf.IsAuthority || !path.Leaf.MaySignData)
        {
            ChainProblem = $"\"{path.Leaf.CommonName}\" is not the device certificate of a chain of five";
            return;
        }

        Path = path;
        ChainProblem = path.CheckValidity(at, out problem) ? null : problem;
    }

    private void VerifySignature(GpuReport report)
    {
        if (Path is null)
        {
            SignatureProblem = "not evaluated: there is no device certificate to trust";
            FirmwareProblem = SignatureProblem;
            return;
        }

        bool signed = Path.Leaf.TryGetKey(out EcPublicKey? key) && key!.KeySize == 384
            && key.VerifyRaw(report.SignedBytes.Span, report.Signature.Span, HashAlgorithmName.SHA384);
        SignatureProblem = signed ? null : "the device did not sign this report";

        // Reports from before the field existed carry no firmware identifier; the signature covers its absence.
        FirmwareProblem = report.FirmwareId is not { } firmware || FirmwareIdentifier.Read(Path.Leaf).Any(item => item.Span.SequenceEqual(firmware.Span))
            ? null
            : "the report's firmware identifier is not in the device certificate";
    }

    private void CompareMeasurements(GpuReport report, RimSet rims, DateTimeOffset at)
    {
        string? driverProblem = null;
        VerifiedRim? driver = IsSwitch ? null : Closest(report, rims.Find(report.DriverVersion, "driver", Chip, at, out driverProblem));
        VerifiedRim? vbios = Closest(report, rims.Find(report.VbiosVersion, "VBIOS", Chip, at, out string? vbiosProblem));
        DriverRimProblem = driverProblem;
        VbiosRimProblem = vbiosProblem;
        RimPaths = [.. new[] { driver?.Path, vbios?.Path }.OfType<CertificatePath>()];
        List<int> differing = [];
        if (driver is not null && driverProblem is null)
        {
            DriverActive = driver.Measurements.Count;
            DriverMatches = Compare(report, driver, differing);
        }

        if (vbios is not null && vbiosProblem is null)
        {
            VbiosActive = vbios.Measurements.Count;
            VbiosMatches = Compare(report, vbios, differing);
        }

        bool overlap = driver is not null && vbios is not null
            && driver.Measurements.Select(item => item.Index).Intersect(vbios.Measurements.Select(item => item.Index)).Any();
        MeasurementProblem = driverProblem is not null || vbiosProblem is not null ? "measurements not compared: a reference is missing or not to be relied on"
            : overlap ? "driver and VBIOS references name the same index"
            : differing.Count > 0 ? $"measurements differ from the reference at {string.Join(", ", differing.Order())}"
            : null;
    }

    /// <summary>Of several files that may be relied on, the one from which the fewest measurements differ, and of such the one that names the most.</summary>
    private static VerifiedRim? Closest(GpuReport report, IReadOnlyList<VerifiedRim> rims) => rims.MinBy(rim =>
    {
        List<int> differing = [];
        Compare(report, rim, differing);
        return (differing.Count, -rim.Measurements.Count);
    });

    private static int Compare(GpuReport report, VerifiedRim rim, List<int> differing)
    {
        int matches = 0;
        foreach (RimMeasurement reference in rim.Measurements)
        {
            ReadOnlyMemory<byte>? actual = report.Measurement(reference.Index + 1);
            if (actual is { } value && reference.Alternatives.Any(item => item.Span.SequenceEqual(value.Span)))
            {
                matches++;
            }
            else if (reference.Index != Nvdec0RimIndex || !report.IsNvdec0Off)
            {
                differing.Add(reference.Index);
            }
        }

        return matches;
    }
}
