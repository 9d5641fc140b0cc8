using System.Text;
using System.Text.Json;
using Verathos.Attestation.Collateral.Cache;
using Verathos.Attestation.Nvidia;
using Verathos.Attestation.Snp;
using Verathos.Attestation.X509;

namespace Verathos.Attestation.Collateral;

/// <summary>Takes a collateral file apart into its documents, for a cache: QuoteCollateralV3, SEV-SNP's form, GPUs' form, or several in one object.</summary>
public static class CollateralFile
{
    private static readonly JsonDocumentOptions Reading = new() { AllowDuplicateProperties = false, MaxDepth = 16 };

    /// <summary>Verifies every document of a file and stores those that hold and are not older than what was seen.</summary>
    /// <param name="cache">The cache.</param>
    /// <param name="json">The file's object, in UTF-8.</param>
    /// <param name="selection">The line of evaluations to which Intel's documents belong.</param>
    /// <param name="anchors">The roots.</param>
    /// <param name="now">The time.</param>
    /// <param name="source">The file's name, for a list to show.</param>
    /// <param name="cancellationToken">Stops it between documents.</param>
    /// <exception cref="CollateralException">The file is no collateral that is known here.</exception>
    public static async Task<IReadOnlyList<StoreOutcome>> ImportAsync(
        CollateralCache cache, ReadOnlyMemory<byte> json, TcbSelection selection, TrustAnchors anchors, DateTimeOffset now, string source,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(cache);
        ArgumentNullException.ThrowIfNull(selection);
        ArgumentNullException.ThrowIfNull(anchors);
        IReadOnlyList<CollateralDocument> documents = Split(json, selection);
        return await cache.StoreAsync([.. documents.Select(document => document with { FetchedAt = now, Source = source })], anchors, cancellationToken)
            .ConfigureAwait(false);
    }

    /// <summary>What of a file is older than a cache has seen; nothing is stored.</summary>
    /// <param name="cache">The cache.</param>
    /// <param name="json">The file's object, in UTF-8.</param>
    /// <param name="selection">The line of evaluations to which Intel's documents belong.</param>
    /// <param name="anchors">The roots.</param>
    /// <param name="cancellationToken">Stops it.</param>
    /// <exception cref="CollateralException">The file is no collateral that is known here.</exception>
    public static async Task<IReadOnlyList<StoreOutcome>> FindOlderAsync(
        CollateralCache cache, ReadOnlyMemory<byte> json, TcbSelection selection, TrustAnchors anchors, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(cache);
        ArgumentNullException.ThrowIfNull(selection);
        ArgumentNullException.ThrowIfNull(anchors);
        return await cache.FindOlderAsync(Split(json, selection), anchors, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>The documents of a file, verified by nobody.</summary>
    /// <exception cref="CollateralException">The file is no collateral that is known here.</exception>
    internal static IReadOnlyList<CollateralDocument> Split(ReadOnlyMemory<byte> json, TcbSelection selection)
    {
        List<CollateralDocument> documents = [];
        try
        {
            JsonElement root = JsonElement.Parse(json.Span, Reading);
            if (Has(root, "tcb_info"))
            {
                AddQuote(documents, json, root, selection);
            }

            if (Has(root, "vcek_der_b64") || Has(root, "crl_der_b64") || Has(root, "vlek_der_b64"))
            {
                AddSnp(documents, json);
            }

            if (Has(root, "rims") || Has(root, "ocsp_b64"))
            {
                AddGpu(documents, root);
            }
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or KeyNotFoundException or FormatException or ArgumentNullException)
        {
            throw new CollateralException(FetchFailure.WrongContent, $"the file is no collateral that is known here: {e.Message}", e);
        }

        return documents.Count > 0
            ? documents
            : throw new CollateralException(FetchFailure.WrongContent, "the file holds no document that a cache keeps; certificates of lent keys (VLEK) and key sets are given with --collateral");
    }

    private static void AddQuote(List<CollateralDocument> documents, ReadOnlyMemory<byte> json, JsonElement root, TcbSelection selection)
    {
        if (!QuoteCollateral.TryParse(json, out QuoteCollateral? parsed, out ParseError error))
        {
            throw new FormatException(error.ToString());
        }

        byte[] listChain = Text(root, "pck_crl_issuer_chain");
        documents.Add(new CollateralDocument
        {
            Kind = CollateralKind.TcbInfo,
            Name = CollateralItem.PlatformTcb.NameOf(parsed!.TcbInfo.Id, Convert.ToHexStringLower(parsed.TcbInfo.Fmspc.Span)),
            Channel = selection.Channel,
            Body = parsed.TcbInfoBytes,
            Signature = parsed.TcbInfoSignature,
            ChainPem = Text(root, "tcb_info_issuer_chain"),
        });
        documents.Add(new CollateralDocument
        {
            Kind = CollateralKind.QeIdentity,
            Name = parsed.QeIdentity.Id.ToLowerInvariant(),
            Channel = selection.Channel,
            Body = parsed.QeIdentityBytes,
            Signature = parsed.QeIdentitySignature,
            ChainPem = Text(root, "qe_identity_issuer_chain"),
        });
        documents.Add(new CollateralDocument
        {
            Kind = CollateralKind.PckCrl,
            Name = QuotePlan.CaOf(parsed.PckCrl.IssuerName) ?? throw new FormatException("pck_crl is neither the Platform CA's nor the Processor CA's"),
            Body = Convert.FromHexString(root.GetProperty("pck_crl").GetString()!),
            ChainPem = listChain,
        });
        documents.Add(new CollateralDocument
        {
            Kind = CollateralKind.RootCaCrl,
            Name = "root",
            Body = Convert.FromHexString(root.GetProperty("root_ca_crl").GetString()!),
            ChainPem = QuotePlan.RootOf(listChain),
        });
    }

    private static void AddSnp(List<CollateralDocument> documents, ReadOnlyMemory<byte> json)
    {
        if (!SnpCollateral.TryParse(json, out SnpCollateral? parsed, out ParseError error))
        {
            throw new FormatException(error.ToString());
        }

        VcekExtensions? extensions = null;
        if (parsed!.Vcek is { } vcek)
        {
            if (!VcekExtensions.TryParse(vcek, out extensions, out error) || extensions!.HardwareId is not { } hardwareId
                || !SnpProducts.TryFind(extensions.ProductName, out SnpProduct product))
            {
                throw new FormatException($"vcek_der_b64 is not a chip's certificate: {error}");
            }

            documents.Add(new CollateralDocument
            {
                Kind = CollateralKind.Vcek,
                Name = CollateralItem.Vcek.NameOf(product, hardwareId.Span, extensions.Tcb),
                Body = vcek.Der,
                ChainPem = Authorities(parsed, product),
            });
        }

        if (parsed.Crl is { } list)
        {
            // The issuer's name says which product line it is, and its signature whether that is true.
            SnpProduct product = Enum.GetValues<SnpProduct>().FirstOrDefault(
                item => item != SnpProduct.Unknown && list.IssuerName.Span.IndexOf(Encoding.ASCII.GetBytes($"ARK-{item}")) >= 0);
            documents.Add(new CollateralDocument
            {
                Kind = CollateralKind.AmdCrl,
                Name = product == SnpProduct.Unknown ? throw new FormatException("crl_der_b64 is no ARK's list") : CollateralItem.AmdCrl.NameOf(product),
                Body = CrlBytes(json),
                ChainPem = Authorities(parsed, product),
            });
        }
    }

    private static byte[] CrlBytes(ReadOnlyMemory<byte> json) => JsonElement.Parse(json.Span, Reading).GetProperty("crl_der_b64").GetBytesFromBase64();

    private static byte[] Authorities(SnpCollateral given, SnpProduct product)
    {
        IReadOnlyList<Certificate> known = AmdAuthorities.Of(product, SnpSigningKey.Vcek);
        return CollateralPem.Write([given.Ask ?? known[0], given.Ark ?? known[1]]);
    }

    private static void AddGpu(List<CollateralDocument> documents, JsonElement root)
    {
        if (Has(root, "rims"))
        {
            foreach (JsonElement item in root.GetProperty("rims").EnumerateArray())
            {
                byte[] xml = Encoding.UTF8.GetBytes(item.GetString()!);
                if (!Rim.TryParse(xml, out Rim? rim, out ParseError error))
                {
                    throw new FormatException(error.ToString());
                }

                documents.Add(new CollateralDocument { Kind = CollateralKind.Rim, Name = CollateralItem.Rim.NameOf(rim!.Product, rim.Version), Body = xml });
            }
        }

        if (!Has(root, "ocsp_b64"))
        {
            return;
        }

        if (!Has(root, "ocsp_chains_pem"))
        {
            throw new FormatException("ocsp_b64 comes without ocsp_chains_pem, so nothing says which certificates it is about");
        }

        foreach ((JsonElement answer, JsonElement chain) in root.GetProperty("ocsp_b64").EnumerateArray().Zip(root.GetProperty("ocsp_chains_pem").EnumerateArray()))
        {
            byte[] pem = Encoding.UTF8.GetBytes(chain.GetString()!);
            if (!PemReader.TryRead(pem, out IReadOnlyList<Certificate> certificates, out ParseError error) || certificates.Count < 2)
            {
                throw new FormatException($"ocsp_chains_pem: {error}");
            }

            documents.Add(new CollateralDocument
            {
                Kind = CollateralKind.OcspAnswer,
                Name = CollateralItem.Ocsp.NameOf(certificates[0], certificates[1]),
                Body = answer.GetBytesFromBase64(),
                ChainPem = pem,
            });
        }
    }

    private static bool Has(JsonElement root, string name) => root.TryGetProperty(name, out JsonElement value) && value.ValueKind != JsonValueKind.Null;

    private static byte[] Text(JsonElement root, string name) => Encoding.UTF8.GetBytes(root.GetProperty(name).GetString()!);
}
