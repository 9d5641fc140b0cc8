using System.Text.Json;

namespace Verathos.Attestation.Collateral;

/// <summary>Intel's TCB info: version 2 (Intel PCS API v3, SGX) or 3 (API v4, "Get SGX TCB Info" and "Get TDX TCB Info").</summary>
public sealed record TcbInfo
{
    /// <summary><c>TDX</c> or <c>SGX</c>.</summary>
    public required string Id { get; init; }

    /// <summary>When it was issued.</summary>
    public required DateTimeOffset IssueDate { get; init; }

    /// <summary>When the next one is due.</summary>
    public required DateTimeOffset NextUpdate { get; init; }

    /// <summary>The platform family, 6 bytes.</summary>
    public required ReadOnlyMemory<byte> Fmspc { get; init; }

    /// <summary>The PCE identifier, 2 bytes.</summary>
    public required ReadOnlyMemory<byte> PceId { get; init; }

    /// <summary>Rises with each TCB recovery event.</summary>
    public required int TcbEvaluationDataNumber { get; init; }

    /// <summary>The TDX module for TEE_TCB_SVN[1] = 0; null in a TCB info for SGX.</summary>
    public required TdxModuleIdentity? TdxModule { get; init; }

    /// <summary>The TDX modules by major version.</summary>
    public required IReadOnlyList<TdxModuleIdentity> TdxModuleIdentities { get; init; }

    /// <summary>Levels in the order of the document; the first that matches counts.</summary>
    public required IReadOnlyList<TcbLevel> TcbLevels { get; init; }

    /// <summary>Parses the exact signed JSON text.</summary>
    public static bool TryParse(ReadOnlyMemory<byte> json, out TcbInfo? info, out ParseError error)
    {
        info = null;
        if (!CollateralJson.TryOpen(json, "TCB info", out JsonDocument? document, out error))
        {
            return false;
        }

        using (document)
        {
            CollateralJson reader = new("TCB info");
            info = reader.Read(members => Read(members, document!.RootElement));
            error = reader.Error;
            return info is not null;
        }
    }

    private static TcbInfo Read(CollateralJson reader, JsonElement root)
    {
        int version = reader.Integer(root, "version");
        reader.Require(version is 2 or 3, $"version {version} is neither 2 nor 3");

        // Version 2 is for SGX only and does not say so.
        string id = version == 2 ? "SGX" : reader.String(root, "id");
        reader.Require(id is "TDX" or "SGX", $"id \"{id}\" is unknown");
        reader.Require(reader.Integer(root, "tcbType") == 0, "tcbType is not 0");
        bool tdx = id == "TDX";
        TcbInfo result = new()
        {
            Id = id,
            IssueDate = reader.Date(root, "issueDate"),
            NextUpdate = reader.Date(root, "nextUpdate"),
            Fmspc = reader.Hex(root, "fmspc", 6),
            PceId = reader.Hex(root, "pceId", 2),
            TcbEvaluationDataNumber = reader.Integer(root, "tcbEvaluationDataNumber"),
            TdxModule = tdx ? reader.Module(reader.Object(root, "tdxModule"), identity: false) : null,
            TdxModuleIdentities = root.TryGetProperty("tdxModuleIdentities", out _) && tdx
                ? reader.List(root, "tdxModuleIdentities", item => reader.Module(item, identity: true))
                : [],
            TcbLevels = reader.List(root, "tcbLevels", item => reader.Level(item, tdx, version)),
        };
        reader.Require(result.TcbLevels.Count > 0, "tcbLevels is empty");
        return result;
    }
}
