namespace Verathos.Validator.State;

/// <summary>What accepted evidence says of a node that the validator keeps.</summary>
/// <param name="ManifestRoot">32 bytes.</param>
/// <param name="Profile">The numeric profile.</param>
/// <param name="BootId">16 bytes.</param>
/// <param name="KeysetDigest">32 bytes.</param>
public sealed record AttestedFacts(byte[] ManifestRoot, string Profile, byte[] BootId, byte[] KeysetDigest);
