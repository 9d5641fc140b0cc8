using System.Text.Json;
using System.Text.Json.Nodes;
using Verathos.Attestation.Snp;
using Verathos.Simulator.Azure;
using Verathos.Simulator.Sgx;
using Verathos.Simulator.Snp;
using Verathos.Simulator.Tokens;
using static Verathos.Simulator.Cases.CaseValues;

namespace Verathos.Simulator.Cases;

/// <summary>The named changes that a policy's cases make to evidence by itself: these, and every one of <see cref="CaseChanges"/>.</summary>
public static class PieceChanges
{
    private static readonly Dictionary<string, Func<SimulatedPieceSpec, JsonElement, SimulatedPieceSpec>> Changes = new(StringComparer.Ordinal)
    {
        ["nonce.other"] = (piece, value) => piece with { ExpectedNonce = Hex(value, 32) },
        ["nonce.none"] = (piece, value) => piece with { WithoutNonce = value.GetBoolean() },
        ["piece.withoutCollateral"] = (piece, value) => piece with { WithoutCollateral = value.GetBoolean() },

        ["sgx.mrEnclave"] = Sgx((quote, value) => quote with { MrEnclave = Hex(value, 32) }),
        ["sgx.mrSigner"] = Sgx((quote, value) => quote with { MrSigner = Hex(value, 32) }),
        ["sgx.isvProdId"] = Sgx((quote, value) => quote with { IsvProdId = value.GetUInt16() }),
        ["sgx.isvSvn"] = Sgx((quote, value) => quote with { IsvSvn = value.GetUInt16() }),
        ["sgx.attributes"] = Sgx((quote, value) => quote with { Attributes = Hex(value, 16) }),
        ["sgx.miscSelect"] = Sgx((quote, value) => quote with { MiscSelect = value.GetUInt32() }),
        ["sgx.configId"] = Sgx((quote, value) => quote with { ConfigId = Hex(value, 64) }),
        ["sgx.reportData"] = Sgx((quote, value) => quote with { ReportData = Hex(value, 64) }),
        ["sgx.qeVendorId"] = Sgx((quote, value) => quote with { QeVendorId = Hex(value, 16) }),
        ["sgx.keyType"] = Sgx((quote, value) => quote with { AttestationKeyType = value.GetUInt16() }),
        ["sgx.signature"] = Sgx((quote, value) => quote with { Signature = Fault(value) }),
        ["sgx.fmspc"] = (piece, value) => piece with
        {
            Sgx = piece.Sgx with { Pck = piece.Sgx.Pck with { Fmspc = Hex(value, 6) } },
            Node = piece.Node with { Collateral = piece.Node.Collateral! with { Fmspc = Hex(value, 6) } },
        },

        ["snp.product"] = (piece, value) => piece with { Product = Enum.Parse<SnpProduct>(Text(value)) },
        ["snp.version"] = Snp((report, value) => report with { Version = value.GetUInt32() }),
        ["snp.guestSvn"] = Snp((report, value) => report with { GuestSvn = value.GetUInt32() }),
        ["snp.policy"] = Snp((report, value) => report with { Policy = Hex(value, 8) }),
        ["snp.familyId"] = Snp((report, value) => report with { FamilyId = Hex(value, 16) }),
        ["snp.imageId"] = Snp((report, value) => report with { ImageId = Hex(value, 16) }),
        ["snp.vmpl"] = Snp((report, value) => report with { Vmpl = value.GetUInt32() }),
        ["snp.platformInfo"] = Snp((report, value) => report with { PlatformInfo = Hex(value, 8) }),
        ["snp.reserved"] = Snp((report, value) => report with { ReservedAfterFlags = Hex(value, 4) }),
        ["snp.reportData"] = Snp((report, value) => report with { ReportData = Hex(value, 64) }),
        ["snp.measurement"] = Snp((report, value) => report with { Measurement = Hex(value, 48) }),
        ["snp.hostData"] = Snp((report, value) => report with { HostData = Hex(value, 32) }),
        ["snp.idKey"] = Snp((report, value) => report with { IdKeyDigest = Hex(value, 48) }),
        ["snp.authorKey"] = Snp((report, value) => report with { AuthorKeyDigest = Hex(value, 48), HasAuthorKey = true }),
        ["snp.migrationAgent"] = Snp((report, value) => report with { MigrationAgentId = Hex(value, 32) }),
        ["snp.committedTcb"] = Snp((report, value) => report with { CommittedTcb = Tcb(value) }),
        ["snp.launchTcb"] = Snp((report, value) => report with { LaunchTcb = Tcb(value) }),
        ["snp.reportedTcb"] = (piece, value) => piece with
        {
            Snp = piece.Snp with { ReportedTcb = Tcb(value) },
            SnpCollateral = piece.SnpCollateral with { Key = (piece.SnpCollateral.Key ?? new()) with { Tcb = Tcb(value) } },
        },
        ["snp.launchMitigations"] = Snp((report, value) => report with { LaunchMitigations = Hex(value, 8) }),
        ["snp.currentMitigations"] = Snp((report, value) => report with { CurrentMitigations = Hex(value, 8) }),
        ["snp.signature"] = Snp((report, value) => report with { Signature = Fault(value) }),
        ["snp.vlek"] = (piece, value) => piece with
        {
            Snp = piece.Snp with { SigningKey = (byte)(value.GetBoolean() ? 1 : 0) },
            SnpCollateral = piece.SnpCollateral with { Key = new SnpKeySpec { IsVlek = value.GetBoolean() } },
        },
        ["snp.crl"] = (piece, value) => Text(value) == "none" ? piece with { SnpCollateral = piece.SnpCollateral with { WithCrl = false } } : piece,
        ["snp.crlHoursAgo"] = (piece, value) => piece with { SnpCollateral = piece.SnpCollateral with { CrlThisUpdate = piece.Node.At.AddHours(-value.GetInt32()) } },
        ["snp.crlRevokes"] = (piece, value) => piece with { SnpCollateral = piece.SnpCollateral with { RevokeIntermediate = value.GetBoolean() } },
        ["snp.foreign"] = (piece, value) => piece with { ForeignAmd = value.GetBoolean() },
        ["snp.certificateChip"] = (piece, value) => piece with { SnpCollateral = piece.SnpCollateral with { Key = new SnpKeySpec { HardwareId = Hex(value, 64) } } },
        ["snp.certificateTcb"] = (piece, value) => piece with { SnpCollateral = piece.SnpCollateral with { Key = new SnpKeySpec { Tcb = Tcb(value) } } },

        ["azure.register"] = Azure((guest, value) => guest with
        {
            Registers =
            [
                .. Enumerable.Range(0, 24).Select(i => i == value.GetProperty("index").GetInt32() ? Hex(value.GetProperty("value"), 32) : SimulatedAzure.Register(i)),
            ],
        }),
        ["azure.selection"] = Azure((guest, value) => guest with { Selection = [.. value.EnumerateArray().Select(item => item.GetInt32())] }),
        ["azure.configuration"] = Azure((guest, value) =>
        {
            JsonNode settings = JsonNode.Parse(value.GetRawText())!;
            return guest with
            {
                EditRuntimeData = runtime =>
                {
                    foreach ((string name, JsonNode? setting) in settings.AsObject())
                    {
                        runtime["vm-configuration"]![name] = setting?.DeepClone();
                    }
                },
            };
        }),
        ["azure.reportData"] = Azure((guest, value) => guest with { ReportData = Hex(value, 64) }),
        ["azure.tpmSignature"] = Azure((guest, value) => guest with { TpmSignature = Fault(value) }),
        ["azure.tpmQuote"] = Azure((guest, value) => guest with { WithTpmQuote = Text(value) != "none" }),

        ["eat.count"] = Nras((tokens, value) => tokens with { Count = value.GetInt32() }),
        ["eat.model"] = Nras((tokens, value) => tokens with { Model = Text(value) }),
        ["eat.driver"] = Nras((tokens, value) => tokens with { Driver = Text(value) }),
        ["eat.vbios"] = Nras((tokens, value) => tokens with { Vbios = Text(value) }),
        ["eat.minutesAgo"] = (piece, value) => piece with { Nras = piece.Nras with { IssuedAt = piece.Node.At.AddMinutes(-value.GetInt32()) } },
        ["eat.claim"] = Nras((tokens, value) => tokens with { EditGpu = (_, claims) => Set(claims, value) }),
        ["eat.overallClaim"] = Nras((tokens, value) => tokens with { EditOverall = claims => Set(claims, value) }),
        ["eat.signature"] = Nras((tokens, value) => tokens with { Signature = Fault(value) }),

        ["maa.kind"] = Maa((token, value) => token with { Kind = Enum.Parse<MaaKind>(Text(value)) }),
        ["maa.issuer"] = Maa((token, value) => token with { Issuer = Text(value) }),
        ["maa.keyAddress"] = Maa((token, value) => token with { KeyAddress = Text(value) }),
        ["maa.measurement"] = Maa((token, value) => token with { Measurement = Convert.FromHexString(Text(value)) }),
        ["maa.minutesAgo"] = (piece, value) => piece with { Maa = piece.Maa with { IssuedAt = piece.Node.At.AddMinutes(-value.GetInt32()) } },
        ["maa.claim"] = Maa((token, value) => token with { EditHardware = claims => Set(claims, value) }),
        ["maa.signature"] = Maa((token, value) => token with { Signature = Fault(value) }),
        ["token.foreignKeys"] = (piece, value) => piece with { ForeignKeys = value.GetBoolean() },
    };

    /// <summary>The names of all changes.</summary>
    public static IEnumerable<string> Names => Changes.Keys.Concat(CaseChanges.Names);

    /// <summary>Applies the members of a JSON object, one change each, in order.</summary>
    /// <param name="spec">The evidence to change.</param>
    /// <param name="change">The JSON object.</param>
    /// <param name="changed">The changed evidence.</param>
    /// <param name="error">Which change is unknown or has a value that does not fit.</param>
    public static bool TryApply(SimulatedPieceSpec spec, JsonElement change, out SimulatedPieceSpec changed, out string? error) =>
        CaseValues.TryApply(spec, change, Find, Names, out changed, out error);

    private static Func<SimulatedPieceSpec, JsonElement, SimulatedPieceSpec>? Find(string name) =>
        Changes.TryGetValue(name, out Func<SimulatedPieceSpec, JsonElement, SimulatedPieceSpec>? own) ? own
        : CaseChanges.Find(name) is { } shared ? (piece, value) => piece with { Node = shared(piece.Node, value) }
        : null;

    private static Func<SimulatedPieceSpec, JsonElement, SimulatedPieceSpec> Sgx(Func<SgxQuoteSpec, JsonElement, SgxQuoteSpec> change) =>
        (piece, value) => piece with { Sgx = change(piece.Sgx, value) };

    private static Func<SimulatedPieceSpec, JsonElement, SimulatedPieceSpec> Snp(Func<SnpReportSpec, JsonElement, SnpReportSpec> change) =>
        (piece, value) => piece with { Snp = change(piece.Snp, value) };

    private static Func<SimulatedPieceSpec, JsonElement, SimulatedPieceSpec> Azure(Func<AzureGuestSpec, JsonElement, AzureGuestSpec> change) =>
        (piece, value) => piece with { Azure = change(piece.Azure, value) };

    private static Func<SimulatedPieceSpec, JsonElement, SimulatedPieceSpec> Nras(Func<NrasTokenSpec, JsonElement, NrasTokenSpec> change) =>
        (piece, value) => piece with { Nras = change(piece.Nras, value) };

    private static Func<SimulatedPieceSpec, JsonElement, SimulatedPieceSpec> Maa(Func<MaaTokenSpec, JsonElement, MaaTokenSpec> change) =>
        (piece, value) => piece with { Maa = change(piece.Maa, value) };

    private static void Set(JsonObject claims, JsonElement changes)
    {
        foreach ((string name, JsonNode? value) in JsonNode.Parse(changes.GetRawText())!.AsObject())
        {
            claims[name] = value?.DeepClone();
        }
    }

    private static SnpTcb Tcb(JsonElement value)
    {
        byte Svn(string name) => value.GetProperty(name).GetByte();
        return new SnpTcb(Svn("bootLoader"), Svn("tee"), Svn("snp"), Svn("microcode"), null);
    }
}
