using Verathos.Protocol.Hpke;
using Verathos.Protocol.Keys;
using Verathos.Training.Rounds;
using Verathos.Training.Sealing;

namespace Verathos.Host.Training;

/// <summary>A validator's public keys in a run's file.</summary>
/// <param name="Name">What it is called.</param>
/// <param name="SigningKey">Its COSE_Key in hex.</param>
/// <param name="SealMechanism">x25519 or xwing.</param>
/// <param name="SealKey">The key to which gradients are sealed, in hex.</param>
public sealed record RunValidator(string Name, string SigningKey, string SealMechanism, string SealKey)
{
    /// <summary>The public halves of a validator's keys.</summary>
    public static RunValidator Of(string name, RoundValidator validator)
    {
        ArgumentNullException.ThrowIfNull(validator);
        return new RunValidator(
            name, Convert.ToHexStringLower(validator.SigningKey.Encode()), validator.SealKey.Kem == HpkeKem.XWing ? "xwing" : "x25519", Convert.ToHexStringLower(validator.SealKey.PublicKey.Span));
    }

    /// <summary>The keys; null where they are none.</summary>
    public RoundValidator? Read()
    {
        HpkeKem? kem = SealMechanism switch
        {
            "x25519" => HpkeKem.X25519,
            "xwing" => HpkeKem.XWing,
            _ => null,
        };
        if (kem is null || Name.Length is 0 or > 100 || Name.Any(char.IsControl) || SealKey.Length != 2 * HpkeSuite.PublicKeyLengthOf(kem.Value)
            || !RunFile.IsHex(SealKey, SealKey.Length) || SigningKey.Length % 2 != 0 || !RunFile.IsHex(SigningKey, SigningKey.Length)
            || !CoseKey.TryParse(Convert.FromHexString(SigningKey), out CoseKey? key))
        {
            return null;
        }

        return new RoundValidator(key, new SealRecipient(kem.Value, Convert.FromHexString(SealKey)));
    }
}
