using System.Text.Json;

namespace Verathos.Attestation.Collateral;

/// <summary>Intel's identity of a quoting enclave, version 2 (Intel PCS API v4, "Get TDX QE Identity").</summary>
public sealed record QeIdentity
{
    /// <summary><c>TD_QE</c>, <c>QE</c> or <c>QVE</c>.</summary>
    public required string Id { get; init; }

    /// <summary>When it was issued.</summary>
    public required DateTimeOffset IssueDate { get; init; }

    /// <summary>When the next one is due.</summary>
    public required DateTimeOffset NextUpdate { get; init; }

    /// <summary>Rises with each TCB recovery event.</summary>
    public required int TcbEvaluationDataNumber { get; init; }

    /// <summary>MISCSELECT under the mask, 4 bytes in the order of the report.</summary>
    public required ReadOnlyMemory<byte> MiscSelect { get; init; }

    /// <summary>4 bytes.</summary>
    public required ReadOnlyMemory<byte> MiscSelectMask { get; init; }

    /// <summary>ATTRIBUTES under the mask, 16 bytes.</summary>
    public required ReadOnlyMemory<byte> Attributes { get; init; }

    /// <summary>16 bytes.</summary>
    public required ReadOnlyMemory<byte> AttributesMask { get; init; }

    /// <summary>MRSIGNER, 32 bytes.</summary>
    public required ReadOnlyMemory<byte> MrSigner { get; init; }

    /// <summary>ISVPRODID.</summary>
    public required int IsvProdId { get; init; }

    /// <summary>Levels in the order of the document; the first that matches counts.</summary>
    public required IReadOnlyList<IsvSvnLevel> TcbLevels { get; init; }

    /// <summary>Parses the exact signed JSON text.</summary>
    public static bool TryParse(ReadOnlyMemory<byte> json, out QeIdentity? identity, out ParseError error)
    {
        identity = null;
        if (!CollateralJson.TryOpen(json, "QE identity", out JsonDocument? document, out error))
        {
            return false;
        }

        using (document)
        {
            CollateralJson reader = new("QE identity");
            identity = reader.Read(members => Read(members, document!.RootElement));
            error = reader.Error;
            return identity is not null;
        }
    }

    private static QeIdentity Read(CollateralJson reader, JsonElement root)
    {
        string id = reader.String(root, "id");
        reader.Require(id is "TD_QE" or "QE" or "QVE", $"id \"{id}\" is unknown");
        int version = reader.Integer(root, "version");
        reader.Require(version == 2, $"version {version} is not 2");
        QeIdentity result = new()
        {
            Id = id,
            IssueDate = reader.Date(root, "issueDate"),
            NextUpdate = reader.Date(root, "nextUpdate"),
            TcbEvaluationDataNumber = reader.Integer(root, "tcbEvaluationDataNumber"),
            MiscSelect = reader.Hex(root, "miscselect", 4),
            MiscSelectMask = reader.Hex(root, "miscselectMask", 4),
            Attributes = reader.Hex(root, "attributes", 16),
            AttributesMask = reader.Hex(root, "attributesMask", 16),
            MrSigner = reader.Hex(root, "mrsigner", 32),
            IsvProdId = reader.Integer(root, "isvprodid"),
            TcbLevels = reader.List(root, "tcbLevels", reader.SvnLevel),
        };
        reader.Require(result.TcbLevels.Count > 0, "tcbLevels is empty");
        return result;
    }
}
