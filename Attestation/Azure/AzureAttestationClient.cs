using System.Buffers.Text;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Verathos.Attestation.Collateral;
using Verathos.Attestation.Collateral.Fetch;
using Verathos.Attestation.Tokens;

namespace Verathos.Attestation.Azure;

/// <summary>
/// Posts evidence to a configured instance of Microsoft Azure Attestation over REST. The token that comes back is for
/// <see cref="Appraiser.AppraiseTokens"/> to verify; nothing that it names is fetched.
/// </summary>
public sealed class AzureAttestationClient
{
    private const string Json = "application/json";
    private static readonly JsonDocumentOptions Reading = new() { AllowDuplicateProperties = false, MaxDepth = 16 };

    private readonly CollateralTransport _transport;
    private readonly AzureAttestationOptions _options;

    /// <summary>A client of one instance.</summary>
    /// <exception cref="ArgumentException">The address may not be asked.</exception>
    public AzureAttestationClient(CollateralTransport transport, AzureAttestationOptions options)
    {
        ArgumentNullException.ThrowIfNull(transport);
        ArgumentNullException.ThrowIfNull(options);
        if (!CollateralServices.IsAllowed(options.Endpoint) || options.ApiVersion.Length == 0 || !options.ApiVersion.All(c => char.IsAsciiLetterOrDigit(c) || c == '-'))
        {
            throw new ArgumentException($"{options.Endpoint} is not an https address (http serves this machine alone), or the version of the API is no version", nameof(options));
        }

        (_transport, _options) = (transport, options);
    }

    /// <summary>Asks for a token.</summary>
    /// <exception cref="CollateralException">There is none, it is another issuer's, or it does not parse.</exception>
    public async Task<AzureAttestationAnswer> AttestAsync(AzureAttestationRequest request, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(request);
        CollateralAnswer answer = await _transport.PostAsync(
            CollateralServices.At(_options.Endpoint, $"attest/{request.Kind}?api-version={_options.ApiVersion}"),
            Encoding.UTF8.GetBytes(Body(request).ToJsonString()), Json, Json, _transport.Limits.LongestSmall, cancellationToken).ConfigureAwait(false);
        byte[] token = ReadToken(answer);
        CheckIssuer(token);
        ReadOnlyMemory<byte> keys = _options.PinnedKeys.IsEmpty
            ? (await _transport.GetAsync(CollateralServices.At(_options.Endpoint, "certs"), _transport.Limits.LongestJson, cancellationToken).ConfigureAwait(false)).Body
            : _options.PinnedKeys;
        return new AzureAttestationAnswer(token, Keys(keys));
    }

    private static JsonObject Body(AzureAttestationRequest request)
    {
        string evidence = Base64Url.EncodeToString(request.Evidence.Span);
        JsonObject body = [];
        switch (request.Kind)
        {
            case AzureAttestationKind.SgxEnclave or AzureAttestationKind.TdxVm:
                body["quote"] = evidence;
                break;
            case AzureAttestationKind.SevSnpVm:
                JsonObject report = new() { ["SnpReport"] = evidence, ["VcekCertChain"] = Base64Url.EncodeToString(request.CertificatesPem.Span) };
                body["report"] = Base64Url.EncodeToString(Encoding.UTF8.GetBytes(report.ToJsonString()));
                break;
            case AzureAttestationKind.AzureGuest:
                body["attestationInfo"] = evidence;
                return body;
            default:
                throw new ArgumentException("there is no such operation", nameof(request));
        }

        if (request.RuntimeData is { } data)
        {
            body["runtimeData"] = new JsonObject { ["data"] = Base64Url.EncodeToString(data.Span), ["dataType"] = "Binary" };
        }

        if (request.Nonce is { } nonce)
        {
            body["nonce"] = Convert.ToHexStringLower(nonce.Span);
        }

        return body;
    }

    private static byte[] ReadToken(CollateralAnswer answer)
    {
        try
        {
            return Encoding.UTF8.GetBytes(JsonElement.Parse(answer.Body.Span, Reading).GetProperty("token").GetString() ?? throw new FormatException("the token is null"));
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or KeyNotFoundException or FormatException)
        {
            throw new CollateralException(FetchFailure.WrongContent, $"{answer.Address.Host} answers with something else than a token: {e.Message}", e);
        }
    }

    // Which instance's tokens are taken is configuration; the token's own word on it must agree.
    private void CheckIssuer(byte[] token)
    {
        string expected = _options.Issuer ?? _options.Endpoint.GetLeftPart(UriPartial.Authority);
        if (!JsonWebToken.TryParse(token, out JsonWebToken? parsed, out ParseError error))
        {
            throw new CollateralException(FetchFailure.WrongContent, $"{_options.Endpoint.Host} answers with a token that does not parse: {error}");
        }

        if (!string.Equals(parsed!.Issuer, expected, StringComparison.OrdinalIgnoreCase))
        {
            throw new CollateralException(FetchFailure.WrongContent, $"{_options.Endpoint.Host} answers with a token of \"{parsed.Issuer}\", where {expected} is configured");
        }
    }

    private byte[] Keys(ReadOnlyMemory<byte> json)
    {
        try
        {
            JsonNode? node = JsonNode.Parse(json.Span, documentOptions: Reading);
            JsonNode? set = node?["jwks"] ?? node;
            return set?["keys"] is JsonArray
                ? Encoding.UTF8.GetBytes(new JsonObject { ["jwks"] = set.DeepClone() }.ToJsonString())
                : throw new FormatException("it has no list of keys");
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or ArgumentException or FormatException)
        {
            throw new CollateralException(
                FetchFailure.WrongContent, $"{(_options.PinnedKeys.IsEmpty ? $"{_options.Endpoint.Host} answers with" : "the pinned keys are")} something else than a key set: {e.Message}", e);
        }
    }
}
