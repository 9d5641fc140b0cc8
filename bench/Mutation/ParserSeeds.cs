using System.Formats.Asn1;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using Verathos.Attestation.Policies;
using Verathos.Attestation.Snp;
using Verathos.Simulator;
using Verathos.Simulator.Nvidia;
using Verathos.Simulator.Tdx;

namespace Verathos.Bench.Mutation;

/// <summary>An input that each parser takes, from which changes start.</summary>
public static class ParserSeeds
{
    private const string TpmMessage =
        "ff544347801800020001000800010203040506070000000000000000000000000000000000000000000000000000000001000b03ff00000020"
        + "0000000000000000000000000000000000000000000000000000000000000000";

    private const string Token = "eyJhbGciOiJFUzM4NCIsImtpZCI6ImsifQ.eyJpc3MiOiJhIiwiZXhwIjoxfQ.AAAA";

    /// <summary>The inputs by the parsers' names.</summary>
    /// <param name="installation">What mints those that are evidence.</param>
    public static IReadOnlyDictionary<string, byte[]> From(Installation installation)
    {
        ArgumentNullException.ThrowIfNull(installation);
        byte[] collateral = installation.Collateral.Current;
        MintedGpuEvidence gpu = installation.Gpu.Mint(new GpuReportSpec { Nonce = new byte[32] });
        byte[] list = Wrapped.Read(collateral, "pck_crl", Spelling.Hex);
        byte[] certificate = installation.Tdx.PckCertificate(new PckSpec());
        string encoded = Convert.ToBase64String(certificate);
        return new Dictionary<string, byte[]>(CommitmentTargets.Seeds())
        {
            ["quote"] = installation.Tdx.Mint(new TdxQuoteSpec { ReportData = new byte[64] }),
            ["collateral"] = collateral,
            ["tcb-info"] = Wrapped.Read(collateral, "tcb_info", Spelling.Text),
            ["qe-identity"] = Wrapped.Read(collateral, "qe_identity", Spelling.Text),
            ["certificate"] = certificate,
            ["revocation-list"] = list,
            ["pem"] = gpu.CertificateChain,
            ["ocsp"] = OcspAnswer(),
            ["gpu-report"] = gpu.Report,
            ["gpu-list"] = Json(new JsonArray(new JsonObject
            {
                ["evidence"] = Convert.ToBase64String(gpu.Report),
                ["certificate"] = Convert.ToBase64String(gpu.CertificateChain),
            })),
            ["gpu-collateral"] = Json(new JsonObject
            {
                ["chain_pem"] = Encoding.ASCII.GetString(gpu.CertificateChain),
                ["rims"] = new JsonArray("<a/>"),
                ["ocsp_b64"] = new JsonArray(Convert.ToBase64String(OcspAnswer())),
            }),
            ["rim"] = installation.Rim.Vbios,
            ["snp-report"] = Snp(),
            ["snp-collateral"] = Json(new JsonObject { ["vcek_der_b64"] = encoded, ["ask_der_b64"] = encoded, ["crl_der_b64"] = Convert.ToBase64String(list) }),
            ["azure-hcl"] = Hcl(),
            ["azure-bundle"] = Json(new JsonObject
            {
                ["hcl_report"] = Convert.ToBase64String(Hcl()),
                ["tpm_quote"] = new JsonObject { ["message"] = TpmMessage, ["signature"] = new JsonArray(1, 2, 255), ["pcrs"] = new JsonArray(new string('0', 64)) },
            }),
            ["tpm-quote"] = Convert.FromHexString(TpmMessage),
            ["token"] = Encoding.ASCII.GetBytes(Token),
            ["nvidia-tokens"] = Json(new JsonArray(new JsonArray("JWT", Token), new JsonObject { ["GPU-0"] = Token })),
            ["key-set"] = Json(new JsonObject
            {
                ["jwks"] = new JsonObject { ["keys"] = new JsonArray(new JsonObject { ["kty"] = "EC", ["crv"] = "P-384", ["kid"] = "k", ["x"] = "AA", ["y"] = "AA" }) },
            }),
            ["event-log"] = Json(new JsonArray(
                new JsonObject { ["imr"] = 0, ["event_type"] = 4, ["digest"] = new string('a', 96), ["event"] = "", ["event_payload"] = "" },
                new JsonObject { ["imr"] = 3, ["event_type"] = 0x08000001, ["digest"] = "", ["event"] = "app-id", ["event_payload"] = "0102" })),
            ["policy"] = Policy.BuiltIn("tdx-h100").Raw.ToArray(),
        };
    }

    private static byte[] Json(JsonNode node) => Encoding.UTF8.GetBytes(node.ToJsonString());

    private static byte[] Snp()
    {
        byte[] report = new byte[SnpReport.Length];
        (report[0], report[10], report[0x34]) = (3, 2, 1);
        return report;
    }

    private static byte[] Hcl()
    {
        string n = Convert.ToBase64String(Enumerable.Repeat((byte)0xC1, 256).ToArray()).Replace('+', '-').Replace('/', '_').TrimEnd('=');
        byte[] runtime = Encoding.ASCII.GetBytes($$$"""{"keys":[{"kid":"HCLAkPub","kty":"RSA","e":"AQAB","n":"{{{n}}}"}]}""");
        byte[] length = BitConverter.GetBytes(runtime.Length);
        return
        [
            .. "HCLA"u8, .. new byte[28 + SnpReport.Length], .. BitConverter.GetBytes(runtime.Length + 20), 1, 0, 0, 0, 2, 0, 0, 0, 1, 0, 0, 0, .. length, .. runtime,
        ];
    }

    // An answer that nobody signed, in the form of RFC 6960 section 4.2.1.
    private static byte[] OcspAnswer()
    {
        DateTimeOffset at = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);
        AsnWriter basic = new(AsnEncodingRules.DER);
        using (basic.PushSequence())
        {
            using (basic.PushSequence())
            {
                using (basic.PushSequence(new Asn1Tag(TagClass.ContextSpecific, 2)))
                {
                    basic.WriteOctetString(new byte[20]);
                }

                basic.WriteGeneralizedTime(at, omitFractionalSeconds: true);
                using (basic.PushSequence())
                using (basic.PushSequence())
                {
                    using (basic.PushSequence())
                    {
                        using (basic.PushSequence())
                        {
                            basic.WriteObjectIdentifier("2.16.840.1.101.3.4.2.1");
                        }

                        basic.WriteOctetString(SHA256.HashData([1]));
                        basic.WriteOctetString(SHA256.HashData([2]));
                        basic.WriteInteger(7);
                    }

                    basic.WriteNull(new Asn1Tag(TagClass.ContextSpecific, 0));
                    basic.WriteGeneralizedTime(at, omitFractionalSeconds: true);
                    using (basic.PushSequence(new Asn1Tag(TagClass.ContextSpecific, 0)))
                    {
                        basic.WriteGeneralizedTime(at.AddDays(1), omitFractionalSeconds: true);
                    }
                }
            }

            using (basic.PushSequence())
            {
                basic.WriteObjectIdentifier("1.2.840.10045.4.3.3");
            }

            basic.WriteBitString(new byte[104]);
        }

        AsnWriter whole = new(AsnEncodingRules.DER);
        using (whole.PushSequence())
        {
            whole.WriteEnumeratedValue(Status.Successful);
            using (whole.PushSequence(new Asn1Tag(TagClass.ContextSpecific, 0)))
            using (whole.PushSequence())
            {
                whole.WriteObjectIdentifier("1.3.6.1.5.5.7.48.1.1");
                whole.WriteOctetString(basic.Encode());
            }
        }

        return whole.Encode();
    }

    private enum Status
    {
        Successful = 0,
    }
}
