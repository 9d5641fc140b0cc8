using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using Verathos.Attestation.Azure;
using Verathos.Attestation.Batch;

namespace Verathos.Attestation.Collateral;

/// <summary>
/// Which documents a piece of evidence needs, read from the evidence and verified by nobody: a plan decides what is asked for, never
/// what is believed. The result is the JSON object that a verifier reads.
/// </summary>
public sealed class CollateralPlan
{
    private static readonly JsonSerializerOptions Writing = new() { WriteIndented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private readonly Func<CollateralCollector, JsonObject, CancellationToken, Task> _collect;
    private readonly JsonObject _given;

    internal CollateralPlan(JsonObject given, Func<CollateralCollector, JsonObject, CancellationToken, Task> collect) => (_given, _collect) = (given, collect);

    /// <summary>Makes the plan for a piece of evidence.</summary>
    /// <param name="request">The evidence.</param>
    /// <param name="anchors">The roots: nobody is asked about a certificate that does not lead there.</param>
    /// <param name="plan">The plan.</param>
    /// <param name="problem">Why there is none.</param>
    public static bool TryCreate(CollateralRequest request, TrustAnchors anchors, out CollateralPlan? plan, out string problem)
    {
        ArgumentNullException.ThrowIfNull(request);
        ArgumentNullException.ThrowIfNull(anchors);
        plan = null;
        if (!TryReadGiven(request.Given, out JsonObject given, out problem))
        {
            return false;
        }

        bool made = request.Format switch
        {
            EvidenceFormat.Quote => QuotePlan.TryCreate(request.Evidence, request.Selection, given, out plan, out problem),
            EvidenceFormat.SnpReport => SnpPlan.TryCreate(request.Evidence, request.Product, given, hasKey: false, out plan, out problem),
            EvidenceFormat.GpuReport => GpuPlan.TryCreate(request, given, anchors, out plan, out problem),
            EvidenceFormat.AzureHcl => TryCreateAzure(request, given, out plan, out problem),
            EvidenceFormat.AzureToken or EvidenceFormat.NvidiaToken => Fail("a token is judged by the key set that you trust, archived or pinned; nothing that a token names is fetched", out problem),
            _ => Fail("the evidence is of no format that is known here", out problem),
        };
        problem = Verdicts.PrintableText.Escape(problem);
        return made;
    }

    /// <summary>Collects the documents. One that is not to be had, or not taken, ends it: what was collected until then is returned.</summary>
    public async Task<CollectedCollateral> CollectAsync(CollateralCollector collector, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(collector);
        JsonObject result = _given.DeepClone().AsObject();
        CollateralException? failure = null;
        try
        {
            await _collect(collector, result, cancellationToken).ConfigureAwait(false);
        }
        catch (CollateralException e)
        {
            failure = e;
        }

        return new CollectedCollateral(result.Count == 0 ? default : Encoding.UTF8.GetBytes(result.ToJsonString(Writing)), collector.Documents, failure);
    }

    internal static bool Fail(string reason, out string problem)
    {
        problem = reason;
        return false;
    }

    internal static bool Has(JsonObject json, string name) => json.TryGetPropertyValue(name, out JsonNode? node) && node is not null;

    private static bool TryCreateAzure(CollateralRequest request, JsonObject given, out CollateralPlan? plan, out string problem)
    {
        plan = null;
        if (!AzureBundle.TryParse(request.Evidence, out AzureBundle? bundle, out ParseError error)
            || !HclReport.TryParse(bundle!.HclReport, out HclReport? report, out error))
        {
            return Fail(error.ToString(), out problem);
        }

        if (!report!.IsTdx)
        {
            return SnpPlan.TryCreate(report.HardwareReport, request.Product, given, bundle.Vcek is not null, out plan, out problem);
        }

        return bundle.TdQuote is { } quote
            ? QuotePlan.TryCreate(quote, request.Selection, given, out plan, out problem)
            : Fail("the evidence has a TDREPORT and no quote, for which there is no collateral", out problem);
    }

    private static bool TryReadGiven(ReadOnlyMemory<byte> json, out JsonObject given, out string problem)
    {
        given = [];
        problem = "";
        if (json.IsEmpty)
        {
            return true;
        }

        try
        {
            given = JsonNode.Parse(json.Span, documentOptions: new JsonDocumentOptions { AllowDuplicateProperties = false, MaxDepth = 16 }) as JsonObject
                ?? throw new FormatException("not an object");
            return true;
        }
        catch (Exception e) when (e is JsonException or FormatException or ArgumentException)
        {
            return Fail($"the collateral at hand is not a JSON object: {e.Message}", out problem);
        }
    }
}
