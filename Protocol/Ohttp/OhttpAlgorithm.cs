namespace Verathos.Protocol.Ohttp;

/// <summary>A pair of HPKE numbers in a key configuration: key derivation, cipher. Unknown numbers are kept as they came.</summary>
public readonly record struct OhttpAlgorithm(int Kdf, int Aead);
