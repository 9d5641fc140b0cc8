using Verathos.Protocol.Keys;

namespace Verathos.Training.Records;

/// <summary>A training record with the keyset under which it was signed; whether evidence vouches for that keyset is checked elsewhere.</summary>
/// <param name="Message">COSE_Sign1.</param>
/// <param name="Keyset">The keyset.</param>
public sealed record SignedRecord(ReadOnlyMemory<byte> Message, Keyset Keyset);
