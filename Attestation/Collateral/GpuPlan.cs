using System.Text;
using System.Text.Json.Nodes;
using Verathos.Attestation.Nvidia;
using Verathos.Attestation.X509;

namespace Verathos.Attestation.Collateral;

/// <summary>
/// What GPUs' and NVSwitches' reports need: the references of driver and firmware, and the responder's answers about every certificate
/// between the device's own and the root.
/// </summary>
internal static class GpuPlan
{
    public static bool TryCreate(CollateralRequest request, JsonObject given, TrustAnchors anchors, out CollateralPlan? plan, out string problem)
    {
        plan = null;
        if (!TryReadDevices(request, given, out IReadOnlyList<GpuEvidence> devices, out problem))
        {
            return false;
        }

        Dictionary<string, CollateralItem.Rim> rims = [];
        Dictionary<string, CollateralItem.Ocsp> questions = [];
        foreach (GpuEvidence device in devices)
        {
            if (!TryAdd(device, anchors, rims, questions, out problem))
            {
                return false;
            }
        }

        string? chain = request.GpuChainPem.IsEmpty ? null : Encoding.UTF8.GetString(request.GpuChainPem.Span);
        plan = new CollateralPlan(given, async (collector, result, token) =>
        {
            if (chain is not null)
            {
                result["chain_pem"] = chain;
            }

            if (!CollateralPlan.Has(result, "rims"))
            {
                await AddRimsAsync([.. rims.Values], collector, result, token).ConfigureAwait(false);
            }

            if (!CollateralPlan.Has(result, "ocsp_b64"))
            {
                await AddAnswersAsync([.. questions.Values], collector, result, token).ConfigureAwait(false);
            }
        });
        return true;
    }

    private static bool TryReadDevices(CollateralRequest request, JsonObject given, out IReadOnlyList<GpuEvidence> devices, out string problem)
    {
        devices = [];
        problem = "";
        ReadOnlySpan<byte> text = request.Evidence.Span.TrimStart(" \t\r\n"u8);
        if (!text.IsEmpty && text[0] is (byte)'[' or (byte)'{')
        {
            return GpuEvidenceList.TryParse(request.Evidence, out devices, out ParseError error) || CollateralPlan.Fail(error.ToString(), out problem);
        }

        ReadOnlyMemory<byte> chain = !request.GpuChainPem.IsEmpty ? request.GpuChainPem
            : given["chain_pem"] is JsonValue value && value.TryGetValue(out string? pem) ? Encoding.UTF8.GetBytes(pem)
            : default;
        if (chain.IsEmpty)
        {
            return CollateralPlan.Fail("a GPU report does not carry its certificates: give the chain with --chain", out problem);
        }

        devices = [new GpuEvidence(request.Evidence, chain)];
        return true;
    }

    private static bool TryAdd(
        GpuEvidence device, TrustAnchors anchors, Dictionary<string, CollateralItem.Rim> rims, Dictionary<string, CollateralItem.Ocsp> questions, out string problem)
    {
        problem = "";
        if (!GpuReport.TryParse(device.Report, out GpuReport? report, out ParseError error)
            || !PemReader.TryRead(device.CertificateChain.Span, out IReadOnlyList<Certificate> certificates, out error))
        {
            return CollateralPlan.Fail(error.ToString(), out problem);
        }

        // No responder is told of certificates that anybody could have made.
        if (!CertificatePath.TryBuild(certificates, anchors.NvidiaDeviceRootSpki.Span, out CertificatePath? path, out string reason))
        {
            return CollateralPlan.Fail($"the device's certificates do not lead to the pinned root: {reason}", out problem);
        }

        string chip = path!.Leaf.CommonName.Split(' ')[0];
        bool isSwitch = chip.Replace("_", "", StringComparison.Ordinal).StartsWith("LS10", StringComparison.Ordinal);
        List<CollateralItem.Rim> wanted = [];
        if (!isSwitch && report!.DriverVersion is { } driver)
        {
            wanted.Add(new CollateralItem.Rim($"NV_GPU_DRIVER_{chip}_{driver}", chip, driver));
        }

        if (report!.VbiosVersion is { } vbios && report.Board is { } board)
        {
            string digits = vbios.Replace(".", "", StringComparison.Ordinal);
            wanted.Add(new CollateralItem.Rim($"{(isSwitch ? "NV_SWITCH_BIOS" : "NV_GPU_VBIOS")}_{board}_{digits}", chip, vbios));
        }

        foreach (CollateralItem.Rim rim in wanted)
        {
            // The versions are the report's words, of which an address and a file's name are made.
            if (!CollateralItem.IsPlain(rim.Id) || !CollateralItem.IsPlain(rim.Name))
            {
                return CollateralPlan.Fail($"the report names a version of which no address can be made: {rim.Id}", out problem);
            }

            rims.TryAdd(rim.Name, rim);
        }

        // The leaf is made by the device itself and no responder knows it.
        for (int i = 1; i < path.Certificates.Count - 1; i++)
        {
            CollateralItem.Ocsp question = new(path.Certificates[i], path.Certificates[i + 1], CollateralPem.Write(path.Certificates.Skip(i)));
            questions.TryAdd(question.Name, question);
        }

        return true;
    }

    // A reference that NVIDIA does not publish (the H200's) is for the verdict to name; the rest is of use all the same.
    private static async Task AddRimsAsync(IReadOnlyList<CollateralItem.Rim> items, CollateralCollector collector, JsonObject result, CancellationToken token)
    {
        JsonArray rims = [];
        foreach (CollateralItem.Rim item in items)
        {
            if (await collector.TryGetAsync(item, token).ConfigureAwait(false) is { } rim)
            {
                rims.Add(Encoding.UTF8.GetString(rim.Body.Span));
            }
        }

        result["rims"] = rims;
    }

    private static async Task AddAnswersAsync(IReadOnlyList<CollateralItem.Ocsp> items, CollateralCollector collector, JsonObject result, CancellationToken token)
    {
        // In place before anything is asked: a question that gets no answer leaves an entry that cannot be read, and that rejects.
        JsonArray answers = [];
        JsonArray chains = [];
        result["ocsp_b64"] = answers;
        result["ocsp_chains_pem"] = chains;
        foreach (CollateralItem.Ocsp item in items)
        {
            answers.Add("");

            // What each answer is about, so that an import can verify it without the evidence.
            chains.Add(Encoding.ASCII.GetString(item.ChainPem.Span));
            CollateralDocument answer = await collector.GetAsync(item, token).ConfigureAwait(false);
            answers[^1] = Convert.ToBase64String(answer.Body.Span);
        }
    }
}
