namespace Verathos.Simulator.Collateral;

/// <summary>One entry of <c>tdxModuleIdentities</c>, or <c>tdxModule</c> itself, which has neither id nor levels.</summary>
public sealed record TdxModuleSpec
{
    /// <summary>Identifier <c>TDX_</c> and the module's major version as two hexadecimal digits.</summary>
    public string Id { get; init; } = "TDX_01";

    /// <summary>MRSIGNERSEAM, 48 bytes.</summary>
    public byte[] MrSigner { get; init; } = new byte[48];

    /// <summary>SEAM attributes, 8 bytes.</summary>
    public byte[] Attributes { get; init; } = new byte[8];

    /// <summary>Which bits of <see cref="Attributes"/> count, 8 bytes.</summary>
    public byte[] AttributesMask { get; init; } = [0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF];

    /// <summary>The module's TCB levels, best first.</summary>
    public IReadOnlyList<IsvLevelSpec> Levels { get; init; } = [];
}
