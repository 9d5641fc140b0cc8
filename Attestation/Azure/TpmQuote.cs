using System.Buffers.Binary;
using System.Security.Cryptography;

namespace Verathos.Attestation.Azure;

/// <summary>
/// The attestation structure of a TPM quote, TPMS_ATTEST with TPMS_QUOTE_INFO (TPM 2.0 library part 2, sections 10.12.1 and
/// 10.12.8), big-endian. Parsing checks lengths and constants and nothing else.
/// </summary>
public sealed class TpmQuote
{
    private const uint Magic = 0xFF544347;
    private const ushort Quote = 0x8018;
    private const ushort Sha256 = 0x000B;
    private const int Registers = 24;

    private TpmQuote(ReadOnlyMemory<byte> qualifyingData, IReadOnlyList<int> selection, ReadOnlyMemory<byte> digest)
    {
        QualifyingData = qualifyingData;
        Selection = selection;
        PcrDigest = digest;
    }

    /// <summary>What the caller gave to be signed with the quote: the nonce, at most 64 bytes.</summary>
    public ReadOnlyMemory<byte> QualifyingData { get; }

    /// <summary>The selected registers of the SHA-256 bank, ascending.</summary>
    public IReadOnlyList<int> Selection { get; }

    /// <summary>SHA-256 of the selected registers one after another.</summary>
    public ReadOnlyMemory<byte> PcrDigest { get; }

    /// <summary>True where the registers hash to the digest.</summary>
    /// <param name="registers">All registers from 0 on, at most 24, 32 bytes each.</param>
    public bool Covers(IReadOnlyList<ReadOnlyMemory<byte>> registers)
    {
        ArgumentNullException.ThrowIfNull(registers);
        if (registers.Count > Registers)
        {
            return false;
        }

        using IncrementalHash hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (int index in Selection)
        {
            if (index >= registers.Count || registers[index].Length != 32)
            {
                return false;
            }

            hash.AppendData(registers[index].Span);
        }

        Span<byte> digest = stackalloc byte[32];
        hash.GetHashAndReset(digest);
        return CryptographicOperations.FixedTimeEquals(digest, PcrDigest.Span);
    }

    /// <summary>Parses the structure; every byte must belong to it.</summary>
    public static bool TryParse(ReadOnlyMemory<byte> bytes, out TpmQuote? quote, out ParseError error)
    {
        quote = null;
        error = default;
        ReadOnlySpan<byte> span = bytes.Span;
        ParseSteps.Add(span.Length + Registers);
        if (span.Length is < 8 or > 1024)
        {
            error = new ParseError("TPMS_ATTEST", $"{span.Length} bytes are too few or too many", 0);
            return false;
        }

        if (BinaryPrimitives.ReadUInt32BigEndian(span) != Magic)
        {
            error = new ParseError("magic", "not TPM_GENERATED_VALUE", 0);
            return false;
        }

        if (BinaryPrimitives.ReadUInt16BigEndian(span[4..]) != Quote)
        {
            error = new ParseError("type", "not TPM_ST_ATTEST_QUOTE", 4);
            return false;
        }

        // clockInfo 17 bytes, firmwareVersion 8.
        int position = 6;
        if (!TrySized(bytes, ref position, out _) || !TrySized(bytes, ref position, out ReadOnlyMemory<byte> extra) || extra.Length > 64
            || span.Length - position < 17 + 8 + 4)
        {
            error = new ParseError("qualifiedSigner or extraData", "longer than the structure", position);
            return false;
        }

        if (span[position + 16] > 1)
        {
            error = new ParseError("safe", "neither yes nor no", position + 16);
            return false;
        }

        position += 17 + 8;
        if (BinaryPrimitives.ReadUInt32BigEndian(span[position..]) != 1)
        {
            error = new ParseError("pcrSelect", "not a selection of one bank", position);
            return false;
        }

        position += 4;
        if (span.Length - position < 3 || BinaryPrimitives.ReadUInt16BigEndian(span[position..]) != Sha256 || span[position + 2] != Registers / 8
            || span.Length - position < 3 + (Registers / 8))
        {
            error = new ParseError("pcrSelect", "not 24 registers of the SHA-256 bank", position);
            return false;
        }

        List<int> selection = [];
        for (int i = 0; i < Registers; i++)
        {
            if ((span[position + 3 + (i / 8)] & (1 << (i % 8))) != 0)
            {
                selection.Add(i);
            }
        }

        position += 3 + (Registers / 8);
        if (selection.Count == 0 || !TrySized(bytes, ref position, out ReadOnlyMemory<byte> digest) || digest.Length != 32 || position != span.Length)
        {
            error = new ParseError("pcrDigest", "no register, or not a SHA-256 digest at the end", position);
            return false;
        }

        quote = new TpmQuote(extra, selection, digest);
        return true;
    }

    private static bool TrySized(ReadOnlyMemory<byte> bytes, ref int position, out ReadOnlyMemory<byte> value)
    {
        value = default;
        if (bytes.Length - position < 2)
        {
            return false;
        }

        int length = BinaryPrimitives.ReadUInt16BigEndian(bytes.Span[position..]);
        if (length > bytes.Length - position - 2)
        {
            return false;
        }

        value = bytes.Slice(position + 2, length);
        position += 2 + length;
        return true;
    }
}
