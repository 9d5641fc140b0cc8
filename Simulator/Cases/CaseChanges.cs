using System.Collections.Immutable;
using System.Text.Json;
using Verathos.Attestation.Binding;
using Verathos.Attestation.Verdicts;
using Verathos.Simulator.Certificates;
using Verathos.Simulator.Collateral;
using Verathos.Simulator.Nvidia;
using Verathos.Simulator.Tdx;
using static Verathos.Simulator.Cases.CaseValues;

namespace Verathos.Simulator.Cases;

/// <summary>The named changes that a policy's cases make to the reference node; each is one field.</summary>
public static class CaseChanges
{
    private static readonly Dictionary<string, Func<SimulatedNodeSpec, JsonElement, SimulatedNodeSpec>> Changes = new(StringComparer.Ordinal)
    {
        ["time.source"] = (node, value) => node with { TimeSource = Enum.Parse<TimeSource>(Text(value), ignoreCase: true) },
        ["nonce.batch"] = (node, value) => node with { NonceBatch = value.GetInt32() },
        ["nonce.expected"] = (node, value) => node with { ExpectedNonce = Hex(value, 32) },
        ["keyset.swapped"] = (node, value) => node with { SwapKeyset = value.GetBoolean() },

        ["node.evidenceAgeSeconds"] = (node, value) => node with { EvidenceAge = TimeSpan.FromSeconds(value.GetInt32()) },
        ["node.keysetAgeSeconds"] = (node, value) => node with { KeysetAge = TimeSpan.FromSeconds(value.GetInt32()) },
        ["node.keysetLifetimeSeconds"] = (node, value) => node with { KeysetLifetime = TimeSpan.FromSeconds(value.GetInt32()) },
        ["node.kems"] = (node, value) => node with { Kems = [.. value.EnumerateArray().Select(Kem)] },
        ["node.topology"] = (node, value) => node with { Topology = Text(value) },
        ["node.simulated"] = (node, value) => node with { Simulated = value.GetBoolean() },
        ["node.manifestRoot"] = (node, value) => node with { ManifestRoot = Hex(value, 32) },
        ["node.shownManifestRoot"] = (node, value) => node with { ShownManifestRoot = Hex(value, 32) },
        ["node.gpuConfidentialMode"] = (node, value) => node with { GpuConfidentialMode = value.GetBoolean() },
        ["node.gpuDevTools"] = (node, value) => node with { GpuDevTools = value.GetBoolean() },
        ["node.identity"] = (node, value) => node with { Identity = value.GetBoolean() ? new NodeIdentity(new byte[32], 96, new byte[32]) : null },

        ["quote.flip"] = (node, value) => node with { FlipQuote = value.GetInt32() },
        ["quote.foreign"] = (node, value) => node with { ForeignQuote = value.GetBoolean() },
        ["quote.signature"] = Quote((quote, value) => quote with { Signature = Fault(value) }),
        ["quote.chainOrder"] = Quote((quote, value) => quote with { ChainOrder = Enum.Parse<PckChainOrder>(Text(value)) }),
        ["quote.trailingZeros"] = Quote((quote, value) => quote with { TrailingZeros = value.GetInt32() }),
        ["qe.reportData"] = Quote((quote, value) => quote with { Qe = quote.Qe with { ReportData = Hex(value, 64) } }),
        ["qe.signature"] = Quote((quote, value) => quote with { Qe = quote.Qe with { Signature = Fault(value) } }),
        ["qe.mrSigner"] = Quote((quote, value) => quote with { Qe = quote.Qe with { MrSigner = Hex(value, 32) } }),

        ["tdx.qeVendorId"] = Quote((quote, value) => quote with { QeVendorId = Hex(value, 16) }),
        ["tdx.teeTcbSvn"] = Quote((quote, value) => quote with { TeeTcbSvn = Hex(value, 16) }),
        ["tdx.mrSeam"] = Quote((quote, value) => quote with { MrSeam = Hex(value, 48) }),
        ["tdx.mrSignerSeam"] = Quote((quote, value) => quote with { MrSignerSeam = Hex(value, 48) }),
        ["tdx.seamAttributes"] = Quote((quote, value) => quote with { SeamAttributes = Hex(value, 8) }),
        ["tdx.tdAttributes"] = Quote((quote, value) => quote with { TdAttributes = Hex(value, 8) }),
        ["tdx.xfam"] = Quote((quote, value) => quote with { Xfam = Hex(value, 8) }),
        ["tdx.mrTd"] = Quote((quote, value) => quote with { MrTd = Hex(value, 48) }),
        ["tdx.mrConfigId"] = Quote((quote, value) => quote with { MrConfigId = Hex(value, 48) }),
        ["tdx.mrOwner"] = Quote((quote, value) => quote with { MrOwner = Hex(value, 48) }),
        ["tdx.mrOwnerConfig"] = Quote((quote, value) => quote with { MrOwnerConfig = Hex(value, 48) }),
        ["tdx.rtmr0"] = Quote((quote, value) => quote with { Rtmr0 = Hex(value, 48) }),
        ["tdx.rtmr1"] = Quote((quote, value) => quote with { Rtmr1 = Hex(value, 48) }),
        ["tdx.rtmr2"] = Quote((quote, value) => quote with { Rtmr2 = Hex(value, 48) }),
        ["tdx.rtmr3"] = Quote((quote, value) => quote with { Rtmr3 = Hex(value, 48) }),

        ["platform.fmspc"] = (node, value) => node with
        {
            Quote = node.Quote with { Pck = node.Quote.Pck with { Fmspc = Hex(value, 6) } },
            Collateral = node.Collateral! with { Fmspc = Hex(value, 6) },
        },
        ["platform.ppid"] = Quote((quote, value) => quote with { Pck = quote.Pck with { Ppid = Hex(value, 16) } }),

        ["collateral.none"] = (node, value) => value.GetBoolean() ? node with { Collateral = null } : node,
        ["collateral.revokePck"] = (node, value) => node with { RevokePck = value.GetBoolean() },
        ["collateral.fmspc"] = Collateral((collateral, value) => collateral with { Fmspc = Hex(value, 6) }),
        ["collateral.tcbEvaluationNumber"] = Collateral((collateral, value) => collateral with { TcbEvaluationDataNumber = value.GetInt32() }),
        ["collateral.qeEvaluationNumber"] = Collateral((collateral, value) => collateral with { QeEvaluationDataNumber = value.GetInt32() }),
        ["collateral.issuedHoursAgo"] = (node, value) => node with
        {
            Collateral = node.Collateral! with
            {
                IssueDate = node.At.AddHours(-value.GetInt32()),
                CrlThisUpdate = node.At.AddHours(-value.GetInt32()),
            },
        },
        ["collateral.platformStatus"] = Collateral((collateral, value) => collateral with
        {
            TcbLevels = [collateral.TcbLevels[0] with { Status = Text(value) }, .. collateral.TcbLevels.Skip(1)],
        }),
        ["collateral.newerLevelDaysAgo"] = (node, value) => node with
        {
            Collateral = node.Collateral! with
            {
                TcbLevels =
                [
                    node.Collateral.TcbLevels[0] with { PceSvn = node.Quote.Pck.PceSvn + 1, Date = Day(node.At, value.GetInt32()) },
                    node.Collateral.TcbLevels[0] with { Status = "OutOfDate", Advisories = ["INTEL-SA-01192"], Date = Day(node.At, value.GetInt32() + 90) },
                ],
            },
        },
        ["collateral.moduleStatus"] = Modules((module, value) => module with
        {
            Levels = [module.Levels[0] with { Status = Text(value) }, .. module.Levels.Skip(1)],
        }),
        ["collateral.moduleSvn"] = Modules((module, value) => module with
        {
            Levels = [module.Levels[0] with { IsvSvn = value.GetInt32() }, .. module.Levels.Skip(1)],
        }),
        ["collateral.moduleSigner"] = Modules((module, value) => module with { MrSigner = Hex(value, 48) }),
        ["collateral.moduleAttributes"] = Modules((module, value) => module with { Attributes = Hex(value, 8) }),
        ["collateral.qeStatus"] = Collateral((collateral, value) => collateral with
        {
            QeLevels = [collateral.QeLevels[0] with { Status = Text(value) }, .. collateral.QeLevels.Skip(1)],
        }),
        ["collateral.tcbInfoSignature"] = Collateral((collateral, value) => collateral with { TcbInfoSignature = Fault(value) }),
        ["collateral.qeIdentitySignature"] = Collateral((collateral, value) => collateral with { QeIdentitySignature = Fault(value) }),
        ["collateral.pckCrlSignature"] = Collateral((collateral, value) => collateral with { PckCrlSignature = Fault(value) }),

        ["gpu.count"] = (node, value) => node with { GpuCount = value.GetInt32() },
        ["gpu.sameDevice"] = (node, value) => node with { SameGpu = value.GetBoolean() },
        ["gpu.withheld"] = (node, value) => node with { WithholdGpus = value.GetBoolean() },
        ["gpu.foreign"] = (node, value) => node with { ForeignGpu = value.GetBoolean() },
        ["gpu.flip"] = (node, value) => node with { FlipGpu = value.GetInt32() },
        ["gpu.nonce"] = (node, value) => node with { GpuNonce = Hex(value, 32) },
        ["gpu.rims"] = (node, value) => node with { HasRims = Text(value) != "none" },
        ["gpu.driver"] = (node, value) => node with
        {
            Gpu = node.Gpu with { DriverVersion = Text(value) },
            DriverRim = node.DriverRim with { Version = Text(value) },
        },
        ["gpu.vbios"] = (node, value) => node with
        {
            Gpu = node.Gpu with { VbiosVersion = Text(value) },
            VbiosRim = node.VbiosRim with { Version = Text(value) },
        },
        ["gpu.chipSku"] = Gpu((gpu, value) => gpu with { ChipSku = Text(value) }),
        ["gpu.featureFlag"] = Gpu((gpu, value) => gpu with { FeatureFlag = value.GetUInt16() }),
        ["gpu.nvdec0"] = Gpu((gpu, value) => gpu with { Nvdec0Status = value.GetByte() }),
        ["gpu.certifiedFirmwareId"] = Gpu((gpu, value) => gpu with { CertifiedFirmwareId = Hex(value, 48) }),
        ["gpu.measurement"] = Gpu((gpu, value) => gpu with
        {
            Measurements = gpu.Measurements.SetItem(value.GetProperty("index").GetInt32(), Hex(value.GetProperty("value"), 48)),
        }),
        ["gpu.certificate"] = (node, value) => node with
        {
            Gpu = node.Gpu with { Chain = Certificate(node.Gpu.Chain, Text(value.GetProperty("which")), CertificateFault(node, Text(value.GetProperty("fault")))) },
        },
        ["gpu.furtherAuthorities"] = Gpu((gpu, value) => gpu with
        {
            Chain = gpu.Chain with { FurtherAuthorities = [.. Enumerable.Repeat(CertificateSpec.Standard, value.GetInt32())] },
        }),
        ["gpu.blockTwice"] = Gpu((gpu, value) => gpu with { Layout = blocks => [.. blocks, blocks[value.GetInt32()]] }),
        ["gpu.blockSize"] = Gpu((gpu, value) => gpu with
        {
            Layout = blocks => blocks.Select((block, i) =>
                i == value.GetProperty("index").GetInt32() ? block with { Size = value.GetProperty("value").GetUInt16() } : block),
        }),
        ["gpu.declaredBlocks"] = Gpu((gpu, value) => gpu with { DeclaredBlocks = value.GetByte() }),
        ["gpu.ocsp"] = (node, value) => Text(value) == "none" ? node with { Ocsp = null } : node,
        ["gpu.ocspStatus"] = (node, value) => node with { Ocsp = (node.Ocsp ?? new()) with { Status = value.GetInt32() } },
        ["gpu.ocspHoursAgo"] = (node, value) => node with { Ocsp = (node.Ocsp ?? new()) with { ThisUpdate = node.At.AddHours(-value.GetInt32()) } },
        ["gpu.ocspSignature"] = (node, value) => node with { Ocsp = (node.Ocsp ?? new()) with { Signature = Fault(value) } },
        ["gpu.secondFeatureFlag"] = (node, value) => node with { SecondFeatureFlag = value.GetUInt16() },
        ["gpu.switches"] = (node, value) => node with { SwitchCount = value.GetInt32() },
        ["gpu.switchFirmware"] = (node, value) => node with { SwitchFirmware = Text(value) },
        ["gpu.driverRimSignature"] = (node, value) => node with { DriverRim = node.DriverRim with { Signature = Fault(value) } },
    };

    /// <summary>The names of all changes.</summary>
    public static IReadOnlyCollection<string> Names => Changes.Keys;

    /// <summary>One change of that name; null where there is none.</summary>
    internal static Func<SimulatedNodeSpec, JsonElement, SimulatedNodeSpec>? Find(string name) => Changes.GetValueOrDefault(name);

    /// <summary>Applies the members of a JSON object, one change each, in order.</summary>
    /// <param name="spec">The node to change.</param>
    /// <param name="change">The JSON object.</param>
    /// <param name="changed">The changed node.</param>
    /// <param name="error">Which change is unknown or has a value that does not fit.</param>
    public static bool TryApply(SimulatedNodeSpec spec, JsonElement change, out SimulatedNodeSpec changed, out string? error) =>
        CaseValues.TryApply(spec, change, Find, Names, out changed, out error);

    private static Func<SimulatedNodeSpec, JsonElement, SimulatedNodeSpec> Quote(Func<TdxQuoteSpec, JsonElement, TdxQuoteSpec> change) =>
        (node, value) => node with { Quote = change(node.Quote, value) };

    private static Func<SimulatedNodeSpec, JsonElement, SimulatedNodeSpec> Collateral(Func<CollateralSpec, JsonElement, CollateralSpec> change) =>
        (node, value) => node with { Collateral = change(node.Collateral ?? new CollateralSpec(), value) };

    private static Func<SimulatedNodeSpec, JsonElement, SimulatedNodeSpec> Modules(Func<TdxModuleSpec, JsonElement, TdxModuleSpec> change) =>
        Collateral((collateral, value) => collateral with { ModuleIdentities = [.. collateral.ModuleIdentities.Select(module => change(module, value))] });

    private static Func<SimulatedNodeSpec, JsonElement, SimulatedNodeSpec> Gpu(Func<GpuReportSpec, JsonElement, GpuReportSpec> change) =>
        (node, value) => node with { Gpu = change(node.Gpu, value) };

    private static GpuChainSpec Certificate(GpuChainSpec chain, string which, CertificateSpec certificate) => which switch
    {
        "leaf" => chain with { Leaf = certificate },
        "bootRom" => chain with { BootRom = certificate },
        "provisioner" => chain with { Provisioner = certificate },
        "identity" => chain with { Identity = certificate },
        "root" => chain with { Root = certificate },
        _ => throw new FormatException($"{which} is not leaf, bootRom, provisioner, identity or root"),
    };

    private static CertificateSpec CertificateFault(SimulatedNodeSpec node, string fault) => fault switch
    {
        "none" => new() { NotBefore = node.At.AddDays(-1), NotAfter = node.At.AddDays(1) },
        "expired" => new() { NotAfter = node.At.AddSeconds(-1) },
        "notYetValid" => new() { NotBefore = node.At.AddSeconds(1) },
        "noAuthority" => new() { IsAuthority = false },
        "foreignKey" => new() { Signature = SignatureFault.ForeignKey },
        _ => throw new FormatException($"{fault} is not none, expired, notYetValid, noAuthority or foreignKey"),
    };
}
