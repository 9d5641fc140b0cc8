using System.Buffers.Binary;
using System.Formats.Asn1;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json.Nodes;
using Verathos.Attestation.Dcap;

namespace Verathos.Attestation.Tests.Dcap;

/// <summary>
/// A root, a PCK and collateral of its own, and quotes of every version, body, key and certification data. Minted: no hardware made
/// any of it, and no recorded evidence covers key type 3 or certification data other than of type 5.
/// </summary>
internal sealed class TestIntel : IDisposable
{
    private const string Oid = "1.2.840.113741.1.13.1";
    private static readonly DateTimeOffset From = new(2025, 1, 1, 0, 0, 0, TimeSpan.Zero);
    private readonly ECDsa _rootKey = ECDsa.Create(ECCurve.NamedCurves.nistP256);
    private readonly ECDsa _pckKey = ECDsa.Create(ECCurve.NamedCurves.nistP256);
    private readonly X509Certificate2 _root;
    private readonly X509Certificate2 _ca;
    private readonly X509Certificate2 _pck;
    private readonly X509Certificate2 _signer;

    public TestIntel()
    {
        _root = Request("Intel SGX Root CA", 1).CreateSelfSigned(From, From.AddYears(20));
        _ca = Request("Intel SGX PCK Platform CA", 0).Create(_root.SubjectName, Signer, From, From.AddYears(15), [2]);
        _signer = Request("Intel SGX TCB Signing", null).Create(_root.SubjectName, Signer, From, From.AddYears(7), [3]);
        CertificateRequest pck = new(Name("Intel SGX PCK Certificate"), _pckKey, HashAlgorithmName.SHA256);
        pck.CertificateExtensions.Add(new X509Extension(Oid, SgxExtension(), critical: false));
        _pck = pck.Create(_ca.SubjectName, Signer, From, From.AddYears(7), [4]);
    }

    public static DateTimeOffset At { get; } = From.AddDays(30);

    public byte[] Ppid { get; } = RandomNumberGenerator.GetBytes(16);

    public byte[] CpuSvn { get; } = RandomNumberGenerator.GetBytes(16);

    public byte[] QeVendor { get; } = Convert.FromHexString("939a7233f79c4ca9940a0db3957f0607");

    public byte[] QeSigner { get; } = [.. Enumerable.Repeat((byte)7, 32)];

    public string RootPem => _root.ExportCertificatePem();

    public TrustAnchors Anchors => TrustAnchors.TryFromRoots(Encoding.ASCII.GetBytes(RootPem), out TrustAnchors? anchors, out ParseError error)
        ? anchors!
        : throw new InvalidOperationException(error.ToString());

    private X509SignatureGenerator Signer => X509SignatureGenerator.CreateForECDsa(_rootKey);

    public string PckPem(bool leafOnly = false, bool rootSecond = false) => leafOnly ? _pck.ExportCertificatePem() + "\n"
        : string.Join('\n', (rootSecond ? new[] { _pck, _root, _ca } : [_pck, _ca, _root]).Select(certificate => certificate.ExportCertificatePem())) + "\n\0";

    /// <summary>The body of a guest's report that passes.</summary>
    public static byte[] Body(DcapBodyType type, byte[]? svn = null, byte[]? svn2 = null)
    {
        byte[] body = new byte[type switch { DcapBodyType.Sgx => 384, DcapBodyType.Tdx10 => 584, DcapBodyType.Tdx15 => 648, _ => 885 }];
        if (type != DcapBodyType.Sgx)
        {
            (svn ?? [3, 1, 5]).CopyTo(body, 0);
            if (type >= DcapBodyType.Tdx15)
            {
                (svn2 ?? svn ?? [3, 1, 5]).CopyTo(body, 584);
            }
        }

        return body;
    }

    public byte[] Quote(
        int version, byte[] body, DcapBodyType type, AttestationKeyType key = AttestationKeyType.EcdsaP256,
        CertificationDataType certification = CertificationDataType.PckChain, byte[]? certificationData = null, int authenticationLength = 32, int padding = 0)
    {
        bool wide = key == AttestationKeyType.EcdsaP384;
        using ECDsa attestation = ECDsa.Create(wide ? ECCurve.NamedCurves.nistP384 : ECCurve.NamedCurves.nistP256);
        ECPoint point = attestation.ExportParameters(false).Q;
        byte[] publicKey = [.. point.X!, .. point.Y!];
        byte[] authentication = RandomNumberGenerator.GetBytes(authenticationLength);
        byte[] header = new byte[48];
        BinaryPrimitives.WriteUInt16LittleEndian(header, (ushort)version);
        BinaryPrimitives.WriteUInt16LittleEndian(header.AsSpan(2), (ushort)key);
        header[4] = (byte)(type == DcapBodyType.Sgx ? 0 : 0x81);
        QeVendor.CopyTo(header, 12);
        byte[] descriptor = version == 5 ? [(byte)type, 0, .. Little((uint)body.Length)] : [];
        byte[] signed = [.. header, .. descriptor, .. body];

        byte[] report = new byte[384];
        QeSigner.CopyTo(report, 128);
        report[256] = (byte)(type == DcapBodyType.Sgx ? 1 : 2);
        report[258] = 8;
        SHA256.HashData([.. publicKey, .. authentication]).CopyTo(report, 320);
        byte[] data = certificationData ?? certification switch
        {
            CertificationDataType.PpidClear => [.. Ppid, .. CpuSvn, 11, 0, 0, 0],
            CertificationDataType.PpidRsa2048 => [.. RandomNumberGenerator.GetBytes(256), .. CpuSvn, 11, 0, 0, 0],
            CertificationDataType.PpidRsa3072 => [.. RandomNumberGenerator.GetBytes(384), .. CpuSvn, 11, 0, 0, 0],
            CertificationDataType.PckLeaf => Encoding.ASCII.GetBytes(PckPem(leafOnly: true)),
            _ => Encoding.ASCII.GetBytes(PckPem()),
        };
        byte[] inner =
        [
            .. report, .. _pckKey.SignData(report, HashAlgorithmName.SHA256), (byte)authenticationLength, (byte)(authenticationLength >> 8), .. authentication,
            (byte)certification, 0, .. Little((uint)data.Length), .. data,
        ];
        byte[] outer = version == 3 ? inner : [6, 0, .. Little((uint)inner.Length), .. inner];
        byte[] signature = attestation.SignData(signed, wide ? HashAlgorithmName.SHA384 : HashAlgorithmName.SHA256);
        byte[] proof = [.. signature, .. publicKey, .. outer];
        return [.. signed, .. Little((uint)proof.Length), .. proof, .. new byte[padding]];
    }

    /// <summary>The collateral's JSON object.</summary>
    public JsonObject Collateral(bool tdx, JsonObject? tcbInfo = null, JsonObject? qeIdentity = null, bool withPck = false)
    {
        string chain = _signer.ExportCertificatePem() + "\n" + RootPem + "\n";
        string info = (tcbInfo ?? TcbInfo(tdx)).ToJsonString();
        string identity = (qeIdentity ?? QeIdentity(tdx)).ToJsonString();
        JsonObject json = new()
        {
            ["pck_crl_issuer_chain"] = _ca.ExportCertificatePem() + "\n" + RootPem + "\n",
            ["root_ca_crl"] = Convert.ToHexString(Crl(_root)),
            ["pck_crl"] = Convert.ToHexString(Crl(_ca)),
            ["tcb_info_issuer_chain"] = chain,
            ["tcb_info"] = info,
            ["tcb_info_signature"] = Convert.ToHexString(_rootKey.SignData(Encoding.UTF8.GetBytes(info), HashAlgorithmName.SHA256)),
            ["qe_identity_issuer_chain"] = chain,
            ["qe_identity"] = identity,
            ["qe_identity_signature"] = Convert.ToHexString(_rootKey.SignData(Encoding.UTF8.GetBytes(identity), HashAlgorithmName.SHA256)),
        };
        if (withPck)
        {
            json["pck_certificate_chain"] = PckPem().TrimEnd('\0');
        }

        return json;
    }

    /// <summary>TCB info of version 3: up to date from TDX component [2] = 5 on, out of date below it, modules TDX_01 and TDX_03.</summary>
    public static JsonObject TcbInfo(bool tdx, string latest = "UpToDate", string earlier = "OutOfDate")
    {
        JsonObject info = new()
        {
            ["id"] = tdx ? "TDX" : "SGX",
            ["version"] = 3,
            ["issueDate"] = "2025-01-15T00:00:00Z",
            ["nextUpdate"] = "2025-02-15T00:00:00Z",
            ["fmspc"] = "00906ED50000",
            ["pceId"] = "0000",
            ["tcbType"] = 0,
            ["tcbEvaluationDataNumber"] = 17,
            ["tcbLevels"] = new JsonArray(Level(tdx, 5, "2024-03-13T00:00:00Z", latest), Level(tdx, 2, "2023-08-09T00:00:00Z", earlier, "INTEL-SA-00001")),
        };
        if (tdx)
        {
            info["tdxModule"] = new JsonObject { ["mrsigner"] = new string('0', 96), ["attributes"] = new string('0', 16), ["attributesMask"] = new string('F', 16) };
            info["tdxModuleIdentities"] = new JsonArray(Module("TDX_01"), Module("TDX_03"));
        }

        return info;
    }

    /// <summary>TCB info of version 2, as the third version of Intel's service gives it for SGX.</summary>
    public static JsonObject TcbInfo2()
    {
        JsonObject info = TcbInfo(false);
        info.Remove("id");
        info["version"] = 2;
        JsonObject tcb = new() { ["pcesvn"] = 11 };
        for (int i = 1; i <= 16; i++)
        {
            tcb[$"sgxtcbcomp{i:D2}svn"] = 4;
        }

        info["tcbLevels"] = new JsonArray(new JsonObject { ["tcb"] = tcb, ["tcbDate"] = "2024-03-13T00:00:00Z", ["tcbStatus"] = "UpToDate" });
        return info;
    }

    public JsonObject QeIdentity(bool tdx, string? id = null) => new()
    {
        ["id"] = id ?? (tdx ? "TD_QE" : "QE"),
        ["version"] = 2,
        ["issueDate"] = "2025-01-15T00:00:00Z",
        ["nextUpdate"] = "2025-02-15T00:00:00Z",
        ["tcbEvaluationDataNumber"] = 17,
        ["miscselect"] = "00000000",
        ["miscselectMask"] = "FFFFFFFF",
        ["attributes"] = new string('0', 32),
        ["attributesMask"] = "FBFFFFFFFFFFFFFF0000000000000000",
        ["mrsigner"] = Convert.ToHexString(QeSigner),
        ["isvprodid"] = tdx ? 2 : 1,
        ["tcbLevels"] = new JsonArray(IsvLevel(8, "UpToDate"), IsvLevel(5, "OutOfDate")),
    };

    public void Dispose()
    {
        _rootKey.Dispose();
        _pckKey.Dispose();
        _root.Dispose();
        _ca.Dispose();
        _pck.Dispose();
        _signer.Dispose();
    }

    private static JsonObject Module(string id) => new()
    {
        ["id"] = id,
        ["mrsigner"] = new string('0', 96),
        ["attributes"] = new string('0', 16),
        ["attributesMask"] = new string('F', 16),
        ["tcbLevels"] = new JsonArray(IsvLevel(3, "UpToDate"), IsvLevel(1, "OutOfDate", "INTEL-SA-00002")),
    };

    private static JsonObject IsvLevel(int svn, string status, params string[] advisories) => new()
    {
        ["tcb"] = new JsonObject { ["isvsvn"] = svn },
        ["tcbDate"] = "2024-03-13T00:00:00Z",
        ["tcbStatus"] = status,
        ["advisoryIDs"] = new JsonArray([.. advisories.Select(item => (JsonNode)item)]),
    };

    private static JsonObject Level(bool tdx, int svn, string date, string status, params string[] advisories)
    {
        JsonObject tcb = new()
        {
            ["sgxtcbcomponents"] = new JsonArray([.. Enumerable.Range(0, 16).Select(i => (JsonNode)new JsonObject { ["svn"] = tdx || i > 0 ? 4 : svn == 5 ? 4 : 2 })]),
            ["pcesvn"] = 11,
        };
        if (tdx)
        {
            tcb["tdxtcbcomponents"] = new JsonArray([.. Enumerable.Range(0, 16).Select(i => (JsonNode)new JsonObject { ["svn"] = i == 2 ? svn : i < 2 ? 3 - i : 0 })]);
        }

        return new JsonObject
        {
            ["tcb"] = tcb,
            ["tcbDate"] = date,
            ["tcbStatus"] = status,
            ["advisoryIDs"] = new JsonArray([.. advisories.Select(item => (JsonNode)item)]),
        };
    }

    private static byte[] Little(uint value)
    {
        byte[] bytes = new byte[4];
        BinaryPrimitives.WriteUInt32LittleEndian(bytes, value);
        return bytes;
    }

    private static X500DistinguishedName Name(string name) => new($"CN={name}, O=Intel Corporation, L=Santa Clara, S=CA, C=US");

    // One key for all authorities: what is tested here is which certificate may do what.
    private CertificateRequest Request(string name, int? pathLength)
    {
        CertificateRequest request = new(Name(name), _rootKey, HashAlgorithmName.SHA256);
        bool authority = pathLength is not null;
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(authority, authority, pathLength ?? 0, critical: true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(
            authority ? X509KeyUsageFlags.KeyCertSign | X509KeyUsageFlags.CrlSign : X509KeyUsageFlags.DigitalSignature, critical: true));
        return request;
    }

    private byte[] Crl(X509Certificate2 issuer)
    {
        using X509Certificate2 signing = issuer.HasPrivateKey ? new X509Certificate2(issuer) : issuer.CopyWithPrivateKey(_rootKey);
        return new CertificateRevocationListBuilder().Build(signing, 1, From.AddYears(1), HashAlgorithmName.SHA256, null, From);
    }

    private byte[] SgxExtension()
    {
        AsnWriter writer = new(AsnEncodingRules.DER);
        using (writer.PushSequence())
        {
            Pair(writer, "1", () => writer.WriteOctetString(Ppid));
            Pair(writer, "2", () =>
            {
                using (writer.PushSequence())
                {
                    for (int i = 1; i <= 16; i++)
                    {
                        Pair(writer, $"2.{i}", () => writer.WriteInteger(4));
                    }

                    Pair(writer, "2.17", () => writer.WriteInteger(11));
                    Pair(writer, "2.18", () => writer.WriteOctetString(CpuSvn));
                }
            });
            Pair(writer, "3", () => writer.WriteOctetString([0, 0]));
            Pair(writer, "4", () => writer.WriteOctetString(Convert.FromHexString("00906ED50000")));
        }

        return writer.Encode();
    }

    private static void Pair(AsnWriter writer, string arc, Action value)
    {
        using (writer.PushSequence())
        {
            writer.WriteObjectIdentifier($"{Oid}.{arc}");
            value();
        }
    }
}
