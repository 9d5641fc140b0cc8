using Verathos.Attestation.Policies;
using Verathos.Attestation.Verdicts;
using Verathos.Attestation.X509;

namespace Verathos.Attestation.Nvidia;

/// <summary>All GPUs of one node: each check covers every GPU, and fails where one fails.</summary>
internal sealed class GpuSet(CheckList checks, IReadOnlyList<GpuAppraisal> gpus)
{
    /// <summary>The checks that concern each report by itself.</summary>
    public void AddReportChecks(GpuPolicy? policy)
    {
        Each(CheckNames.GpuFormat, gpu => gpu.Report is null ? gpu.ParseError.ToString() : null, "SPDM 1.1 measurements with NVIDIA's opaque data");
        checks.Malformed |= gpus.Any(gpu => gpu.Report is null);
        Each(CheckNames.GpuChain, gpu => gpu.ChainProblem, "the device certificate leads to the pinned root");
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

    /// <summary>The checks that tie the reports to the request and to each other.</summary>
    public void AddBindingChecks()
    {
        Each(CheckNames.GpuNonce, gpu => gpu.NonceProblem, "answers the expected nonce");
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

        checks.Claim("gpu.revocation", "not checked: device certificates have no CRL, and OCSP responses are not part of this evidence");
        checks.Claim("gpu.sameMachine", "not proved: a GPU answers any nonce");
    }
}
