using Verathos.Attestation.Policies;
using Verathos.Attestation.Verdicts;
using Verathos.Attestation.X509;

namespace Verathos.Attestation.Nvidia;

/// <summary>All GPUs of one node: each check covers every GPU, and fails where one fails.</summary>
internal sealed class GpuSet(CheckList checks, IReadOnlyList<GpuAppraisal> gpus)
{
    private bool _revocationChecked;

    /// <summary>The checks that concern each report by itself.</summary>
    /// <param name="policy">The policy's section; null without a policy.</param>
    /// <param name="revocation">Adds the check of revocation in its place; null where there is nothing to check.</param>
    public void AddReportChecks(GpuPolicy? policy, Action? revocation = null)
    {
        Each(CheckNames.GpuFormat, gpu => gpu.Report is null ? gpu.ParseError.ToString() : null, "SPDM 1.1 measurements with NVIDIA's opaque data");
        checks.Malformed |= gpus.Any(gpu => gpu.Report is null);
        Each(CheckNames.GpuChain, gpu => gpu.ChainProblem, "the device certificate leads to the pinned root");
        revocation?.Invoke();
        Each(CheckNames.GpuSignature, gpu => gpu.SignatureProblem, "signed by the device");
        Each(CheckNames.GpuFirmwareId, gpu => gpu.FirmwareProblem, "the firmware is the one that the device certificate names");
        if (policy?.Measurements is { IsWaived: true } waived)
        {
            checks.Waive(CheckNames.GpuDriverRim, waived.Waiver!, waived.Line);
            checks.Waive(CheckNames.GpuVbiosRim, waived.Waiver!, waived.Line);
            checks.Waive(CheckNames.GpuMeasurements, $"measurements not compared: {waived.Waiver}", waived.Line);
        }
        else
        {
            string? line = policy?.Measurements.Line;
            EndTrustWith(gpus.SelectMany(gpu => gpu.RimPaths));
            Each(CheckNames.GpuDriverRim, gpu => gpu.DriverRimProblem, "signed and in date", line);
            Each(CheckNames.GpuVbiosRim, gpu => gpu.VbiosRimProblem, "signed and in date", line);
            Each(CheckNames.GpuMeasurements, gpu => gpu.MeasurementProblem, MatchSummary(), line);
        }

        EndTrustWith(gpus.Select(gpu => gpu.Path).OfType<CertificatePath>());
        AddClaims();
    }

    /// <summary>The check of OCSP answers, where any came with the evidence. One that does not parse, or says nothing good, rejects.</summary>
    public void AddRevocation(IReadOnlyList<ReadOnlyMemory<byte>> responses, DateTimeOffset at)
    {
        if (responses.Count == 0)
        {
            return;
        }

        _revocationChecked = true;
        List<OcspResponse> parsed = [];
        foreach (ReadOnlyMemory<byte> der in responses)
        {
            if (!OcspResponse.TryParse(der, out OcspResponse? response, out ParseError error))
            {
                checks.Fail(CheckNames.GpuRevocation, error.ToString());
                return;
            }

            parsed.Add(response!);
        }

        foreach (GpuAppraisal gpu in gpus)
        {
            gpu.CheckRevocation(parsed, at);
        }

        Each(CheckNames.GpuRevocation, gpu => gpu.RevocationProblem, "every certificate below the root is good by its issuer's answer");
        foreach (DateTimeOffset end in parsed.SelectMany(response => response.Answers).Select(answer => answer.NextUpdate).OfType<DateTimeOffset>())
        {
            checks.EndTrustAt(end);
        }
    }

    /// <summary>What a set of devices must have in common: none twice, and one mode for all GPUs.</summary>
    public void AddSetChecks()
    {
        AddDistinct();
        GpuMode?[] modes = [.. gpus.Where(gpu => !gpu.IsSwitch).Select(gpu => gpu.Report?.Mode).Distinct()];
        checks.Add(CheckNames.GpuOneMode, modes.Length > 1 ? "the GPUs are in different modes" : null, modes.Length == 0 ? "no GPU" : $"{modes[0]}");
        bool oneNonce = gpus.Select(gpu => gpu.Report is null ? "" : Convert.ToHexString(gpu.Report.RequestNonce.Span)).Distinct().Count() == 1;
        checks.Add(CheckNames.GpuOneNonce, oneNonce ? null : "the devices answer different nonces", "all devices answer one nonce");
    }

    /// <summary>Whether all answer the expected nonce.</summary>
    public void AddNonceCheck() => Each(CheckNames.GpuNonce, gpu => gpu.NonceProblem, "answers the expected nonce");

    /// <summary>The checks that tie the reports to the request and to each other.</summary>
    public void AddBindingChecks()
    {
        AddNonceCheck();
        AddDistinct();
    }

    private void AddDistinct()
    {
        HashSet<string> seen = [];
        bool distinct = gpus.All(gpu => gpu.Path is not null && seen.Add(Convert.ToHexString(gpu.Path.Leaf.SpkiDigest.Span)));
        checks.Add(CheckNames.GpuDistinct, distinct ? null : "two reports come from one device, or a device is unknown", $"{gpus.Count} different devices");
    }

    /// <summary>The lines of a policy's <c>gpu</c> section that a report alone answers.</summary>
    public void AddPolicyLines(GpuPolicy policy)
    {
        Listed(policy.Models, "the board", gpu => gpu.Report?.Board);
        Listed(policy.Drivers, "driver", gpu => gpu.Report?.DriverVersion);
        Listed(policy.Vbios, "VBIOS", gpu => gpu.Report?.VbiosVersion);
        Listed(policy.Devices, "device", gpu => gpu.Path?.Leaf.SerialHex);
        checks.AddLine(policy.Modes, "listed, and the same for all", accepted =>
            First(gpu => gpu.Report is { } report && accepted.Contains(report.Mode.ToString()) ? null : $"mode {gpu.Report?.Mode.ToString() ?? "unknown"} is not listed")
            ?? (gpus.Select(gpu => gpu.Report?.Mode).Distinct().Count() > 1 ? "the GPUs are in different modes" : null));
    }

    /// <summary>
    /// The lines of the section for a node that shows no GPU: whatever a line requires of GPUs, none meets it, so that waiving
    /// the count alone does not waive the rest.
    /// </summary>
    public static void FailPolicyLines(CheckList checks, GpuPolicy policy)
    {
        Fail(policy.Models);
        Fail(policy.Drivers);
        Fail(policy.Vbios);
        Fail(policy.Devices);
        Fail(policy.Modes);
        Fail(policy.ConfidentialModeOn);
        Fail(policy.DevToolsOff);
        Fail(policy.Measurements);

        void Fail<T>(PolicyField<T> line)
            where T : notnull => checks.AddLine(line, "", _ => "the node shows no GPU");
    }

    private void Listed(PolicyField<IReadOnlyList<string>> field, string what, Func<GpuAppraisal, string?> value) =>
        checks.AddLine(field, $"{what} is listed", accepted => First(gpu =>
            value(gpu) is { } actual && accepted.Contains(actual, StringComparer.OrdinalIgnoreCase) ? null : $"{what} {value(gpu) ?? "unknown"} is not listed"));

    private void Each(string name, Func<GpuAppraisal, string?> problem, string detail, string? line = null)
    {
        if (First(problem) is { } first)
        {
            checks.Fail(name, first, line);
        }
        else
        {
            checks.Pass(name, gpus.Count == 1 ? detail : $"{gpus.Count} GPUs: {detail}", line);
        }
    }

    private string? First(Func<GpuAppraisal, string?> problem)
    {
        for (int i = 0; i < gpus.Count; i++)
        {
            if (problem(gpus[i]) is { } found)
            {
                return gpus.Count == 1 ? found : $"GPU {i}: {found}";
            }
        }

        return null;
    }

    private string MatchSummary() => string.Join("; ", gpus.Select(gpu =>
        $"driver {gpu.DriverMatches} of {gpu.DriverActive}, VBIOS {gpu.VbiosMatches} of {gpu.VbiosActive} equal the references"));

    private void EndTrustWith(IEnumerable<CertificatePath> paths)
    {
        foreach (CertificatePath path in paths)
        {
            checks.EndTrustAt(path.NotAfter);
        }
    }

    private void AddClaims()
    {
        for (int i = 0; i < gpus.Count; i++)
        {
            GpuAppraisal gpu = gpus[i];
            if (gpu.Report is not { } report)
            {
                continue;
            }

            checks.Claim($"gpu.{i}.chip", gpu.Chip);
            checks.Claim($"gpu.{i}.device", gpu.Path?.Leaf.SerialHex ?? "");
            checks.Claim($"gpu.{i}.board", report.Board ?? "");
            checks.Claim($"gpu.{i}.driver", report.DriverVersion ?? "");
            checks.Claim($"gpu.{i}.vbios", report.VbiosVersion ?? "");
            checks.Claim($"gpu.{i}.mode", report.Mode.ToString());
            checks.Claim($"gpu.{i}.nonce", report.RequestNonce.Span);
        }

        if (!_revocationChecked)
        {
            checks.Claim("gpu.revocation", "not checked: device certificates have no CRL, and no OCSP answers came with this evidence");
        }

        checks.Claim("gpu.sameMachine", "not proved: a GPU answers any nonce");
    }
}
