using System.Buffers.Binary;
using System.Formats.Cbor;

namespace Verathos.Attestation.Binding;

/// <summary>
/// What an appraisal needs of a keyset {1: version, 2: boot id, 3: COSE_Key, 4: application/ohttp-keys, 5: not before,
/// 6: not after}. Nothing but these six members may be there.
/// </summary>
internal sealed record KeysetFacts(DateTimeOffset NotBefore, DateTimeOffset NotAfter, IReadOnlyList<int> Kems)
{
    // 9999-12-31T23:59:59Z, the last second that a DateTimeOffset holds.
    private const ulong LastSecond = 253402300799;

    public static bool TryParse(ReadOnlyMemory<byte> bytes, out KeysetFacts? facts, out string problem)
    {
        facts = null;
        problem = "the keyset does not parse";
        try
        {
            CborReader reader = new(bytes, CborConformanceMode.Strict);
            if (reader.ReadStartMap() != 6)
            {
                problem = "a keyset has exactly six members";
                return false;
            }

            ulong version = 0, notBefore = 0, notAfter = 0;
            byte[] bootId = [], ohttpKeys = [];
            for (int i = 1; i <= 6; i++)
            {
                if (reader.ReadInt32() != i)
                {
                    problem = "a keyset's members are 1 to 6 in order";
                    return false;
                }

                switch (i)
                {
                    case 1: version = reader.ReadUInt64(); break;
                    case 2: bootId = reader.ReadByteString(); break;
                    case 3: reader.SkipValue(); break;
                    case 4: ohttpKeys = reader.ReadByteString(); break;
                    case 5: notBefore = reader.ReadUInt64(); break;
                    default: notAfter = reader.ReadUInt64(); break;
                }
            }

            reader.ReadEndMap();
            if (reader.BytesRemaining != 0 || version != 1 || bootId.Length != 16 || notAfter > LastSecond || notBefore > notAfter
                || !TryReadKems(ohttpKeys, out List<int> kems))
            {
                return false;
            }

            facts = new KeysetFacts(DateTimeOffset.FromUnixTimeSeconds((long)notBefore), DateTimeOffset.FromUnixTimeSeconds((long)notAfter), kems);
            return true;
        }
        catch (Exception e) when (e is CborContentException or InvalidOperationException or OverflowException)
        {
            return false;
        }
    }

    // RFC 9458 section 3.1: u16 length, then key identifier (u8), KEM (u16), public key, algorithms.
    private static bool TryReadKems(ReadOnlySpan<byte> keys, out List<int> kems)
    {
        kems = [];
        while (!keys.IsEmpty)
        {
            if (keys.Length < 5)
            {
                return false;
            }

            int length = BinaryPrimitives.ReadUInt16BigEndian(keys);
            if (length < 3 || length > keys.Length - 2)
            {
                return false;
            }

            kems.Add(BinaryPrimitives.ReadUInt16BigEndian(keys[3..]));
            keys = keys[(2 + length)..];
        }

        return kems.Count > 0;
    }
}
