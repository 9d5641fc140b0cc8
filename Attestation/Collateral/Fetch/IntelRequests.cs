using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using Verathos.Attestation.Dcap;

namespace Verathos.Attestation.Collateral.Fetch;

/// <summary>
/// Intel's Provisioning Certification Service, API version 4 ("Get SGX TCB Info", "Get TDX TCB Info", "Get Quoting Enclave
/// Identity", "Get PCK CRL"), or a caching service (PCCS) with the same paths and a few of its own.
/// </summary>
internal sealed partial class IntelRequests(CollateralTransport transport, CollateralServices services)
{
    private const string PemLabel = "-----BEGIN";
    private static readonly JsonDocumentOptions Reading = new() { AllowDuplicateProperties = false, MaxDepth = 16 };

    private Uri Service => services.Pccs ?? services.IntelPcs;

    public async Task<CollateralDocument> TcbInfoAsync(CollateralItem.PlatformTcb item, CancellationToken cancellationToken)
    {
        string query = item.Selection.Query.Length == 0 ? "" : "&" + item.Selection.Query;
        CollateralAnswer answer = await transport.GetAsync(
            CollateralServices.At(Service, $"{Tee(item.Tdx)}/certification/v4/tcb?fmspc={item.Fmspc.ToUpperInvariant()}{query}"), transport.Limits.LongestJson, cancellationToken)
            .ConfigureAwait(false);
        return Signed(item, answer, "tcbInfo", "TCB-Info-Issuer-Chain", "SGX-TCB-Info-Issuer-Chain");
    }

    public async Task<CollateralDocument> QeIdentityAsync(CollateralItem.Qe item, CancellationToken cancellationToken)
    {
        string query = item.Selection.Query.Length == 0 ? "" : "?" + item.Selection.Query;
        CollateralAnswer answer = await transport.GetAsync(
            CollateralServices.At(Service, $"{Tee(item.Tdx)}/certification/v4/qe/identity{query}"), transport.Limits.LongestJson, cancellationToken).ConfigureAwait(false);
        return Signed(item, answer, "enclaveIdentity", "SGX-Enclave-Identity-Issuer-Chain");
    }

    public async Task<CollateralDocument> PckCrlAsync(CollateralItem.PckCrl item, CancellationToken cancellationToken)
    {
        CollateralAnswer answer = await transport.GetAsync(
            CollateralServices.At(Service, $"sgx/certification/v4/pckcrl?ca={item.Ca}&encoding=der"), transport.Limits.LongestList, cancellationToken).ConfigureAwait(false);
        return new CollateralDocument
        {
            Kind = item.Kind,
            Name = item.Name,
            Body = ListBytes(answer.Body),
            ChainPem = Chain(answer, "SGX-PCK-CRL-Issuer-Chain"),
            Source = answer.Address.AbsoluteUri,
        };
    }

    public async Task<CollateralDocument> RootCrlAsync(CollateralItem.RootCrl item, CancellationToken cancellationToken)
    {
        Uri address = services.Pccs is { } own ? CollateralServices.At(own, "sgx/certification/v4/rootcacrl") : services.IntelRootCrl;
        CollateralAnswer answer = await transport.GetAsync(address, transport.Limits.LongestList, cancellationToken).ConfigureAwait(false);
        return new CollateralDocument
        {
            Kind = item.Kind,
            Name = item.Name,
            Body = ListBytes(answer.Body),
            ChainPem = item.RootPem,
            Source = answer.Address.AbsoluteUri,
        };
    }

    /// <summary>Only a PCCS is asked: Intel's own service gives PCK certificates to its subscribers alone.</summary>
    public async Task<CollateralDocument> PckAsync(CollateralItem.Pck item, CancellationToken cancellationToken)
    {
        if (services.Pccs is not { } own)
        {
            throw new CollateralException(
                FetchFailure.NotPublished, "the quote names its PCK certificate and does not carry it, and Intel gives those to subscribers alone: name a PCCS that has it, or give the certificate as pck_certificate_chain");
        }

        ReadOnlyMemory<byte> identity = item.Identity.Bytes;
        string ppid = item.Identity.Type == CertificationDataType.PpidRsa3072 ? $"&encrypted_ppid={Hex(identity[..^20])}" : "";
        CollateralAnswer answer = await transport.GetAsync(
            CollateralServices.At(own, $"sgx/certification/v4/pckcert?qeid={Hex(item.QeId)}&cpusvn={Hex(identity[^20..^4])}&pcesvn={Hex(identity[^4..^2])}&pceid={Hex(identity[^2..])}{ppid}"),
            transport.Limits.LongestSmall, cancellationToken).ConfigureAwait(false);
        byte[] issuers = Chain(answer, "SGX-PCK-Certificate-Issuer-Chain");
        return new CollateralDocument
        {
            Kind = item.Kind,
            Name = item.Name,
            Body = (byte[])[.. answer.Body.Span.Trim(" \t\r\n\0"u8), (byte)'\n', .. issuers],
            Source = answer.Address.AbsoluteUri,
        };
    }

    /// <summary>
    /// The certificates of an issuer-chain header, PEM: percent-encoded (RFC 3986 section 2.1), of which some servers write the spaces as
    /// plus signs.
    /// </summary>
    internal static byte[] DecodeChain(string header)
    {
        string text = header.StartsWith(PemLabel + "+", StringComparison.Ordinal) ? header.Replace('+', ' ') : header;
        return Encoding.UTF8.GetBytes(Uri.UnescapeDataString(text));
    }

    /// <summary>A list's DER: as it is, as PEM, or, as a PCCS gives it, in hexadecimal digits. Anything else stays what it is.</summary>
    internal static ReadOnlyMemory<byte> ListBytes(ReadOnlyMemory<byte> body)
    {
        ReadOnlySpan<byte> text = body.Span.Trim(" \t\r\n\0\""u8);
        if (text.StartsWith("-----BEGIN"u8))
        {
            Match pem = PemList().Match(Encoding.ASCII.GetString(text));
            byte[] der = new byte[text.Length];
            return pem.Success && Convert.TryFromBase64String(pem.Groups[1].Value, der, out int length) ? der.AsMemory(0, length) : body;
        }

        byte[] bytes = new byte[text.Length / 2];
        return text.Length > 0 && (text.Length & 1) == 0 && Convert.FromHexString(text, bytes, out _, out _) == System.Buffers.OperationStatus.Done ? bytes : body;
    }

    private static CollateralDocument Signed(CollateralItem item, CollateralAnswer answer, string member, params string[] headers)
    {
        try
        {
            JsonElement root = JsonElement.Parse(answer.Body.Span, Reading);
            return new CollateralDocument
            {
                Kind = item.Kind,
                Name = item.Name,
                Channel = item.Channel,

                // The signature covers these very characters.
                Body = Encoding.UTF8.GetBytes(root.GetProperty(member).GetRawText()),
                Signature = Convert.FromHexString(root.GetProperty("signature").GetString() ?? ""),
                ChainPem = Chain(answer, headers),
                Source = answer.Address.AbsoluteUri,
            };
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or KeyNotFoundException or FormatException)
        {
            throw new CollateralException(FetchFailure.WrongContent, $"{item.Title}: {answer.Address.Host} answers with something else than {member} and its signature: {e.Message}", e);
        }
    }

    private static byte[] Chain(CollateralAnswer answer, params string[] headers)
    {
        string? header = headers.Select(answer.Header).FirstOrDefault(value => value is not null);
        return header is null
            ? throw new CollateralException(FetchFailure.WrongContent, $"{answer.Address.Host} answers without the issuer's chain in the header {headers[0]}")
            : DecodeChain(header);
    }

    private static string Tee(bool tdx) => tdx ? "tdx" : "sgx";

    private static string Hex(ReadOnlyMemory<byte> bytes) => Convert.ToHexString(bytes.Span);

    [GeneratedRegex(@"^-----BEGIN X509 CRL-----([A-Za-z0-9+/=\s]*)-----END X509 CRL-----$", RegexOptions.CultureInvariant)]
    private static partial Regex PemList();
}
