using System.Security.Cryptography;
using System.Text.Json;
using Verathos.Attestation.X509;

namespace Verathos.Attestation.Collateral.Fetch;

/// <summary>NVIDIA's service of reference measurements (<c>GET /v1/rim/{id}</c>) and its OCSP responder (RFC 6960 appendix A, by POST).</summary>
internal sealed class NvidiaRequests(CollateralTransport transport, CollateralServices services, bool useNonce)
{
    private const int NonceLength = 32;
    private static readonly JsonDocumentOptions Reading = new() { AllowDuplicateProperties = false, MaxDepth = 8 };

    public async Task<CollateralDocument> RimAsync(CollateralItem.Rim item, CancellationToken cancellationToken)
    {
        CollateralAnswer answer = await transport.GetAsync(
            CollateralServices.At(services.NvidiaRim, $"v1/rim/{item.Id}"), transport.Limits.LongestJson, cancellationToken).ConfigureAwait(false);
        try
        {
            JsonElement root = JsonElement.Parse(answer.Body.Span, Reading);
            if (root.GetProperty("id").GetString() != item.Id)
            {
                throw new FormatException("it has another id");
            }

            // "TCG" is the SWID form; "CORIM" is for devices that have no place here.
            if (root.TryGetProperty("rim_format", out JsonElement form) && form.GetString() is not ("TCG" or "SWID"))
            {
                throw new FormatException($"its form is \"{form.GetString()}\"");
            }

            byte[] rim = root.GetProperty("rim").GetBytesFromBase64();
            if (root.TryGetProperty("sha256", out JsonElement digest)
                && !string.Equals(digest.GetString(), Convert.ToHexString(SHA256.HashData(rim)), StringComparison.OrdinalIgnoreCase))
            {
                throw new FormatException("it is not what its digest says");
            }

            return new CollateralDocument { Kind = item.Kind, Name = item.Name, Body = rim, Source = answer.Address.AbsoluteUri };
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or KeyNotFoundException or FormatException)
        {
            throw new CollateralException(FetchFailure.WrongContent, $"{item.Title}: {answer.Address.Host} answers with something else: {e.Message}", e);
        }
    }

    public async Task<CollateralDocument> OcspAsync(CollateralItem.Ocsp item, CancellationToken cancellationToken)
    {
        byte[]? nonce = useNonce ? RandomNumberGenerator.GetBytes(NonceLength) : null;
        CollateralAnswer answer = await transport.PostAsync(
            services.NvidiaOcsp, OcspRequest.Write(item.Certificate, item.Issuer, nonce is null ? (ReadOnlyMemory<byte>?)null : nonce), OcspRequest.MediaType,
            OcspRequest.AnswerMediaType, transport.Limits.LongestSmall, cancellationToken).ConfigureAwait(false);
        if (nonce is not null)
        {
            byte[] expected = OcspRequest.NonceValue(nonce);
            bool repeated = OcspResponse.TryParse(answer.Body, out OcspResponse? response, out _) && response!.Nonce is { } value && value.Span.SequenceEqual(expected);
            if (!repeated)
            {
                throw new CollateralException(FetchFailure.WrongContent, $"{item.Title}: {answer.Address.Host} does not repeat the nonce, so the answer may be an old one");
            }
        }

        return new CollateralDocument
        {
            Kind = item.Kind,
            Name = item.Name,
            Body = answer.Body,
            ChainPem = item.ChainPem,
            Source = answer.Address.AbsoluteUri,
        };
    }
}
