namespace Verathos.Attestation.Collateral;

/// <summary>What a TDX module must be (TCB info version 3, <c>tdxModule</c> and <c>tdxModuleIdentities</c>).</summary>
/// <param name="Id">Such as <c>TDX_01</c>; empty for <c>tdxModule</c>.</param>
/// <param name="MrSigner">MRSIGNERSEAM, 48 bytes.</param>
/// <param name="Attributes">SEAMATTRIBUTES under the mask, 8 bytes.</param>
/// <param name="AttributesMask">8 bytes.</param>
/// <param name="TcbLevels">Levels by module SVN; empty for <c>tdxModule</c>.</param>
public sealed record TdxModuleIdentity(
    string Id, ReadOnlyMemory<byte> MrSigner, ReadOnlyMemory<byte> Attributes, ReadOnlyMemory<byte> AttributesMask,
    IReadOnlyList<IsvSvnLevel> TcbLevels);
