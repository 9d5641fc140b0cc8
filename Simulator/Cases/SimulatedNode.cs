using System.Buffers.Binary;
using System.Formats.Cbor;
using System.Security.Cryptography;
using Verathos.Attestation;
using Verathos.Attestation.Binding;
using Verathos.Simulator.Nvidia;
using Verathos.Simulator.Ocsp;
using Verathos.Simulator.Tdx;

namespace Verathos.Simulator.Cases;

/// <summary>Mints the evidence of a whole node as a verifier receives it.</summary>
public static class SimulatedNode
{
    /// <summary>Mints one node's evidence.</summary>
    /// <param name="installation">The authorities that the verifier trusts.</param>
    /// <param name="foreign">A second installation, for evidence that it does not trust.</param>
    /// <param name="spec">The fields.</param>
    public static NodeEvidence Mint(Installation installation, Installation foreign, SimulatedNodeSpec spec)
    {
        ArgumentNullException.ThrowIfNull(installation);
        ArgumentNullException.ThrowIfNull(foreign);
        ArgumentNullException.ThrowIfNull(spec);
        ReadOnlyMemory<byte>[] nonces = [.. Enumerable.Range(0, spec.NonceBatch).Select(_ => (ReadOnlyMemory<byte>)RandomNumberGenerator.GetBytes(32))];
        NonceBatch batch = NonceBatch.Build(nonces);
        int position = spec.NonceBatch / 2;
        byte[] keyset = Keyset(spec);
        byte[] keysetDigest = SHA256.HashData(keyset);
        byte[] configuration = Configuration(spec);
        GpuEvidence[] gpus = Gpus(spec.ForeignGpu ? foreign : installation, spec, GpuNonce.Derive(batch.Root, keysetDigest));
        byte[] reportData = new BindingInput
        {
            NonceRoot = batch.Root,
            KeysetDigest = keysetDigest,
            ManifestRoot = spec.ManifestRoot,
            GpuEvidenceDigest = GpuEvidenceDigest.Compute(gpus),
            ConfigurationDigest = SHA256.HashData(configuration),
            Identity = spec.Identity,
        }.ToReportData();
        byte[] quote = (spec.ForeignQuote ? foreign : installation).Tdx.Mint(spec.Quote with { ReportData = reportData });
        Flip(quote, spec.FlipQuote);
        return new NodeEvidence
        {
            ExpectedNonce = spec.ExpectedNonce ?? nonces[position],
            RequestedAt = spec.At - spec.EvidenceAge,
            CpuFormat = NodeEvidence.TdxQuoteFormat,
            CpuEvidence = quote,
            Gpus = spec.WithholdGpus ? [] : gpus,
            KeysetBytes = spec.SwapKeyset ? Keyset(spec) : keyset,
            ManifestRoot = spec.ShownManifestRoot ?? spec.ManifestRoot,
            ConfigurationBytes = configuration,
            Identity = spec.Identity,
            NonceProof = batch.Prove(position),
            CpuCollateral = Collateral(installation, spec, spec.Quote.Pck),
            GpuRims = Rims(installation, spec, gpus),
            GpuOcspResponses = Answers(spec.ForeignGpu ? foreign : installation, spec, gpus),
        };
    }

    internal static ReadOnlyMemory<byte>? Collateral(Installation installation, SimulatedNodeSpec spec, PckSpec pck)
    {
        if (spec.Collateral is not { } collateral)
        {
            return null;
        }

        return installation.Collateral.Mint(
            spec.RevokePck ? collateral with { RevokedPcks = [installation.Tdx.PckSerialNumber(pck)] } : collateral);
    }

    internal static IReadOnlyList<ReadOnlyMemory<byte>> Answers(Installation installation, SimulatedNodeSpec spec, GpuEvidence[] gpus)
    {
        // Chains of other lengths than a device's have nobody to ask, and fail by themselves.
        return spec.Ocsp is not { } ocsp || !spec.Gpu.Chain.FurtherAuthorities.IsEmpty
            ? []
            : [.. gpus.SelectMany(gpu => ocsp == new OcspSpec()
                ? installation.Ocsp.Current(gpu.CertificateChain.Span)
                : installation.Ocsp.Answer(gpu.CertificateChain.Span, _ => ocsp)).Select(answer => (ReadOnlyMemory<byte>)answer)];
    }

    internal static IReadOnlyList<ReadOnlyMemory<byte>> Rims(Installation installation, SimulatedNodeSpec spec, GpuEvidence[] gpus)
    {
        if (!spec.HasRims || gpus.Length == 0)
        {
            return [];
        }

        List<ReadOnlyMemory<byte>> rims = [Rim(installation, spec.DriverRim), Rim(installation, spec.VbiosRim)];
        if (spec.SwitchCount > 0)
        {
            rims.Add(Rim(installation, SwitchReference.Rim(spec.SwitchFirmware)));
        }

        return rims;
    }

    private static ReadOnlyMemory<byte> Rim(Installation installation, RimSpec spec) =>
        spec == new RimSpec { Kind = spec.Kind }
            ? spec.Kind == RimKind.Driver ? installation.Rim.Driver : installation.Rim.Vbios
            : installation.Rim.Mint(spec);

    internal static GpuEvidence[] Gpus(Installation installation, SimulatedNodeSpec spec, byte[] nonce)
    {
        GpuEvidence[] gpus = new GpuEvidence[spec.GpuCount + spec.SwitchCount];
        for (int i = 0; i < gpus.Length; i++)
        {
            GpuReportSpec report = i >= spec.GpuCount
                ? SwitchReference.Report(spec.GpuNonce ?? nonce, i, spec.SwitchFirmware)
                : spec.Gpu with { Device = spec.SameGpu ? 0 : i, Nonce = spec.GpuNonce ?? nonce, FeatureFlag = i == 1 && spec.SecondFeatureFlag is { } flag ? flag : spec.Gpu.FeatureFlag };
            MintedGpuEvidence minted = installation.Gpu.Mint(report);
            if (i == 0)
            {
                Flip(minted.Report, spec.FlipGpu);
            }

            gpus[i] = new GpuEvidence(minted.Report, minted.CertificateChain);
        }

        return gpus;
    }

    private static byte[] Keyset(SimulatedNodeSpec spec)
    {
        CborWriter writer = new(CborConformanceMode.Strict);
        writer.WriteStartMap(6);
        writer.WriteInt32(1);
        writer.WriteInt32(1);
        writer.WriteInt32(2);
        writer.WriteByteString(RandomNumberGenerator.GetBytes(16));
        writer.WriteInt32(3);
        WriteSigningKey(writer);
        writer.WriteInt32(4);
        writer.WriteByteString(OhttpKeys(spec.Kems));
        writer.WriteInt32(5);
        DateTimeOffset from = spec.At - spec.KeysetAge;
        writer.WriteInt64(from.ToUnixTimeSeconds());
        writer.WriteInt32(6);
        writer.WriteInt64(from.ToUnixTimeSeconds() + (long)spec.KeysetLifetime.TotalSeconds);
        writer.WriteEndMap();
        return writer.Encode();
    }

    // COSE_Key (RFC 9053 section 7.1.1): kty EC2, alg ES256, crv P-256, x, y.
    private static void WriteSigningKey(CborWriter writer)
    {
        using ECDsa key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        ECPoint point = key.ExportParameters(includePrivateParameters: false).Q;
        writer.WriteStartMap(5);
        writer.WriteInt32(1);
        writer.WriteInt32(2);
        writer.WriteInt32(3);
        writer.WriteInt32(-7);
        writer.WriteInt32(-1);
        writer.WriteInt32(1);
        writer.WriteInt32(-2);
        writer.WriteByteString(point.X!);
        writer.WriteInt32(-3);
        writer.WriteByteString(point.Y!);
        writer.WriteEndMap();
    }

    // RFC 9458 section 3.1, each configuration behind its u16 length; one algorithm: HKDF-SHA256 with AES-256-GCM.
    private static byte[] OhttpKeys(IReadOnlyList<int> kems)
    {
        using MemoryStream keys = new();
        byte[] length = new byte[2];
        for (int i = 0; i < kems.Count; i++)
        {
            byte[] configuration = new byte[1 + 2 + PublicKeyLength(kems[i]) + 2 + 4];
            configuration[0] = (byte)i;
            BinaryPrimitives.WriteUInt16BigEndian(configuration.AsSpan(1), (ushort)kems[i]);
            RandomNumberGenerator.Fill(configuration.AsSpan(3, PublicKeyLength(kems[i])));
            Span<byte> algorithms = configuration.AsSpan(^6);
            BinaryPrimitives.WriteUInt16BigEndian(algorithms, 4);
            BinaryPrimitives.WriteUInt16BigEndian(algorithms[2..], 1);
            BinaryPrimitives.WriteUInt16BigEndian(algorithms[4..], 2);
            BinaryPrimitives.WriteUInt16BigEndian(length, (ushort)configuration.Length);
            keys.Write(length);
            keys.Write(configuration);
        }

        return keys.ToArray();
    }

    private static int PublicKeyLength(int kem) => kem == 0x647A ? 1216 : 32;

    private static byte[] Configuration(SimulatedNodeSpec spec)
    {
        CborWriter writer = new(CborConformanceMode.Strict);
        writer.WriteStartMap(spec.GpuCount > 0 ? 7 : 5);
        writer.WriteInt32(1);
        writer.WriteTextString(spec.Topology);
        writer.WriteInt32(2);
        writer.WriteTextString("simulated");
        writer.WriteInt32(3);
        writer.WriteTextString("f32");
        writer.WriteInt32(4);
        writer.WriteStartMap(4);
        foreach ((int label, int value) in new[] { (1, 1 << 20), (2, 4096), (3, 1024), (4, 8) })
        {
            writer.WriteInt32(label);
            writer.WriteInt32(value);
        }

        writer.WriteEndMap();
        writer.WriteInt32(5);
        writer.WriteBoolean(spec.Simulated);
        if (spec.GpuCount > 0)
        {
            writer.WriteInt32(6);
            writer.WriteBoolean(spec.GpuConfidentialMode);
            writer.WriteInt32(7);
            writer.WriteBoolean(spec.GpuDevTools);
        }

        writer.WriteEndMap();
        return writer.Encode();
    }

    private static void Flip(byte[] bytes, int? offset)
    {
        if (offset is { } at)
        {
            bytes[at] ^= 1;
        }
    }
}
