using System.Buffers;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using Verathos.Attestation.Nvidia;
using Verathos.Attestation.Verdicts;

namespace Verathos.Attestation.Batch;

/// <summary>
/// Verifies lines of JSON, each one piece of evidence with what goes with it, into lines of JSON, each one verdict. A line that
/// cannot be read gets the verdict <c>malformed</c>. Never throws for input.
/// </summary>
/// <param name="clock">Gives the time of judgement for lines that name none.</param>
/// <param name="collect">Gives the collateral of lines that bring none, empty where it has none; null where only lines bring it. Must not throw.</param>
public sealed class BatchVerifier(TimeProvider clock, Func<BatchRequest, ReadOnlyMemory<byte>>? collect = null)
{
    private const int MaximumLine = 64 << 20;

    private static readonly JsonWriterOptions Writing = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };
    private static readonly JsonDocumentOptions Reading = new() { AllowDuplicateProperties = false, MaxDepth = 24 };

    /// <summary>The verdict of one line, without a line end.</summary>
    public string Verify(string line)
    {
        ArgumentNullException.ThrowIfNull(line);
        if (line.Length > MaximumLine)
        {
            return Malformed(null, $"line: {line.Length} characters are more than {MaximumLine}");
        }

        JsonDocument document;
        try
        {
            document = JsonDocument.Parse(line, Reading);
        }
        catch (Exception e) when (e is JsonException or ArgumentException)
        {
            return Malformed(null, $"line: not JSON, or a member appears twice: {e.Message}");
        }

        using (document)
        {
            string? id = null;
            try
            {
                JsonElement root = document.RootElement;
                if (root.ValueKind != JsonValueKind.Object)
                {
                    return Malformed(null, "line: not a JSON object");
                }

                id = root.TryGetProperty("id", out JsonElement element) ? element.GetRawText() : null;
                return BatchRequest.TryRead(root, out BatchRequest? request, out string problem)
                    ? Write(id, Summarise(Appraise(request!)))
                    : Malformed(id, problem);
            }
            catch (InvalidOperationException)
            {
                // An escaped lone surrogate is JSON, and no text: reading it as a string throws.
                return Malformed(id, "line: a name or string is not Unicode text");
            }
        }
    }

    /// <summary>
    /// Verifies one piece of evidence, and with a policy appraises it by the section of its format. Of the section <c>node</c> only the
    /// source of the time can be judged: a line there that is not waived leaves the verdict <c>appraised: false</c> and is named in it.
    /// </summary>
    public Verdict Appraise(BatchRequest request)
    {
        ArgumentNullException.ThrowIfNull(request);
        request = collect is not null && request.Collateral.IsEmpty ? request with { Collateral = collect(request) } : request;
        TrustAnchors anchors = request.Anchors ?? TrustAnchors.Production;
        DateTimeOffset at = request.At ?? clock.GetUtcNow();
        TimeSource source = request.At is null ? TimeSource.Verifier : TimeSource.Asserted;
        return request.Format switch
        {
            EvidenceFormat.Quote => Appraiser.AppraiseQuote(
                request.Evidence, request.Collateral.IsEmpty ? (ReadOnlyMemory<byte>?)null : request.Collateral, request.Policy, anchors, at, source,
                request.EventLog),
            EvidenceFormat.SnpReport => Appraiser.AppraiseSnp(
                request.Evidence, request.Collateral, request.Product, request.Policy, anchors, at, source),
            EvidenceFormat.AzureHcl => Appraiser.AppraiseAzure(
                request.Evidence, request.Collateral, request.Nonce, request.Product, request.Policy, anchors, at, source),
            EvidenceFormat.NvidiaToken or EvidenceFormat.AzureToken => Appraiser.AppraiseTokens(
                request.Evidence, request.Format == EvidenceFormat.NvidiaToken, request.Collateral, request.Nonce, request.Policy, anchors, at, source),
            EvidenceFormat.GpuReport => VerifyGpus(request, anchors, at, source),
            _ => Refused(VerdictKind.Unsupported, CheckNames.EvidenceFormat, "the evidence is of no format that this build verifies", at, source),
        };
    }

    /// <summary>The verdict with two checks before the others that sum up chains and signatures under the same names for every format.</summary>
    public static Verdict Summarise(Verdict verdict) => verdict with { Checks = [.. SummaryChecks.Of(verdict)] };

    private static Verdict VerifyGpus(BatchRequest request, TrustAnchors anchors, DateTimeOffset at, TimeSource source)
    {
        if (!GpuCollateral.TryRead(request.Collateral, out GpuCollateral? collateral, out string problem))
        {
            return Refused(VerdictKind.Malformed, CheckNames.CollateralMissing, problem, at, source);
        }

        // A report by itself, or NVIDIA's list of reports with their certificates.
        IReadOnlyList<GpuEvidence> devices = [new GpuEvidence(request.Evidence, collateral!.ChainPem)];
        ReadOnlySpan<byte> text = request.Evidence.Span.TrimStart(" \t\r\n"u8);
        if (!text.IsEmpty && text[0] is (byte)'[' or (byte)'{' && !GpuEvidenceList.TryParse(request.Evidence, out devices, out ParseError error))
        {
            return Refused(VerdictKind.Malformed, CheckNames.GpuFormat, error.ToString(), at, source);
        }

        return Appraiser.AppraiseGpus(devices, collateral.Rims, collateral.OcspResponses, request.Nonce, request.Policy, anchors, at, source);
    }

    private static Verdict Refused(VerdictKind kind, string check, string detail, DateTimeOffset at, TimeSource source) => new()
    {
        Kind = kind,
        Reason = check,
        Checks = [new Check(check, CheckResult.Failed, detail)],
        At = at,
        TimeSource = source,
    };

    private string Malformed(string? id, string problem) => Write(
        id, Refused(VerdictKind.Malformed, CheckNames.EvidenceFormat, PrintableText.Escape(problem), clock.GetUtcNow(), TimeSource.Verifier));

    private static string Write(string? id, Verdict verdict)
    {
        ArrayBufferWriter<byte> buffer = new(8 * 1024);
        using (Utf8JsonWriter writer = new(buffer, Writing))
        {
            writer.WriteStartObject();
            writer.WritePropertyName("id");
            writer.WriteRawValue(id ?? "null");
            verdict.WriteMembers(writer);
            writer.WriteEndObject();
        }

        return Encoding.UTF8.GetString(buffer.WrittenSpan);
    }
}
