using Verathos.Attestation.Policies;
using Verathos.Attestation.Verdicts;
using Verathos.Attestation.X509;

namespace Verathos.Attestation.Nvidia;

/// <summary>All GPUs of one node: each check covers every GPU, and fails where one fails.</summary>
internal sealed class GpuSet(CheckList checks, IReadOnlyList<GpuAppraisal> gpus)
{
    private List<OcspResponse> _answers = [];

    /// <summary>The checks that concern each report by itself: its own first, then those that need collateral.</summary>
    /// <param name="policy">The policy's section; null without a policy.</param>
    /// <param name="rims">How many reference files came along.</param>
    /// <param name="responses">OCSP responses, DER.</param>
    /// <param name="at">The time of judgement.</param>
    public void AddReportChecks(GpuPolicy? policy, int rims, IReadOnlyList<ReadOnlyMemory<byte>> responses, DateTimeOffset at)
    {
        Each(CheckNames.GpuFormat, gpu => gpu.Report is null ? gpu.ParseError.ToString() : null, "SPDM 1.1 measurements with NVIDIA's opaque data");
        checks.Malformed |= gpus.Any(gpu => gpu.Report is null);
        Each(CheckNames.GpuChain, gpu => gpu.ChainProblem, "the device certificate leads to the pinned root");
        Each(CheckNames.GpuSignature, gpu => gpu.SignatureProblem, "signed by the device");
        Each(CheckNames.GpuFirmwareId, gpu => gpu.FirmwareProblem, "the firmware is the one that the device certificate names");
        AddCollateral(policy, rims, responses.Count);
        AddRevocation(policy, responses, at);
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

    // References belong to every verdict. Answers about revocation are made for one device at one hour, so that only a policy, which has
    // a line for them, can call them missing; one that is there counts with or without a policy.
    private void AddCollateral(GpuPolicy? policy, int rims, int answers)
    {
        if (rims == 0 && policy?.Measurements is not { IsWaived: true })
        {
            checks.Fail(CheckNames.CollateralMissing, "no reference measurements, so nothing says what this firmware is", policy?.Measurements.Line);
        }
        else if (answers == 0 && policy?.OcspRequired is { IsWaived: false } line)
        {
            checks.Fail(CheckNames.CollateralMissing, "no OCSP answers, so nothing says whether these devices are revoked", line.Line);
        }
        else
        {
            checks.Pass(CheckNames.CollateralMissing, "collateral is there");
        }
    }

    private void AddRevocation(GpuPolicy? policy, IReadOnlyList<ReadOnlyMemory<byte>> responses, DateTimeOffset at)
    {
        if (policy?.OcspRequired is { IsWaived: true } waived)
        {
            checks.Waive(CheckNames.GpuRevocation, waived.Waiver!, waived.Line);
            return;
        }

        string? line = policy?.OcspRequired.Line;
        if (responses.Count == 0)
        {
            if (line is not null)
            {
                checks.Skip(CheckNames.GpuRevocation, "there are no OCSP answers", line);
            }

            return;
        }

        List<OcspResponse> parsed = [];
        foreach (ReadOnlyMemory<byte> der in responses)
        {
            if (!OcspResponse.TryParse(der, out OcspResponse? response, out ParseError error))
            {
                checks.Fail(CheckNames.GpuRevocation, error.ToString(), line);
                return;
            }

            parsed.Add(response!);
        }

        _answers = parsed;
        foreach (GpuAppraisal gpu in gpus)
        {
            gpu.CheckRevocation(parsed, at);
        }

        Each(CheckNames.GpuRevocation, gpu => gpu.RevocationProblem, "every certificate below the root is good by its issuer's answer", line);
        foreach (DateTimeOffset end in parsed.SelectMany(response => response.Answers).Select(answer => answer.NextUpdate).OfType<DateTimeOffset>())
        {
            checks.EndTrustAt(end);
        }
    }

    /// <summary>What a set of devices must have in common: none twice, and one mode for all GPUs.</summary>
    public void AddSetChecks()
    {
        AddDistinct();
        AddOneMode();
        bool oneNonce = gpus.Select(gpu => gpu.Report is null ? "" : Convert.ToHexString(gpu.Report.RequestNonce.Span)).Distinct().Count() == 1;
        checks.Add(CheckNames.GpuOneNonce, oneNonce ? null : "the devices answer different nonces", "all devices answer one nonce");
    }

    private void AddOneMode()
    {
        GpuMode?[] modes = [.. gpus.Where(gpu => !gpu.IsSwitch).Select(gpu => gpu.Report?.Mode).Distinct()];
        checks.Add(CheckNames.GpuOneMode, modes.Length > 1 ? "the GPUs are in different modes" : null, modes.Length == 0 ? "no GPU" : $"{modes[0]}");
    }

    /// <summary>Whether all answer the expected nonce.</summary>
    public void AddNonceCheck() => Each(CheckNames.GpuNonce, gpu => gpu.NonceProblem, "answers the expected nonce");

    /// <summary>The checks that tie the reports to the request and to each other.</summary>
    public void AddBindingChecks()
    {
        AddNonceCheck();
        AddDistinct();
        AddOneMode();
    }

    private void AddDistinct()
    {
        HashSet<string> seen = [];
        bool distinct = gpus.All(gpu => gpu.Path is not null && seen.Add(Convert.ToHexString(gpu.Path.Leaf.SpkiDigest.Span)));
        checks.Add(CheckNames.GpuDistinct, distinct ? null : "two reports come from one device, or a device is unknown", $"{gpus.Count} different devices");
    }

    /// <summary>The lines of a policy's <c>gpu</c> section that reports answer. Those about boards, drivers and modes are for GPUs, not for switches.</summary>
    public void AddPolicyLines(GpuPolicy policy, DateTimeOffset at)
    {
        checks.AddLine(policy.Count, "as many as required", range => range.Problem(gpus.Count(gpu => !gpu.IsSwitch), "GPUs"));
        Listed(policy.Models, "the board", gpu => gpu.Report?.Board, gpu => !gpu.IsSwitch);
        Listed(policy.Drivers, "driver", gpu => gpu.Report?.DriverVersion, gpu => !gpu.IsSwitch);
        Listed(policy.Vbios, "VBIOS", gpu => gpu.Report?.VbiosVersion, gpu => !gpu.IsSwitch);
        Listed(policy.Devices, "device", gpu => gpu.Path?.Leaf.SerialHex, _ => true);
        checks.AddLine(policy.DeniedDevices, "no device is denied", denied => First(gpu =>
            gpu.Path?.Leaf.SerialHex is not { } serial ? "the device is unknown"
            : denied.Contains(serial, StringComparer.OrdinalIgnoreCase) ? $"device {serial} is denied"
            : null));
        checks.AddLine(policy.Switches, "as many as required", range => range.Problem(gpus.Count(gpu => gpu.IsSwitch), "NVSwitches"));
        Listed(policy.SwitchVbios, "firmware of the switch", gpu => gpu.Report?.VbiosVersion, gpu => gpu.IsSwitch);
        checks.AddLine(policy.Modes, "listed", accepted => First(gpu =>
            gpu.IsSwitch || gpu.Report is { } report && accepted.Contains(report.Mode.ToString()) ? null : $"mode {gpu.Report?.Mode.ToString() ?? "unknown"} is not listed"));
        checks.AddLine(policy.MaxCollateralAge, OldestAnswer() is null ? "there are no OCSP answers, on which gpu.revocation rules" : "recent enough", maximum =>
            OldestAnswer() is not { } oldest ? null
            : at - oldest is var age && age <= maximum ? null
            : $"an OCSP answer is {age.TotalHours:F0} hours old, more than {maximum.TotalHours:F0}");
        if (!policy.MaxCollateralAge.IsWaived && OldestAnswer() is { } issued)
        {
            checks.EndTrustAt(issued, policy.MaxCollateralAge.Value);
        }
    }

    /// <summary>The lines that only the measured enclave of a node answers.</summary>
    public static void LeaveEnclaveLines(CheckList checks, GpuPolicy policy)
    {
        checks.LeaveOpen(policy.ConfidentialModeOn);
        checks.LeaveOpen(policy.DevToolsOff);
    }

    private DateTimeOffset? OldestAnswer() =>
        _answers.SelectMany(response => response.Answers).Select(answer => (DateTimeOffset?)answer.ThisUpdate).Min();

    /// <summary>
    /// The lines of the section for a node that shows no GPU: whatever a line requires of GPUs, none meets it, so that waiving
    /// the count alone does not waive the rest.
    /// </summary>
    public static void FailPolicyLines(CheckList checks, GpuPolicy policy)
    {
        Fail(policy.Count);
        Fail(policy.Models);
        Fail(policy.Drivers);
        Fail(policy.Vbios);
        Fail(policy.Devices);
        Fail(policy.DeniedDevices);
        Fail(policy.Switches);
        Fail(policy.SwitchVbios);
        Fail(policy.Modes);
        Fail(policy.ConfidentialModeOn);
        Fail(policy.DevToolsOff);
        Fail(policy.Measurements);
        Fail(policy.OcspRequired);
        Fail(policy.MaxCollateralAge);

        void Fail<T>(PolicyField<T> line)
            where T : notnull => checks.AddLine(line, "", _ => "the node shows no GPU");
    }

    private void Listed(PolicyField<IReadOnlyList<string>> field, string what, Func<GpuAppraisal, string?> value, Func<GpuAppraisal, bool> concerns) =>
        checks.AddLine(field, $"{what} is listed", accepted => First(gpu =>
            !concerns(gpu) || (value(gpu) is { } actual && accepted.Contains(actual, StringComparer.OrdinalIgnoreCase)) ? null : $"{what} {value(gpu) ?? "unknown"} is not listed"));

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

        if (_answers.Count == 0)
        {
            checks.Claim("gpu.revocation", "not checked: device certificates have no CRL, and no OCSP answers were relied on");
        }

        checks.Claim("gpu.sameMachine", "not proved: a GPU answers any nonce");
    }
}
