namespace Verathos.Bench.Fingerprint;

/// <summary>How large a validator's key is.</summary>
/// <param name="Shape">The model's shape.</param>
/// <param name="Bytes">All matrices of all layers and the output's.</param>
/// <param name="BytesOf16Rows">What it would have with 16 secret rows a matrix.</param>
/// <param name="T1Multiplications">Multiplications of judging one layer and one row of logits, without attention.</param>
/// <param name="ShareOf256Tokens">Those over the multiplications of 256 tokens, without attention.</param>
public sealed record KeySize(string Shape, long Bytes, long BytesOf16Rows, long T1Multiplications, double ShareOf256Tokens);
